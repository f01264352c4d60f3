package forensics_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"icecore/forensics"
)

// qcow2 makes the header of an image of 1 MiB that names a backing file, cut to n
// bytes.
func qcow2(backing string, n int) []byte {
	b := make([]byte, 1<<16+8)
	be := binary.BigEndian
	copy(b, "QFI\xfb")
	be.PutUint32(b[4:], 2)
	be.PutUint32(b[20:], 16)
	be.PutUint64(b[24:], 1<<20)
	be.PutUint32(b[36:], 1)
	be.PutUint64(b[40:], 1<<16)
	if backing != "" {
		be.PutUint64(b[8:], 1024)
		be.PutUint32(b[16:], uint32(len(backing)))
		copy(b[1024:], backing)
	}
	return b[:n]
}

// TestErrors: what went wrong is recognised by errors.Is and errors.As.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	mbr := make([]byte, 1<<20)
	copy(mbr[446:], []byte{0, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 1, 0, 0})
	mbr[510], mbr[511] = 0x55, 0xaa
	rules := write("bad.yar", []byte("rule a {\n condition: $x }\n"))
	sigma := write("bad.yml", []byte("title: nothing is detected\n"))
	all := []error{forensics.ErrNotImage, forensics.ErrFormat, forensics.ErrTruncated, forensics.ErrNoFilesystem}
	for _, c := range []struct {
		name, path string
		opts       forensics.Options
		is         error
		as         func(error) bool
		text       string
	}{
		{"directory", dir, forensics.Options{}, forensics.ErrNotImage, nil, "is a directory"},
		{"empty", write("empty", nil), forensics.Options{}, forensics.ErrNotImage, nil, "is empty"},
		{"text", write("text", []byte(strings.Repeat("dear diary\n", 500))), forensics.Options{}, forensics.ErrNotImage, nil, "neither a partition table nor a filesystem"},
		{"no file", filepath.Join(dir, "none"), forensics.Options{}, os.ErrNotExist, nil, "no such file"},
		{"gzip", write("gzip", []byte("\x1f\x8b\x08"+strings.Repeat("\x00", 600))), forensics.Options{}, forensics.ErrFormat, nil, "unpack it first"},
		{"cut header", write("header", qcow2("", 60)), forensics.Options{}, forensics.ErrTruncated, nil, "truncated"},
		{"cut table", write("table", qcow2("", 1<<16)), forensics.Options{}, forensics.ErrTruncated, nil, "L1 table"},
		{"backing", write("backing", qcow2("/etc/passwd", 1<<16+8)), forensics.Options{}, nil, func(err error) bool {
			var e *forensics.BackingError
			return errors.As(err, &e) && e.Name == "/etc/passwd" && strings.Contains(e.Why, "refused")
		}, "not in the"},
		{"no filesystem", write("mbr", mbr), forensics.Options{}, forensics.ErrNoFilesystem, nil, "no filesystem"},
		{"YARA", write("disk", mbr), forensics.Options{Rules: forensics.RuleOptions{YARA: []string{rules}}}, nil, func(err error) bool {
			var e *forensics.RuleError
			return errors.As(err, &e) && e.File == rules && e.Line == 2
		}, "undefined string"},
		{"Sigma", write("disk", mbr), forensics.Options{Rules: forensics.RuleOptions{Sigma: []string{sigma}}}, nil, func(err error) bool {
			var e *forensics.RuleError
			return errors.As(err, &e) && e.File == sigma
		}, "detection"},
	} {
		_, err := forensics.Analyze(t.Context(), c.path, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.text) {
			if c.name == "YARA" && err != nil && errors.Is(err, forensics.ErrNoFilesystem) {
				continue // built without YARA
			}
			t.Errorf("%s: %v, want %s", c.name, err, c.text)
			continue
		}
		if c.is != nil && !errors.Is(err, c.is) || c.as != nil && !c.as(err) {
			t.Errorf("%s: %v is not what it should be", c.name, err)
		}
		for _, other := range all {
			if other != c.is && errors.Is(err, other) {
				t.Errorf("%s: %v is %v, too", c.name, err, other)
			}
		}
	}
}
