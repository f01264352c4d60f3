package all_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"icecore/forensics/artifact/all"
)

// No extractor imports another one: what two of them need is a package below both.
func TestExtractorsImportNoOther(t *testing.T) {
	extractors := make(map[string]bool)
	for _, x := range all.Extractors() {
		extractors["icecore/forensics/artifact/"+x.Name()] = true
	}
	files, err := filepath.Glob("../*/*.go")
	if err != nil || len(files) < len(extractors) {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if filepath.Dir(f) == "../all" || strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if name, _ := strconv.Unquote(i.Path.Value); extractors[name] {
				t.Errorf("%s imports %s", f, name)
			}
		}
	}
}
