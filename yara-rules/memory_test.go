package yararules_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"icecore/forensics"
	"icecore/forensics/detect"
)

// What a miner has in its memory and not in its file: the pool that it was told at
// run time, for whom it works, and the talk with the pool.
const (
	memoryPool   = "pool.example.invalid:3333"
	memoryWallet = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"
)

var memoryTexts = []string{
	xmrigTexts[0], xmrigTexts[1], xmrigTexts[2], xmrigTexts[3], "no active pools, stop mining", "dev donate finished",
	`{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"` + memoryWallet + `","pass":"x","agent":"a","rigid":"web01"}}`,
	`{"jsonrpc":"2.0","method":"job","params":{"blob":"1010","job_id":"1","seed_hash":"00"}}`,
	`{"autosave":true,"donate-level":1,"randomx":{"mode":"auto"},"pools":[{"url":"` + memoryPool + `","user":"` + memoryWallet + `","rig-id":"web01"}]}`,
}

// deciphered writes a program that deciphers texts into memory of its own, and then
// aborts: none of them stands in its file.
func deciphered(texts []string) string {
	var b strings.Builder
	b.WriteString("#include <stdlib.h>\nstatic const struct { unsigned n; const unsigned char *s; } t[] = {\n")
	for _, x := range texts {
		fmt.Fprintf(&b, "{%d, (const unsigned char *)%s},\n", len(x), quote(string(xored([]byte(x), 0x5a))))
	}
	b.WriteString(`};
char *volatile kept[sizeof t / sizeof *t];
int main(void) {
	for (unsigned i = 0; i < sizeof t / sizeof *t; i++) {
		char *p = malloc(t[i].n + 1);
		for (unsigned k = 0; k < t[i].n; k++) p[k] = t[i].s[k] ^ 0x5a;
		p[t[i].n] = 0;
		kept[i] = p;
	}
	abort();
}
`)
	return b.String()
}

// coreOf builds a program, lets it abort, and gives its file and the core that the
// kernel wrote.
func coreOf(t testing.TB, source string) (program, core []byte) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc")
	}
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		t.Skip("needs Linux, to dump the core of a program")
	}
	if p := strings.TrimSpace(string(pattern)); strings.ContainsAny(p, "/|") {
		t.Skipf("needs a kernel that writes cores into the working folder (kernel.core_pattern is %q)", p)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "run")
	cmd := exec.Command("gcc", "-w", "-O0", "-x", "c", "-o", name, "-")
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v: %s", err, out)
	}
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command("sh", "-c", "ulimit -c unlimited && exec ../run")
	cmd.Dir = work
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("the program did not abort")
	}
	if strings.Contains(string(out), "ulimit") {
		t.Skipf("needs to be allowed to dump cores: %s", out)
	}
	cores, _ := filepath.Glob(filepath.Join(work, "*"))
	if len(cores) != 1 {
		t.Skipf("the kernel wrote no core (%v: %v)", err, cores)
	}
	return read(t, name), read(t, cores[0])
}

// piped gives what a tool makes of its input.
func piped(t testing.TB, in []byte, tool string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skip("needs " + tool)
	}
	cmd := exec.Command(tool, args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return out
}

