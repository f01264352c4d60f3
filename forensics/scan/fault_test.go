package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/content/upx"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/rules"
)

const cronLine = "* * * * * root /bin/true\n"

// TestPanicsParallel: a panic costs the part that panics, with one line in the coverage.
func TestPanicsParallel(t *testing.T) {
	crontabs := map[string]string{"/etc/cron.d/a": cronLine, "/etc/cron.d/b": cronLine, "/etc/cron.d/c": cronLine, "/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}
	upxed := "\x7fELF" + strings.Repeat("x", 100)
	for _, workers := range []int{1, 3} {
		opts := Options{Jobs: workers}
		t.Run(fmt.Sprintf("extractor, %d workers", workers), func(t *testing.T) {
			list := append(all.Extractors(), stub{"odd", "/etc/cron.d/b", false, func(_ context.Context, in *artifact.Input, emit artifact.Emit) error {
				emit(artifact.Record{Kind: "odd.kept"})
				panic("odd: \x1b[31m" + in.Path)
			}})
			r := scanOf(t, imageOf(newTree(crontabs)), list, opts, nil)
			oneLine(t, r, `volume p1, /etc/cron\.d/b: odd: extractor: internal error at fault_test\.go:\d+: odd: \\x1b\[31m/etc/cron\.d/b`)
			if n, kept := count(r, "cron.job"), count(r, "odd.kept"); n != 3 || kept != 1 {
				t.Errorf("%d cron jobs, %d records of the extractor before it panicked", n, kept)
			}
		})
		t.Run(fmt.Sprintf("walk, %d workers", workers), func(t *testing.T) {
			broken := newTree(crontabs)
			broken.onWalk = func(name string) {
				if name == "/etc/cron.d/c" {
					panic("in the walk")
				}
			}
			r := scanOf(t, imageOf(broken, newTree(crontabs)), all.Extractors(), opts, nil)
			oneLine(t, r, `volume p1, walk: walk: reading tree: internal error at fault_test\.go:\d+: in the walk; what it had not reached was not read`)
			if n := count(r, "cron.job"); n != 2+3 {
				t.Errorf("%d cron jobs", n)
			}
		})
		t.Run(fmt.Sprintf("error of the walk, %d workers", workers), func(t *testing.T) {
			broken := newTree(crontabs)
			broken.walkErr = io.ErrUnexpectedEOF
			r := scanOf(t, imageOf(broken, newTree(crontabs)), all.Extractors(), opts, nil)
			oneLine(t, r, `volume p1, walk: unexpected EOF; what it had not reached was not read`)
			if n := count(r, "cron.job"); n != 6 {
				t.Errorf("%d cron jobs", n)
			}
		})
		t.Run(fmt.Sprintf("opening, %d workers", workers), func(t *testing.T) {
			broken := newTree(crontabs)
			broken.onOpen = func(name string) {
				if name == "/etc/cron.d/a" {
					panic("in open")
				}
			}
			r := scanOf(t, imageOf(broken), all.Extractors(), opts, nil)
			oneLine(t, r, `volume p1, /etc/cron\.d/a: reading tree: internal error at fault_test\.go:\d+: in open`)
			if n := count(r, "cron.job"); n != 2 {
				t.Errorf("%d cron jobs", n)
			}
		})
		t.Run(fmt.Sprintf("UPX, %d workers", workers), func(t *testing.T) {
			files := map[string]string{"/opt/packed": upxed, "/etc/cron.d/a": cronLine}
			r := scanOf(t, imageOf(newTree(files)), all.Extractors(), opts, func(s *Scan) {
				s.unpack = func([]byte, int) (*upx.Program, error) { panic(errors.New("in the unpacker")) }
			})
			oneLine(t, r, `volume p1, /opt/packed: upx: unpacker: internal error at fault_test\.go:\d+: in the unpacker`)
			if n := count(r, "cron.job"); n != 1 {
				t.Errorf("%d cron jobs", n)
			}
		})
		t.Run(fmt.Sprintf("anywhere in a file, %d workers", workers), func(t *testing.T) {
			broken := newTree(crontabs)
			broken.files[1].lost = true
			r := scanOf(t, imageOf(broken), all.Extractors(), opts, nil)
			oneLine(t, r, `volume p1, /etc/cron\.d/b: file: internal error at worker\.go:\d+: runtime error: invalid memory address or nil pointer dereference`)
			if n := count(r, "cron.job"); n != 2 {
				t.Errorf("%d cron jobs", n)
			}
		})
	}
}

// TestWatcherEndsScan: the callback for the entries can end the scan, by an error.
func TestWatcherEndsScan(t *testing.T) {
	full := errors.New("no space left")
	s, err := New(imageOf(newTree(map[string]string{"/etc/cron.d/a": cronLine})), Input{
		Rules:   &rules.Set{},
		Entries: func(*host.Volume, *filesystem.Entry) error { return full },
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context()); !errors.Is(err, full) {
		t.Errorf("the scan went on: %v", err)
	}
}

// TestHoles: an extractor reads a file of 16 TiB as what is stored of it, and its
// records say where that stands.
func TestHoles(t *testing.T) {
	const end, far = 16<<40 - 1<<20, 5<<40 + 7
	for _, name := range []string{"/etc/cron.d/a", "/etc/sudoers", "/var/log/auth.log", "/root/.bash_history", "/etc/systemd/system/a.service", "/var/log/wtmp", "/var/log/lastlog", "/var/log/journal/a/system.journal", "/etc/passwd", "/var/lib/dpkg/status", "/var/lib/dpkg/info/a.list", "/etc/rc.local"} {
		fsys := newTree(nil)
		f := fsys.add(name, end, map[int64]string{0: cronLine, far: "\n" + cronLine})
		r := scanOf(t, imageOf(fsys), all.Extractors(), Options{Jobs: 1}, nil)
		if f.reads > 64<<20 {
			t.Errorf("%s: %d bytes were read", name, f.reads)
		}
		if name != "/etc/cron.d/a" {
			continue
		}
		var at []int64
		for i := range r.Records {
			if r.Records[i].Kind == "cron.job" {
				at = append(at, r.Records[i].Source.Offset, r.Records[i].Source.Length)
			}
		}
		if want := []int64{0, int64(len(cronLine)) - 1, far + 1, int64(len(cronLine)) - 1}; !slices.Equal(at, want) {
			t.Errorf("%s: offsets and lengths %d, want %d", name, at, want)
		}
		oneLine(t, r, `volume p1, /etc/cron\.d/a: SHA-256: not hashed: nearly all of it is a hole`)
	}
}

// TestUtmpHoles: entries keep their numbers, however large the hole before them.
func TestUtmpHoles(t *testing.T) {
	entry := make([]byte, 384)
	entry[0] = 7 // USER_PROCESS
	copy(entry[8:], "pts/0")
	copy(entry[44:], "root")
	const number = 40_000_000_000
	fsys := newTree(nil)
	f := fsys.add("/var/log/wtmp", (number+1)*384, map[int64]string{0: string(entry), number * 384: string(entry)})
	r := scanOf(t, imageOf(fsys), all.Extractors(), Options{Jobs: 1}, nil)
	var lines []int
	for i := range r.Records {
		if r.Records[i].Kind == "login.session" {
			lines = append(lines, r.Records[i].Source.Line)
		}
	}
	slices.Sort(lines)
	if !slices.Equal(lines, []int{1, number + 1}) || f.reads > 1<<20 {
		t.Errorf("entries %d, %d bytes read; the coverage: %q", lines, f.reads, gapsOf(r))
	}
}

// TestBudgets: what an extractor may read, and for how long, and how many records it
// may give, is bounded; what was cut stands in the coverage.
func TestBudgets(t *testing.T) {
	small := limits{time: time.Hour, speed: 1 << 20, bytes: 1 << 20, times: 1, holes: 1 << 20, records: 10}
	quick := small
	quick.time, quick.speed, quick.bytes = time.Millisecond, 1<<40, 1<<60
	readOn := func(ctx context.Context, in *artifact.Input, _ artifact.Emit) error {
		b := make([]byte, 64<<10)
		for {
			if _, err := in.Content.ReadAt(b, 0); err != nil && err != io.EOF {
				return fmt.Errorf("reading: %w", err)
			}
		}
	}
	for _, c := range []struct {
		name, want string
		limits     limits
		keeps      bool
		size       int64
		extract    func(context.Context, *artifact.Input, artifact.Emit) error
	}{
		{"bytes", `volume p1, /a: x: reading: over the budget of one file; the rest was not read: too many bytes read`, small, false, 100, readOn},
		{"bytes, not passed on", `volume p1, /a: x: over the budget of one file; the rest was not read: too many bytes read`, small, false, 100, func(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
			_ = readOn(ctx, in, emit)
			return nil
		}},
		{"time", `volume p1, /a: x: over the budget of one file; the rest was not read: it took too long`, quick, false, 100, readOn},
		{"time, without reading", `volume p1, /a: x: over the budget of one file; the rest was not read: it took too long`, quick, false, 100, func(ctx context.Context, _ *artifact.Input, _ artifact.Emit) error {
			<-ctx.Done()
			return ctx.Err()
		}},
		{"holes", `volume p1, /a: x: reading: over the budget of one file; the rest was not read: too many bytes of holes`, small, true, 1 << 40, func(_ context.Context, in *artifact.Input, _ artifact.Emit) error {
			b := make([]byte, 64<<10)
			for at := int64(1 << 20); ; at += int64(len(b)) {
				if _, err := in.Content.ReadAt(b, at); err != nil {
					return fmt.Errorf("reading: %w", err)
				}
			}
		}},
		{"records", `volume p1, /a: x: 10 of 1000 records odd.kept are kept: the bound of one file`, small, false, 100, func(_ context.Context, _ *artifact.Input, emit artifact.Emit) error {
			for range 1000 {
				emit(artifact.Record{Kind: "odd.kept"})
			}
			return nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := newTree(nil)
			fsys.add("/a", c.size, map[int64]string{0: strings.Repeat("x", 100)})
			r := scanOf(t, imageOf(fsys), []artifact.Extractor{stub{"x", "/a", c.keeps, c.extract}}, Options{Jobs: 1}, func(s *Scan) { s.limits = c.limits })
			oneLine(t, r, c.want)
		})
	}
}

// TestView: what a view gives at each place is what stands there in the file.
func TestView(t *testing.T) {
	fsys := newTree(nil)
	f := fsys.add("/a", 100<<20, map[int64]string{0: strings.Repeat("a", 5000), 50 << 20: strings.Repeat("b", 5000), 80<<20 + 11: "c"})
	exts, _ := f.Extents()
	l := layoutOf(exts, f.size)
	v := view{f, l}
	got, err := io.ReadAll(io.NewSectionReader(v, 0, l.size()))
	if err != nil || len(got) > 1<<20 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for at := range got {
		var b [1]byte
		if got[at] == 0 {
			continue // also what stands for a hole
		}
		if _, err := f.ReadAt(b[:], l.offset(int64(at))); err != nil || b[0] != got[at] {
			t.Fatalf("at %d: %q, in the file at %d %q, %v", at, got[at], l.offset(int64(at)), b[0], err)
		}
	}
	if bytes.Count(got, []byte("b")) != 5000 || bytes.Count(got, []byte("c")) != 1 {
		t.Error("something is missing")
	}
	for _, off := range []int64{l.size(), l.size() + 1, -1} {
		if n, err := v.ReadAt(make([]byte, 10), off); n != 0 || err != io.EOF {
			t.Errorf("at %d: %d, %v", off, n, err)
		}
	}
	if n, err := v.ReadAt(make([]byte, 10), l.size()-3); n != 3 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

// TestFileBudget: looking into a file ends with its time, and the others are looked at.
func TestFileBudget(t *testing.T) {
	fsys := newTree(map[string]string{"/opt/a": "\x7fELF" + strings.Repeat("x", 100), "/opt/b": "b", "/opt/c": "\x7fELF" + strings.Repeat("y", 100)})
	unpacked := 0
	r := scanOf(t, imageOf(fsys), nil, Options{Jobs: 1}, func(s *Scan) {
		s.limits.time, s.limits.speed = 50*time.Millisecond, 1<<40
		s.unpack = func(b []byte, _ int) (*upx.Program, error) {
			if unpacked++; b[4] == 'x' {
				time.Sleep(time.Second)
			}
			return nil, upx.ErrNotPacked
		}
	})
	oneLine(t, r, `volume p1, /opt/a: over the budget of one file; the rest was not read: it took too long`)
	if unpacked != 2 {
		t.Errorf("%d files were looked at", unpacked)
	}
}

// TestBatches: records keep their order within a file, however many there are.
func TestBatches(t *testing.T) {
	fsys := newTree(map[string]string{"/a": "x"})
	const n = 2*batch + 10
	r := scanOf(t, imageOf(fsys), []artifact.Extractor{stub{"x", "/a", false, func(_ context.Context, _ *artifact.Input, emit artifact.Emit) error {
		for i := range n {
			emit(artifact.Record{Kind: "odd.kept", Source: artifact.Source{Line: i + 1}})
		}
		return nil
	}}}, Options{}, nil)
	if len(r.Records) != n || len(gapsOf(r)) > 0 {
		t.Fatalf("%d records, %q", len(r.Records), gapsOf(r))
	}
	for i := range r.Records {
		if r.Records[i].Source.Line != i+1 {
			t.Fatalf("record %d is of line %d", i, r.Records[i].Source.Line)
		}
	}
}

// TestRecordBudget: an analysis holds so many records, of which each kind has its share,
// and the coverage says of which kinds there were more.
func TestRecordBudget(t *testing.T) {
	var list []artifact.Extractor
	fsys := newTree(nil)
	for i, n := range []int{maxRecords/2 + 1000, maxRecords / 2, 10, maxRecords / 2} {
		name := fmt.Sprintf("/f%d", i)
		fsys.add(name, 1, map[int64]string{0: "x"})
		list = append(list, stub{fmt.Sprintf("x%d", i), name, false, func(_ context.Context, _ *artifact.Input, emit artifact.Emit) error {
			for range n {
				emit(artifact.Record{Kind: model.Kind(fmt.Sprintf("odd.kind%d", i))})
			}
			return nil
		}})
	}
	r := scanOf(t, imageOf(fsys), list, Options{}, func(s *Scan) { s.limits.records = maxRecords })
	if n := len(r.Records); n > maxRecords || n < maxRecords-10 {
		t.Errorf("%d records", n)
	}
	if n := count(r, "odd.kind2"); n != 10 {
		t.Errorf("%d records of the kind that has few", n)
	}
	if got := gapsOf(r); len(got) != 3 || !strings.HasPrefix(got[0], "records odd.kind0: ") {
		t.Errorf("the coverage says %q", got)
	}
}

// TestUsualBudget: a scan that nobody set the limits of has those of every day.
func TestUsualBudget(t *testing.T) {
	fsys := newTree(nil)
	fsys.add("/a", 100, map[int64]string{0: "x"})
	const n = 100_000
	r := scanOf(t, imageOf(fsys), []artifact.Extractor{stub{"x", "/a", false, func(ctx context.Context, _ *artifact.Input, emit artifact.Emit) error {
		for range n + 50 {
			emit(artifact.Record{Kind: "odd.kept"})
		}
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > 6*time.Minute || time.Until(end) < 4*time.Minute {
			t.Errorf("the time ends %v", end)
		}
		return nil
	}}}, Options{Jobs: 1}, nil)
	if len(r.Records) != n {
		t.Errorf("%d records", len(r.Records))
	}
	oneLine(t, r, `volume p1, /a: x: 100000 of 100050 records odd.kept are kept: the bound of one file`)
}
