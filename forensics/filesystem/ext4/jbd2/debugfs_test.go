package jbd2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"icecore/forensics/filesystem/ext4/debugfstest"
)

// debugfs(8) is the oracle: it writes transactions into the journal of an image
// and recovers a copy of that image.

const (
	imageBlock = 1024
	imageSize  = 8 << 20
)

func needDebugfs(t testing.TB) {
	t.Helper()
	for _, tool := range []string{"mke2fs", "debugfs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s of e2fsprogs", tool)
		}
	}
}

func newImage(t testing.TB, features string) string {
	t.Helper()
	img := filepath.Join(t.TempDir(), "fs.img")
	if out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-b", fmt.Sprint(imageBlock), "-J", "size=1", "-O", features, img, fmt.Sprint(imageSize>>10)).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v\n%s", err, out)
	}
	return img
}

// blocksFile writes blocks of recognisable content. The first begins with the
// magic number of the journal, which it must escape.
func blocksFile(t testing.TB, name string, count int) string {
	t.Helper()
	b := make([]byte, count*imageBlock)
	for i := range count {
		p := b[i*imageBlock:][:imageBlock]
		copy(p, bytes.Repeat([]byte(fmt.Sprintf("%s/%d ", name, i)), imageBlock))
		if i == 0 {
			binary.BigEndian.PutUint32(p, magic)
		}
	}
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// openDumped opens the journal inode of an image.
func openDumped(t testing.TB, img string) *Journal {
	t.Helper()
	p := filepath.Join(t.TempDir(), "journal")
	debugfstest.Run(t, img, false, "dump <8> "+p)
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	j, err := Open(bytes.NewReader(b), int64(len(b)), imageBlock)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return j
}

// journalBlocks gives where in the image the blocks of the journal stand.
func journalBlocks(t testing.TB, img string) []int {
	t.Helper()
	out, _ := debugfstest.Run(t, img, false, "blocks <8>")
	var list []int
	for _, f := range strings.Fields(out) {
		if n, err := strconv.Atoi(f); err == nil {
			list = append(list, n)
		}
	}
	return list
}

func copyImage(t testing.TB, img string) string {
	t.Helper()
	b, err := os.ReadFile(img)
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "copy.img")
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// recovered lets debugfs recover a copy of an image. ok is false if it could not.
func recovered(t testing.TB, img string) (b []byte, ok bool) {
	t.Helper()
	p := copyImage(t, img)
	_, bad := debugfstest.Run(t, p, true, "jr")
	fl, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer fl.Close()
	// A copy that says a block far outside makes the file grow.
	if b, err = io.ReadAll(io.LimitReader(fl, imageSize)); err != nil {
		t.Fatal(err)
	}
	return b, !strings.Contains(bad, "while recovering journal")
}

// comparePlain compares each block of an image, with a replay's blocks put in, to
// the image as recovered. The superblock and the journal itself are left out: the
// recovery notes there that it was done.
func comparePlain(t testing.TB, img string, res *Result, want []byte) {
	t.Helper()
	b, err := os.ReadFile(img)
	if err != nil {
		t.Fatal(err)
	}
	skip := map[int]bool{1: true}
	for _, n := range journalBlocks(t, img) {
		skip[n] = true
	}
	for n := 0; (n+1)*imageBlock <= len(b); n++ {
		ours := b[n*imageBlock:][:imageBlock]
		if c, ok := res.Blocks[uint64(n)]; ok {
			ours = c
		}
		if !skip[n] && !bytes.Equal(ours, want[n*imageBlock:][:imageBlock]) {
			t.Errorf("block %d: %.20q, recovered %.20q", n, ours, want[n*imageBlock:][:imageBlock])
		}
	}
}

// transactions are what the images of these tests have in their journal.
func transactions(t testing.TB) []string {
	return []string{
		"jw -b 5000,5001,5002 " + blocksFile(t, "first", 3),
		"jw -r 5002",
		"jw -b 5001,5003 " + blocksFile(t, "second", 2),
		"jw -r 5003,5001",
		"jw -b 5004 " + blocksFile(t, "third", 1),
		"jw -b 5003,5005 " + blocksFile(t, "fourth", 2),
		"jw -r 5005,6000",
	}
}

var formats = []struct{ name, features, open string }{
	{"no checksums, 32 bits", "^64bit,^metadata_csum", "jo"},
	{"no checksums, 64 bits", "64bit,^metadata_csum", "jo"},
	{"v2, 32 bits", "^64bit,metadata_csum", "jo -c -v 2"},
	{"v2, 64 bits", "64bit,metadata_csum", "jo -c -v 2"},
	{"v3, 32 bits", "^64bit,metadata_csum", "jo -c -v 3"},
	{"v3, 64 bits", "64bit,metadata_csum", "jo -c -v 3"},
}

func TestReplayAsDebugfs(t *testing.T) {
	needDebugfs(t)
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			img := newImage(t, f.features)
			commands := append([]string{f.open}, transactions(t)...)
			commands = append(commands, "jw -c -b 5000 "+blocksFile(t, "torn", 1), "jc")
			debugfstest.Run(t, img, true, commands...)
			j := openDumped(t, img)
			res := replayed(t, j)
			if got := len(res.Transactions); got != 7 {
				t.Fatalf("%d transactions, wrote 7: problems %q", got, res.Problems)
			}
			if len(res.Problems) != 1 || !strings.Contains(res.Problems[0], "no commit block") {
				t.Errorf("problems %q, want the one about the transaction that was not committed", res.Problems)
			}
			want, ok := recovered(t, img)
			if !ok {
				t.Fatal("debugfs could not recover the image")
			}
			comparePlain(t, img, res, want)
			for _, n := range []uint64{5001, 5002, 5005} {
				if _, ok := res.Blocks[n]; ok {
					t.Errorf("block %d is revoked by a later transaction, but replayed", n)
				}
			}
		})
	}
}

