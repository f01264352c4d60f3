package unxz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// packed gives what xz(1) makes of a text, with options.
func packed(t testing.TB, text []byte, options ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("needs xz(1), of xz-utils")
	}
	cmd := exec.Command("xz", append([]string{"-c"}, options...)...)
	cmd.Stdin = bytes.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sample(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefgh \n"[r.IntN(10)]
	}
	return b
}

func TestAgainstXZ(t *testing.T) {
	text := sample(300_000)
	for _, options := range [][]string{
		nil, {"-0"}, {"--check=none"}, {"--check=crc32"}, {"--check=sha256"}, {"--block-size=50000"}, {"-T2", "--block-size=70000"},
	} {
		got, err := io.ReadAll(NewReader(bytes.NewReader(packed(t, text, options...)), 64<<20))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%v: %d bytes of %d, error %v", options, len(got), len(text), err)
		}
	}
	two := append(packed(t, text), packed(t, text[:100])...)
	if got, err := io.ReadAll(NewReader(bytes.NewReader(two), 64<<20)); err != nil || len(got) != len(text)+100 {
		t.Errorf("two streams: %d bytes, error %v", len(got), err)
	}
	if got, err := io.ReadAll(NewReader(bytes.NewReader(packed(t, nil)), 64<<20)); err != nil || len(got) != 0 {
		t.Errorf("nothing, packed: %d bytes, error %v", len(got), err)
	}
}

// code is what looks like machine code to the filters: many operations, close
// together and far away, near targets and far ones.
func code(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 0, n+16)
	for len(b) < n {
		switch r.IntN(8) {
		case 0, 1, 2:
			b = append(b, 0xe8+byte(r.IntN(2)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(-r.IntN(2)))
		case 3: // one within the target of the other
			b = append(b, 0xe8, 0xe9, byte(-r.IntN(2)), 0xe8, byte(-r.IntN(2)), byte(r.IntN(3)), 0xe9, 0, byte(-r.IntN(2)))
			b = append(b, 0xe8, 0xe9, 0xe8, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 0) // two left alone before a third
		case 4:
			b = binary.LittleEndian.AppendUint32(b[:len(b)&^3], 0xeb000000|r.Uint32()>>8)
		case 5:
			b = binary.LittleEndian.AppendUint32(b[:len(b)&^3], 0x94000000|r.Uint32()>>6)
		case 6:
			b = binary.LittleEndian.AppendUint32(b[:len(b)&^3], 0x90000000|r.Uint32()&0x60ffffff)
		default:
			for range r.IntN(6) {
				b = append(b, byte(r.Uint32()))
			}
		}
	}
	return b[:n]
}

// TestBranchFilters unpacks what xz(1) packed with the filters for machine code: made
// up, and programs of the machine.
func TestBranchFilters(t *testing.T) {
	texts := map[string][]byte{"nothing": nil, "one byte": {0xe8}, "five bytes": {0xe8, 1, 2, 3, 0}, "made up": code(200_003)}
	for _, name := range []string{"/proc/self/exe", "/bin/sh", "/bin/tar"} {
		if b, err := os.ReadFile(name); err == nil {
			texts[name] = b[:min(len(b), 400_000)]
		}
	}
	for _, options := range [][]string{
		{"--x86"}, {"--x86=start=4096"}, {"--x86=start=4294963200"}, {"--arm"}, {"--arm=start=8"}, {"--arm64"}, {"--arm64=start=65536"}, {"--x86", "--arm"}, {"--arm64", "--x86", "--arm"},
	} {
		if strings.HasPrefix(options[0], "--arm64") && exec.Command("xz", "-c", "--arm64", "--lzma2=preset=0", os.DevNull).Run() != nil {
			t.Logf("%v: this xz(1) does not know it", options)
			continue
		}
		for name, text := range texts {
			b := packed(t, text, append(slices.Clone(options), "--lzma2=preset=0", "--block-size=90000")...)
			// In pieces of any size, too.
			readers := []io.Reader{NewReader(bytes.NewReader(b), 64<<20)}
			if len(text) <= 200_003 {
				readers = append(readers, iotest.OneByteReader(NewReader(iotest.HalfReader(bytes.NewReader(b)), 64<<20)))
			}
			for _, r := range readers {
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s, %v: %d bytes of %d, error %v", name, options, len(got), len(text), err)
				}
			}
		}
	}
	if _, err := io.ReadAll(NewReader(bytes.NewReader(packed(t, code(1000), "--delta=dist=4", "--lzma2=preset=0")), 64<<20)); err == nil {
		t.Error("a filter that is not undone is no error")
	}
}

func TestDictionary(t *testing.T) {
	text := sample(1000)
	b := packed(t, text, "--lzma2=preset=6,dict=16MiB")
	if _, err := io.ReadAll(NewReader(bytes.NewReader(b), 8<<20)); !errors.Is(err, ErrDictionary) {
		t.Errorf("a dictionary of 16 MiB where 8 are allowed: %v", err)
	}
	if got, err := io.ReadAll(NewReader(bytes.NewReader(b), 16<<20)); err != nil || !bytes.Equal(got, text) {
		t.Errorf("a dictionary of 16 MiB where they are allowed: %v", err)
	}
}

func TestTruncated(t *testing.T) {
	b := packed(t, sample(10_000))
	for _, n := range []int{1, 12, 13, 30, len(b) / 2, len(b) - 40, len(b) - 5} {
		if _, err := io.ReadAll(NewReader(bytes.NewReader(b[:n]), 64<<20)); err == nil {
			t.Errorf("cut after %d of %d bytes: no error", n, len(b))
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(packed(f, sample(2000)))
	f.Add(packed(f, sample(2000), "--block-size=500", "--check=sha256"))
	f.Add(packed(f, code(2000), "--x86", "--arm=start=4", "--lzma2=preset=0"))
	f.Add([]byte(Magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = io.Copy(io.Discard, io.LimitReader(NewReader(bytes.NewReader(b), 1<<20), 8<<20))
	})
}
