package ext4

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// load changes a mounted filesystem until the context ends: it creates, writes,
// appends, truncates, renames, links and removes, and sometimes syncs. Between
// two changes it lets go of the gate. With all it removes directories, and files that
// it holds open, too.
func load(ctx context.Context, root string, seed uint64, gate *sync.RWMutex, all bool) {
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
	var held [4]*os.File
	defer func() {
		for _, f := range held {
			f.Close() // of none it is an error
		}
	}()
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
			if f, err := os.Open(p); err == nil && all {
				k := rnd.IntN(len(held))
				held[k].Close()
				held[k] = f
			} else if err == nil {
				f.Close()
			}
			_ = os.Remove(p)
		case 11:
			if all {
				_ = os.RemoveAll(filepath.Dir(name()) + "/d" + fmt.Sprint(rnd.IntN(6)))
			}
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
	mib   int64
	mkfs  []string
	mount string
}{
	{"csum_v3", 16, []string{"-t", "ext4", "-b", "4096", "-J", "size=4"}, "rw"},
	{"csum_v3_1k_wraps", 16, []string{"-t", "ext4", "-b", "1024", "-J", "size=1", "-N", "4096"}, "rw,commit=1"},
	{"no_csum", 16, []string{"-t", "ext4", "-b", "1024", "-O", "^metadata_csum,^64bit", "-J", "size=2"}, "rw,commit=1"},
	{"csum_v1", 16, []string{"-t", "ext4", "-b", "2048", "-O", "^metadata_csum", "-J", "size=2"}, "rw,commit=1,journal_checksum"},
	{"async_commit_v1", 16, []string{"-t", "ext4", "-b", "4096", "-O", "^metadata_csum", "-J", "size=4"}, "rw,commit=1,data=writeback,journal_async_commit"},
	{"async_commit_v3", 16, []string{"-t", "ext4", "-b", "4096", "-J", "size=4"}, "rw,commit=1,data=writeback,journal_async_commit"},
	{"ext3", 16, []string{"-t", "ext3", "-b", "1024", "-J", "size=2"}, "rw,commit=1"},
	{"data_journal", 24, []string{"-t", "ext4", "-b", "4096", "-J", "size=8"}, "rw,commit=1,data=journal"},
	{"orphan_file", 16, []string{"-t", "ext4", "-b", "4096", "-O", "orphan_file", "-J", "size=4"}, "rw,commit=1"},
	{"inline_data", 16, []string{"-t", "ext4", "-b", "4096", "-O", "inline_data", "-I", "256", "-J", "size=4"}, "rw,commit=1"},
	{"fast_commit", 24, []string{"-t", "ext4", "-b", "4096", "-O", "fast_commit", "-J", "size=8"}, "rw,commit=5"},
	{"fast_commit_1k", 16, []string{"-t", "ext4", "-b", "1024", "-O", "fast_commit,^metadata_csum", "-J", "size=4"}, "rw,commit=5"},
}

const dirtyPerVariant = 5

// TestDirtyJournals copies images while they are mounted and written to. The view
// of each copy must be that of the kernel, once with the journal replayed and
// once without.
func TestDirtyJournals(t *testing.T) {
	needKernel(t, "e2fsck")
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	inMemory(t)
	var sum dirtyCount
	for _, v := range dirtyVariants {
		t.Run(v.name, func(t *testing.T) {
			img := makeImage(t, v.mib, v.mkfs...)
			root, unmount := mountImage(t, img, v.mount)
			// Linux 6.18 loses a directory whose inode number a fast commit frees
			// and gives again, and refuses one that records a file deleted while open:
			// TestFastCommits looks at those.
			fast := strings.HasPrefix(v.name, "fast_commit")
			copies := copyUnderLoad(t, img, root, !fast)
			unmount()
			for i, p := range copies {
				checkDirty(t, p, fmt.Sprintf("%s copy %d", v.name, i), fast, &sum)
			}
		})
	}
	t.Logf("%+v", sum)
	if !t.Failed() && sum.Changed < sum.Images/2 {
		t.Error("the journals were too clean to show anything")
	}
	if !t.Failed() && sum.Orphans < sum.Images/3 && sum.Images > 50 {
		t.Error("too few copies had orphans")
	}
	if sum.Faults > 3 {
		t.Errorf("%d faults of %d copies with fast commits", sum.Faults, sum.Fast)
	}
	if sum.Damaged > sum.Files/100 {
		t.Errorf("%d files cannot be read, or not as the kernel does, without replay", sum.Damaged)
	}
	if !t.Failed() && sum.Fast == 0 && sum.Images > 50 {
		t.Error("no fast commit was replayed")
	}
}

// dirtyCount says what the images of a run showed.
type dirtyCount struct {
	Images   int // compared with the kernel's view
	Dirty    int // had transactions to replay
	Fast     int // had fast commits on top
	Changed  int // show other files after the replay
	Orphans  int // had files deleted while open, or being truncated
	Refused  int // the kernel could not mount, or not without replay
	Repaired int // by e2fsck after the kernel's replay of fast commits
	Faults   int // of copies with fast commits: the kernel's replay gives something else, or ours does not agree with itself
	Damaged  int // files that the kernel reads without replay and that here give an error, or the other way round, or that an inconsistent state gives twice
	Files    int
}

