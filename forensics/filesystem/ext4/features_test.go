package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// TestRefused wants what cannot be read to be refused by name, and not to be read
// from a copy of the superblock instead.
func TestRefused(t *testing.T) {
	img := needTinies(t)[0].bytes
	for _, c := range []struct {
		name     string
		incompat uint32
		want     string
	}{
		{"dirdata", 0x1000, "dirdata"},
		{"compression", 0x1, "compression"},
		{"unknown", 0x80000000, "incompat_0x80000000"},
		{"journal device", 0x8, "external journal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bytes.Clone(img)
			put32(b[1024+0x60:], binary.LittleEndian.Uint32(b[1024+0x60:])|c.incompat)
			put32(b[1024+0x3fc:], crc32c(^uint32(0), b[1024:1024+0x3fc]))
			_, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
			if !errors.Is(err, filesystem.ErrUnsupported) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestNotExt4 wants an error, not a filesystem, of other bytes.
func TestNotExt4(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("text"), make([]byte, 1<<20), bytes.Repeat([]byte{0x53, 0xef}, 1<<19)} {
		if _, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{}); err == nil {
			t.Errorf("%d bytes are a filesystem", len(b))
		}
	}
}

// TestExternalJournal wants a journal on another device to be reported of, and the
// files to be read without it.
func TestExternalJournal(t *testing.T) {
	needKernel(t)
	inMemory(t)
	journal := filepath.Join(t.TempDir(), "journal")
	must(t, os.WriteFile(journal, nil, 0o600))
	must(t, os.Truncate(journal, 16<<20))
	run(t, "mke2fs", "-q", "-F", "-O", "journal_dev", "-b", "4096", journal)
	dev := attach(t, journal)
	t.Cleanup(func() { run(t, "losetup", "-d", dev) })
	img := makeImage(t, 32, "-t", "ext4", "-b", "4096", "-J", "device="+dev)
	dir, unmount := mountImage(t, img, "rw,journal_path="+dev)
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o600))
	unmount()
	f := openImage(t, img, Options{})
	ref, _, err := filesystem.Lookup(f, "/file", false)
	must(t, err)
	fl, err := f.Open(ref)
	must(t, err)
	b := make([]byte, 7)
	if _, err := fl.ReadAt(b, 0); err != nil || string(b) != "content" {
		t.Errorf("content %q, %v", b, err)
	}
	found := slices.ContainsFunc(f.Problems(), func(p filesystem.Problem) bool {
		return p.What == "journal" && strings.Contains(p.Why, "another device")
	})
	if !found {
		t.Errorf("nothing is said of the journal: %v", f.Problems())
	}
	if _, err := Open(context.Background(), mustOpen(t, journal), 16<<20, Options{}); !errors.Is(err, filesystem.ErrUnsupported) {
		t.Errorf("the journal device: %v", err)
	}
}

func mustOpen(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}
