package detect

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"icecore/forensics/model"
)

//go:embed rules/*.yml
var builtin embed.FS

// Options say which Sigma rules are in force.
type Options struct {
	Dirs      []string // files, or directories searched for *.yml and *.yaml
	NoBuiltin bool     // without those of icecore
}

// Problem is a rule that is not in force, and why, or with Warning one that is, and what
// is odd about it.
type Problem struct {
	File, Why string
	Line      int     // 0: unknown
	Warning   bool    // it is in force nevertheless
	Refusal   Refusal // of a rule that is right in itself; empty: of a faulty one
}

// Rules are the Sigma rules in force, ready to run. The zero value has none.
type Rules struct {
	rules []*rule
	hash  string
	// Problems lists the rules that were not loaded, and those that are odd.
	Problems []Problem
	before   func(analysis string) // called before each, for tests
}

// rule is a Sigma rule, compiled.
type rule struct {
	Info
	detects  *expression
	category string // a record kind, the beginning of one ("cron"), or one of the categories
	kinds    map[model.Kind]bool
	programs []string // of lines of logs: those in whose name they are; nil: any
	warning  error    // what is odd about it, though it is in force
	own      bool     // of the user, not of icecore
}

// Info describes a Sigma rule in force.
type Info struct {
	Name, Title, Description, Source string
	Level                            Level
	Techniques                       []string
	Phase                            model.Phase
	FalsePositives                   []string
}

const maxRuleFile = 1 << 20 // bytes

// Load reads the rules. A rule that cannot be used is named in Problems; a file or
// directory that cannot be read is an error.
func Load(opts Options) (*Rules, error) {
	r := &Rules{}
	sum := sha256.New()
	add := func(name string, b []byte, own bool) {
		_, _ = sum.Write(b)
		for _, doc := range documents(b) {
			x, err := compile(name, doc.text)
			if err != nil {
				r.Problems = append(r.Problems, Problem{File: name, Why: err.Error(), Line: doc.lineOf(err), Refusal: refusalOf(err)})
				continue
			}
			if x.own = own; own {
				x.Description = paragraph(x.Description)
			}
			r.rules = append(r.rules, x)
			if x.warning != nil {
				r.Problems = append(r.Problems, Problem{File: name, Why: x.warning.Error(), Line: doc.lineOf(x.warning), Warning: true})
			}
		}
	}
	if !opts.NoBuiltin {
		names, err := fs.Glob(builtin, "rules/*.yml")
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			b, err := builtin.ReadFile(n)
			if err != nil {
				return nil, err
			}
			add("builtin/"+path.Base(n), b, false)
		}
	}
	for _, dir := range opts.Dirs {
		files, err := ruleFiles(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			b, err := readLimited(f)
			if err != nil {
				r.Problems = append(r.Problems, Problem{File: f, Why: err.Error()})
				continue
			}
			add(f, b, true)
		}
	}
	r.hash = hex.EncodeToString(sum.Sum(nil))
	return r, nil
}

// paragraph makes one paragraph of a description as others write it, with a full stop.
func paragraph(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

func ruleFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("rules of Sigma: %w", err)
		}
		if ext := strings.ToLower(filepath.Ext(p)); d.Type().IsRegular() &&
			(ext == ".yml" || ext == ".yaml" || p == dir) {
			out = append(out, p)
		}
		return nil
	})
	sort.Strings(out)
	return out, err
}

func readLimited(name string) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxRuleFile {
		return nil, fmt.Errorf("larger than %d bytes", maxRuleFile)
	}
	return os.ReadFile(name)
}

// List gives the rules in force, in the order in which they were read.
func (r *Rules) List() []Info {
	out := make([]Info, len(r.rules))
	for i, x := range r.rules {
		out[i] = x.Info
	}
	return out
}

// SHA256 is the hash over all bytes of the rule files, hex.
func (r *Rules) SHA256() string { return r.hash }

// matcher runs the rules over the records of one image. It may be used from several
// goroutines.
type matcher struct {
	rules  []*rule
	byKind sync.Map // of the rules for each kind that was asked for
}

func (r *Rules) matcher() *matcher { return &matcher{rules: r.rules} }

// isFor says whether a rule is for a kind of record: its log source names the kind, what
// stands before its dot, or a category to which it belongs.
func (x *rule) isFor(kind model.Kind) bool { return x.kinds[kind] }

// forKind gives the rules for a kind of record.
func (m *matcher) forKind(kind model.Kind) []*rule {
	if l, ok := m.byKind.Load(kind); ok {
		return l.([]*rule)
	}
	out := slices.DeleteFunc(slices.Clone(m.rules), func(x *rule) bool { return !x.isFor(kind) })
	m.byKind.Store(kind, out)
	return out
}

// match gives the rules that match a record.
func (m *matcher) match(rec *model.Record) []*rule {
	rules := m.forKind(rec.Kind)
	if len(rules) == 0 {
		return nil
	}
	var out []*rule
	e := eventOf(rec)
	for _, x := range rules {
		if x.applies(e) && x.detects.matches(e) {
			out = append(out, x)
		}
	}
	return out
}

// applies says whether an event is one of those that a category means.
func (x *rule) applies(e event) bool {
	switch x.category {
	case commandCategory:
		return len(e["CommandLine"]) > 0
	case connectionCategory:
		return len(e["Initiated"]) > 0
	case string(model.LogLine):
		return x.programs == nil || len(e["program"]) == 1 && slices.Contains(x.programs, e["program"][0])
	}
	return true
}

// Wanted gives a function that says whether a rule of the user's matches a record which
// says nothing by itself: a command typed, a line of a script, a file, an event of auditd.
// It is nil where no rule of the user's is for such records. It may be called from several
// goroutines.
func (r *Rules) Wanted() func(*model.Record) bool {
	own := slices.DeleteFunc(slices.Clone(r.rules), func(x *rule) bool {
		return !x.own || !slices.ContainsFunc(model.OnDemand(), x.isFor)
	})
	if len(own) == 0 {
		return nil
	}
	m := &matcher{rules: own}
	return func(rec *model.Record) bool {
		rules := m.forKind(rec.Kind)
		if len(rules) == 0 {
			return false
		}
		e := eventOf(rec)
		return slices.ContainsFunc(rules, func(x *rule) bool { return x.applies(e) && x.detects.matches(e) })
	}
}
