package origin

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// day is when the components of the tests came; dayAfter is when an intruder did.
const (
	day      = 1_700_000_000
	dayAfter = day + 86_400
)

// mem is a tree of paths in memory: text by path.
type mem struct {
	files map[string]string
	came  map[string]int64  // day, if it has none
	edit  map[string]int64  // when it was modified, if not then
	links map[string]string // not followed
	owned map[string]string
	size  map[string]int64 // what a file says that it has
}

func (m mem) stat(name string) Stat {
	came := int64(day)
	if t, ok := m.came[name]; ok {
		came = t
	}
	st := Stat{Size: int64(len(m.files[name])), Modified: came, Changed: came, Created: came}
	if t, ok := m.edit[name]; ok {
		st.Modified = t
	}
	return st
}

func (m mem) Lookup(name string, _ bool) (filesystem.Found, error) {
	if _, ok := m.files[name]; ok {
		return filesystem.Found{FS: memFS{m: m, name: name}, Path: name}, nil
	}
	if _, ok := m.links[name]; ok {
		return filesystem.Found{FS: memFS{m: m, name: name}, Path: name}, nil
	}
	for f := range m.files {
		if isBelow(f, name) {
			return filesystem.Found{FS: memFS{m: m, name: name}, Path: name}, nil
		}
	}
	return filesystem.Found{}, fs.ErrNotExist
}

func (m mem) ReadDir(name string) ([]filesystem.DirEntry, error) {
	var out []filesystem.DirEntry
	for _, f := range slices.Sorted(maps.Keys(m.files)) {
		if parent(f) == name {
			out = append(out, filesystem.DirEntry{Name: base(f), Type: filesystem.ModeRegular})
		}
	}
	return out, nil
}

type memFS struct {
	filesystem.FS
	m    mem
	name string
}

func (f memFS) Open(filesystem.Ref) (filesystem.File, error) {
	in := &filesystem.Inode{Mode: filesystem.ModeRegular, Size: int64(len(f.m.files[f.name]))}
	if n, ok := f.m.size[f.name]; ok {
		in.Size = n
	}
	if _, ok := f.m.links[f.name]; ok {
		in.Mode = filesystem.ModeSymlink
	}
	return openFile{[]byte(f.m.files[f.name]), in}, nil
}

// load makes an index of the tree.
func (m mem) load(t testing.TB) *Index {
	t.Helper()
	ix := NewIndex()
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		ix.See(parent(name), base(name), m.stat(name))
	}
	for _, name := range slices.Sorted(maps.Keys(m.links)) {
		ix.See(parent(name), base(name), m.stat(name))
	}
	if err := ix.Load(context.Background(), m, func(p string) string { return m.owned[p] }); err != nil {
		t.Fatal(err)
	}
	return ix
}

// ask gives what an index says of a file, compared with its content where that can be.
func (m mem) ask(ix *Index, name string) string {
	o, ok := ix.Origin(name, m.stat(name))
	if !ok {
		return "none"
	}
	if h := o.NewHash(m.stat(name).Size); h != nil && o.State == Listed {
		h.Write([]byte(m.files[name]))
		o = o.Verify(h.Sum(nil))
	}
	return fmt.Sprintf("%s %s %s", o, o.Basis, o.State)
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func shaHex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// many makes files with times of their own for a tree.
func many(dir string, n int, more map[string]string) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[fmt.Sprintf("%s/lib/f%02d.so", dir, i)] = "x"
	}
	maps.Copy(out, more)
	return out
}

func TestOrigin(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ix := c.tree.load(t)
			for _, name := range slices.Sorted(maps.Keys(c.want)) {
				if _, ok := c.tree.files[name]; !ok {
					t.Errorf("%s is not in the tree", name)
				}
				if got := c.tree.ask(ix, name); got != c.want[name] {
					t.Errorf("%s: %s, want %s", name, got, c.want[name])
				}
			}
			var bad []string
			for _, p := range ix.Problems() {
				bad = append(bad, p.Path+": "+p.Err.Error())
			}
			text := strings.Join(bad, "\n")
			if c.bad == "" && text != "" || !strings.Contains(text, c.bad) {
				t.Errorf("problems: %q, want one with %q", text, c.bad)
			}
		})
	}
}

// TestVerify: a digest decides, and that of another component of the path counts.
func TestVerify(t *testing.T) {
	sum := sha256.Sum256([]byte("x"))
	o := Origin{State: Listed, Algorithm: "sha256", Digest: sum[:]}
	if got := o.Verify(sum[:]).State; got != Intact {
		t.Errorf("the same digest: %s", got)
	}
	other := bytes.Repeat([]byte{1}, 32)
	if got := o.Verify(other).State; got != Changed {
		t.Errorf("another digest: %s", got)
	}
	if got := o.Verify(nil).State; got != Listed {
		t.Errorf("no digest: %s", got)
	}
	o.more = []Origin{{Name: "other", Algorithm: "sha256", Digest: other}}
	if got := o.Verify(other); got.State != Intact || got.Name != "other" {
		t.Errorf("the digest of another component: %s %s", got, got.State)
	}
}
