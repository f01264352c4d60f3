package ext4

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// TestManyFiles walks a filesystem of two million files and wants less than 1 GiB
// of memory. ICECORE_LONG=1 runs it; with ICECORE_KEEP=FILE the image stays there,
// to be given to other programs.
func TestManyFiles(t *testing.T) {
	needKernel(t)
	if os.Getenv("ICECORE_LONG") == "" {
		t.Skip("takes minutes: set ICECORE_LONG=1")
	}
	const dirs, perDir = 10_000, 200
	img := makeImage(t, 4096, "-t", "ext4", "-N", "2200000")
	if keep := os.Getenv("ICECORE_KEEP"); keep != "" {
		must(t, os.Rename(img, keep))
		img = keep
	}
	dir, unmount := mountImage(t, img, "rw,noatime")
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for d := range dirs {
		g.Go(func() error {
			path := filepath.Join(dir, fmt.Sprintf("usr-%02d/share/directory-%05d", d%50, d))
			if err := os.MkdirAll(path, 0o755); err != nil {
				return err
			}
			fd, err := unix.Open(path, unix.O_DIRECTORY, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			for i := range perDir {
				// A node without content is the cheapest inode to make.
				if err := unix.Mknodat(fd, fmt.Sprintf("a file of some name %d.txt", i), unix.S_IFREG|0o644, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, g.Wait())
	unmount()
	for _, reuse := range []bool{true, false} {
		runtime.GC()
		f := openImage(t, img, Options{})
		entries := 0
		must(t, f.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: true, Reuse: reuse}, func(*filesystem.Entry) error {
			entries++
			return nil
		}))
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%d entries, %d MiB from the system", entries, m.Sys>>20)
		if entries < dirs*perDir {
			t.Errorf("only %d entries", entries)
		}
		if m.Sys > 1<<30 {
			t.Errorf("%d MiB of memory", m.Sys>>20)
		}
	}
}
