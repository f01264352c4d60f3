package ext4

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// load changes a mounted filesystem until the context ends: it creates, writes,
// appends, truncates, renames, links and removes, and sometimes syncs. Between
// two changes it lets go of the gate.
func load(ctx context.Context, root string, seed uint64, gate *sync.RWMutex) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	name := func() string {
		p := root
		for range rnd.IntN(3) {
			p = filepath.Join(p, fmt.Sprintf("d%d", rnd.IntN(6)))
		}
		return filepath.Join(p, fmt.Sprintf("f%d", rnd.IntN(60)))
	}
	data := make([]byte, 256<<10)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	// What fails (a name that is there or not) is part of the load.
	for i := 0; ctx.Err() == nil; i++ {
		p := name()
		gate.RLock()
		switch rnd.IntN(14) {
		case 0, 1, 2, 3:
			_ = os.MkdirAll(filepath.Dir(p), 0o755)
			n := rnd.IntN(1 << (4 + rnd.IntN(14)))
			at := rnd.IntN(len(data) - n)
			_ = os.WriteFile(p, data[at:at+n], 0o644)
		case 4:
			if f, err := os.OpenFile(p, os.O_WRONLY|os.O_APPEND, 0); err == nil {
				_, _ = f.Write(data[:rnd.IntN(20000)])
				_ = f.Sync()
				f.Close()
			}
		case 5:
			_ = os.Truncate(p, int64(rnd.IntN(100000)))
		case 6, 7:
			_ = os.Rename(p, name())
		case 8:
			_ = os.Link(p, name())
		case 9, 10:
			_ = os.Remove(p)
		case 11:
			_ = os.RemoveAll(filepath.Dir(name()) + "/d" + fmt.Sprint(rnd.IntN(6)))
		case 12:
			_ = os.Symlink(fmt.Sprintf("to/%d/%s", i, string(data[:rnd.IntN(2)*90])), p+"l")
			_ = os.Chmod(p, os.FileMode(rnd.IntN(0o1000)))
		case 13:
			// A file that moves about in pieces: its blocks go from data to
			// tree and back, so that the journal revokes them.
			if f, err := os.OpenFile(p, os.O_WRONLY|os.O_CREATE, 0o600); err == nil {
				for k := range 24 {
					_, _ = f.WriteAt(data[:1024], int64(rnd.IntN(64)*8192+k))
				}
				_ = f.Sync()
				f.Close()
			}
		}
		gate.RUnlock()
		if i%17 == 0 {
			time.Sleep(time.Duration(rnd.IntN(8)) * time.Millisecond)
		}
	}
}

// dirtyVariants are filesystems whose journals differ.
var dirtyVariants = []struct {
	name  string
	mkfs  []string
	mount string
}{
	{"csum_v3", []string{"-t", "ext4", "-b", "4096", "-J", "size=4"}, "rw"},
	{"csum_v3_1k_wraps", []string{"-t", "ext4", "-b", "1024", "-J", "size=1", "-N", "4096"}, "rw,commit=1"},
	{"no_csum", []string{"-t", "ext4", "-b", "1024", "-O", "^metadata_csum,^64bit", "-J", "size=2"}, "rw,commit=1"},
	{"csum_v1", []string{"-t", "ext4", "-b", "2048", "-O", "^metadata_csum", "-J", "size=2"}, "rw,commit=1,journal_checksum"},
	{"async_commit_v1", []string{"-t", "ext4", "-b", "4096", "-O", "^metadata_csum", "-J", "size=4"}, "rw,commit=1,data=writeback,journal_async_commit"},
	{"async_commit_v3", []string{"-t", "ext4", "-b", "4096", "-J", "size=4"}, "rw,commit=1,data=writeback,journal_async_commit"},
	{"ext3", []string{"-t", "ext3", "-b", "1024", "-J", "size=2"}, "rw,commit=1"},
	{"data_journal", []string{"-t", "ext4", "-b", "4096", "-J", "size=8"}, "rw,commit=1,data=journal"},
	{"orphan_file", []string{"-t", "ext4", "-b", "4096", "-O", "orphan_file", "-J", "size=4"}, "rw,commit=1"},
	{"inline_data", []string{"-t", "ext4", "-b", "4096", "-O", "inline_data", "-I", "256", "-J", "size=4"}, "rw,commit=1"},
}

