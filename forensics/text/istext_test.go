package text

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func TestIsText(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "plain\n": true, "汉字\n": true, "\x1b[31mred\x1b[0m": true, "cut \xe6\xb1": true, "\xe6\xb1": true, "a\r\n\tb\f": true,
		"a\x00b": false, "\x7fELF\x02\x01\x01\x00": false, strings.Repeat("\x01", 100): false, "\x7f\x7f": false,
		strings.Repeat("a", 19) + "\x01": true, strings.Repeat("a", 18) + "\x01": false,
		"gr\xfc\xdfe aus K\xf6ln": false, "\xe9 " + strings.Repeat("plain ", 20): true, "\xff": false,
	} {
		if IsText([]byte(s)) != want {
			t.Errorf("IsText(%q) is %v", s, !want)
		}
	}
}

// What chance, a packer or a compiler made is no text, however short the look at it
// is; what encodes it is.
func TestIsTextOfBytes(t *testing.T) {
	rnd := rand.NewChaCha8([32]byte{7})
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skip(err)
	}
	for _, n := range []int{16, 60, 512, 4096} {
		b := make([]byte, n)
		for range 1000 {
			_, _ = rnd.Read(b)
			if IsText(b) {
				t.Fatalf("%d bytes of chance are text: %q", n, b)
			}
			if !IsText([]byte(hex.EncodeToString(b))) {
				t.Fatal("hexadecimal digits are no text")
			}
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(self[len(self)/2:][:4*n])
		_ = w.Close()
		if IsText(packed.Bytes()) || IsText(self[:n]) {
			t.Errorf("%d bytes of gzip or ELF are text", n)
		}
	}
}
