package upx

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var methods = []string{"nrv2b", "nrv2d", "nrv2e", "lzma"}

func TestUnpack(t *testing.T) {
	want := read(t, "testdata/tiny")
	for _, m := range methods {
		p, err := Unpack(read(t, "testdata/tiny."+m), DefaultLimit)
		if err != nil || p.Problem != nil {
			t.Errorf("%s: %v", m, err)
			continue
		}
		if p.Method != m || len(p.Changed) > 0 {
			t.Errorf("%s: method %s, changed %v", m, p.Method, p.Changed)
		}
		if !bytes.Equal(p.Data, want) {
			t.Errorf("%s: not the bytes that were packed", m)
		}
	}
}

// Droppers change what UPX needs to unpack a file, and the loader does not.
func TestUnpackChanged(t *testing.T) {
	want := read(t, "testdata/tiny")
	magic := func(to string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("UPX!"), []byte(to)) }
	}
	// l_info stands behind three program headers.
	const linfo = 64 + 3*56
	zero := func(from, to int) func([]byte) []byte {
		return func(b []byte) []byte { clear(b[linfo+from : linfo+to]); return b }
	}
	for _, c := range []struct {
		name    string
		change  func([]byte) []byte
		changed string
	}{
		{"magic 0a000000", magic("\x0a\x00\x00\x00"), "magic"},
		{"magic 1718fdce", magic("\x17\x18\xfd\xce"), "magic"},
		{"sizes zeroed", zero(16, 24), "header"},
		{"p_info zeroed", zero(12, 24), "header"},
		{"l_info and p_info zeroed", zero(0, 24), "magic header"},
		{"data appended", func(b []byte) []byte { return append(b, bytes.Repeat([]byte("x"), 5000)...) }, ""},
		{"trailing header cut off", func(b []byte) []byte { return b[:len(b)-36] }, ""},
		{"sections claimed", func(b []byte) []byte { binary.LittleEndian.PutUint16(b[60:], 9); return b }, ""},
		{"program headers miscounted", func(b []byte) []byte { binary.LittleEndian.PutUint16(b[56:], 2); return b }, ""},
	} {
		for _, m := range methods {
			b := c.change(bytes.Clone(read(t, "testdata/tiny."+m)))
			p, err := Unpack(b, DefaultLimit)
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, m, err)
				continue
			}
			if p.Problem != nil || strings.Join(p.Changed, " ") != c.changed {
				t.Errorf("%s, %s: changed %v, problem %v", c.name, m, p.Changed, p.Problem)
			}
			sameSegments(t, c.name+", "+m, p.Data, want)
		}
	}
}

// sameSegments compares what the original loads.
func sameSegments(t *testing.T, name string, got, want []byte) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		from, to := p.Off, p.Off+p.Filesz
		if uint64(len(got)) < to || !bytes.Equal(got[from:to], want[from:to]) {
			t.Errorf("%s: the segment at %#x is not the original's", name, from)
		}
	}
}

func TestUnpackDamaged(t *testing.T) {
	b := read(t, "testdata/tiny.nrv2e")
	p, err := Unpack(b[:len(b)/4], DefaultLimit)
	if err != nil || p.Problem == nil {
		t.Errorf("cut off: %v", err)
	}
	p, err = Unpack(b, 8192)
	if err != nil || !errors.Is(p.Problem, errLimit) || len(p.Data) > 8192 {
		t.Errorf("small limit: %v, %v", err, p.Problem)
	}
	for _, b := range [][]byte{nil, []byte("\x7fELF"), read(t, "testdata/tiny"), bytes.Repeat([]byte{0}, 1<<16)} {
		if p, err := Unpack(b, DefaultLimit); !errors.Is(err, ErrNotPacked) {
			t.Errorf("%d bytes that were not packed: %v, %v", len(b), p != nil, err)
		}
	}
}

