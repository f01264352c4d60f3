package rpmdb

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/knqyf263/go-rpmdb/pkg/bdb"
	dbi "github.com/knqyf263/go-rpmdb/pkg/db"
	"github.com/knqyf263/go-rpmdb/pkg/ndb"
)

// memory is a file in memory.
type memory []byte

func (m memory) Size() int64 { return int64(len(m)) }
func (m memory) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m).ReadAt(p, off)
}

// all reads a database, and gives its headers and what could not be read.
func all(db, wal File) (blobs [][]byte, bad []error, err error) {
	_, err = Read(context.Background(), db, wal, func(b Blob) error {
		if b.Err != nil {
			bad = append(bad, b.Err)
			return nil
		}
		if b.Offset >= 0 && len(b.Data) > 0 {
			first := make([]byte, 8)
			_, _ = db.ReadAt(first, b.Offset)
			if !bytes.HasPrefix(b.Data, first[:min(8, len(b.Data))]) {
				bad = append(bad, io.ErrUnexpectedEOF)
			}
		}
		blobs = append(blobs, bytes.Clone(b.Data))
		return nil
	})
	return blobs, bad, err
}

// vector gives a database of a real system that the module go-rpmdb brings.
func vector(t testing.TB, name string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/knqyf263/go-rpmdb").Output()
	p := filepath.Join(strings.TrimSpace(string(out)), "pkg", "testdata", name)
	if _, serr := os.Stat(p); err != nil || serr != nil {
		t.Skipf("the module github.com/knqyf263/go-rpmdb is not there: %v, %v", err, serr)
	}
	return p
}

// TestAsGoRPMDB reads the same headers as another reader does.
func TestAsGoRPMDB(t *testing.T) {
	for _, tt := range []struct {
		name   string
		format Format
		open   func(string) (dbi.RpmDBInterface, error)
	}{
		{"sle15-bci/Packages.db", NDB, func(p string) (dbi.RpmDBInterface, error) { return ndb.Open(p) }},
		{"libuuid/Packages", Berkeley, func(p string) (dbi.RpmDBInterface, error) { return bdb.Open(p) }},
		{"centos5-plain/Packages", Berkeley, func(p string) (dbi.RpmDBInterface, error) { return bdb.Open(p) }},
		{"ubi8-s390x/Packages", Berkeley, func(p string) (dbi.RpmDBInterface, error) { return bdb.Open(p) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := vector(t, tt.name)
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := Detect(b[:512]); f != tt.format || err != nil {
				t.Errorf("%s, %v", f, err)
			}
			got, bad, err := all(memory(b), nil)
			if err != nil || len(bad) > 0 {
				t.Fatal(err, bad)
			}
			db, err := tt.open(p)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			want := make(map[string]bool)
			for e := range db.Read() {
				if e.Err != nil {
					t.Fatal(e.Err)
				}
				want[string(e.Value)] = true
			}
			for i, b := range got {
				if !want[string(b)] {
					t.Errorf("header %d is not one of the other reader", i)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d headers, not %d", len(got), len(want))
			}
			t.Log(len(got), "headers")
		})
	}
}