// TestReplayDamaged spoils each block of the journal in turn, at a byte that all
// kinds of blocks use.
func TestReplayDamaged(t *testing.T) {
	needDebugfs(t)
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			img := newImage(t, f.features)
			debugfstest.Run(t, img, true, append(append([]string{f.open}, transactions(t)...), "jc")...)
			compared, refused := 0, 0
			for n := 1; n <= 18; n++ {
				bad := copyImage(t, img)
				fl, err := os.OpenFile(bad, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				out, _ := debugfstest.Run(t, img, false, fmt.Sprintf("bmap <8> %d", n))
				at, err := strconv.Atoi(strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:]))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := fl.WriteAt([]byte{0xa5, 0x5a}, int64(at)*imageBlock+40); err != nil {
					t.Fatal(err)
				}
				fl.Close()
				res := replayed(t, openDumped(t, bad))
				want, ok := recovered(t, bad)
				if !ok {
					refused++
					if len(res.Problems) == 0 {
						t.Errorf("journal block %d: debugfs refuses the journal, the replay reports no problem", n)
					}
					continue
				}
				compared++
				comparePlain(t, bad, res, want)
			}
			t.Logf("%d compared, %d refused by debugfs", compared, refused)
			if compared == 0 {
				t.Error("no case was compared")
			}
		})
	}
}

// TestCopiesAsLogdump compares what stands in the log with the list that debugfs
// makes of it.
func TestCopiesAsLogdump(t *testing.T) {
	needDebugfs(t)
	line := regexp.MustCompile(`sequence (\d+), type|FS block (\d+) logged at journal block (\d+)`)
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			img := newImage(t, f.features)
			debugfstest.Run(t, img, true, append(append([]string{f.open}, transactions(t)...), "jc")...)
			out, _ := debugfstest.Run(t, img, false, "logdump -a")
			want := make(map[string]bool)
			tid := ""
			for _, m := range line.FindAllStringSubmatch(out, -1) {
				if m[1] != "" {
					tid = m[1]
					continue
				}
				want[m[2]+" "+tid+" "+m[3]] = true
			}
			if len(want) != 8 {
				t.Fatalf("logdump lists %d copies, wrote 8:\n%s", len(want), out)
			}
			j := openDumped(t, img)
			got := make(map[string]bool)
			for _, c := range history(t, j).Copies {
				got[fmt.Sprint(c.Block, c.TID, c.at)] = true
				if _, err := j.Read(c); err != nil {
					t.Errorf("copy of block %d: %v", c.Block, err)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("copies\n %v, logdump\n %v", got, want)
			}
			if n := len(history(t, j).Commits); n != 7 {
				t.Errorf("%d commits, wrote 7", n)
			}
			// The last block that is revoked has no copy.
			if n := len(history(t, j).Revokes); n != 4 {
				t.Errorf("%d revokes of blocks that have copies, wrote 4: %v", n, history(t, j).Revokes)
			}
		})
	}
}
