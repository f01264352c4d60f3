package yararules_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"text/tabwriter"

	"icecore/forensics"
	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	yararules "icecore/yara-rules"
)

// The miners whose variants are made. Both are inert: see sample.
var miners = map[string]sample{
	"xmrig":    program(xmrigTexts...).data(randomXKeys...).data(randomXSuperscalar...),
	"cpuminer": program(cpuminerTexts...),
}

// TestVariants makes a miner's program in the forms in which it is found on
// hijacked servers, puts all into one disk, and demands that each is found by a
// rule that looks for a miner and knows nothing of names.
func TestVariants(t *testing.T) {
	load(t)
	for _, tool := range []string{"mke2fs", "debugfs", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs " + tool)
		}
	}
	tree := t.TempDir()
	where := make(map[string]string) // path on the disk: what stands there
	put := func(what, path string, b []byte) {
		write(t, filepath.Join(tree, path), b)
		where[path] = what
	}
	orphan := make(map[string]string) // path before it is taken away: what it is
	for name, s := range miners {
		plain := filepath.Join(t.TempDir(), name)
		s.build(t, plain)
		asIs := read(t, plain)
		stripped := filepath.Join(t.TempDir(), "stripped")
		s.build(t, stripped, "-s")
		small := read(t, stripped)

		dir := "/opt/" + name
		put(name+", as it is", dir+"/bin/"+name, asIs)
		put(name+", stripped", dir+"/a1/"+name, small)
		put(name+", renamed", "/usr/lib/systemd/systemd-"+name[:3]+"d", small)
		put(name+", built without libraries", dir+"/a2/x", static(t, s))
		for _, method := range []string{"nrv2e", "lzma"} {
			p := read(t, filepath.Join("testdata/packed", name+"."+method))
			put(name+", packed with UPX ("+method+")", dir+"/a3/"+method, p)
			put(name+", packed with UPX ("+method+"), mark altered", dir+"/a4/"+method, bytes.ReplaceAll(p, []byte("UPX!"), []byte("\x17\x18\xfd\xce")))
			put(name+", packed with UPX ("+method+"), sizes erased", dir+"/a5/"+method, eraseSizes(t, p))
		}
		put(name+", gzip in a Go dropper", dir+"/a6/dropper", goDropper(t, gz(t, small)))
		put(name+", base64 in a Python dropper", dir+"/a7/dropper.py", pythonDropper(small))
		put(name+", base64 in a shell script", dir+"/a8/run.sh", shellDropper(small))
		put(name+", XORed in a program", dir+"/a10/loader", append(static(t, program("loader")), xored(small, 0xca)...))
		put(name+", hex in a text", dir+"/a11/x.txt", []byte("blob="+hex.EncodeToString(small)+"\n"))
		put(name+", in a tar.gz", dir+"/a9/m.tar.gz", targz(t, "./m/run", small))
		put(name+", base64 in a script in a tar.gz", dir+"/a12/s.tar.gz", targz(t, "s/run.sh", shellDropper(small)))
		put(name+", in swap", dir+"/swapfile", swapFile(small))
		path := dir + "/gone/" + name
		write(t, filepath.Join(tree, path), small)
		orphan[path] = name + ", deleted while open (orphan inode)"
	}
	image := filepath.Join(t.TempDir(), "disk.img")
	makeDisk(t, tree, image, orphan)

	an, err := forensics.Analyze(context.Background(), image, forensics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names := byName(t)
	hits := make(map[string][]string) // variant: rules that hit
	mining := make(map[string]bool)   // found as a miner
	nameless := make(map[string]bool) // by a rule that does not depend on a name
	what := func(path string, inode uint64, st filesystem.State) string {
		if st == filesystem.Orphan {
			return where[fmt.Sprintf("orphan %d", inode)]
		}
		return where[path]
	}
	for p, w := range orphan {
		where[fmt.Sprintf("orphan %d", orphanInode[p])] = w
	}
	for i := range an.Records {
		r := &an.Records[i]
		if r.Kind != "yara.match" {
			continue
		}
		v := what(r.Source.Path, r.Source.Inode, r.Source.State)
		if v == "" {
			t.Errorf("%s matches at %q, inode %d, where nothing was put", r.Get("rule"), r.Source.Path, r.Source.Inode)
			continue
		}
		rule := r.Get("rule")
		if !slices.Contains(hits[v], rule) {
			hits[v] = append(hits[v], rule)
		}
		if level, _ := detect.ParseLevel(r.Get("level")); level >= detect.Medium && strings.Contains(r.Get("technique"), "T1496") {
			mining[v] = true
			nameless[v] = nameless[v] || !names[rule]
		}
	}
	var variants []string
	for _, v := range where {
		variants = append(variants, v)
	}
	sort.Strings(variants)
	variants = slices.Compact(variants)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	for _, v := range variants {
		fmt.Fprintf(w, "%s\t%s\n", v, strings.Join(hits[v], " "))
		switch {
		case !mining[v]:
			t.Errorf("%s: not found as a miner (matched: %s)", v, strings.Join(hits[v], " "))
		case !nameless[v]:
			t.Errorf("%s: found by its name alone", v)
		}
	}
	_ = w.Flush()
	t.Logf("variant and rules that hit:\n%s", table.String())
	if t.Failed() {
		for _, n := range an.Coverage.Gaps {
			t.Logf("not read: %s: %s", n.WhatText, n.WhyText)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// static builds a miner without libraries, as those that are carried from host to
// host are.
func static(t testing.TB, s sample) []byte {
	name := filepath.Join(t.TempDir(), "static")
	s.build(t, name, "-static", "-s")
	return read(t, name)
}

// eraseSizes zeroes the sizes behind UPX's mark, and puts another in its place
// everywhere else.
func eraseSizes(t testing.TB, b []byte) []byte {
	b = bytes.Clone(b)
	i := bytes.Index(b, []byte("UPX!"))
	if i < 0 || i > 1024 {
		t.Fatalf("the packed sample has no mark (%d)", i)
	}
	clear(b[i+8 : i+20])
	return b
}

func gz(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func targz(t testing.TB, name string, b []byte) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(b))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return gz(t, out.Bytes())
}

// goDropper builds a Go program that carries bytes and does nothing with them.
func goDropper(t testing.TB, payload []byte) []byte {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), []byte("module example.invalid/update\n\ngo 1.21\n"))
	write(t, filepath.Join(dir, "main.go"), []byte(`package main

import _ "embed"

//go:embed payload
var payload []byte

func main() { println(len(payload)) }
`))
	write(t, filepath.Join(dir, "payload"), payload)
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", "out", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return read(t, filepath.Join(dir, "out"))
}

