package ext4

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"testing"

	"golang.org/x/sync/errgroup"

	"icecore/forensics/filesystem"
)

// labVolume opens the ext4 volume of a snapshot in $ICECORE_LAB: that of the third
// partition of its GPT, or the file itself.
func labVolume(b testing.TB, name string) (*io.SectionReader, int64) {
	b.Helper()
	dir := os.Getenv("ICECORE_LAB")
	if dir == "" {
		b.Skip("needs a directory of snapshots in $ICECORE_LAB")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		b.Skipf("needs a snapshot: %v", err)
	}
	b.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	must(b, err)
	for _, sector := range []int64{0, 262144, 2048, 264192} {
		var magic [2]byte
		if _, err := f.ReadAt(magic[:], sector*512+1024+56); err == nil && binary.LittleEndian.Uint16(magic[:]) == 0xef53 {
			return io.NewSectionReader(f, sector*512, st.Size()-sector*512), st.Size() - sector*512
		}
	}
	b.Skipf("no ext4 volume in %s", name)
	return nil, 0
}

func benchImage() string {
	if s := os.Getenv("ICECORE_BENCH_IMAGE"); s != "" {
		return s
	}
	return "gen4.raw"
}

// BenchmarkWalk lists a snapshot ($ICECORE_LAB/gen4.raw, or the file that
// ICECORE_BENCH_IMAGE names there).
func BenchmarkWalk(b *testing.B) {
	benchWalk(b, filesystem.WalkOptions{Targets: true, Reuse: true})
}

// BenchmarkWalkOrphans is what a bodyfile takes: orphans too, and all that is verified with
// them.
func BenchmarkWalkOrphans(b *testing.B) {
	benchWalk(b, filesystem.WalkOptions{Targets: true, Reuse: true, Orphans: true})
}

// BenchmarkWalkAll lists orphans and deleted files too.
func BenchmarkWalkAll(b *testing.B) {
	benchWalk(b, filesystem.WalkOptions{Targets: true, Reuse: true, Orphans: true, Deleted: true})
}

func benchWalk(b *testing.B, opts filesystem.WalkOptions) {
	r, size := labVolume(b, benchImage())
	b.ReportAllocs()
	entries := 0
	for b.Loop() {
		f, err := Open(context.Background(), r, size, Options{})
		must(b, err)
		entries = 0
		must(b, f.Walk(context.Background(), opts, func(*filesystem.Entry) error {
			entries++
			return nil
		}))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(entries), "ns/entry")
	b.ReportMetric(float64(entries), "entries")
}

// BenchmarkReadAll hashes all regular files of a snapshot on all cores.
func BenchmarkReadAll(b *testing.B) {
	r, size := labVolume(b, benchImage())
	for b.Loop() {
		f, err := Open(context.Background(), r, size, Options{})
		must(b, err)
		var refs []filesystem.Ref
		var total int64
		must(b, f.Walk(context.Background(), filesystem.WalkOptions{Reuse: true}, func(e *filesystem.Entry) error {
			if e.First && e.Inode.IsRegular() {
				refs = append(refs, e.Inode.Ref)
				total += e.Inode.Size
			}
			return nil
		}))
		sort.Slice(refs, func(i, j int) bool { return refs[i].Inode < refs[j].Inode })
		var g errgroup.Group
		work := make(chan filesystem.Ref, 256)
		for range runtime.GOMAXPROCS(0) {
			g.Go(func() error {
				buf := make([]byte, 1<<20)
				h := sha256.New()
				for ref := range work {
					fl, err := f.Open(ref)
					if err != nil {
						return err
					}
					h.Reset()
					for at := int64(0); at < fl.Size(); {
						n, err := fl.ReadAt(buf, at)
						if err != nil && err != io.EOF {
							return err
						}
						h.Write(buf[:n])
						at += int64(n)
					}
				}
				return nil
			})
		}
		for _, ref := range refs {
			work <- ref
		}
		close(work)
		must(b, g.Wait())
		b.SetBytes(total)
	}
}
