package upx

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var libraryMethods = []string{"nrv2b", "nrv2e", "lzma"}

// withoutInit gives a library with zeros in place of the address of its DT_INIT, as
// debug/elf finds it in the original.
func withoutInit(t testing.TB, b, original []byte) []byte {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(original))
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Clone(b)
	for _, p := range f.Progs {
		if p.Type != elf.PT_DYNAMIC {
			continue
		}
		for at := p.Off; at+16 <= min(p.Off+p.Filesz, uint64(len(b))); at += 16 {
			if binary.LittleEndian.Uint64(b[at:]) == uint64(elf.DT_INIT) {
				clear(b[at+8 : at+16])
				return b
			}
		}
	}
	t.Fatal("the library has no DT_INIT")
	return nil
}

func TestUnpackLibrary(t *testing.T) {
	for _, name := range []string{"library", "library.old"} {
		want := read(t, "testdata/"+name)
		for _, m := range libraryMethods {
			packed := read(t, "testdata/"+name+"."+m)
			const linfo = "UPX!"
			at := bytes.Index(packed, []byte(linfo)) - 4
			for _, c := range []struct {
				name    string
				change  func([]byte) []byte
				changed string
			}{
				{"as it is", func(b []byte) []byte { return b }, ""},
				{"magic altered", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(linfo), []byte("\x17\x18\xfd\xce")) }, "magic"},
				{"l_info and p_info zeroed", func(b []byte) []byte { clear(b[at : at+24]); return b }, "magic header"},
				{"cut off behind the blocks", func(b []byte) []byte { return b[:len(b)-36] }, ""},
			} {
				p, err := Unpack(c.change(bytes.Clone(packed)), DefaultLimit)
				if err != nil || p.Problem != nil {
					t.Errorf("%s, %s, %s: %v", name, m, c.name, err)
					continue
				}
				if !p.Library || p.Method != m || strings.Join(p.Changed, " ") != c.changed {
					t.Errorf("%s, %s, %s: library %v, method %s, changed %v", name, m, c.name, p.Library, p.Method, p.Changed)
				}
				got, orig := withoutInit(t, p.Data, want), withoutInit(t, want, want)
				sameSegments(t, name+", "+m+", "+c.name, got, orig)
				if !bytes.Equal(got, orig) && c.changed != "magic header" {
					t.Errorf("%s, %s, %s: %d bytes, not the %d that were packed", name, m, c.name, len(got), len(want))
				}
			}
			if p, err := Unpack(packed[:at+60], DefaultLimit); !errors.Is(err, ErrNotPacked) && (err != nil || p.Problem == nil) {
				t.Errorf("%s, %s: cut off: %v", name, m, err)
			}
			if p, err := Unpack(packed, 6000); err != nil || !errors.Is(p.Problem, errLimit) || len(p.Data) > 6000 {
				t.Errorf("%s, %s: small limit: %v", name, m, err)
			}
		}
		if _, err := Unpack(want, DefaultLimit); !errors.Is(err, ErrNotPacked) {
			t.Errorf("%s: what was not packed: %v", name, err)
		}
	}
}

// TestRealUPXLibraries packs libraries of the machine with the real upx, each in one
// method in turn, and compares all bytes but the address of DT_INIT.
func TestRealUPXLibraries(t *testing.T) {
	upx := realUPX(t)
	names, _ := filepath.Glob("/usr/lib/*-linux-gnu/*.so.*")
	dir := t.TempDir()
	done, bytesOf := 0, 0
	for _, n := range names {
		in, err := os.Lstat(n)
		if err != nil || !in.Mode().IsRegular() || in.Size() < 30_000 || in.Size() > 800_000 || done == 15 {
			continue
		}
		want := read(t, n)
		if !bytes.HasPrefix(want, []byte("\x7fELF\x02\x01")) {
			continue
		}
		m := libraryMethods[done%len(libraryMethods)]
		// upx wants a library that may be executed.
		from := filepath.Join(dir, "library.so")
		if err := os.WriteFile(from, want, 0o755); err != nil {
			t.Fatal(err)
		}
		p := packAndUnpack(t, upx, m, from, n)
		if p == nil {
			continue
		}
		if got, orig := withoutInit(t, p.Data, want), withoutInit(t, want, want); !p.Library || !bytes.Equal(got, orig) {
			t.Errorf("%s, %s: %d bytes, not the %d that were packed", n, m, len(got), len(want))
			sameSegments(t, n, got, orig)
		}
		done++
		bytesOf += len(want)
	}
	t.Logf("%d libraries, %d bytes", done, bytesOf)
	if done < 5 {
		t.Errorf("only %d libraries could be packed", done)
	}
}
