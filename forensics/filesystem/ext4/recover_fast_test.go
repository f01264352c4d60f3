package ext4

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestFastCommits compares the replayed view of copies that end in fast commits with
// what the kernel showed of the mounted filesystem when they were made: all that it
// showed had just been committed. The kernel's own replay is no oracle here: Linux 6.18
// loses directories of which a fast commit gives the number again, and does not mount
// where one records a file deleted while open.
func TestFastCommits(t *testing.T) {
	needKernel(t)
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	inMemory(t)
	for _, v := range []struct {
		name string
		mib  int64
		mkfs []string
	}{
		{"4k", 24, []string{"-t", "ext4", "-b", "4096", "-O", "fast_commit", "-J", "size=8,fast_commit_size=1024"}},
		{"1k_no_csum", 16, []string{"-t", "ext4", "-b", "1024", "-O", "fast_commit,^metadata_csum", "-J", "size=3,fast_commit_size=1024"}},
		{"orphan_file", 24, []string{"-t", "ext4", "-b", "2048", "-O", "fast_commit,orphan_file", "-J", "size=8,fast_commit_size=1024"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			img := makeImage(t, v.mib, v.mkfs...)
			root, unmount := mountImage(t, img, "rw,noatime,commit=300")
			defer unmount()
			seed := filepath.Join(root, "seed")
			fast := 0
			for i := range 12 {
				var gate sync.RWMutex
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(10+17*i)*time.Millisecond)
				load(ctx, root, uint64(i)+100, &gate, true)
				cancel()
				held, err := os.Create(filepath.Join(root, fmt.Sprintf("held%d", i)))
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(held, "held open by %d", i)
				if i%2 == 0 { // a full commit, so that what follows is in fast ones
					run(t, "sync", "-f", root)
				}
				for k := range 3 {
					var gate sync.RWMutex
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(k*3)*time.Millisecond)
					load(ctx, root, uint64(i*10+k)+1000, &gate, true)
					cancel()
					if k == 1 {
						_ = os.MkdirAll(filepath.Join(root, fmt.Sprintf("deep%d/a/b", i)), 0o755)
						_ = os.WriteFile(filepath.Join(root, fmt.Sprintf("deep%d/a/b/x", i)), []byte("x"), 0o640)
						_ = os.RemoveAll(filepath.Join(root, fmt.Sprintf("deep%d", i-1)))
					}
					// Content goes first: a fast commit does not wait for that of other files.
					flushAll(root)
					f, err := os.OpenFile(seed, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(f, "%d %d\n", i, k)
					// All is in the journal after this.
					if err := f.Sync(); err != nil {
						t.Fatal(err)
					}
					f.Close()
				}
				k := kernelRows(t, root)
				p := filepath.Join(t.TempDir(), "copy")
				b, err := snapshot(img, nil)
				if err != nil {
					t.Fatal(err)
				}
				writeSparse(t, p, b)
				held.Close()
				f := openImage(t, p, Options{})
				if f.Info().Journal.FastCommits > 0 {
					fast++
				}
				diff := diffRows(k, plainRows(t, f), func(_ string, k, e *row) {
					if f.fastDirs[k.Ino] { // their times, size and index are not in fast commits
						k.Size, e.Size, k.Flags, e.Flags = 0, 0, "", ""
						k.Mtime, k.Ctime, e.Mtime, e.Ctime = "", "", "", ""
					}
					// Nor are those of one in which a file was made and deleted since the last
					// commit: no tag records that.
					if f.Info().Journal.FastCommits > 0 && k.Mode&unix.S_IFMT == unix.S_IFDIR && k.Mtime > e.Mtime {
						k.Mtime, k.Ctime, e.Mtime, e.Ctime = "", "", "", ""
					}
					if f.fastMaps[k.Ino] || f.fastDirs[k.Ino] {
						k.Sectors, e.Sectors = 0, 0
					}
				})
				if len(diff) > 0 {
					t.Errorf("copy %d (%+v): %d differences, first: %s\nproblems: %v", i, f.Info().Journal, len(diff), diff[0], f.Problems())
					if dir := os.Getenv("ICECORE_KEEP"); dir != "" {
						run(t, "cp", p, filepath.Join(dir, fmt.Sprintf("fast-%s-%d", v.name, i)))
					}
				}
			}
			t.Logf("%d of 12 copies end in fast commits", fast)
			if fast < 4 {
				t.Error("too few copies end in fast commits")
			}
		})
	}
}

// flushAll writes the content of all files to the disk, without a commit.
func flushAll(root string) {
	_ = filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if f, err := os.OpenFile(p, os.O_RDWR, 0); err == nil {
				syncRange(f)
				f.Close()
			}
		}
		return nil
	})
}
