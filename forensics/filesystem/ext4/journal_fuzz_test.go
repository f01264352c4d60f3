package ext4

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/jbd2"
)

// testImage unpacks an image of testdata (made by testdata/build.sh).
func testImage(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".img.gz"))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	b, err := io.ReadAll(z)
	must(t, err)
	return b
}

// journalPlace gives where the journal of an image stands.
func journalPlace(t testing.TB, img []byte) []filesystem.Extent {
	t.Helper()
	f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{NoReplay: true})
	must(t, err)
	r, err := f.journalContent()
	must(t, err)
	return r.exts
}

// withJournal lays content over the journal of an image.
func withJournal(img []byte, exts []filesystem.Extent, journal []byte) io.ReaderAt {
	v := &damaged{r: bytes.NewReader(img)}
	for _, e := range exts {
		if e.Logical < int64(len(journal)) {
			v.patches = append(v.patches, patch{e.Physical, journal[e.Logical:min(e.Logical+e.Length, int64(len(journal)))]})
		}
	}
	return v
}

// memory runs fn and gives the bytes that it allocated.
func memory(fn func()) uint64 {
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	fn()
	runtime.ReadMemStats(&b)
	return b.TotalAlloc - a.TotalAlloc
}

// FuzzJournal replays whatever stands in the journal of a small image and looks
// at all that follows from it: files, orphans, deleted files, history.
func FuzzJournal(f *testing.F) {
	img := testImage(f, "dirty-1k")
	exts := journalPlace(f, img)
	seed := make([]byte, 96<<10)
	r := &journalReader{r: bytes.NewReader(img), size: 1 << 20, exts: exts}
	if _, err := r.ReadAt(seed, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:20<<10])
	self := bytes.Clone(seed) // a journal that replaces blocks of itself
	binary.BigEndian.PutUint32(self[1024+12:], uint32(exts[0].Physical/1024+1))
	f.Add(self)
	buf := make([]byte, 64<<10)
	f.Fuzz(func(t *testing.T, journal []byte) {
		if len(journal) > 128<<10 {
			return
		}
		v := withJournal(img, exts, journal)
		exercise(v, int64(len(img)), buf)
		fs, err := Open(context.Background(), v, int64(len(img)), Options{})
		if err != nil {
			return
		}
		_ = fs.History(context.Background(), func(c *filesystem.Change) error {
			if c.New == nil || c.What == "" {
				t.Error("a change without a state or a word for it")
			}
			return nil
		})
	})
}

// tagsOf reads tags as they stand in a fast commit, without its checksums.
func tagsOf(b []byte) (tags []jbd2.FastTag) {
	least := map[uint16]int{jbd2.FastAddRange: 16, jbd2.FastDelRange: 12, jbd2.FastCreate: 9, jbd2.FastLink: 9, jbd2.FastUnlink: 9, jbd2.FastInode: 132}
	for len(b) >= 4 && len(tags) < 1000 {
		tag, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		b = b[4:]
		n = min(n, len(b))
		if want, ok := least[tag]; ok && n >= want {
			tags = append(tags, jbd2.FastTag{Tag: tag, Value: b[:n:n]})
		}
		b = b[n:]
	}
	return tags
}

// FuzzFastCommit applies tags of fast commits to a small image.
func FuzzFastCommit(f *testing.F) {
	img := testImage(f, "fast-1k")
	fs, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{NoReplay: true})
	must(f, err)
	var seed []byte
	res, err := fs.journal.log.Replay(context.Background())
	must(f, err)
	for _, t := range res.Fast {
		seed = binary.LittleEndian.AppendUint16(seed, t.Tag)
		seed = binary.LittleEndian.AppendUint16(seed, uint16(len(t.Value)))
		seed = append(seed, t.Value...)
	}
	if len(seed) == 0 {
		f.Fatal("the image has no fast commit")
	}
	f.Add(seed)
	for at := 0; at < len(seed); { // each tag alone
		n := 4 + int(binary.LittleEndian.Uint16(seed[at+2:]))
		f.Add(seed[at : at+n])
		at += n
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fs, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
		must(t, err)
		fs.overlay = map[uint64][]byte{}
		fs.applyFast(context.Background(), tagsOf(b))
		fs.findOrphans()
		for block := range fs.overlay {
			if block >= fs.sb.blocks {
				t.Errorf("block %d of %d", block, fs.sb.blocks)
			}
		}
		entries := 0
		must(t, fs.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: true}, func(e *filesystem.Entry) error {
			if entries++; entries > 100_000 {
				return fmt.Errorf("more than %d entries", entries)
			}
			if fl, err := fs.Open(e.Inode.Ref); err == nil {
				_, _ = fl.Extents()
				_, _ = fl.ReadAt(make([]byte, 4096), 0)
			}
			return nil
		}))
	})
}