// TestFilters undoes what a filter made of code, the forward direction written here
// from the same description.
func TestFilters(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	code := make([]byte, 1<<14)
	for i := range code {
		code[i] = byte(rnd.Intn(200)) // no marks above 200
	}
	const cto = 0xf5
	call := func(b []byte, at int) bool { return b[at] == 0xe8 || b[at] == 0xe9 }
	for at := 16; at < len(code)-16; at += 13 {
		code[at] = 0xe8 + byte(at&1)
		binary.LittleEndian.PutUint32(code[at+1:], uint32(rnd.Intn(len(code)))-uint32(at+1))
	}
	for at := 22; at < len(code)-16; at += 13 * 7 { // conditional jumps, between them
		code[at], code[at+1] = 0x0f, 0x80+byte(at&15)
		binary.LittleEndian.PutUint32(code[at+2:], uint32(rnd.Intn(len(code)))-uint32(at+2))
	}
	for id, forward := range map[byte]func([]byte){
		0x16: func(b []byte) {
			for i := 0; i+5 < len(b); i++ {
				if call(b, i) {
					binary.BigEndian.PutUint32(b[i+1:], binary.LittleEndian.Uint32(b[i+1:])+uint32(i+1))
					i += 4
				}
			}
		},
		0x46: func(b []byte) {
			for i := 0; i < len(b)-5; i++ {
				if v := binary.LittleEndian.Uint32(b[i+1:]) + uint32(i+1); call(b, i) && v < uint32(len(b)) {
					binary.BigEndian.PutUint32(b[i+1:], v+cto<<24)
					i += 4
				}
			}
		},
		0x49: func(b []byte) {
			last := 0
			for i := 0; i < len(b)-5; i++ {
				jcc := i != last && i > 0 && b[i-1] == 0x0f && b[i] >= 0x80 && b[i] <= 0x8f
				if v := binary.LittleEndian.Uint32(b[i+1:]) + uint32(i+1); (call(b, i) || jcc) && v < uint32(len(b)) {
					binary.BigEndian.PutUint32(b[i+1:], v+cto<<24)
					i += 4
					last = i + 1
				}
			}
		},
		0x50: func(b []byte) {
			for i := 0; i < len(b)-4; i += 4 {
				if w := binary.LittleEndian.Uint32(b[i:]); w>>24&15 == 11 {
					binary.LittleEndian.PutUint32(b[i:], w&^0xffffff|(w+uint32(i/4))&0xffffff)
				}
			}
		},
		0x52: func(b []byte) {
			for i := 0; i < len(b)-4; i += 4 {
				if w := binary.LittleEndian.Uint32(b[i:]); w>>24&0x7c == 0x14 {
					binary.LittleEndian.PutUint32(b[i:], w&^0x3ffffff|(w+uint32(i/4))&0x3ffffff)
				}
			}
		},
	} {
		b := bytes.Clone(code)
		forward(b)
		if bytes.Equal(b, code) {
			t.Errorf("filter %#x changes nothing", id)
		}
		if at := 22; id == 0x49 && b[at+2] != cto {
			t.Errorf("filter %#x leaves a conditional jump as it was: % x", id, b[at:at+6])
		}
		if err := unfilter(b, id, cto); err != nil || !bytes.Equal(b, code) {
			t.Errorf("filter %#x is not undone (%v)", id, err)
		}
	}
	if err := unfilter(code, 0xee, 0); err == nil {
		t.Error("an unknown filter is no error")
	}
}

// realUPX gives the path of the real upx.
func realUPX(t testing.TB) string {
	t.Helper()
	upx := os.Getenv("ICECORE_UPX")
	for _, n := range []string{"upx", "upx-ucl"} {
		if p, err := exec.LookPath(n); err == nil && upx == "" {
			upx = p
		}
	}
	if upx == "" {
		t.Skip("no upx on this machine: install upx-ucl (Debian 12 has it in bookworm-backports), or set ICECORE_UPX")
	}
	return upx
}

