package scan

import (
	"bytes"
	"testing"

	"icecore/forensics/filesystem"
)

func TestLayout(t *testing.T) {
	const mib = 1 << 20
	ext := func(off, n int64) filesystem.Extent { return filesystem.Extent{Logical: off, Physical: off, Length: n} }
	unwritten := ext(8*mib, mib)
	unwritten.Unwritten = true
	for _, c := range []struct {
		name string
		exts []filesystem.Extent
		size int64
		want layout
	}{
		{"no hole", []filesystem.Extent{ext(0, 4*mib)}, 4*mib - 5, layout{{0, 0, 4*mib - 5}}},
		{"small holes", []filesystem.Extent{ext(4096, mib), ext(2*mib, mib)}, 3*mib + 17, layout{{0, 0, 3*mib + 17}}},
		{"a large hole", []filesystem.Extent{ext(0, 4096), ext(5*mib, 4096), unwritten}, 9 * mib, layout{{0, 0, 4096}, {4096 + overlap, 5 * mib, 4096}}},
		{"begins with a hole", []filesystem.Extent{ext(5*mib, 4096)}, 5*mib + 4096, layout{{0, 0, 4096}, {4096 + overlap, 5 * mib, 4096}}},
		{"one hole", nil, 9 * mib, layout{{0, 0, 4096}}},
		{"extents that overlap", []filesystem.Extent{ext(0, 4*mib), ext(mib, 4*mib)}, 9 * mib, layout{{0, 0, 9 * mib}}},
	} {
		got := layoutOf(c.exts, c.size)
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
	}
}

// What is read through a layout is what stands in the file at the offset that the
// layout gives; what is not read is zero.
func TestLayoutRead(t *testing.T) {
	const size = 12 << 20
	file := make([]byte, size)
	var exts []filesystem.Extent
	for _, e := range [][2]int64{{2 << 20, 70_000}, {5 << 20, 4096}, {5<<20 + 8192, 100}, {10 << 20, 2 << 20}} {
		for i := e[0]; i < e[0]+e[1]; i++ {
			file[i] = byte(i*7+i>>9) | 1
		}
		exts = append(exts, filesystem.Extent{Logical: e[0], Physical: e[0], Length: e[1]})
	}
	l := layoutOf(exts, size)
	var seen int
	for at, n := int64(0), l.size(); at < n; at += 99_991 {
		b, err := l.read(bytes.NewReader(file), make([]byte, min(100_000, n-at)), at)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range b[:min(len(b), 99_991)] {
			if c == 0 {
				continue
			}
			seen++
			if off := l.offset(at + int64(i)); file[off] != c {
				t.Fatalf("byte %d of the layout is %#x, that at %d in the file %#x", at+int64(i), c, off, file[off])
			}
		}
	}
	if want := size - bytes.Count(file, []byte{0}); seen != want {
		t.Errorf("%d stored bytes were read, the file has %d", seen, want)
	}
}