// TestFastCommitImage compares the image of the fuzz target with what was done to it.
func TestFastCommitImage(t *testing.T) {
	img := testImage(t, "fast-1k")
	f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(t, err)
	if f.Info().Journal.FastCommits == 0 {
		t.Fatal("no fast commit was applied")
	}
	states := make(map[string]*filesystem.Inode)
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true}, func(e *filesystem.Entry) error {
		states[e.Path] = e.Inode
		return nil
	}))
	for i := range 4 {
		for path, want := range map[string]struct {
			size  int64
			links uint32
		}{fmt.Sprintf("/dir/sub/moved%d", i): {1800, 1}, fmt.Sprintf("/pieces%d", i): {9000, 2}, fmt.Sprintf("/made%d/x", i): {1, 1}} {
			in := states[path]
			if in == nil || in.Size != want.size || in.Links != want.links {
				t.Errorf("%s: inode %v", path, in)
			}
		}
		for _, path := range []string{fmt.Sprintf("/file%d", i), fmt.Sprintf("/dir/new%d", i)} {
			if in := states[path]; in != nil {
				t.Errorf("%s: %+v, was deleted or renamed", path, in)
			}
		}
	}
	if in := states["/file7"]; in == nil || in.State != filesystem.Orphan || in.Size != 400 {
		t.Errorf("/file7, deleted while open: %v, %v, %d bytes", in, in.State, in.Size)
	}
	noProblems(t, f)
}

// TestHostileJournal makes journals that claim as much as they can.
func TestHostileJournal(t *testing.T) {
	img := testImage(t, "dirty-1k")
	exts := journalPlace(t, img)
	journal := make([]byte, 1<<20)
	r := &journalReader{r: bytes.NewReader(img), size: 1 << 20, exts: exts}
	if _, err := r.ReadAt(journal, 0); err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	tid := be.Uint32(journal[24:])
	fill := func(block int, typ, tid uint32) []byte {
		p := journal[block*1024:][:1024]
		clear(p)
		be.PutUint32(p, 0xc03b3998)
		be.PutUint32(p[4:], typ)
		be.PutUint32(p[8:], tid)
		return p
	}
	tests := map[string]func(){
		"every block a descriptor of all blocks": func() {
			for n := 1; n < 1024; n++ {
				p := fill(n, 1, tid)
				for at := 12; at+8 <= 1024; at += 8 {
					be.PutUint32(p[at:], uint32(at*n%3000))
					p[at+7] = 2
				}
			}
		},
		"descriptors and commits in turn, all of one inode table": func() {
			for n := 1; n+2 < 1024; n += 3 {
				p := fill(n, 1, tid)
				be.PutUint32(p[12:], 30)
				p[12+7] = 2 | 8
				fill(n+2, 2, tid)
				tid++
			}
		},
		"revokes of everything": func() {
			for n := 1; n < 1023; n++ {
				p := fill(n, 5, tid)
				be.PutUint32(p[12:], 1024)
				for at := 16; at+4 <= 1024; at += 4 {
					be.PutUint32(p[at:], uint32(at*n%3000))
				}
			}
			fill(1023, 2, tid)
		},
		"a log of one transaction that holds the same block again and again": func() {
			p := fill(1, 1, tid)
			for at := 12; at+8 <= 1024; at += 8 {
				be.PutUint32(p[at:], 5)
				p[at+7] = 2
			}
			fill(129, 2, tid)
		},
	}
	buf := make([]byte, 64<<10)
	keep := bytes.Clone(journal)
	start := tid
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			copy(journal, keep)
			be.PutUint32(journal[28:], 1)
			tid = start
			make()
			v := withJournal(img, exts, journal)
			used := memory(func() { exercise(v, int64(len(img)), buf) })
			if used > 64<<20 {
				t.Errorf("%d MiB allocated", used>>20)
			}
		})
	}
}

// TestNamesBounded: a flood of names of deleted files is cut.
func TestNamesBounded(t *testing.T) {
	img := testImage(t, "dirty-1k")
	f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(t, err)
	ns := &names{w: &walker{f: f}, r: &recovered{}, seen: make(map[uint32][]sighting), paths: make(map[*node]string)}
	for i := range uint32(2 * maxGone) {
		ns.add(i/8, sighting{tid: i, name: fmt.Sprint(i)})
	}
	if ns.count != maxGone {
		t.Errorf("%d names kept, the bound is %d", ns.count, maxGone)
	}
	ns.count, ns.seen = 0, make(map[uint32][]sighting)
	for i := range uint32(2 * maxSightings) {
		ns.add(7, sighting{tid: i, name: fmt.Sprint(i)})
	}
	if n := len(ns.seen[7]); n != maxSightings {
		t.Errorf("%d names of one inode kept, the bound is %d", n, maxSightings)
	}
	// The slack of a directory: the walk keeps no more than the bound.
	w := &walker{f: f, dirs: make([]dirState, 1)}
	for range maxGone + 10 {
		w.collect(dirent{ino: 20, deleted: true, name: []byte("x")})
	}
	if len(w.gone) != maxGone {
		t.Errorf("%d names of slack kept, the bound is %d", len(w.gone), maxGone)
	}
}
