package scan

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

// TestSibling: an extractor gets what belongs to its file, from the same directory and
// nowhere else.
func TestSibling(t *testing.T) {
	var got []string
	x := stub{"x", "/var/lib/x/a.db", true, func(_ context.Context, in *artifact.Input, emit artifact.Emit) error {
		for _, name := range []string{"a.db-wal", "a.db-shm", "../../../etc/passwd", "d"} {
			text, err := "", error(nil)
			var r *io.SectionReader
			if r, err = in.Sibling(name); r != nil {
				var b []byte
				b, err = io.ReadAll(r)
				text = string(b)
			}
			got = append(got, fmt.Sprintf("%s=%s,%v", name, text, err))
		}
		emit(model.Record{Kind: model.LogCoverage})
		return nil
	}}
	r := scanOf(t, imageOf(newTree(map[string]string{"/var/lib/x/a.db": "db", "/var/lib/x/a.db-wal": "log", "/var/lib/x/d/e": "", "/etc/passwd": "root:x:0:0::/root:/bin/sh\n"})), []artifact.Extractor{x}, Options{}, nil)
	if s := strings.Join(got, " "); s != "a.db-wal=log,<nil> a.db-shm=,<nil> ../../../etc/passwd=,<nil> d=,<nil>" || len(gapsOf(r)) > 0 {
		t.Errorf("%s, %v", s, gapsOf(r))
	}
}

// TestPart: an extractor gets the beginning of a file that its own names, links followed, and
// nothing of what is no regular file.
func TestPart(t *testing.T) {
	var got []string
	x := stub{"x", "/etc/x.service", true, func(_ context.Context, in *artifact.Input, emit artifact.Emit) error {
		for _, name := range []string{"/etc/default/x", "/etc/default/../default/x", "/etc/default", "/etc/none", "relative"} {
			got = append(got, string(in.Read(name, 4)))
		}
		emit(model.Record{Kind: model.LogCoverage})
		return nil
	}}
	scanOf(t, imageOf(newTree(map[string]string{"/etc/x.service": "x", "/etc/default/x": "A=long", "/etc/passwd": "root:x:0:0::/root:/bin/sh\n"})), []artifact.Extractor{x}, Options{}, nil)
	if s := strings.Join(got, "|"); s != "A=lo|A=lo|||" {
		t.Errorf("%q", s)
	}
}
