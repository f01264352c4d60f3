package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"icecore/forensics/filesystem"
)

// TestWalkLeavesJournal: a walk that asks for orphans, of which there are none, does not
// search the journal for deleted files: that took twice the time and memory of the walk.
func TestWalkLeavesJournal(t *testing.T) {
	img := tinyBytes(t, "ext4")
	f, err := Open(context.Background(), bytes.NewReader(img), int64(len(img)), Options{})
	must(t, err)
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Orphans: true}, func(*filesystem.Entry) error { return nil }))
	if f.recovered != nil {
		t.Error("the walk searched the journal for deleted files")
	}
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{Deleted: true}, func(*filesystem.Entry) error { return nil }))
	if f.recovered == nil {
		t.Error("a walk that asks for deleted files did not search the journal")
	}
}

// tinyBytes gives one of the small images.
func tinyBytes(t testing.TB, name string) []byte {
	t.Helper()
	for _, img := range needTinies(t) {
		if img.name == name {
			return img.bytes
		}
	}
	t.Fatalf("no image %q", name)
	return nil
}

// cancelling ends a context at one of the reads of an image, and counts those since.
type cancelling struct {
	io.ReaderAt
	cancel      func()
	left, after atomic.Int64
}

func (c *cancelling) ReadAt(p []byte, off int64) (int, error) {
	switch left := c.left.Add(-1); {
	case left == 0:
		c.cancel()
	case left < 0:
		time.Sleep(100 * time.Microsecond) // so that who does not wait for a reader is seen
		defer c.after.Add(1)
	}
	return c.ReaderAt.ReadAt(p, off)
}

// TestCancelled: a context that ends at any read of the opening, of a walk or of a history
// ends it after a few reads more, and no goroutine goes on reading.
func TestCancelled(t *testing.T) {
	img := tinyBytes(t, "ext4 dirty journal")
	const enough = 32 // reads: those of the inodes kept for the filesystem are not worth a look each
	for _, c := range []struct {
		name string
		do   func(context.Context, *FS) error
	}{
		{"open", nil},
		{"walk", func(ctx context.Context, f *FS) error {
			return f.Walk(ctx, filesystem.WalkOptions{Orphans: true, Deleted: true, Targets: true}, func(*filesystem.Entry) error { return nil })
		}},
		{"history", func(ctx context.Context, f *FS) error {
			return f.History(ctx, func(*filesystem.Change) error { return nil })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cancelled := 0
			for at := int64(1); ; at++ {
				ctx, cancel := context.WithCancel(context.Background())
				r := &cancelling{ReaderAt: bytes.NewReader(img), cancel: cancel}
				r.left.Store(1 << 40)
				if c.do == nil {
					r.left.Store(at)
				}
				f, err := Open(ctx, r, int64(len(img)), Options{})
				if c.do != nil {
					must(t, err)
					r.left.Store(at)
					err = c.do(ctx, f)
				}
				if r.left.Load() > 0 {
					must(t, err)
					break // it needs fewer reads than that
				}
				after := r.after.Load()
				if after > enough {
					t.Errorf("%d reads after the context ended at read %d", after, at)
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled at read %d: error %v", at, err)
				}
				if err != nil {
					cancelled++
				}
				time.Sleep(time.Millisecond)
				if late := r.after.Load(); late != after {
					t.Fatalf("cancelled at read %d: %d reads after it returned", at, late-after)
				}
			}
			if cancelled < 10 {
				t.Errorf("only %d cases were cancelled", cancelled)
			}
			t.Log(cancelled, "cancelled")
		})
	}
}

// TestUnnamedByOrphans: a walk that asks for orphans alone gives what no directory names, by
// the name that the slack still has, and with the same findings as one that asks for deleted
// files, too.
func TestUnnamedByOrphans(t *testing.T) {
	for _, kind := range []string{"ext4 no checksums", "ext4 inline data", "ext2"} {
		t.Run(kind, func(t *testing.T) {
			e := newEdit(t, kind)
			dir := "/many"
			entry := e.entry(dir, "entry with some length 7")
			var b []byte
			for n := 0; !bytes.Contains(b, entry); n++ {
				b, _ = e.block(dir, n)
			}
			at := bytes.Index(b, entry)
			for off := 0; off < len(b); { // the entry before takes it, as when it is deleted
				n := int(binary.LittleEndian.Uint16(b[off+4:]))
				if off+n == at {
					put16(b[off+4:], uint16(n)+binary.LittleEndian.Uint16(b[at+4:]))
					break
				}
				off += n
			}
			ino := uint64(binary.LittleEndian.Uint32(entry))
			var lists [2][]string
			for i, opts := range []filesystem.WalkOptions{{Orphans: true, Targets: true}, {Orphans: true, Targets: true, Deleted: true}} {
				f, err := Open(context.Background(), bytes.NewReader(e.img), int64(len(e.img)), Options{})
				must(t, err)
				found := false
				must(t, f.Walk(context.Background(), opts, func(en *filesystem.Entry) error {
					if en.Inode.State == filesystem.Deleted {
						return nil
					}
					lists[i] = append(lists[i], fmt.Sprint(en.Path, en.First, en.Target, *en.Inode))
					if en.Inode.Ref.Inode == ino && en.Path == dir+"/entry with some length 7" && en.Inode.State == filesystem.Orphan && en.Inode.Note == noteUnnamed {
						found = true
					}
					return nil
				}))
				if !found || !strings.Contains(allProblems(f), fmt.Sprintf("inode %d: %s", ino, noteUnnamed)) {
					t.Errorf("%+v: inode %d is not given as a file without a name: %v", opts, ino, f.Problems())
				}
			}
			if !slices.Equal(lists[0], lists[1]) {
				t.Error("the two walks differ in files that are not deleted")
			}
		})
	}
}