// TestRealUPX packs programs of the machine with the real upx, in every method, and
// compares all bytes. Where $ICECORE_UPX_FILES names a directory, the programs in it
// are packed instead (for other processors).
func TestRealUPX(t *testing.T) {
	upx := realUPX(t)
	var names []string
	count := 24
	if d := os.Getenv("ICECORE_UPX_FILES"); d != "" {
		names, _ = filepath.Glob(filepath.Join(d, "*"))
		count = len(names)
	} else {
		for _, d := range []string{"/usr/bin", "/usr/sbin"} {
			list, _ := filepath.Glob(d + "/*")
			names = append(names, list...)
		}
	}
	long := os.Getenv("ICECORE_LONG") != ""
	done, files, bytesOf := 0, 0, 0
	for _, n := range names {
		in, err := os.Lstat(n)
		if err != nil || !in.Mode().IsRegular() || in.Size() < 50_000 || in.Size() > 1_500_000 && !long {
			continue
		}
		want := read(t, n)
		if !bytes.HasPrefix(want, []byte("\x7fELF")) {
			continue
		}
		use := methods
		if !long { // each program in one method, in turn
			use = methods[files%len(methods):][:1]
		}
		packed := 0
		for _, m := range use {
			p := packAndUnpack(t, upx, m, n, n)
			if p == nil {
				continue
			}
			sameSegments(t, n+", "+m, p.Data, want)
			if !bytes.Equal(p.Data, want) {
				t.Errorf("%s, %s: %d bytes, not the %d that were packed", n, m, len(p.Data), len(want))
			}
			packed++
			done++
			bytesOf += len(want)
		}
		if packed > 0 {
			files++
		}
		if files == count && !long {
			break
		}
	}
	t.Logf("%d programs, packed %d times, %d bytes", files, done, bytesOf)
	if files < 20 && count >= 20 {
		t.Errorf("only %d programs could be packed", files)
	}
}

