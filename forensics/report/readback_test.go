package report

import (
	"bytes"
	"cmp"
	"path/filepath"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"icecore/fixtures"
	"icecore/forensics"
	"icecore/forensics/model"
)

// An analysis that was read back from its JSON form gives the same bytes as the fresh
// one, in every format: a report can be made again without the image.
func TestReadBack(t *testing.T) {
	if tool := fixtures.Missing(); tool != "" {
		t.Skipf("needs %s: apt-get install e2fsprogs gdisk dosfstools", tool)
	}
	for _, sample := range fixtures.Samples() {
		image := filepath.Join(t.TempDir(), sample+".img")
		if err := fixtures.Build(t.Context(), sample, image); err != nil {
			t.Fatal(err)
		}
		fresh, err := forensics.Analyze(t.Context(), image, forensics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := JSON(&file, &fresh.Analysis); err != nil {
			t.Fatal(err)
		}
		again, err := model.Read(&file)
		if err != nil {
			t.Fatal(err)
		}
		// The sentences of the file are those that are made of its messages.
		var stored, made bytes.Buffer
		if err := cmp.Or(Terminal(&stored, again, Options{All: true}), Terminal(&made, again, Options{All: true, Lang: "en"})); err != nil {
			t.Fatal(err)
		}
		if d := diff.Diff(stored.String(), made.String()); d != "" {
			t.Errorf("%s: sentences differ from their messages: %s", sample, d)
		}
		for _, f := range Formats() {
			for _, o := range []Options{{}, {Width: 80, All: true, Color: true, Lang: "en", Made: "2026-02-01T00:00:00Z", Command: "icecore analyze x"}} {
				var a, b bytes.Buffer
				if err := f.Write(&a, &fresh.Analysis, o); err != nil {
					t.Fatalf("%s, %s: %v", sample, f.Name, err)
				}
				if err := f.Write(&b, again, o); err != nil {
					t.Fatalf("%s, %s: %v", sample, f.Name, err)
				}
				if a.Len() < 50 || !bytes.Equal(a.Bytes(), b.Bytes()) {
					i := 0
					for i < min(a.Len(), b.Len()) && a.Bytes()[i] == b.Bytes()[i] {
						i++
					}
					t.Errorf(
						"%s, %s: differs at byte %d: fresh %.200q, read back %.200q",
						sample,
						f.Name,
						i,
						a.Bytes()[max(0, i-40):],
						b.Bytes()[max(0, i-40):],
					)
				}
			}
		}
	}
}
