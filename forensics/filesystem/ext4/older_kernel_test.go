package ext4

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// TestOlderStates cuts and rewrites files that stay in use. History records the states
// before, and each is read as it was, or what is not sure of it is said.
func TestOlderStates(t *testing.T) {
	needKernel(t)
	inMemory(t)
	img := makeImage(t, 32, "-t", "ext4", "-b", "1024", "-J", "size=4")
	root, unmount := mountImage(t, img, "rw,noatime,commit=300")
	sync := func() {
		d, err := os.Open(root)
		must(t, err)
		must(t, unix.Syncfs(int(d.Fd())))
		d.Close()
	}
	path := func(name string) string { return filepath.Join(root, name) }
	files := []struct {
		name   string
		before []byte
		after  func(p string)
		note   string // the second word
	}{
		{"cut to nothing", marked(1, 40_000), func(p string) { must(t, os.Truncate(p, 0)) }, "intact"},
		{"cut and written anew", marked(2, 40_000), func(p string) {
			must(t, os.Truncate(p, 0))
			sync()
			// The new content goes where the old stood, or elsewhere: as the kernel likes.
			must(t, os.WriteFile(p, marked(3, 2_000), 0o600))
		}, ""},
		{"written over", marked(4, 40_000), func(p string) {
			f, err := os.OpenFile(p, os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteAt(marked(5, 4_000), 8_000)
			must(t, err)
			must(t, f.Truncate(39_000))
			f.Close()
		}, "unverified"},
	}
	inos := make(map[uint64]int)
	for i, c := range files {
		must(t, os.WriteFile(path(c.name), c.before, 0o600))
		var st unix.Stat_t
		must(t, unix.Stat(path(c.name), &st))
		inos[st.Ino] = i
	}
	sync()
	for _, c := range files {
		c.after(path(c.name))
		sync()
	}
	b, err := snapshot(img, nil)
	must(t, err)
	unmount()
	f, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
	must(t, err)
	states := make(map[int]filesystem.Ref)
	must(t, f.History(context.Background(), func(c *filesystem.Change) error {
		if i, ok := inos[c.Ref.Inode]; ok && c.New.Size == 40_000 {
			states[i] = c.Ref
		}
		return nil
	}))
	for i, c := range files {
		ref, ok := states[i]
		if !ok {
			t.Errorf("%s: History does not give the state before", c.name)
			continue
		}
		fl, err := f.Open(ref)
		must(t, err)
		in := fl.Inode()
		got := make([]byte, fl.Size())
		_, _ = fl.ReadAt(got, 0)
		word := strings.TrimSuffix(strings.Fields(in.Note)[2], ":")
		if c.note != "" && word != c.note {
			t.Errorf("%s: note %q, want %s", c.name, in.Note, c.note)
		}
		// What is called intact is what was there.
		if word == "intact" && !bytes.Equal(got, c.before) {
			t.Errorf("%s: note %q, but the content differs", c.name, in.Note)
		}
		if in.State != filesystem.Live || in.Ref != ref || len(got) != 40_000 {
			t.Errorf("%s: %v, %v, %d bytes", c.name, in.Ref, in.State, len(got))
		}
		now, err := f.Inode(filesystem.Ref{Inode: ref.Inode})
		must(t, err)
		if now.Size == 40_000 {
			t.Errorf("%s: the present state is the older one", c.name)
		}
		t.Logf("%s: %v: %s", c.name, ref, in.Note)
	}
	if _, err := f.Open(filesystem.Ref{Inode: states[0].Inode, Version: 999_999}); err == nil {
		t.Error("a state of a transaction that there was not")
	}
}