const dirtyPerVariant = 5

// TestDirtyJournals copies images while they are mounted and written to. The view
// of each copy must be that of the kernel, once with the journal replayed and
// once without.
func TestDirtyJournals(t *testing.T) {
	needKernel(t, "e2fsck")
	if testing.Short() {
		t.Skip("takes a minute")
	}
	total, replayed, changed := 0, 0, 0
	for _, v := range dirtyVariants {
		t.Run(v.name, func(t *testing.T) {
			img := makeImage(t, 64, v.mkfs...)
			root, unmount := mountImage(t, img, v.mount)
			copies := copyUnderLoad(t, img, root)
			unmount()
			for i, p := range copies {
				n, differs := checkDirty(t, p, fmt.Sprintf("%s copy %d", v.name, i))
				total++
				if n > 0 {
					replayed++
				}
				if differs {
					changed++
				}
			}
		})
	}
	t.Logf("%d images compared; %d had transactions to replay, %d show other files after it", total, replayed, changed)
	if !t.Failed() && changed < total/2 {
		t.Error("the journals were too clean to show anything")
	}
}

// copyUnderLoad copies a mounted image at random moments of a load.
func copyUnderLoad(t *testing.T, img, root string) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var (
		wg   sync.WaitGroup
		gate sync.RWMutex
	)
	defer wg.Wait()
	defer cancel()
	for i := range 2 {
		wg.Add(1)
		go func() { defer wg.Done(); load(ctx, root, uint64(i)+7, &gate) }()
	}
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	var copies []string
	for i := range dirtyPerVariant {
		time.Sleep(time.Duration(50+rnd.IntN(300)) * time.Millisecond)
		p := filepath.Join(t.TempDir(), fmt.Sprintf("copy%d", i))
		held := false
		b, err := snapshot(img, func() { gate.Lock(); held = true })
		if held {
			gate.Unlock()
		}
		if err != nil {
			t.Fatal(err)
		}
		writeSparse(t, p, b)
		copies = append(copies, p)
	}
	return copies
}

// checkDirty compares a copy with the kernel's view of it. It gives the number of
// transactions replayed, and whether the replay shows other files.
func checkDirty(t *testing.T, img, what string) (int, bool) {
	t.Helper()
	raw := engineView(t, openImage(t, img, Options{NoReplay: true}))
	f := openImage(t, img, Options{})
	ours := engineView(t, f)
	info := f.Info()
	truncated := make(map[uint64]bool)
	for ino := range f.orphans {
		truncated[ino] = true
	}
	report := func(how string, diff []string) {
		if len(diff) == 0 {
			return
		}
		if dir := os.Getenv("ICECORE_KEEP"); dir != "" {
			_ = exec.Command("cp", "--sparse=always", img, filepath.Join(dir, filepath.Base(t.Name())+"-"+filepath.Base(img))).Run()
		}
		t.Errorf("%s, %s (%d transactions, %d blocks, %d orphans): %d differences, first: %s\nproblems: %v", what, how, info.Journal.Transactions, info.Journal.Blocks, len(f.orphans), len(diff), diff[0], f.Problems())
	}
	if dir, unmount, err := tryMount(t, img, "ro,noload"); err != nil {
		t.Logf("%s: the kernel refuses ro,noload: %v", what, err)
	} else {
		k := kernelView(t, dir)
		unmount()
		report("without replay", diffViews(k, raw, nil))
	}
	mine := img + ".recovered"
	run(t, "cp", "--sparse=always", img, mine)
	dir, unmount := mountImage(t, mine, "ro")
	k := kernelView(t, dir)
	unmount()
	report("replayed", diffViews(k, ours, truncated))
	if out, err := exec.Command("e2fsck", "-fn", mine).CombinedOutput(); err != nil {
		t.Errorf("%s: e2fsck -fn of the copy that the kernel recovered: %v\n%s", what, err, out)
	}
	os.Remove(mine)
	return info.Journal.Transactions, len(diffViews(raw, ours, nil)) > 0
}
