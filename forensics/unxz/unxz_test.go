package unxz

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"testing"
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
	f.Add([]byte(Magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = io.Copy(io.Discard, io.LimitReader(NewReader(bytes.NewReader(b), 1<<20), 8<<20))
	})
}
