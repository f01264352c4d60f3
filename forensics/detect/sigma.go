package detect

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/bradleyjkemp/sigma-go/evaluator"

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
	Line      int // 0: unknown
	Warning   bool
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
	eval     *evaluator.RuleEvaluator
	category string // a record kind, the beginning of one ("cron"), or "command"
	warning  error  // what is odd about it, though it is in force
	own      bool   // of the user, not of icecore
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
				r.Problems = append(r.Problems, Problem{File: name, Why: err.Error(), Line: doc.lineOf(err)})
				continue
			}
			x.own = own
			r.rules = append(r.rules, x)
			if x.warning != nil {
				r.Problems = append(r.Problems, Problem{name, x.warning.Error(), doc.lineOf(x.warning), true})
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

// event gives a record as Sigma sees it: its fields, the names that public rules
// use for some of them, and all of it as text for searches by keyword.
func event(r *model.Record) map[string]any {
	e := map[string]any{
		"kind": string(r.Kind), "path": r.Source.InHost(), "state": r.Source.State.String(),
		"TargetFilename": r.Source.InHost(),
	}
	var text strings.Builder
	for i := range r.Fields {
		f := &r.Fields[i]
		var all []any
		for _, item := range f.Items() {
			text.WriteString(item)
			text.WriteByte('\n')
			all = append(all, item)
		}
		if f.Type() == model.List {
			e[f.Name] = all
		} else {
			e[f.Name] = f.Text()
		}
	}
	e["text"] = text.String()
	if c := r.Get("command"); c != "" {
		e["CommandLine"] = c
		if l := r.List("programs"); len(l) > 0 {
			var images []any
			for _, p := range l {
				images = append(images, image(p))
			}
			e["Image"] = images
		}
		e["User"] = r.Get("user")
	}
	return e
}

// matcher runs the rules over the records of one image.
type matcher struct {
	rules  *Rules
	byKind map[kindKey][]*rule
	failed map[*rule]error // these do not run again
}

type kindKey struct {
	kind    model.Kind
	command bool
}

func (r *Rules) matcher() *matcher {
	return &matcher{rules: r, byKind: make(map[kindKey][]*rule), failed: make(map[*rule]error)}
}

// isFor says whether a rule is for a kind of record: its log source names the kind, or
// what stands before its dot.
func (x *rule) isFor(kind model.Kind) bool {
	return x.category == string(kind) || strings.HasPrefix(string(kind), x.category+".")
}

// forKind gives the rules for a kind of record.
func (m *matcher) forKind(kind model.Kind, command bool) []*rule {
	key := kindKey{kind, command}
	if l, ok := m.byKind[key]; ok {
		return l
	}
	var out []*rule
	for _, x := range m.rules.rules {
		if x.isFor(kind) || command && x.category == "command" {
			out = append(out, x)
		}
	}
	m.byKind[key] = out
	return out
}

// match gives the rules that match a record.
func (m *matcher) match(ctx context.Context, rec *model.Record) []*rule {
	rules := m.forKind(rec.Kind, rec.Has("command"))
	if len(rules) == 0 {
		return nil
	}
	e := event(rec)
	var out []*rule
	for _, x := range rules {
		if m.failed[x] != nil {
			continue
		}
		ok, err := x.matches(ctx, e)
		if err != nil {
			m.failed[x] = err
		}
		if ok {
			out = append(out, x)
		}
	}
	return out
}

// problems names the rules that failed, in the order of the rules.
func (m *matcher) problems() []Problem {
	var out []Problem
	for _, x := range m.rules.rules {
		if err := m.failed[x]; err != nil {
			out = append(out, Problem{File: x.Source, Why: fmt.Sprintf("rule %s: %v", x.Name, err)})
		}
	}
	return out
}

// matches evaluates a rule. The evaluator compares numbers with what the image
// says, and panics over what is none: no match.
func (x *rule) matches(ctx context.Context, e map[string]any) (ok bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			ok, err = false, nil
		}
	}()
	res, err := x.eval.Matches(ctx, e)
	return res.Match, err
}
