package ext4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"icecore/forensics/filesystem"
)

// TestOrphans: a program that is deleted while it runs stays in the replayed view,
// where the kernel's recovery frees it.
func TestOrphans(t *testing.T) {
	needKernel(t)
	inMemory(t)
	for _, v := range []struct {
		name string
		mkfs []string
	}{
		{"orphan_list", []string{"-t", "ext4", "-b", "4096", "-J", "size=4"}},
		{"orphan_file", []string{"-t", "ext4", "-b", "1024", "-O", "orphan_file", "-J", "size=4"}},
		{"ext3", []string{"-t", "ext3", "-b", "1024", "-J", "size=4"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			img := makeImage(t, 32, v.mkfs...)
			root, unmount := mountImage(t, img, "rw,commit=300")
			type orphan struct{ sum, written string }
			want := make(map[uint64]orphan)
			var open []*os.File
			hold := func(name string, data []byte, flush bool) {
				p := filepath.Join(root, name)
				must(t, os.MkdirAll(filepath.Dir(p), 0o755))
				f, err := os.OpenFile(p, os.O_CREATE|os.O_RDWR, 0o755)
				must(t, err)
				open = append(open, f)
				_, err = f.Write(data)
				must(t, err)
				if flush {
					must(t, f.Sync())
				} else { // the name is committed, the content is not written back
					d, err := os.Open(filepath.Dir(p))
					must(t, err)
					must(t, d.Sync())
					d.Close()
				}
				o := orphan{sum: fmt.Sprintf("%x", sha256.Sum256(data))}
				if !flush {
					// Nothing, unless the kernel found the time to write it back.
					o.sum, o.written = fmt.Sprintf("%x", sha256.Sum256(nil)), o.sum
				}
				st, err := f.Stat()
				must(t, err)
				want[st.Sys().(*syscall.Stat_t).Ino] = o
				must(t, os.Remove(p))
			}
			for i := range 9 {
				hold(fmt.Sprintf("var/tmp/.deleted-%d", i), bytes.Repeat([]byte{byte(i), 7, 9}, 1+i*9000), true)
			}
			hold("unwritten", bytes.Repeat([]byte("x"), 5000), false)
			// A commit by another file's fsync: what was not flushed stays in memory.
			f, err := os.Create(filepath.Join(root, "other"))
			must(t, err)
			must(t, f.Sync())
			f.Close()
			b, err := snapshot(img, nil)
			must(t, err)
			for _, f := range open {
				f.Close()
			}
			unmount()
			p := filepath.Join(t.TempDir(), "copy")
			writeSparse(t, p, b)
			fs := openImage(t, p, Options{})
			must(t, fs.Walk(context.Background(), filesystem.WalkOptions{Orphans: true}, func(e *filesystem.Entry) error {
				if e.Inode.State == filesystem.Live {
					return nil
				}
				ino := e.Inode.Ref.Inode
				w, ok := want[ino]
				if !ok || e.Inode.State != filesystem.Orphan {
					t.Errorf("inode %d: %v", ino, e.Inode.State)
					return nil
				}
				delete(want, ino)
				sum, err := hashOf(fs, e.Inode.Ref)
				if err != nil || sum != w.sum && (w.written == "" || sum != w.written) {
					t.Errorf("inode %d: sha256 %s, want %s, %v", ino, sum, w.sum, err)
				}
				if e.Path == "/unwritten" && sum == w.sum != (e.Inode.Note == noteNoContent) {
					t.Errorf("inode %d %q: note %q", ino, e.Path, e.Inode.Note)
				}
				if e.Path != "/unwritten" && !strings.HasPrefix(e.Path, "/var/tmp/.deleted-") {
					t.Errorf("inode %d: path %q", ino, e.Path)
				}
				return nil
			}))
			for ino := range want {
				t.Errorf("orphan inode %d was not found", ino)
			}
			noProblems(t, fs)
		})
	}
}

// TestHistory changes files through the kernel, a commit after each change, and wants
// to find each in the journal.
func TestHistory(t *testing.T) {
	needKernel(t)
	inMemory(t)
	img := makeImage(t, 32, "-t", "ext4", "-b", "4096", "-J", "size=8")
	root, unmount := mountImage(t, img, "rw,commit=300")
	// The journal begins before the file does.
	must(t, os.WriteFile(filepath.Join(root, "first"), nil, 0o600))
	run(t, "sync", "-f", root)
	p := filepath.Join(root, "crontab")
	begin := time.Now().Add(-time.Second)
	inode := uint64(0)
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return os.WriteFile(p, []byte("0123456789"), 0o644) }, "created"},
		{func() error { return os.Chmod(p, os.ModeSetuid|0o755) }, "mode 0644 -> 4755"},
		{func() error {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("abc")
				f.Close()
			}
			return err
		}, "size 10 -> 13"},
		{func() error { return os.Chown(p, 1000, 1001) }, "owner 0:0 -> 1000:1001"},
		{func() error { return os.Link(p, p+".2") }, "links 1 -> 2"},
		{func() error { return os.Chtimes(p, time.Unix(1e9, 0), time.Unix(1e9, 0)) }, "modification time set back from "},
		{func() error { return os.Remove(p + ".2") }, "links 2 -> 1"},
		{func() error { return os.Remove(p) }, "deleted"},
	}
	for i, s := range steps {
		must(t, s.do())
		run(t, "sync", "-f", root)
		if i == 0 {
			st, err := os.Stat(p)
			must(t, err)
			inode = st.Sys().(*syscall.Stat_t).Ino
		}
	}
	b, err := snapshot(img, nil)
	must(t, err)
	unmount()
	f, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
	must(t, err)
	var got []string
	var last filesystem.Time
	must(t, f.History(context.Background(), func(c *filesystem.Change) error {
		if c.Ref.Inode != inode {
			return nil
		}
		got = append(got, c.What)
		if !c.Time.Known || c.Time.Before(last) || c.Time.Time().Before(begin) || c.Time.Time().After(time.Now()) {
			t.Errorf("%s: at %v, the one before at %v", c.What, c.Time, last)
		}
		last = c.Time
		return nil
	}))
	for i, s := range steps {
		if i < len(got) && strings.Contains(got[i], s.want) {
			continue
		}
		t.Errorf("change %d: want %q, got %q", i, s.want, got)
		break
	}
	if lc := f.Info().Journal.LastCommit; lc.Time().Before(begin) || lc.Before(last) {
		t.Errorf("last commit %v, the last change at %v", lc, last)
	}
}

