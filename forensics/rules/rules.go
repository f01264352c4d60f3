package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"icecore/forensics/content/engine"
	yararules "icecore/yara-rules"
)

// builtinNamespace is the namespace of the rules that come with icecore.
const builtinNamespace = "icecore"

const maxRuleFile = 16 << 20 // bytes

// byNameRE finds rules that look at more than the content of a file.
var byNameRE = regexp.MustCompile(`\b(?:filename|filepath|extension|owner)\b`)

// builtinByName is narrower: our own rules speak of owners in their meta, too.
var builtinByName = regexp.MustCompile(`(?m)^\s*(?:condition:)?[^"/]*\b(?:filename|filepath|extension|owner)\s*(?:==|!=|contains|icontains|startswith|istartswith|endswith|iendswith|iequals|matches)`)

// Load compiles icecore's own YARA rules, unless the caller refuses them, and those of
// the user: files, or directories with *.yar and *.yara. A rule that does not compile
// is omitted and listed in Problems. A path that cannot be found, or that gives no rule
// at all, is an error: its finder asked for an answer that would not come.
func Load(paths []string, noBuiltin bool) (*Set, error) {
	set := &Set{}
	var sources []engine.Source
	sum := sha256.New()
	if !noBuiltin {
		own, err := builtinRules()
		if err != nil {
			return nil, err
		}
		for _, o := range own {
			_, _ = io.WriteString(sum, o.Text)
			set.byName = set.byName || builtinByName.MatchString(o.Text)
		}
		sources = own
	}
	named := make([][]string, len(paths)) // the files of each path
	for i, p := range paths {
		files, err := yaraFiles(p)
		if err != nil {
			return nil, err
		}
		named[i] = files
		for _, f := range files {
			b, err := readHostFile(f, maxRuleFile)
			if err != nil {
				set.Problems = append(set.Problems, engine.Problem{File: f, Text: err.Error()})
				continue
			}
			_, _ = sum.Write(b)
			set.byName = set.byName || byNameRE.Match(b)
			sources = append(sources, engine.Source{Name: f, Namespace: namespace(p, f), Text: string(b)})
		}
	}
	set.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if len(sources) == 0 && len(paths) > 0 {
		return nil, firstOf(paths[0], named[0], set.Problems)
	}
	if len(sources) == 0 {
		set.err = fmt.Errorf("there are no YARA rules")
		return set, nil
	}
	rules, problems, err := engine.Compile(sources)
	set.Problems = append(set.Problems, problems...)
	if errors.Is(err, engine.ErrUnavailable) {
		set.err = err
		return set, nil
	}
	good := make(map[string]bool)
	if err == nil {
		set.sources = rules.Sources()
		for _, s := range set.sources {
			list, _ := engine.Split(s.Text)
			good[s.Name] = len(list) > 0
		}
	}
	for i, files := range named {
		if !slices.ContainsFunc(files, func(f string) bool { return good[f] }) {
			return nil, firstOf(paths[i], files, set.Problems)
		}
	}
	if err != nil {
		set.err = err
		return set, nil
	}
	set.rules = rules
	return set, nil
}

// builtinRules gives the rule files inside the program.
func builtinRules() ([]engine.Source, error) {
	var out []engine.Source
	for _, set := range []engine.Set{engine.Binary, engine.Text} {
		names, err := fs.Glob(yararules.FS, set.String()+"/*.yar")
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			b, err := fs.ReadFile(yararules.FS, n)
			if err != nil {
				return nil, err
			}
			out = append(out, engine.Source{Name: "builtin/" + n, Namespace: builtinNamespace, Text: string(b), For: set})
		}
	}
	return out, nil
}

func yaraFiles(p string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("YARA rules: %w", err)
		}
		if ext := strings.ToLower(filepath.Ext(name)); d.Type().IsRegular() && (ext == ".yar" || ext == ".yara" || ext == ".rule" || name == p) {
			out = append(out, name)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("YARA rules: %s holds no *.yar", p)
	}
	sort.Strings(out)
	return out, err
}

// namespace gives each file of the user's a namespace of its own, so that two may
// use the same name for a rule: its path below the directory given, without suffix.
func namespace(root, file string) string {
	rel, err := filepath.Rel(root, file)
	if err != nil || rel == "." {
		rel = filepath.Base(file)
	}
	n := filepath.ToSlash(strings.TrimSuffix(rel, filepath.Ext(rel)))
	if n == builtinNamespace {
		n = "./" + n
	}
	return n
}

func readHostFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return b, err
}

// Set is a set of compiled YARA rules.
type Set struct {
	rules    *engine.Rules
	sources  []engine.Source
	err      error
	Problems []engine.Problem
	SHA256   string // over the bytes of all files
	byName   bool
}

// Available says whether there are rules to run, and something to run them.
func (r *Set) Available() bool { return r.rules != nil }

// Why says why rules are not available.
func (r *Set) Why() string {
	if r.err != nil {
		return r.err.Error()
	}
	return ""
}

// NewScanner makes a scanner that looks at one piece of content for at most timeout.
// It is for one goroutine; close it.
func (r *Set) NewScanner(timeout time.Duration) (*engine.Scanner, error) {
	return r.rules.NewScanner(timeout)
}

// ByName is true where a rule looks at the name or owner of a file: the same content
// may then match at one place and not at another.
func (r *Set) ByName() bool { return r.byName }

// List gives the rules in force.
func (r *Set) List() []engine.Info {
	if r.rules == nil {
		return nil
	}
	return r.rules.List()
}
