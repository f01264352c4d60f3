package ext4

import (
	"context"
	"slices"
	"testing"

	"icecore/forensics/filesystem"
)

// newFinder makes a finder that has looked at nothing yet, of a journal that has everything.
func newFinder(f *FS) *finder {
	r := &finder{f: f, ctx: context.Background(), out: &recovered{covered: true}, bm: &bitmaps{f: f}}
	r.steps, r.trees = r.budget()
	return r
}

// older gives a state of a file that has its blocks, of a transaction.
func older(t *testing.T, f *FS, path string, version uint32) *node {
	t.Helper()
	ref, _, err := filesystem.Lookup(f, path, false)
	must(t, err)
	n := *mustNode(t, f, ref.Inode)
	n.raw = slices.Clone(n.raw)
	n.Generation++ // another file of that number
	n.Ref.Version = version
	return &n
}

// TestShortMaps: a block map that lists fewer blocks than the inode counts is not believed to
// be whole; a block of attributes counts, too.
func TestShortMaps(t *testing.T) {
	f, _ := tinyFS(t, "ext4 no checksums")
	for _, c := range []struct {
		more  int // sectors
		attr  bool
		short bool
	}{{0, false, false}, {2, false, true}, {0, true, false}, {2, true, false}, {4, true, true}, {-2, false, true}} {
		n := older(t, f, "/d2/large", 7)
		put32(n.raw[0x68:], 0)
		if c.attr {
			put32(n.raw[0x68:], 4000)
		}
		n.Sectors = uint64(int(n.Sectors) + c.more)
		newFinder(f).judge(n)
		if n.verdict == nil || n.verdict.short != c.short {
			t.Errorf("%d sectors more, attributes %v: %+v", c.more, c.attr, n.verdict)
		}
	}
}

// TestClaimsOfYounger: of an older state is not sure what a younger deleted file had, too.
func TestClaimsOfYounger(t *testing.T) {
	f, _ := tinyFS(t, "ext4 no checksums")
	large := older(t, f, "/d2/large", 7)
	exts, err := f.extents(large)
	must(t, err)
	first, count := uint64(exts[0].Physical/1024), uint64(exts[0].Length/1024)
	off, err := f.inodeOffset(large.Ref.Inode)
	must(t, err)
	for _, c := range []struct {
		name    string
		version uint32
		at      blockRange
		unsure  bool
	}{
		{"younger", 8, blockRange{first, 1}, true},
		{"younger, the last block", 8, blockRange{first + count - 1, 5}, true},
		{"younger, behind it", 8, blockRange{first + count, 5}, false},
		{"younger, before it", 8, blockRange{first - 5, 5}, false},
		{"older", 6, blockRange{first, count}, false},
		{"of the same transaction", 7, blockRange{first, count}, false},
		{"deleted by a fast commit", 0, blockRange{first, 1}, true},
	} {
		n := older(t, f, "/d2/large", 7)
		r := newFinder(f)
		r.claims = []claim{{c.at, &node{Inode: filesystem.Inode{Ref: filesystem.Ref{Inode: 99, Version: c.version}}}}}
		r.older(n, off)
		if n.verdict == nil || n.verdict.unsure != c.unsure || len(r.claims) != 1 {
			t.Errorf("%s: unsure %v, %d claims", c.name, !c.unsure, len(r.claims))
		}
	}
}

// TestClockOfCommits: a name that was seen before a file was made is not the file's, but for
// the second by which the clock of commits may be late.
func TestClockOfCommits(t *testing.T) {
	f, _ := tinyFS(t, "ext4 no checksums")
	for late, want := range map[int64]string{-5: "/d/x", 0: "/d/x", 1: "/d/x", 2: "", 100: ""} {
		w := &walker{f: f, dirs: []dirState{{path: "/d", visited: true}}}
		ns := &names{w: w, r: &recovered{}, seen: make(map[uint32][]sighting), paths: make(map[*node]string)}
		ns.add(20, sighting{tid: 7, time: filesystem.Unix(1000, 0), name: "x"})
		n := &node{Inode: filesystem.Inode{Ref: filesystem.Ref{Inode: 20}, Crtime: filesystem.Unix(1000+late, 0)}}
		if got := ns.of(n); got != want {
			t.Errorf("made %d seconds after the name was seen: %q, want %q", late, got, want)
		}
	}
}

// TestMadeSince: what was made while the oldest transaction was open was made by it.
func TestMadeSince(t *testing.T) {
	first := filesystem.Unix(1000, 0)
	for at, want := range map[int64]bool{994: false, 995: true, 1000: true, 2000: true} {
		if got := madeSince(&filesystem.Inode{Crtime: filesystem.Unix(at, 0)}, first); got != want {
			t.Errorf("made at %d: %v", at, got)
		}
	}
	if madeSince(&filesystem.Inode{}, first) || madeSince(&filesystem.Inode{Crtime: first}, filesystem.Time{}) {
		t.Error("a time that is not known counts")
	}
}