func xored(b []byte, key byte) []byte {
	b = bytes.Clone(b)
	for i := range b {
		b[i] ^= key
	}
	return b
}

func pythonDropper(b []byte) []byte {
	return []byte("#!/usr/bin/python3\nimport base64\nblob = \"" + base64.StdEncoding.EncodeToString(b) + "\"\nprint(len(base64.b64decode(blob)))\n")
}

// shellDropper writes base64 in lines, as base64(1) does.
func shellDropper(b []byte) []byte {
	s := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	out.WriteString("#!/bin/sh\nbase64 -d <<EOF | wc -c\n")
	for len(s) > 0 {
		n := min(76, len(s))
		out.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	out.WriteString("EOF\n")
	return []byte(out.String())
}

// swapFile lays the pages of a program into swap, every second page another's.
func swapFile(b []byte) []byte {
	out := make([]byte, 4096)
	copy(out[4086:], "SWAPSPACE2")
	for len(b) > 0 {
		page := make([]byte, 8192)
		n := copy(page[:4096], b)
		b = b[n:]
		copy(page[4096:], noise(4096))
		out = append(out, page...)
	}
	return out
}

// orphanInode holds the inodes of the files that makeDisk made orphans of.
var orphanInode = make(map[string]uint64)

var inodeRE = regexp.MustCompile(`Inode: (\d+)`)

// makeDisk makes an ext4 disk of a tree, and orphans of some of its files: their
// names go, and they stand in the list that the superblock begins, as those of a
// program that was running when the disk was copied.
func makeDisk(t testing.TB, tree, image string, orphans map[string]string) {
	t.Helper()
	write(t, filepath.Join(tree, "etc/os-release"), []byte("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"))
	run := func(name string, args ...string) string {
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
		return string(out)
	}
	run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", "^orphan_file,^metadata_csum", "-d", tree, image, "96M")
	var paths []string
	for p := range orphans {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	next := uint64(0)
	for _, p := range paths {
		m := inodeRE.FindStringSubmatch(run("debugfs", "-R", "stat "+p, image))
		if m == nil {
			t.Fatalf("no inode of %s", p)
		}
		var ino uint64
		_, _ = fmt.Sscan(m[1], &ino)
		orphanInode[p] = ino
		script := fmt.Sprintf("unlink %s\nset_inode_field <%d> links_count 0\nset_inode_field <%d> dtime %d\nset_super_value last_orphan %d\n", p, ino, ino, next, ino)
		cmd := exec.Command("debugfs", "-w", "-f", "-", image)
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("debugfs: %v: %s", err, out)
		}
		next = ino
	}
}

// byName gives the rules that ask for the name, place or owner of a file.
func byName(t testing.TB) map[string]bool {
	re := regexp.MustCompile(`\b(filename|filepath|extension|owner)\b`)
	out := make(map[string]bool)
	for _, set := range []string{"binary", "text"} {
		names, err := fs.Glob(yararules.FS, set+"/*.yar")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			b, err := fs.ReadFile(yararules.FS, n)
			if err != nil {
				t.Fatal(err)
			}
			rules, _ := engine.Split(string(b))
			for _, r := range rules {
				_, condition, _ := strings.Cut(r.Text, "condition:")
				out[r.Name] = re.MatchString(condition)
			}
		}
	}
	return out
}
