package yararules_test

import (
	"bytes"
	"context"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"icecore/forensics"
	"icecore/forensics/detect"
	yararules "icecore/yara-rules"
)

func load(t testing.TB) *forensics.RuleSet {
	t.Helper()
	set, err := forensics.LoadRules(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if !set.Available() {
		t.Skip("no YARA in this build: " + set.Why())
	}
	return set
}

var techniqueRE = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)

// TestMeta: each rule says what it sees, how serious that is, where the facts are
// from, and what benign things it was held against; and no rule is one of those
// that were measured to be slow.
func TestMeta(t *testing.T) {
	set := load(t)
	for _, p := range set.Problems {
		t.Errorf("%s", p)
	}
	seen := make(map[string]bool)
	for _, r := range set.List() {
		if seen[r.Name] {
			t.Errorf("%s stands twice", r.Name)
		}
		seen[r.Name] = true
		for _, k := range []string{"description", "level", "technique", "reference", "benign"} {
			if r.Meta[k] == "" {
				t.Errorf("%s (%s:%d) has no %s", r.Name, r.File, r.Line, k)
			}
		}
		if _, err := detect.ParseLevel(r.Meta["level"]); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
		for _, x := range strings.Split(r.Meta["technique"], ",") {
			if !techniqueRE.MatchString(x) {
				t.Errorf("%s: technique %q", r.Name, x)
			}
		}
	}
	err := fs.WalkDir(yararules.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(yararules.FS, p)
		if err != nil {
			return err
		}
		for _, slow := range []string{`import "elf"`, `import "hash"`, `import "magic"`, " xor", "include "} {
			if bytes.Contains(b, []byte(slow)) && !strings.Contains(string(b), `"`+slow) {
				for i, line := range strings.Split(string(b), "\n") {
					if l := strings.TrimSpace(line); strings.HasPrefix(l, strings.TrimSpace(slow)) || strings.HasSuffix(l, slow) {
						t.Errorf("%s:%d: %s", p, i+1, l)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRules holds every rule against samples: those of testdata, and programs made
// here. Every rule has a sample that it must match, and no benign twin may match
// anything above low.
func TestRules(t *testing.T) {
	load(t) // skips without YARA
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	for rule, s := range samples {
		s.build(t, filepath.Join(dir, "positive", rule, "usr/local/bin", strings.ToLower(rule)))
	}
	for name, s := range camouflaged {
		s.build(t, filepath.Join(dir, "positive", "RandomX_Constants", "opt", name))
	}
	for name, s := range nodes {
		s.build(t, filepath.Join(dir, "positive", "RandomX_In_Node", "opt", name))
		s.build(t, filepath.Join(dir, "negative", "opt", name))
	}
	for name, s := range twins {
		s.build(t, filepath.Join(dir, "negative", name))
	}
	packed(t, dir)
	memory(t, dir)
	res, _, err := forensics.TestRules(context.Background(), forensics.RuleOptions{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range res.Tests {
		if !x.Passed {
			t.Errorf("%s: %s (matched: %s)", x.Sample, x.Why, strings.Join(x.Matched, " "))
		}
	}
	if len(res.Untested) > 0 {
		t.Errorf("rules without a sample: %s", strings.Join(res.Untested, " "))
	}
	t.Logf("%d expectations", len(res.Tests))
}

func write(t testing.TB, name string, parts ...[]byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bytes.Join(parts, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

// noise gives bytes as even as compressed ones (xorshift).
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 32)
	}
	return b
}

// bareELF makes an ELF file as packers leave it: no sections, two segments.
func bareELF(t testing.TB, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	var b bytes.Buffer
	h := make([]byte, 64)
	copy(h, "\x7fELF\x02\x01\x01")
	put := func(at int, v uint64, n int) {
		for i := range n {
			h[at+i] = byte(v >> (8 * i))
		}
	}
	put(16, uint64(elf.ET_EXEC), 2)
	put(18, uint64(elf.EM_X86_64), 2)
	put(20, 1, 4)
	put(24, 0x400000, 8)
	put(32, 64, 8)
	put(52, 64, 2)
	put(54, 56, 2)
	put(56, 2, 2)
	b.Write(h)
	for i := range 2 {
		h = make([]byte, 56)
		put(0, uint64(elf.PT_LOAD), 4)
		put(4, 7, 4)
		put(16, uint64(0x400000+i*0x1000000), 8)
		put(24, uint64(0x400000+i*0x1000000), 8)
		if i == 0 {
			put(32, uint64(176+len(body)), 8)
		}
		put(40, 0x800000, 8)
		b.Write(h)
	}
	b.Write(body)
	f, err := elf.NewFile(bytes.NewReader(b.Bytes()))
	if err != nil || len(f.Progs) != 2 {
		t.Fatalf("the packed sample is no ELF file: %v", err)
	}
	return b.Bytes()
}

// packed makes the samples of packed programs. The layout is that of UPX: l_info
// (checksum, mark, size, version, format) behind the headers, then p_info (id, size
// of the file, size of a block).
func packed(t testing.TB, dir string) {
	pos := filepath.Join(dir, "positive")
	info := []byte("$Info: This file is packed with the UPX executable packer http://upx.sf.net $\x00")
	stub := []byte("PROT_EXEC|PROT_WRITE failed.\x00/proc/self/exe\x00")
	lInfo := func(mark string) []byte { return []byte("\x01\x02\x03\x04" + mark + "\x00\x08\x0d\x16") }
	pInfo := []byte{0, 0, 0, 0, 0x10, 0x20, 0x30, 0, 0x10, 0x20, 0x30, 0}
	write(t, filepath.Join(pos, "Packer_UPX/opt/x"), bareELF(t, lInfo("UPX!"), pInfo, noise(20000), stub, info, []byte("UPX!")))
	write(t, filepath.Join(dir, "negative/Packer_UPX_Altered/opt/x"), bareELF(t, lInfo("UPX!"), pInfo, noise(20000), stub, info, []byte("UPX!")))
	for name, mark := range map[string]string{"zeroes": "\x0a\x00\x00\x00", "perf": "\x17\x18\xfd\xce", "letters": "ABCD"} {
		write(t, filepath.Join(pos, "Packer_UPX_Altered/opt", name), bareELF(t, lInfo(mark), pInfo, noise(20000), stub))
	}
	write(t, filepath.Join(pos, "Packer_UPX_Altered/opt/erased"), bareELF(t, lInfo("UPX!"), make([]byte, 12), noise(20000), []byte("UPX!")))
	write(t, filepath.Join(pos, "Packer_Structure/opt/x"), bareELF(t, noise(20000)))
	write(t, filepath.Join(dir, "negative/Packer_Structure/opt/plain"), bareELF(t, bytes.Repeat([]byte("nothing here is even "), 1000)))
}

// memory makes the samples of what was in memory.
func memory(t testing.TB, dir string) {
	pos := filepath.Join(dir, "positive")
	swap := make([]byte, 4096)
	copy(swap[4086:], "SWAPSPACE2")
	page := func(texts ...string) []byte {
		b := make([]byte, 4096)
		copy(b[100:], strings.Join(texts, "\x00"))
		return b
	}
	var keys []byte
	for _, k := range randomXKeys {
		keys = append(keys, unhex(t, k)...)
	}
	write(t, filepath.Join(pos, "Memory_Miner_Texts/swapfile"), swap, page(xmrigTexts[0]), page("noise"), page(xmrigTexts[3:9]...))
	write(t, filepath.Join(pos, "Memory_RandomX/swapfile"), swap, page("x"), keys)
	write(t, filepath.Join(pos, "Memory_Pool_Session/swapfile"), swap, page(`{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"x"`), page(`{"jsonrpc":"2.0","method":"job","params":{"blob":"00","seed_hash":"00"`))
	write(t, filepath.Join(pos, "Miner_Remains/lost"), []byte{0, 1, 2}, page(xmrigTexts[0]), page(xmrigTexts[3:9]...))
	write(t, filepath.Join(dir, "negative/swapfile"), swap, page("xmrig", "kinsing", "stratum+tcp://", "donate.v2.xmrig.com", "cryptonight"))
}

// TestRandomXLibrary holds the constants against code that others compiled:
// Debian's librandomx.
func TestRandomXLibrary(t *testing.T) {
	names, _ := filepath.Glob("/usr/lib/*/librandomx.so.0*")
	if len(names) == 0 {
		t.Skip("needs Debian's librandomx0")
	}
	dir := t.TempDir()
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range append(randomXKeys, randomXSuperscalar...) {
		if !bytes.Contains(b, unhex(t, k)) {
			t.Errorf("%s does not hold %s", names[0], k)
		}
	}
	write(t, filepath.Join(dir, "positive/RandomX_Library", names[0]), b)
	load(t)
	res, _, err := forensics.TestRules(context.Background(), forensics.RuleOptions{}, dir)
	if err != nil || res.Failed() > 0 {
		t.Errorf("%v, %+v", err, res)
	}
}

// TestBackends: the rules are accepted, and find the same, with the YARA inside the
// module as with the system's.
func TestBackends(t *testing.T) {
	if os.Getenv("ICECORE_LONG") == "" {
		t.Skip("builds the program again; set ICECORE_LONG=1")
	}
	got := make(map[string]string)
	for _, tags := range []string{"", "yara_bundled"} {
		bin := filepath.Join(t.TempDir(), "icecore")
		if out, err := exec.Command("go", "build", "-tags", tags, "-o", bin, "icecore/cmd/icecore").CombinedOutput(); err != nil {
			t.Fatalf("build -tags %q: %v: %s", tags, err, out)
		}
		out, err := exec.Command(bin, "rules", "test", "testdata", "--format", "json").CombinedOutput()
		if err != nil {
			t.Fatalf("-tags %q: %v: %s", tags, err, out)
		}
		got[tags] = string(out)
	}
	if got[""] != got["yara_bundled"] {
		t.Error("the two YARAs do not find the same")
	}
}