// analyzed puts files into an ext4 disk and analyses it.
func analyzed(t testing.TB, files map[string][]byte) *forensics.Analysis {
	t.Helper()
	load(t)
	for _, tool := range []string{"mke2fs", "debugfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs " + tool)
		}
	}
	tree := t.TempDir()
	for p, b := range files {
		write(t, filepath.Join(tree, p), b)
	}
	image := filepath.Join(t.TempDir(), "disk.img")
	makeDisk(t, tree, image, nil)
	a, err := forensics.Analyze(context.Background(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rulesAt gives the rules that hit a file or its members, by member and rule.
func rulesAt(a *forensics.Analysis, path string) map[string]bool {
	out := make(map[string]bool)
	for i := range a.AllRecords {
		if r := &a.AllRecords[i]; r.Kind == "yara.match" && r.Source.Path == path {
			out[r.Source.Member+":"+r.Get("rule")] = true
		}
	}
	return out
}

// levelAt gives the highest level of what is found at a path.
func levelAt(a *forensics.Analysis, path string) detect.Level {
	var level detect.Level
	for i := range a.AllFindings {
		if f := &a.AllFindings[i]; f.Source.Path == path {
			level = max(level, f.Level)
		}
	}
	return level
}

// paid says whether a record of a miner's configuration at a path names the pool
// and the wallet.
func paid(a *forensics.Analysis, path string) bool {
	for i := range a.AllRecords {
		r := &a.AllRecords[i]
		if r.Kind == "miner.config" && r.Source.Path == path && strings.Contains(r.Get("pool"), "pool.example.invalid") && r.Get("wallet") == memoryWallet {
			return true
		}
	}
	return false
}

// TestCores lets a program abort that has a miner's texts in its memory alone, and
// finds them in the core that the kernel wrote: as it is, and compressed as
// systemd-coredump, apport and their like do. The program itself shows nothing.
func TestCores(t *testing.T) {
	program, core := coreOf(t, deciphered(memoryTexts))
	for _, x := range memoryTexts {
		if bytes.Contains(program, []byte(x)) {
			t.Fatalf("the program holds %q in clear", x)
		}
		if !bytes.Contains(core, []byte(x)) {
			t.Fatalf("the core does not hold %q", x)
		}
	}
	// Texts alone, which a scanner may have had in memory, too, weigh less.
	_, texts := coreOf(t, deciphered(memoryTexts[:6]))
	// The twin: a program that quotes a miner's words, as monitors and scanners do.
	_, quoting := coreOf(t, deciphered([]string{"alert: xmrig found", "stratum+tcp://", "donate.v2.xmrig.com", "cryptonight", "kdevtmpfsi"}))
	const folder = "/var/lib/systemd/coredump/core.run.0.0123456789abcdef0123456789abcdef.4711.1700000000000000"
	member := map[string]string{
		"/var/crash/core":         "",
		"/var/crash/_opt_run.gz":  "gzip",
		folder + ".zst":           "zstd",
		folder + ".lz4":           "lz4",
		folder + ".xz":            "xz",
		"/root/old.tar.gz":        "core.4711",
		"/opt/run":                "",
		"/var/crash/core.monitor": "",
	}
	a := analyzed(t, map[string][]byte{
		"/var/crash/core":         core,
		"/var/crash/_opt_run.gz":  piped(t, core, "gzip", "-c"),
		folder + ".zst":           piped(t, core, "zstd", "-q", "-c"),
		folder + ".lz4":           piped(t, core, "lz4", "-q", "-c"),
		folder + ".xz":            piped(t, core, "xz", "-1", "-c"),
		"/root/old.tar.gz":        targz(t, "core.4711", core),
		"/opt/run":                program,
		"/var/crash/core.texts":   texts,
		"/var/crash/core.monitor": quoting,
	})
	for p, m := range member {
		rules := rulesAt(a, p)
		if p == "/opt/run" || p == "/var/crash/core.monitor" {
			if level := levelAt(a, p); level > detect.Low {
				t.Errorf("%s: level %s: %v", p, level, rules)
			}
			continue
		}
		for _, rule := range []string{"Memory_Miner_Texts", "Memory_Pool_Session"} {
			if !rules[m+":"+rule] {
				t.Errorf("%s: %s does not hit in %q: %v", p, rule, m, rules)
			}
		}
		if !paid(a, p) {
			t.Errorf("%s: pool and wallet were not read", p)
		}
		if level := levelAt(a, p); level != detect.High {
			t.Errorf("%s: level %s", p, level)
		}
	}
	if level := levelAt(a, "/var/crash/core.texts"); level != detect.Medium {
		t.Errorf("texts alone: level %s", level)
	}
	for _, n := range a.Coverage.NotRead {
		if strings.Contains(n.What, "core") {
			t.Errorf("not read: %s: %s", n.What, n.Why)
		}
	}
}