// TestHistoryAfterSync makes and changes a file, a sync after each step: that writes the newest
// state to its place on the disk too, where it is no state before the others.
func TestHistoryAfterSync(t *testing.T) {
	needKernel(t)
	inMemory(t)
	for _, mkfs := range [][]string{{"-t", "ext4", "-b", "4096", "-J", "size=4"}, {"-t", "ext3", "-b", "1024", "-J", "size=2"}} {
		t.Run(mkfs[1], func(t *testing.T) {
			img := makeImage(t, 32, mkfs...)
			root, unmount := mountImage(t, img, "rw,commit=300")
			must(t, os.WriteFile(filepath.Join(root, "first"), nil, 0o600))
			run(t, "sync", "-f", root)
			p := filepath.Join(root, "auth.log")
			var st unix.Stat_t
			want := []string{"created", "size 10 -> 20", "size 20 -> 0", "size 0 -> 9", "mode 0600 -> 0644"}
			for _, step := range []func() error{
				func() error { return os.WriteFile(p, []byte("0123456789"), 0o600) },
				func() error { return os.WriteFile(p, []byte("0123456789ABCDEFGHIJ"), 0o600) },
				func() error { return os.Truncate(p, 0) },
				func() error { return os.WriteFile(p, []byte("new line\n"), 0o600) },
				func() error { return os.Chmod(p, 0o644) },
			} {
				must(t, step())
				must(t, unix.Stat(p, &st))
				run(t, "sync", "-f", root)
			}
			b, err := snapshot(img, nil)
			must(t, err)
			unmount()
			f, err := Open(context.Background(), bytes.NewReader(b), int64(len(b)), Options{})
			must(t, err)
			var got []string
			must(t, f.History(context.Background(), func(c *filesystem.Change) error {
				if c.Ref.Inode == st.Ino {
					got = append(got, c.What)
				}
				return nil
			}))
			if !slices.Equal(got, want) {
				t.Errorf("changes %q, want %q", got, want)
			}
		})
	}
}

// TestLabOrphans looks for the programs that were deleted while they ran in snapshots
// of servers.
func TestLabOrphans(t *testing.T) {
	lab := os.Getenv("ICECORE_LAB")
	if lab == "" {
		t.Skip("needs the snapshots of a lab: set ICECORE_LAB to their directory")
	}
	orphans := func(name string) map[uint64]string {
		fl, err := os.Open(filepath.Join(lab, name))
		if err != nil {
			t.Skip(err)
		}
		defer fl.Close()
		st, err := fl.Stat()
		must(t, err)
		const at = 262144 * 512 // of the root partition
		fs, err := Open(context.Background(), io.NewSectionReader(fl, at, st.Size()-at), st.Size()-at, Options{})
		must(t, err)
		out := make(map[uint64]string)
		must(t, fs.Walk(context.Background(), filesystem.WalkOptions{Orphans: true}, func(e *filesystem.Entry) error {
			if e.Inode.State == filesystem.Orphan {
				sum, err := hashOf(fs, e.Inode.Ref)
				must(t, err)
				out[e.Inode.Ref.Inode] = sum
				t.Logf("%s: orphan %v %q, %d bytes, %s %s", name, e.Inode.Ref, e.Path, e.Inode.Size, sum, e.Inode.Note)
			}
			return nil
		}))
		return out
	}
	t.Run("gen2", func(t *testing.T) {
		if n := len(orphans("gen2.raw")); n != 1 {
			t.Errorf("%d orphans, want the miner", n)
		}
	})
	t.Run("booted", func(t *testing.T) {
		b, err := os.ReadFile(filepath.Join(lab, "booted", "expect.json"))
		if err != nil {
			t.Skip(err)
		}
		var expect struct {
			Snapshots []struct {
				File   string
				Verify struct {
					Orphans []struct {
						Inode  uint64
						SHA256 string `json:"content_sha256"`
					}
				}
			}
		}
		must(t, json.Unmarshal(b, &expect))
		total := 0
		for _, s := range expect.Snapshots {
			got := orphans(filepath.Join("booted", s.File))
			for _, o := range s.Verify.Orphans {
				total++
				if got[o.Inode] != o.SHA256 {
					t.Errorf("%s: inode %d: %s, want %s", s.File, o.Inode, got[o.Inode], o.SHA256)
				}
			}
			if len(got) != len(s.Verify.Orphans) {
				t.Errorf("%s: %d orphans, want %d", s.File, len(got), len(s.Verify.Orphans))
			}
		}
		if total == 0 {
			t.Error("no orphan was expected")
		}
	})
}
