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

// What a miner has in its memory and not in its file: the pool given at run time, the
// wallet, and the session with the pool.
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
		t.Skipf("needs a kernel that writes cores into the working directory (kernel.core_pattern is %q)", p)
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
	for i := range a.Records {
		if r := &a.Records[i]; r.Kind == "yara.match" && r.Source.Path == path {
			out[r.Source.Member+":"+r.Get("rule")] = true
		}
	}
	return out
}

// levelAt gives the highest level of what is found at a path.
func levelAt(a *forensics.Analysis, path string) detect.Level {
	var level detect.Level
	for i := range a.Findings {
		if f := &a.Findings[i]; f.Source.Path == path {
			level = max(level, f.Level)
		}
	}
	return level
}

// paid says whether a record of a miner's configuration at a path names the pool
// and the wallet.
func paid(a *forensics.Analysis, path string) bool {
	for i := range a.Records {
		r := &a.Records[i]
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
	const dumps = "/var/lib/systemd/coredump/core.run.0.0123456789abcdef0123456789abcdef.4711.1700000000000000"
	member := map[string]string{
		"/var/crash/core":         "",
		"/var/crash/_opt_run.gz":  "gzip",
		dumps + ".zst":            "zstd",
		dumps + ".lz4":            "lz4",
		dumps + ".xz":             "xz",
		"/root/old.tar.gz":        "core.4711",
		"/opt/run":                "",
		"/var/crash/core.monitor": "",
	}
	a := analyzed(t, map[string][]byte{
		"/var/crash/core":         core,
		"/var/crash/_opt_run.gz":  piped(t, core, "gzip", "-c"),
		dumps + ".zst":            piped(t, core, "zstd", "-q", "-c"),
		dumps + ".lz4":            piped(t, core, "lz4", "-q", "-c"),
		dumps + ".xz":             piped(t, core, "xz", "-1", "-c"),
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
	for _, n := range a.Coverage.Gaps {
		if strings.Contains(n.WhatText, "core") {
			t.Errorf("not read: %s: %s", n.WhatText, n.WhyText)
		}
	}
}

// swapSpace makes swap space with mkswap and lays texts into it, each at the beginning
// of a page far from the others.
func swapSpace(t testing.TB, size int64, pageSize int, texts []string) []byte {
	t.Helper()
	if _, err := exec.LookPath("mkswap"); err != nil {
		t.Skip("needs mkswap")
	}
	name := filepath.Join(t.TempDir(), "swap")
	write(t, name, make([]byte, size))
	if out, err := exec.Command("mkswap", "-p", fmt.Sprint(pageSize), name).CombinedOutput(); err != nil {
		t.Fatalf("mkswap: %v: %s", err, out)
	}
	b := read(t, name)
	for i, x := range texts {
		copy(b[(3+17*i)*pageSize:], noise(pageSize))
		copy(b[(3+17*i)*pageSize:], x+"\x00")
	}
	return b
}

// TestSwap finds what a miner had in memory in swap files, whatever their pages, and
// in swap space of its own. The twin holds a monitor's words.
func TestSwap(t *testing.T) {
	quoting := []string{"alert: xmrig found", "stratum+tcp://", "donate.v2.xmrig.com", "cryptonight", "kdevtmpfsi"}
	a := analyzed(t, map[string][]byte{
		"/swapfile":         swapSpace(t, 4<<20, 4096, memoryTexts),
		"/var/swap.img":     swapSpace(t, 16<<20, 65536, memoryTexts),
		"/var/swap.monitor": swapSpace(t, 4<<20, 4096, quoting),
	})
	for _, p := range []string{"/swapfile", "/var/swap.img"} {
		checkSwap(t, a, p)
	}
	if level := levelAt(a, "/var/swap.monitor"); level > detect.Low {
		t.Errorf("the twin: level %s, %v", level, rulesAt(a, "/var/swap.monitor"))
	}

	if _, err := exec.LookPath("sfdisk"); err != nil {
		t.Skip("needs sfdisk (package fdisk), for swap space of its own")
	}
	image := filepath.Join(t.TempDir(), "disk.raw")
	disk := make([]byte, 16<<20)
	copy(disk[2<<20:], swapSpace(t, 4<<20, 4096, memoryTexts))
	root := filepath.Join(t.TempDir(), "root.img")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", root, "8M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, out)
	}
	copy(disk[6<<20:], read(t, root))
	write(t, image, disk)
	cmd := exec.Command("sfdisk", "-q", image)
	cmd.Stdin = strings.NewReader("label: gpt\nstart=4096, size=8192, type=swap\nstart=12288, size=16384, type=linux\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	a, err := forensics.Analyze(context.Background(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkSwap(t, a, "[swap]")
}

func checkSwap(t *testing.T, a *forensics.Analysis, path string) {
	t.Helper()
	rules := rulesAt(a, path)
	for _, rule := range []string{"Memory_Miner_Texts", "Memory_Pool_Session"} {
		if !rules[":"+rule] {
			t.Errorf("%s: %s does not hit: %v", path, rule, rules)
		}
	}
	if !paid(a, path) {
		t.Errorf("%s: pool and wallet were not read", path)
	}
	if level := levelAt(a, path); level != detect.High {
		t.Errorf("%s: level %s", path, level)
	}
}

// TestContainerLayers finds a miner in the layers of containers, at the level that it
// has on the host, and says where it is.
func TestContainerLayers(t *testing.T) {
	const (
		layer    = "/var/lib/docker/overlay2/3f1c8a5b0d2e4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8/diff"
		podman   = "/var/lib/containers/storage/overlay/aa11/diff"
		snapshot = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/41/fs"
	)
	name := filepath.Join(t.TempDir(), "miner")
	miners["xmrig"].build(t, name, "-s")
	miner := read(t, name)
	roots := []string{"", layer, podman, snapshot}
	files := make(map[string][]byte)
	for _, r := range roots {
		files[r+"/usr/local/bin/app"] = miner
		files[r+"/tmp/.x/kswapd0"] = miner
		files[r+"/root/config.json"] = []byte(`{"pools":[{"url":"` + memoryPool + `","user":"` + memoryWallet + `"}],"donate-level":1}`)
	}
	// A layer as it was pulled, and the twin: a clean program in a layer.
	const blob = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
	files[blob] = targz(t, "usr/local/bin/app", miner)
	// What a container runs, and its twins: the same in a log, and a container that
	// runs something else.
	const containers = "/var/lib/docker/containers/"
	command := `{"Path":"/app","Args":["-o","` + memoryPool + `","-u","` + memoryWallet + `"],"Config":{"Image":"app"},"Name":"/app"}`
	files[containers+"aa/config.v2.json"] = []byte(command)
	files[containers+"aa/aa-json.log"] = []byte(command + "\n")
	files[containers+"bb/config.v2.json"] = []byte(`{"Path":"/nginx","Args":["-g","daemon off;"],"Config":{"Image":"nginx"},"Name":"/web"}`)
	files[layer+"/usr/bin/clean"] = static(t, program("hello"))
	a := analyzed(t, files)
	for _, f := range []string{"/usr/local/bin/app", "/tmp/.x/kswapd0", "/root/config.json"} {
		want := levelAt(a, f)
		if want < detect.High {
			t.Errorf("%s: level %s on the host itself", f, want)
		}
		for _, r := range roots[1:] {
			if got := levelAt(a, r+f); got != want {
				t.Errorf("%s: level %s, on the host %s", r+f, got, want)
			}
		}
	}
	for _, r := range roots {
		if !paid(a, r+"/root/config.json") {
			t.Errorf("%s: pool and wallet were not read", r)
		}
	}
	if level := levelAt(a, containers+"aa/config.v2.json"); level != detect.High || !paid(a, containers+"aa/config.v2.json") {
		t.Errorf("the command of a container: level %s", level)
	}
	for _, p := range []string{"aa/aa-json.log", "bb/config.v2.json"} {
		if level := levelAt(a, containers+p); level > detect.Low {
			t.Errorf("%s: level %s", p, level)
		}
	}
	if level := levelAt(a, blob); level < detect.High || !rulesAt(a, blob)["usr/local/bin/app:XMRig_Binary"] {
		t.Errorf("a layer as it was pulled: level %s, %v", level, rulesAt(a, blob))
	}
	if level := levelAt(a, layer+"/usr/bin/clean"); level > detect.Low {
		t.Errorf("the twin: level %s", level)
	}
}
