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

	sigma "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator"

	"icecore/forensics/artifact"
)

//go:embed rules/*.yml
var builtin embed.FS

// Options say which Sigma rules are in force.
type Options struct {
	Dirs      []string // files, or folders searched for *.yml and *.yaml
	NoBuiltin bool     // without those of icecore
}

// Problem is a rule that is not in force, and why.
type Problem struct{ File, Why string }

// Rules are the Sigma rules in force, ready to run. The zero value has none.
type Rules struct {
	rules  []*rule
	byKind map[string][]*rule
	hash   string
	// Problems lists the rules that were not loaded.
	Problems []Problem
}

// rule is a Sigma rule, compiled.
type rule struct {
	Info
	eval     *evaluator.RuleEvaluator
	category string // a record kind, the beginning of one ("cron"), or "command"
}

// Info describes a rule in force.
type Info struct {
	Name, Title, Description, Source string
	Level                            Level
	Techniques                       []string
	Phase                            string
	FalsePositives                   []string
}

const maxRuleFile = 1 << 20 // bytes

// Load reads the rules. A rule that cannot be used is told in Problems; a file or
// folder that cannot be read is an error.
func Load(opts Options) (*Rules, error) {
	r := &Rules{byKind: make(map[string][]*rule)}
	sum := sha256.New()
	add := func(name string, b []byte) {
		_, _ = sum.Write(b)
		for i, doc := range documents(b) {
			where := name
			if i > 0 {
				where = fmt.Sprintf("%s, document %d", name, i+1)
			}
			x, err := compile(where, doc)
			if err != nil {
				r.Problems = append(r.Problems, Problem{where, err.Error()})
				continue
			}
			r.rules = append(r.rules, x)
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
			add("builtin/"+path.Base(n), b)
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
				r.Problems = append(r.Problems, Problem{f, err.Error()})
				continue
			}
			add(f, b)
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
		if ext := strings.ToLower(filepath.Ext(p)); d.Type().IsRegular() && (ext == ".yml" || ext == ".yaml" || p == dir) {
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

// documents cuts a YAML file at its document marks.
func documents(b []byte) [][]byte {
	var out [][]byte
	for _, d := range strings.Split("\n"+string(b), "\n---") {
		if strings.TrimSpace(d) != "" {
			out = append(out, []byte(d))
		}
	}
	return out
}

func compile(source string, b []byte) (x *rule, err error) {
	defer func() {
		if p := recover(); p != nil {
			x, err = nil, fmt.Errorf("cannot be read: %v", p)
		}
	}()
	s, err := sigma.ParseRule(b)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if s.Title == "" || len(s.Detection.Conditions) == 0 {
		return nil, fmt.Errorf("no Sigma rule: it needs a title and a detection with a condition")
	}
	category := categoryOf(s.Logsource)
	if category == "" {
		return nil, fmt.Errorf("its log source (product %q, category %q, service %q) is none that icecore has records of", s.Logsource.Product, s.Logsource.Category, s.Logsource.Service)
	}
	for _, c := range s.Detection.Conditions {
		if c.Aggregation != nil {
			return nil, fmt.Errorf("it counts events, which is not supported")
		}
	}
	keywords(&s)
	x = &rule{eval: evaluator.ForRule(s, evaluator.WithConfig(listFields(&s))), category: category}
	x.Name, x.Title, x.Description, x.Source = s.ID, s.Title, s.Description, source
	if n, ok := s.AdditionalFields["name"].(string); ok && n != "" {
		x.Name = n
	}
	if x.Name == "" {
		x.Name = s.Title
	}
	if x.Level, err = ParseLevel(s.Level); err != nil {
		x.Level = Medium
	}
	for _, t := range s.Tags {
		t = strings.ToLower(t)
		if id, ok := strings.CutPrefix(t, "attack.t"); ok && id != "" && id[0] >= '0' && id[0] <= '9' {
			x.Techniques = append(x.Techniques, "T"+strings.ToUpper(id))
		}
	}
	x.Phase = phaseOf(s.Tags)
	switch fp := s.AdditionalFields["falsepositives"].(type) {
	case []any:
		for _, f := range fp {
			x.FalsePositives = append(x.FalsePositives, fmt.Sprint(f))
		}
	}
	// A rule that cannot be evaluated says so now, not in the middle of an image.
	if _, err := x.eval.Matches(context.Background(), map[string]any{}); err != nil {
		return nil, fmt.Errorf("cannot be evaluated: %w", err)
	}
	return x, nil
}

// phaseOf gives the phase of the story that ATT&CK's tactics among the tags stand
// for.
func phaseOf(tags []string) string {
	phase := ""
	for _, t := range tags {
		switch strings.NewReplacer("_", "-").Replace(strings.ToLower(t)) {
		case "attack.impact":
			return PhaseMining
		case "attack.persistence", "attack.privilege-escalation":
			phase = PhasePersistence
		case "attack.initial-access", "attack.credential-access", "attack.lateral-movement":
			if phase == "" {
				phase = PhaseAccess
			}
		case "attack.defense-evasion", "attack.stealth":
			if phase == "" {
				phase = PhaseEvasion
			}
		case "attack.execution", "attack.command-and-control":
			if phase == "" {
				phase = PhaseExecution
			}
		}
	}
	if phase == "" {
		phase = PhaseExecution
	}
	return phase
}

// categoryOf turns a rule's log source into a kind of record.
func categoryOf(l sigma.Logsource) string {
	if l.Product != "" && l.Product != "linux" {
		return ""
	}
	switch l.Category {
	case "process_creation":
		return "command"
	case "":
	default:
		if strings.Contains(l.Category, ".") || knownRooms[l.Category] {
			return l.Category
		}
		return ""
	}
	switch l.Service {
	case "cron":
		return "cron"
	case "auth", "sshd", "sudo", "guacamole":
		return "auth"
	case "syslog":
		return "log"
	}
	return ""
}

// knownRooms are the beginnings of kinds that stand for a whole family.
var knownRooms = map[string]bool{"cron": true, "systemd": true, "rc": true, "dpkg": true, "auth": true, "account": true, "ssh": true, "sshd": true, "sudo": true, "login": true, "history": true, "profile": true, "file": true, "miner": true, "command": true, "apt": true, "preload": true}

// keywords turns a search for words anywhere into one in the text of a record,
// which is what the evaluator understands.
func keywords(s *sigma.Rule) {
	for name, search := range s.Detection.Searches {
		if len(search.Keywords) == 0 {
			continue
		}
		values := make([]any, len(search.Keywords))
		for i, k := range search.Keywords {
			values[i] = k
		}
		search.EventMatchers = append(search.EventMatchers, sigma.EventMatcher{{Field: "text", Modifiers: []string{"contains"}, Values: values}})
		search.Keywords = nil
		s.Detection.Searches[name] = search
	}
}

// listFields maps every field that a rule looks at to itself: the evaluator looks
// into fields with several values (traits, programs) only where it was told of a
// mapping.
func listFields(s *sigma.Rule) sigma.Config {
	c := sigma.Config{FieldMappings: make(map[string]sigma.FieldMapping)}
	for _, search := range s.Detection.Searches {
		for _, m := range search.EventMatchers {
			for _, f := range m {
				if !strings.HasPrefix(f.Field, "$") { // a path into JSON
					c.FieldMappings[f.Field] = sigma.FieldMapping{TargetNames: []string{f.Field}}
				}
			}
		}
	}
	return c
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

// forKind gives the rules for a kind of record.
func (r *Rules) forKind(kind string, command bool) []*rule {
	key := kind
	if command {
		key += "+"
	}
	if l, ok := r.byKind[key]; ok {
		return l
	}
	var out []*rule
	for _, x := range r.rules {
		if x.category == kind || strings.HasPrefix(kind, x.category+".") || command && x.category == "command" {
			out = append(out, x)
		}
	}
	if r.byKind == nil {
		r.byKind = make(map[string][]*rule)
	}
	r.byKind[key] = out
	return out
}

// lists are the fields that hold several values, separated by commas.
var lists = map[string]bool{"programs": true, "urls": true, "traits": true, "notable": true, "tags": true, "users": true}

// event gives a record as Sigma sees it: its fields, the names that public rules
// use for some of them, and all of it as text for searches by keyword.
func event(r *artifact.Record) map[string]any {
	e := map[string]any{"kind": r.Kind, "path": r.Source.Path, "state": r.Source.State.String(), "TargetFilename": r.Source.Path}
	var text strings.Builder
	for _, f := range r.Fields {
		text.WriteString(f.Value)
		text.WriteByte('\n')
		var v any = f.Value
		if lists[f.Name] {
			parts := strings.Split(f.Value, ",")
			all := make([]any, len(parts))
			for i, p := range parts {
				all[i] = p
			}
			v = all
		}
		switch old := e[f.Name].(type) {
		case nil:
			e[f.Name] = v
		case []any:
			e[f.Name] = append(old, v)
		default:
			e[f.Name] = []any{old, v}
		}
	}
	e["text"] = text.String()
	if c := r.Get("command"); c != "" {
		e["CommandLine"] = c
		if p, _, _ := strings.Cut(r.Get("programs"), ","); p != "" {
			e["Image"] = p
		}
		e["User"] = r.Get("user")
	}
	return e
}

// match runs the Sigma rules over one record.
func (r *Rules) match(ctx context.Context, rec *artifact.Record) ([]*rule, error) {
	rules := r.forKind(rec.Kind, rec.Has("command"))
	if len(rules) == 0 {
		return nil, nil
	}
	e := event(rec)
	var out []*rule
	for _, x := range rules {
		res, err := x.eval.Matches(ctx, e)
		if err != nil {
			return out, fmt.Errorf("rule %s of Sigma: %w", x.Name, err)
		}
		if res.Match {
			out = append(out, x)
		}
	}
	return out, nil
}
