package rules

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
)

// Checked is what was found wrong with rule files.
type Checked struct {
	Problems []engine.Problem // by file and line
	Rules    int              // that are right
	Bad      int              // files with errors
	Warnings int
}

// Check compiles YARA rules and reads Sigma rules: files, or directories of them, each
// file by itself. A path that cannot be read, or that holds no rules, does not keep it
// from the others; it is an error at the end.
func Check(paths []string) (*Checked, error) {
	c := &Checked{}
	var errs []error
	for _, p := range paths {
		yara, sigma, err := kindsAt(p)
		if err == nil && yara {
			err = c.yara(p)
		}
		if err == nil && sigma {
			err = c.sigma(p)
		}
		if errors.Is(err, engine.ErrUnavailable) {
			return nil, err
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	slices.SortStableFunc(c.Problems, func(a, b engine.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	bad := make(map[string]bool)
	for _, p := range c.Problems {
		if p.Warning {
			c.Warnings++
		} else {
			bad[p.File] = true
		}
	}
	c.Bad = len(bad)
	return c, errors.Join(errs...)
}

func (c *Checked) yara(path string) error {
	files, err := yaraFiles(path)
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := readHostFile(f, maxRuleFile)
		if err != nil {
			c.Problems = append(c.Problems, engine.Problem{File: f, Text: err.Error()})
			continue
		}
		rules, found, err := engine.Compile([]engine.Source{{Name: f, Namespace: namespace(path, f), Text: string(b)}})
		if errors.Is(err, engine.ErrUnavailable) {
			return err
		}
		c.Problems = append(c.Problems, found...)
		if err == nil {
			c.Rules += len(rules.List())
			rules.Close()
		}
	}
	return nil
}

func (c *Checked) sigma(path string) error {
	r, err := detect.Load(detect.Options{Dirs: []string{path}, NoBuiltin: true})
	if err != nil {
		return err
	}
	c.Rules += len(r.List())
	for _, p := range r.Problems {
		c.Problems = append(c.Problems, sigmaProblem(p))
	}
	return nil
}

func sigmaProblem(p detect.Problem) engine.Problem {
	return engine.Problem{File: p.File, Line: p.Line, Text: p.Why, Warning: p.Warning}
}

// kindsAt says which kinds of rules a file is, or a directory holds.
func kindsAt(name string) (yara, sigma bool, err error) {
	err = filepath.WalkDir(name, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		switch strings.ToLower(filepath.Ext(p)) {
		case ".yml", ".yaml":
			sigma = true
		case ".yar", ".yara", ".rule":
			yara = true
		default:
			yara = yara || p == name // named by the caller: what should it be else
		}
		return nil
	})
	if err == nil && !yara && !sigma {
		err = fmt.Errorf("%s holds no rules: neither *.yar nor *.yml", name)
	}
	return yara, sigma, err
}

// isDir says whether there is such a directory on the analyst's machine.
func isDir(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.IsDir()
}