func FuzzUnpack(f *testing.F) {
	for _, m := range methods {
		f.Add(read(f, "testdata/tiny."+m))
	}
	for _, m := range libraryMethods {
		f.Add(read(f, "testdata/library."+m))
		f.Add(read(f, "testdata/library.old."+m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 20
		p, err := Unpack(b, limit)
		if err == nil && len(p.Data) > limit {
			t.Fatalf("%d bytes, the limit is %d", len(p.Data), limit)
		}
	})
}

func FuzzBlock(f *testing.F) {
	f.Add(byte(2), byte(0x49), byte(3), uint16(1000), []byte("\xff\xff\xff\xffabcdefgh"))
	f.Add(byte(14), byte(0), byte(0), uint16(1000), []byte("\x1a\x03\x00\xff\xff\xff\xffabcdefgh"))
	f.Fuzz(func(_ *testing.T, method, filter, cto byte, size uint16, src []byte) {
		dst := make([]byte, size)
		_ = decompress(method, dst, src)
		_ = unfilter(dst, filter, cto)
	})
}

// What was not packed must cost little: every program is tried.
func BenchmarkNotPacked(b *testing.B) {
	prog := read(b, "/proc/self/exe")
	for b.Loop() {
		_, _ = Unpack(prog, DefaultLimit)
	}
}

// packAndUnpack packs a file with the real upx and gives what is unpacked again, nil
// if upx refuses it, as it does some, or if that fails.
func packAndUnpack(t *testing.T, upx, method, from, name string) *Program {
	t.Helper()
	out := filepath.Join(t.TempDir(), "packed")
	if err := exec.Command(upx, "-q", "-4", "--"+method, "-o", out, from).Run(); err != nil {
		return nil
	}
	p, err := Unpack(read(t, out), DefaultLimit)
	if err == nil {
		err = p.Problem
	}
	if err != nil {
		t.Errorf("%s, %s: %v", name, method, err)
		return nil
	}
	return p
}

// TestMarks: of calls, jumps and conditional jumps, each filter changes its own, and
// only where the mark stands.
func TestMarks(t *testing.T) {
	const cto = 0xf5
	// Each a target of 0x20 with the mark, as the filter left it.
	filtered := []byte{
		0xe8, cto, 0, 0, 0x20, 0x90, // a call
		0xe9, cto, 0, 0, 0x20, 0x90, // a jump
		0x0f, 0x84, cto, 0, 0, 0x20, 0x90, // a conditional jump
		0xe8, 0xf4, 0, 0, 0x20, 0x90, // a call without the mark
		0x0f, 0x7f, cto, 0, 0, 0x20, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, // no jump
	}
	at := map[string]int{"call": 0, "jump": 6, "jcc": 13, "unmarked": 19, "other": 26}
	for id, changes := range map[byte]string{
		0x24: "call", 0x34: "call", 0x44: "call", 0x25: "jump", 0x35: "jump", 0x45: "jump",
		0x26: "call jump", 0x36: "call jump", 0x46: "call jump", 0x49: "call jump jcc",
	} {
		b := bytes.Clone(filtered)
		if err := unfilter(b, id, cto); err != nil {
			t.Fatal(err)
		}
		for name, i := range at {
			got := binary.LittleEndian.Uint32(b[i+1:])
			want := binary.LittleEndian.Uint32(filtered[i+1:])
			if strings.Contains(" "+changes+" ", " "+name+" ") {
				want = 0x20 - uint32(i+1)
			}
			if got != want {
				t.Errorf("filter %#x, %s: %#x, want %#x", id, name, got, want)
			}
		}
	}
}

// TestNaive: filters that change every call (0x11, 0x14, 0x17), jump or both, and the
// order of bytes in which they keep the result.
func TestNaive(t *testing.T) {
	little := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	big := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	for id := byte(0x11); id <= 0x19; id++ {
		from, to := little, little
		switch {
		case id >= 0x17:
			to = big
		case id >= 0x14:
			from = big
		}
		calls, jumps := (id-0x11)%3 != 1, (id-0x11)%3 != 0
		b := append(append(append([]byte{0xe8}, from(0x1000)...), append([]byte{0xe9}, from(0x2000)...)...), 0x90, 0x90, 0x90)
		want := bytes.Clone(b)
		if calls {
			copy(want[1:], to(0x1000-1))
		}
		if jumps {
			copy(want[6:], to(0x2000-6))
		}
		if err := unfilter(b, id, 0); err != nil || !bytes.Equal(b, want) {
			t.Errorf("filter %#x: % x, want % x, %v", id, b, want, err)
		}
	}
}

// TestRenumbered: the filters that also swap the bytes of a conditional jump.
func TestRenumbered(t *testing.T) {
	const cto = 0xf5
	filtered := []byte{0x90, 0xe8, cto, 0, 0, 0x20, 0x90, 0x84, 0x0f, cto, 0, 0, 0x30, 0x90, 0x90, 0x90, 0x90, 0x90}
	want := bytes.Clone(filtered)
	binary.LittleEndian.PutUint32(want[2:], uint32(0x20)-2)
	want[7], want[8] = 0x0f, 0x84
	binary.LittleEndian.PutUint32(want[9:], uint32(0x30)-9)
	b := bytes.Clone(filtered)
	if err := unfilter(b, 0x83, cto); err != nil || !bytes.Equal(b, want) {
		t.Errorf("% x\nwant % x, %v", b, want, err)
	}
}

// TestPPC: only branches of PowerPC with the mark are changed.
func TestPPC(t *testing.T) {
	const cto = 5
	branch := uint32(18<<26 | cto<<22 | 0x100)
	other := uint32(19<<26 | cto<<22 | 0x100)
	unmarked := uint32(18<<26 | 6<<22 | 0x100)
	var b, want []byte
	for _, w := range []uint32{branch, other, unmarked, branch | 1} {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	for _, w := range []uint32{18<<26 | 0x100, other, unmarked, 18<<26 | (0x100 - 12) | 1} {
		want = binary.BigEndian.AppendUint32(want, w)
	}
	if err := unfilter(b, 0xd0, cto); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(b); i += 4 { // the mark's bits are the upper ones of the target
		got, w := binary.BigEndian.Uint32(b[i:]), binary.BigEndian.Uint32(want[i:])
		if got&0x003fffff != w&0x003fffff || got>>26 != w>>26 {
			t.Errorf("word %d: %#x, want %#x", i/4, got, w)
		}
	}
}
