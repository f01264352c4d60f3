// Package message turns what the library has to say into sentences: one catalogue a
// language, from a message id to a template into which the parameters go. Nothing
// else in the library composes a sentence, and nothing reads one to decide something.
//
// A template is plain text with parameters in braces:
//
//	{user}             the value: a text as it is, a number in decimal, a list with
//	                   ", " between its items, a time as RFC 3339 in UTC to the second,
//	                   a message as its own sentence
//	{count|hit|hits}   one of two words, by a number
//	[ by {method}]     left out where one of the parameters in it is missing or empty
//
// Texts of the image go into the sentence as the bytes they are: whoever shows the
// sentence escapes it.
//
// To add a language, add a file with its catalogue and one line to [Languages].
package message

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/model"
)

// Catalogue is the sentences of one language. The zero value has none: each message is
// written as its id and parameters.
type Catalogue struct {
	Lang  string // BCP 47: en, zh
	texts map[string]string
}

// Languages returns the catalogues, the default first.
func Languages() []*Catalogue {
	return []*Catalogue{English()}
}

// For returns the catalogue of a language.
func For(lang string) (*Catalogue, error) {
	var names []string
	for _, c := range Languages() {
		if c.Lang == lang {
			return c, nil
		}
		names = append(names, c.Lang)
	}
	return nil, fmt.Errorf("no language %q: want %s", lang, strings.Join(names, " or "))
}

// IDs returns the ids of the catalogue's messages, sorted.
func (c *Catalogue) IDs() []string { return slices.Sorted(maps.Keys(c.texts)) }

// Template returns the template of a message.
func (c *Catalogue) Template(id string) (string, bool) {
	t, ok := c.texts[id]
	return t, ok
}

// Text returns the sentence of a message, empty for the zero message. One that the
// catalogue does not have is written as its id and parameters: an analysis of a later
// version may hold such.
func (c *Catalogue) Text(m model.Message) string { return c.text(m, maxNested) }

// maxNested is how deep messages may stand in the parameters of others.
const maxNested = 4

func (c *Catalogue) text(m model.Message, depth int) string {
	if m.IsZero() || depth == 0 {
		return ""
	}
	p := params{c, m.Params, depth}
	t, ok := c.texts[m.ID]
	if !ok {
		return p.unknown(m.ID)
	}
	var b strings.Builder
	p.fill(&b, t)
	return b.String()
}

// Texts returns the sentences of messages, with a blank between them.
func (c *Catalogue) Texts(list []model.Message) string {
	out := make([]string, 0, len(list))
	for _, m := range list {
		if s := c.Text(m); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// Complete fills the sentences of an analysis from its messages.
func (c *Catalogue) Complete(a *model.Analysis) {
	for i := range a.Findings {
		f := &a.Findings[i]
		f.Title, f.Description = c.Text(f.Message), c.Texts(f.Details)
	}
	for i := range a.Windows {
		w := &a.Windows[i]
		w.Texts = nil
		for _, m := range w.Why {
			w.Texts = append(w.Texts, c.Text(m))
		}
	}
	for i := range a.Story {
		a.Story[i].Text = c.Text(a.Story[i].Message)
	}
	c.CompleteGaps(a.Coverage.Gaps)
	c.CompleteGaps(a.Verdict.NotRead)
}

// CompleteGaps fills the sentences of coverage lines.
func (c *Catalogue) CompleteGaps(gaps []model.Gap) {
	for i := range gaps {
		gaps[i].WhatText, gaps[i].WhyText = c.Text(gaps[i].What), c.Text(gaps[i].Why)
	}
}

// params are the parameters of the sentence that is written.
type params struct {
	c      *Catalogue
	values model.Params
	depth  int
}

func (p params) unknown(id string) string {
	for _, k := range slices.Sorted(maps.Keys(p.values)) {
		id += " " + k + "=" + p.show(k)
	}
	return id
}

func (p params) show(name string) string {
	v := p.values[name]
	if m, ok := v.Message(); ok {
		return p.c.text(m, p.depth-1)
	}
	if l, ok := v.List(); ok {
		return strings.Join(l, ", ")
	}
	if n, ok := v.Number(); ok {
		return strconv.FormatInt(n, 10)
	}
	if t, ok := v.Time(); ok {
		if t.IsZero() { // unknown
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	s, _ := v.Text()
	return s
}

// fill writes a template. Brackets do not nest; one that is not closed is text.
func (p params) fill(b *strings.Builder, t string) {
	for t != "" {
		i := strings.IndexByte(t, '[')
		j := -1
		if i >= 0 {
			j = strings.IndexByte(t[i:], ']')
		}
		if j < 0 {
			p.parameters(b, t)
			return
		}
		p.parameters(b, t[:i])
		var part strings.Builder
		if p.parameters(&part, t[i+1:i+j]) {
			b.WriteString(part.String())
		}
		t = t[i+j+1:]
	}
}

// parameters writes a text with its parameters, and says whether all were there.
func (p params) parameters(b *strings.Builder, t string) (all bool) {
	all = true
	for {
		before, rest, ok := strings.Cut(t, "{")
		b.WriteString(before)
		if !ok {
			return all
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return all
		}
		t = after
		if words := strings.Split(name, "|"); len(words) == 3 {
			n, _ := p.values[words[0]].Number()
			if n == 1 {
				b.WriteString(words[1])
			} else {
				b.WriteString(words[2])
			}
			continue
		}
		v := p.show(name)
		all = all && v != ""
		b.WriteString(v)
	}
}
