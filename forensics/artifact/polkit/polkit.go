// Package polkit reads the local rules of polkit(8), by which it asks for no password: the
// rules in JavaScript, as far as they can be judged without running them, and the .pkla files
// of versions before 0.106.
//
// Records: polkit.rule for each grant: a section of a .pkla file one of whose results is
// yes, and a function of addRule that gives YES; hook.command (event: polkit) for a program
// that a rule spawns. Bounds: 1 MiB of a file, 1,000 records.
package polkit

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "polkit" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(rules, "/etc/polkit-1/rules.d/*.rules", "/usr/share/polkit-1/rules.d/*.rules", "/run/polkit-1/rules.d/*.rules", "/usr/local/share/polkit-1/rules.d/*.rules"),
		command.Files(authority, "/etc/polkit-1/localauthority/*/*.pkla", "/var/lib/polkit-1/localauthority/*/*.pkla"),
	}
}

const (
	maxFile   = 1 << 20 // bytes of a file that are read
	maxGrants = 1000    // of one file
)

// authority reads a .pkla file: sections of Identity, Action and three results.
func authority(r *command.Reader) error {
	var at model.Source
	var identities, actions []string
	yes, n := false, 0
	flush := func() error {
		if !yes {
			return nil
		}
		if n++; n > maxGrants {
			return artifact.Cut(fmt.Errorf("more than %d grants; the rest was not read", maxGrants))
		}
		return grant(r, at, identities, actions)
	}
	err := r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(64 << 10))
		if strings.HasPrefix(text, "[") {
			err := flush()
			at, identities, actions, yes = l.Source(), nil, nil, false
			return err
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok || text[0] == '#' {
			return nil
		}
		at.Length = l.Offset + int64(len(l.Text)) - at.Offset
		values := strings.FieldsFunc(value, func(c rune) bool { return c == ';' || c == ' ' || c == '\t' })
		switch strings.TrimSpace(name) {
		case "Identity":
			identities = values
		case "Action":
			actions = values
		case "ResultAny", "ResultInactive", "ResultActive":
			yes = yes || slices.Contains(values, "yes")
		}
		return nil
	})
	if artifact.Ended(err) {
		if e := flush(); e != nil {
			return e
		}
	}
	return err
}

func grant(r *command.Reader, at model.Source, identities, actions []string) error {
	rec := model.Record{Kind: model.PolkitRule, Source: at}
	for _, i := range identities[:min(len(identities), 50)] {
		if i == "unix-user:*" || i == "unix-group:*" {
			i = "*"
		}
		rec.AddText("identities", i)
	}
	for _, a := range actions[:min(len(actions), 50)] {
		rec.AddText("actions", a)
	}
	rec.Add("result", "yes")
	return r.Give(rec)
}

var (
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/|(?:^|[^:])//[^\n]*`)
	addRule   = regexp.MustCompile(`addRule\s*\(`)
	grants    = regexp.MustCompile(`Result\s*\.\s*YES|Result\s*\[\s*["']YES["']\s*\]|return\s*["'(]*yes["')]*`)
	condition = regexp.MustCompile(`\bif\b|\?|&&|\bswitch\b|\|\|`)
	always    = regexp.MustCompile(`\bif\s*\(\s*(?:true|1|!0|!false|1\s*==?=?\s*1)\s*\)|\b(?:true|1)\s*\?`)
	byUser    = regexp.MustCompile(`subject\.user\s*={2,3}\s*["']([^"']+)["']`)
	byGroup   = regexp.MustCompile(`subject\.isInGroup\(\s*["']([^"']+)["']`)
	anySubj   = regexp.MustCompile(`\bsubject\b`)
	byAction  = regexp.MustCompile(`action\.id\s*(?:={2,3}|\.(?:indexOf|match|startsWith|lastIndexOf)\()\s*(?:["']([^"']+)["']|/([^/\n]+)/)`)
	anyAction = regexp.MustCompile(`\baction\.id\b|action\.lookup|indexOf\(\s*action`)
	spawned   = regexp.MustCompile(`polkit\s*\.\s*spawn\s*\(\s*\[((?:[^\]\n]|\n)*)\]`)
	quoted    = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'`)
)

// rules reads a file of JavaScript: each function given to addRule that answers YES, with
// whom and what it asks about.
func rules(r *command.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r.Content, maxFile+1))
	if err != nil {
		return err
	}
	code := blank(string(b[:min(len(b), maxFile)]))
	starts := addRule.FindAllStringIndex(code, maxGrants)
	for i, at := range starts {
		end := len(code)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		body := code[at[0]:end]
		if !grants.MatchString(body) {
			continue
		}
		identities, actions := asked(body)
		if err := grant(r, place(code, at[0], end), identities, actions); err != nil {
			return err
		}
	}
	for _, m := range spawned.FindAllStringSubmatchIndex(code, maxGrants) {
		var words []string
		for _, w := range quoted.FindAllStringSubmatch(code[m[2]:m[3]], 50) {
			words = append(words, w[1]+w[2])
		}
		facts := shell.Analyze(command.Quoted(words))
		if err := r.Command(model.HookCommand, place(code, m[0], m[1]), strings.Join(words, " "), facts, command.Event("polkit")); err != nil {
			return err
		}
	}
	if len(b) > maxFile {
		return artifact.Cut(fmt.Errorf("more than %d bytes; the rest was not read", maxFile))
	}
	return nil
}

// blank puts blanks in the place of comments, so that places stay.
func blank(code string) string {
	return comments.ReplaceAllStringFunc(code, func(s string) string {
		return strings.Map(func(c rune) rune {
			if c == '\n' {
				return c
			}
			return ' '
		}, strings.ToValidUTF8(s, " "))
	})
}

// place is the source of a part of a text; its end is that of its first line.
func place(code string, from, to int) model.Source {
	line := code[from:to]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	return model.Source{Line: 1 + strings.Count(code[:from], "\n"), Offset: int64(from), Length: int64(len(line))}
}

// asked says about whom and what a function asks before it answers; "*" where it does not.
func asked(body string) (identities, actions []string) {
	if !condition.MatchString(always.ReplaceAllString(body, "")) {
		return []string{"*"}, []string{"*"}
	}
	for _, m := range byUser.FindAllStringSubmatch(body, 20) {
		identities = append(identities, "unix-user:"+m[1])
	}
	for _, m := range byGroup.FindAllStringSubmatch(body, 20) {
		identities = append(identities, "unix-group:"+m[1])
	}
	for _, m := range byAction.FindAllStringSubmatch(body, 20) {
		actions = append(actions, m[1]+m[2])
	}
	inner := body[strings.IndexByte(body, '{')+1:]
	if len(identities) == 0 && !anySubj.MatchString(inner) {
		identities = []string{"*"}
	}
	if len(actions) == 0 && !anyAction.MatchString(inner) {
		actions = []string{"*"}
	}
	return identities, actions
}
