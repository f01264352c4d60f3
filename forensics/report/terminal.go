package report

import (
	"io"

	"icecore/forensics/message"
	"icecore/forensics/model"
)

// Terminal writes the report for a screen: the first screen, which answers, then the
// sections in the order in which they are read.
func Terminal(w io.Writer, an *model.Analysis, o Options) error {
	texts, lang, err := o.language()
	if err != nil {
		return err
	}
	a := viewOf(an, lang)
	t := &screen{words: texts, a: a, s: summarize(a, texts), o: o, width: o.Width, paint: newPalette(o.Color)}
	if t.width <= 0 {
		t.width = defaultWidth
	}
	for _, section := range []func(){t.first, t.findings, t.miners, t.story, t.windows, t.coverage, t.verify} {
		section()
	}
	if t.err != nil {
		return t.err
	}
	_, err = w.Write(t.b.Bytes())
	return err
}

// language gives the fixed texts, and, where a language is asked for, the catalogue from
// which the sentences of the analysis are made anew.
func (o *Options) language() (words, *message.Catalogue, error) {
	texts, err := wordsOf(o.Lang)
	if o.Lang == "" {
		return texts, nil, err
	}
	return texts, texts.c, err
}