// copyUnderLoad copies a mounted image at random moments of a load.
func copyUnderLoad(t *testing.T, img, root string, all bool) []string {
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
		go func() { defer wg.Done(); load(ctx, root, uint64(i)+7, &gate, all) }()
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

// replayNotes are those that a replay alone makes: no oracle has them.
var replayNotes = []string{noteOnlyReplay, noteBeforeReplay}

// plainRows are the rows of an image without what a replay notes.
func plainRows(t *testing.T, f *FS) map[string]row {
	rows := engineRows(t, f)
	for p, r := range rows {
		for _, note := range replayNotes {
			if r.Err == note {
				r.Err = ""
			}
		}
		rows[p] = r
	}
	return rows
}

// checkDirty compares a copy with the kernel's view of it.
func checkDirty(t *testing.T, img, what string, mayRefuse bool, sum *dirtyCount) {
	t.Helper()
	unreplayed := openImage(t, img, Options{NoReplay: true})
	raw := plainRows(t, unreplayed)
	f := openImage(t, img, Options{})
	ours := plainRows(t, f)
	// What is recovered agrees with itself, e2fsck says so below.
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{Orphans: true, Deleted: true, Reuse: true}, func(*filesystem.Entry) error { return nil }))
	for _, p := range f.Problems() {
		for _, why := range []string{"says that it is free", "calls inode", "twice", noteUnnamed, noteUnlinked, noteReserved, noteChecksum} {
			if strings.Contains(p.Why, why) && !strings.HasPrefix(p.What, "journal") {
				if f.Info().Journal.FastCommits == 0 {
					t.Errorf("%s: reported of a sound filesystem: %v", what, p)
					continue
				}
				t.Logf("%s: reported of one that ends in fast commits: %v", what, p)
				sum.Faults++
			}
		}
	}
	info := f.Info()
	sum.Images++
	sum.Files += len(ours)
	for _, c := range []struct {
		is bool
		n  *int
	}{{info.Journal.Transactions > 0, &sum.Dirty}, {info.Journal.FastCommits > 0, &sum.Fast}, {len(f.orphans) > 0, &sum.Orphans}, {len(diffRows(raw, ours, nil)) > 0, &sum.Changed}} {
		if c.is {
			*c.n++
		}
	}
	report := func(how string, diff []string) {
		if len(diff) == 0 {
			return
		}
		if dir := os.Getenv("ICECORE_KEEP"); dir != "" {
			_ = exec.Command("cp", "--sparse=always", img, filepath.Join(dir, filepath.Base(t.Name())+"-"+filepath.Base(img))).Run()
		}
		t.Errorf("%s, %s (%+v, %d orphans): %d differences, the first of them:\n%s\nproblems: %v", what, how, info.Journal, len(f.orphans), len(diff), strings.Join(diff[:min(len(diff), 5)], "\n"), f.Problems())
	}
	if dir, unmount, err := tryMount(t, img, "ro,noload"); err != nil {
		t.Logf("%s: the kernel refuses ro,noload: %v", what, err)
		sum.Refused++
	} else {
		k := kernelRows(t, dir)
		unmount()
		dropTwice(k, raw)
		sum.Damaged += dropPassedOver(k, raw)
		// What is half written there is marked as damaged; the kernel writes it to its log.
		diff := diffRows(k, raw, func(_ string, k, e *row) {
			if e.Err != "" && k.Hash != e.Hash {
				sum.Damaged++
				e.Hash = k.Hash
			}
			e.Err = ""
		})
		// Where this engine, too, reports that a state is inconsistent, the two need not
		// choose the same of what contradicts itself.
		if len(unreplayed.Problems()) > 0 && len(diff) > 0 {
			t.Logf("%s: inconsistent without replay, %d differences: %s\n%v", what, len(diff), diff[0], unreplayed.Problems())
			sum.Damaged += len(diff)
			diff = nil
		}
		report("without replay", diff)
	}
	mine := img + ".recovered"
	defer os.Remove(mine)
	run(t, "cp", "--sparse=always", img, mine)
	// Linux 6.18 applies fast commits only on a writable mount.
	opts, fast := "ro", info.Journal.FastCommits > 0
	if fast {
		opts = "rw,noatime"
	}
	dir, unmount, err := tryMount(t, mine, opts)
	if err != nil && mayRefuse {
		// It refuses a fast commit that is torn, or that records a file deleted while
		// open.
		t.Logf("%s: the kernel cannot replay it: %v", what, err)
		sum.Refused++
		return
	} else if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	k := kernelRows(t, dir)
	unmount()
	if fast {
		// It leaves the links and sectors of directories to e2fsck.
		sum.Repaired++
		_ = exec.Command("e2fsck", "-fy", mine).Run()
		dir, unmount := mountImage(t, mine, "ro,noatime")
		for p, r := range kernelRows(t, dir) {
			if r.Mode&unix.S_IFMT == unix.S_IFDIR {
				k[p] = r
			}
		}
		unmount()
	}
	diff := diffRows(k, ours, func(p string, k, e *row) {
		if f.orphans[k.Ino] { // the kernel ends the truncation of a live one, and sets its times
			k.Mtime, k.Ctime, e.Mtime, e.Ctime = "", "", "", ""
			k.Sectors, e.Sectors = 0, 0
		}
		if f.fastDirs[k.Ino] { // the kernel gives them the time of the mount
			k.Mtime, k.Ctime, e.Mtime, e.Ctime = "", "", "", ""
			// It may take a block more for a name, and then makes an index.
			k.Size, e.Size, k.Flags, e.Flags = 0, 0, "", ""
		}
		if f.fastAgain[k.Ino] { // the kernel leaves them blocks of the old file: TestFastCommits looks at their content
			k.Hash, e.Hash = "", ""
		}
		if fast {
			k.Sectors, e.Sectors = 0, 0
		}
	})
	// Of fast commits the kernel's replay has faults (jbd2.md): it is no oracle where it
	// differs. That is what the mounted filesystem showed, in TestFastCommits.
	if fast && len(diff) > 0 {
		t.Logf("%s: the kernel's replay of fast commits differs in %d: %s", what, len(diff), diff[0])
		sum.Faults++
		diff = nil
	}
	report("replayed", diff)
	if out, err := exec.Command("e2fsck", "-fn", mine).CombinedOutput(); err != nil && len(complaints(string(out))) > 0 {
		t.Errorf("%s: e2fsck -fn of the copy that the kernel recovered: %v\n%s", what, err, out)
	}
}

