package rules

import (
	"path/filepath"
	"slices"
	"strings"

	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
)

// Rule is a rule in force, as `icecore rules list --format json` shows it.
type Rule struct {
	Engine      string   `json:"engine"`
	Name        string   `json:"name"`
	Level       string   `json:"level"`
	For         string   `json:"for"` // content (binary, text, any), or the records
	Techniques  []string `json:"techniques"`
	Description string   `json:"description"`
	Benign      string   `json:"benign,omitempty"`
	Reference   string   `json:"reference,omitempty"`
	File        string   `json:"file"`
	Line        int      `json:"line,omitempty"`
}

// List is the rules in force.
type List struct {
	Rules    []Rule           // YARA first, each in the order in which they are read
	Problems []engine.Problem // of rules that are not in force, and warnings
	NoYARA   string           // why no YARA rule is in force, empty if one is
}

// InForce lists the rules in force: icecore's own, and those of the user in files or
// directories; noBuiltin leaves icecore's own YARA rules out.
func InForce(yara, sigma []string, noBuiltin bool) (*List, error) {
	set, err := Load(yara, noBuiltin)
	if err != nil {
		return nil, err
	}
	list := &List{Rules: []Rule{}, Problems: set.Problems}
	if !set.Available() {
		list.NoYARA = set.Why()
	}
	for _, r := range set.List() {
		l := Rule{
			Engine: string(detect.EngineYARA), Name: r.Name, Level: r.Level(), For: r.For.String(),
			Description: r.Meta["description"],
			Benign:      r.Meta["benign"], Reference: r.Meta["reference"], File: r.File, Line: r.Line, Techniques: []string{},
		}
		if l.Level == "" {
			l.Level = detect.Medium.String() // as the analysis takes it
		}
		for _, t := range strings.Split(r.Meta["technique"], ",") {
			if t = strings.TrimSpace(t); t != "" {
				l.Techniques = append(l.Techniques, t)
			}
		}
		list.Rules = append(list.Rules, l)
	}
	own, err := detect.Load(detect.Options{Dirs: sigma})
	if err != nil {
		return nil, err
	}
	for _, p := range own.Problems {
		list.Problems = append(list.Problems, sigmaProblem(p))
	}
	for _, r := range own.List() {
		l := Rule{
			Engine: string(detect.EngineSigma), Name: r.Name, Level: r.Level.String(), For: "records",
			Techniques:  slices.Clone(r.Techniques),
			Description: r.Title, Benign: strings.Join(r.FalsePositives, "; "), File: r.Source,
		}
		if l.Techniques == nil {
			l.Techniques = []string{}
		}
		list.Rules = append(list.Rules, l)
	}
	return list, nil
}

// TestSet loads the rules for a directory of tests (see [Test]): those that [Load] gives,
// and those of its directory "rules".
func TestSet(paths []string, noBuiltin bool, dir string) (*Set, error) {
	if own := filepath.Join(dir, "rules"); isDir(own) {
		paths = append(slices.Clone(paths), own)
	}
	return Load(paths, noBuiltin)
}
