package shell

import (
	"sort"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Bounds within one analysis.
const (
	maxSteps   = 300_000  // commands looked at in a piece of text
	maxExtra   = 20_000   // of them, in rounds of loops after the first and in calls of functions
	maxDepth   = 24       // of functions, `sh -c`, eval and decoding, and of syntax
	maxKnown   = 64 << 10 // bytes of a text that is followed
	maxBudget  = 8 << 20  // bytes of words, and of texts within the text, that are followed
	maxParens  = 500      // brackets open at once that the parser is given
	maxOpen    = 2000     // keywords open at once that the parser is given
	maxRestart = 8        // syntax errors after which a script is read line by line
	maxLoop    = 16       // items of a for loop that are followed
	maxNames   = 1000     // variables, files, functions
)

// data is what a word, a file, a variable or a pipe holds.
type data struct {
	text    string
	known   bool   // text is all of it
	net     bool   // from the network
	decoded bool   // from a decoder
	fetched bool   // from a file that was fetched
	secret  bool   // keys, hashes, credentials
	own     bool   // lines of the crontab that is there, and no others
	from    string // the file of the image that holds it, which is not known here
}

func (d data) flags(e data) data {
	d.net, d.decoded, d.fetched, d.secret = d.net || e.net, d.decoded || e.decoded, d.fetched || e.fetched, d.secret || e.secret
	if d.from == "" {
		d.from = e.from
	}
	return d
}

// join gives one after the other.
func join(a, b data) data {
	out := a.flags(b)
	out.known = a.known && b.known && len(a.text)+len(b.text) <= maxKnown
	none := func(d data) bool { return d.known && d.text == "" }
	out.own = (a.own || none(a)) && (b.own || none(b)) && (a.own || b.own)
	if len(a.text)+len(b.text) <= maxKnown {
		out.text = a.text + b.text
	} else {
		out.text = a.text
	}
	return out
}

// word is an argument, as far as it is known.
type word struct {
	data
	process bool // <(...): the data is what a file of that name would hold
	blanks  bool // unquoted expansions may have put blanks in: it is several words

	built []byte // the text while it is put together
}

func (w *word) add(text string) { w.built = append(w.built, text...) }

// collector gathers what is known of one command or script.
type collector struct {
	programs, urls []string
	traits         map[string]bool
	decoded        string
	killed         map[string]bool
	direct         map[string]bool // traits of what is not only the body of a function
	defining       int             // functions looked at without a call, and other ways that are not taken
}

func newCollector() *collector {
	return &collector{traits: make(map[string]bool), killed: make(map[string]bool), direct: make(map[string]bool)}
}

// state is what is known while a script is followed.
type state struct {
	*collector
	vars     map[string]data
	funcs    map[string]*syntax.Stmt
	files    map[string]data // what was written where
	unpacked map[string]bool // directories into which something fetched was unpacked
	fds      map[string]data // of file descriptors that lead to the network
	arrays   map[string][]data
	cwd      string // empty: not known
	last     data   // the last argument of the command before: $_
	unsure   bool   // exit and false may be something else here
	parser   *syntax.Parser

	steps, extra, depth, level, budget int
}

func newState() *state {
	return &state{
		collector: newCollector(), vars: make(map[string]data), funcs: make(map[string]*syntax.Stmt), files: make(map[string]data), unpacked: make(map[string]bool), fds: make(map[string]data), arrays: make(map[string][]data),
		parser: syntax.NewParser(syntax.Variant(syntax.LangBash)), budget: maxBudget,
	}
}

func (c *collector) set(trait string) {
	c.traits[trait] = true
	if c.defining == 0 {
		c.direct[trait] = true
	}
}

func (c *collector) facts() Facts {
	f := Facts{Programs: c.programs, URLs: c.urls, Decoded: c.decoded}
	for t := range c.traits {
		f.Traits = append(f.Traits, t)
		if !c.direct[t] {
			f.Aside = append(f.Aside, t)
		}
	}
	sort.Strings(f.Traits)
	sort.Strings(f.Aside)
	return f
}

// add takes over what another collector holds.
func (c *collector) add(o *collector) {
	for _, p := range o.programs {
		c.programs = appendOnce(c.programs, p)
	}
	for _, u := range o.urls {
		c.urls = appendOnce(c.urls, u)
	}
	for t := range o.traits {
		c.traits[t] = true
		if o.direct[t] {
			c.direct[t] = true
		}
	}
	if c.decoded == "" {
		c.decoded = o.decoded
	}
}

func appendOnce(list []string, s string) []string {
	if s == "" || len(list) >= maxListed {
		return list
	}
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// deep says that text nests so far that the parser would take long over it: it
// takes seconds for ten thousand open brackets.
func deep(s string) bool {
	parens, open := 0, 0
	start := -1
	for i := 0; i <= len(s); i++ {
		c := byte(' ')
		if i < len(s) {
			c = s[i]
		}
		if c >= 'a' && c <= 'z' {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			switch s[start:i] {
			case "if", "while", "until", "for", "case", "select", "time", "coproc", "function":
				open++
			case "fi", "done", "esac":
				open = max(0, open-1)
			}
			start = -1
		}
		switch c {
		case '(':
			if parens++; parens > maxParens {
				return true
			}
		case ')':
			parens = max(0, parens-1)
		case '{':
			open++
		case '}':
			open = max(0, open-1)
		case '`':
			// Backquotes are not distinguished; a script has a few.
		}
		if open > maxOpen {
			return true
		}
	}
	return strings.Count(s, "`") > 10*maxOpen
}
