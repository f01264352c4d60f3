package ext4

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/debugfstest"
)

// TestExtentsOfInlineFiles reads small files back through their extents, as they
// stand on the volume.
func TestExtentsOfInlineFiles(t *testing.T) {
	needKernel(t)
	inMemory(t)
	img := makeImage(t, 16, "-t", "ext4", "-O", "inline_data", "-I", "512")
	dir, unmount := mountImage(t, img, "rw")
	content := bytes.Repeat([]byte("0123456789abcdefghi"), 20)
	sizes := []int{1, 59, 60, 61, 100, 200, 300}
	for _, n := range sizes {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), content[:n], 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "lies"), []byte("short"), 0o600))
	unmount()
	debugfstest.Run(t, img, true, "sif /lies size 5000")
	f := openImage(t, img, Options{})
	raw, err := os.ReadFile(img)
	must(t, err)
	for _, n := range sizes {
		ref, _, err := filesystem.Lookup(f, fmt.Sprint(n), false)
		must(t, err)
		fl, err := f.Open(ref)
		must(t, err)
		exts, err := fl.Extents()
		must(t, err)
		var got []byte
		for _, e := range exts {
			if e.Logical != int64(len(got)) {
				t.Errorf("%d bytes: extent at %d after %d bytes", n, e.Logical, len(got))
			}
			got = append(got, raw[e.Physical:e.Physical+e.Length]...)
		}
		if !bytes.Equal(got, content[:n]) {
			t.Errorf("%d bytes: %q", n, got)
		}
	}
	// A size that lies: the kernel shows zeros after what there is.
	rows := compareWithKernel(t, img, false)
	if len(rows.Problems()) == 0 {
		t.Errorf("nothing is said of the size")
	}
}