// dropTwice takes out of two views what is below directories that have several names in
// the one, the other or both, which an unreplayed state can have: the engine lists it
// under one of the names, and of the names it may see one that the kernel passes over.
func dropTwice(views ...map[string]row) {
	names := make(map[uint64]map[string]bool)
	for _, rows := range views {
		for p, r := range rows {
			if r.Mode&unix.S_IFMT == unix.S_IFDIR {
				if names[r.Ino] == nil {
					names[r.Ino] = make(map[string]bool)
				}
				names[r.Ino][p] = true
			}
		}
	}
	for _, rows := range views {
		var drop []string
		for p := range rows {
			for d := filepath.Dir(p); d != "/"; d = filepath.Dir(d) {
				if len(names[rows[d].Ino]) > 1 {
					drop = append(drop, p)
					break
				}
			}
		}
		for _, p := range drop {
			delete(rows, p)
		}
	}
}

// dropPassedOver takes out what the engine alone lists in directories where it marks a
// name as damaged, and counts it: the kernel's listing passes over the rest of a block
// from an entry on that it refuses (ext4_readdir in fs/ext4/dir.c).
func dropPassedOver(kernel, engine map[string]row) (n int) {
	marked := make(map[string]bool)
	for p, r := range engine {
		if _, ok := kernel[p]; !ok && r.Err != "" {
			marked[filepath.Dir(p)] = true
		}
	}
	var drop []string
	for p := range engine {
		if _, ok := kernel[p]; ok {
			continue
		}
		for d := p; d != "/"; {
			if d = filepath.Dir(d); marked[d] {
				drop = append(drop, p)
				break
			}
		}
	}
	for _, p := range drop {
		delete(engine, p)
	}
	return len(drop)
}

// complaints gives what e2fsck finds wrong but for sizes: that a file has blocks beyond
// its size is how a crash leaves one to which content was being written back.
func complaints(out string) (list []string) {
	for _, line := range strings.Split(out, "\n") {
		if strings.HasSuffix(line, "Fix? no") && !strings.Contains(line, "i_size is") {
			list = append(list, line)
		}
	}
	return list
}

// diffRows says in what two views differ. What the kernel refuses to show is not
// compared. level takes out what cannot be equal.
func diffRows(kernel, engine map[string]row, level func(path string, k, e *row)) []string {
	var out []string
	refused := func(p string) bool {
		for ; p != "/"; p = filepath.Dir(p) {
			if k, ok := kernel[p]; ok && k.Err != "" || kernel[p+"/"].Err != "" {
				return true
			}
		}
		return kernel["/"].Err != ""
	}
	for p, k := range kernel {
		if k.Err != "" || k.Ino == 0 {
			continue
		}
		e, ok := engine[p]
		if !ok {
			out = append(out, fmt.Sprintf("%q: only the kernel has it (inode %d)", p, k.Ino))
			continue
		}
		if level != nil {
			level(p, &k, &e)
		}
		if k != e {
			out = append(out, fmt.Sprintf("%q:\n kernel %+v\n engine %+v", p, k, e))
		}
	}
	for p := range engine {
		if _, ok := kernel[p]; !ok && !refused(p) {
			out = append(out, fmt.Sprintf("%q: only the engine has it (inode %d)", p, engine[p].Ino))
		}
	}
	sort.Strings(out)
	return out
}
