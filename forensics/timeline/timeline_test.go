package timeline

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

func inode(n uint64, m, a, c, b int64) *filesystem.Inode {
	in := &filesystem.Inode{Ref: filesystem.Ref{Inode: n}, Mode: filesystem.ModeRegular | 0o644, Links: 1, Size: 10}
	in.Mtime, in.Atime, in.Ctime = filesystem.Unix(m, 1), filesystem.Unix(a, 1), filesystem.Unix(c, 1)
	if b != 0 {
		in.Crtime = filesystem.Unix(b, 1)
	}
	return in
}

func collect(t *testing.T, tl *Timeline, r Range) []Event {
	t.Helper()
	var out []Event
	if err := tl.Each(context.Background(), r, func(e *Event) error { out = append(out, *e); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func show(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d %s %s %s%s %v\n", e.Time.Sec, e.MACB, e.What, e.Path, e.Message, e.State)
	}
	return b.String()
}

// Equal times of a file make one event, and events come in the order of time
// whatever they come from.
func TestOrder(t *testing.T) {
	var tl Timeline
	gone := inode(12, 300, 300, 400, 0)
	gone.State, gone.Dtime = filesystem.Deleted, filesystem.Unix(400, 0)
	tl.AddFile("p1", &filesystem.Entry{Path: "/b", Inode: inode(11, 200, 100, 200, 200)})
	tl.AddFile("p1", &filesystem.Entry{Path: "/a", Inode: inode(10, 200, 250, 200, 0)})
	tl.AddFile("p1", &filesystem.Entry{Path: "/gone", Inode: gone})
	tl.AddFile(
		"p1",
		&filesystem.Entry{Path: "/unreadable", Inode: &filesystem.Inode{}, Err: filesystem.Corrupt("inode 9", "x")},
	)
	tl.AddRecords([]model.Record{{
		ID: "R-1", Kind: "cron.job", Fields: modeltest.Fields("cron.job", "command=a b", "user=root"), Source: model.Source{Volume: "p1", Path: "/c", Inode: 13},
		Times: []model.Stamp{
			{What: "modified", Time: time.Unix(220, 0)},
			{What: "created", Time: time.Unix(220, 0)},
			{What: "changed", Time: time.Unix(230, 0)},
			{What: "unknown"},
		},
	}}, []model.Finding{{ID: "F-1", Title: "Bad", Level: model.High, Records: []string{"R-1"}, When: model.When{Time: time.Unix(225, 0)}}})
	tl.AddChange(
		"p1",
		&filesystem.Change{
			Ref:  filesystem.Ref{Inode: 10, Version: 7},
			Time: filesystem.Unix(240, 0),
			What: "size 1 -> 2",
		},
	)
	got := show(collect(t, &tl, Range{}))
	want := `100 .a.. accessed /b live
200 m.cb modified, changed, created /b live
200 m.c. modified, changed /a live
220  modified, created /ccron.job: command="a b" user=root live
225  finding Bad live
230  changed /ccron.job: command="a b" user=root live
240  committed /asize 1 -> 2 live
250 .a.. accessed /a live
300 ma.. modified, accessed /gone deleted
400 .... deleted /gone deleted
400 ..c. changed /gone deleted
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	got = show(collect(t, &tl, Range{From: time.Unix(220, 0), To: time.Unix(240, 0)}))
	if want := "220 225 230 "; !slices.Equal(strings.Fields(want), firsts(got)) {
		t.Errorf("from 220 to 240: %s", got)
	}
	if e := collect(t, &tl, Range{From: time.Unix(220, 0), To: time.Unix(221, 0)}); len(e) != 1 ||
		e[0].Level != model.High ||
		!slices.Equal(e[0].Findings, []string{"F-1"}) {
		t.Errorf("the record does not carry its finding: %+v", e)
	}
}

func firsts(lines string) (out []string) {
	for _, l := range strings.Split(strings.TrimSpace(lines), "\n") {
		f, _, _ := strings.Cut(l, " ")
		out = append(out, f)
	}
	return out
}

// Times that int64 nanoseconds do not reach keep their place, and a cancelled
// context ends the work.
func TestFarTimesAndCancel(t *testing.T) {
	var tl Timeline
	tl.AddFile("p1", &filesystem.Entry{Path: "/far", Inode: inode(11, 15032385535, -2147483648, 0, 0)})
	e := collect(t, &tl, Range{})
	if got := show(e); got != "-2147483648 .a.. accessed /far live\n0 ..c. changed /far live\n15032385535 m... modified /far live\n" {
		t.Errorf("got %s", got)
	}
	var b bytes.Buffer
	w, err := NewWriter("jsonl", &b, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range e {
		if err := w.Event(&e[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil ||
		!strings.Contains(b.String(), `"datetime": "2446-05-10T22:38:55.000000001Z"`) ||
		!strings.Contains(b.String(), `"datetime": "1901-12-13T20:45:52.000000001Z"`) {
		t.Errorf("%v %s", err, b.String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := tl.Each(ctx, Range{}, func(*Event) error { return nil }); err == nil {
		t.Error("a cancelled context gives no error")
	}
}

// hostile are texts that an intruder would like to see in a spreadsheet, a terminal
// or a parser of lines.
var hostile = []string{
	"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "a,b", `a"b`, `"`, "a\nb", "\x1b[31m", "\u202e", "\xff", "back\\slash", "'=1", "", "   ", "\"=1\"", "汉字", "a;b", "|", "%0a", "a\u034fb", "c\uffa0d", "<script>",
}

// Each text comes back from JSON as the escaped text, and no line is broken.
func TestJSONL(t *testing.T) {
	for _, s := range hostile {
		var b bytes.Buffer
		w, _ := NewWriter("jsonl", &b, s)
		e := Event{
			Time:       filesystem.Unix(1, 0),
			Type:       "cron.job",
			What:       "modified",
			Message:    s,
			Path:       s,
			Target:     s,
			Volume:     "p1",
			DiskOffset: -1,
			Records:    []string{"R-1"},
		}
		if err := w.Event(&e); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || strings.Count(b.String(), "\n") != 1 {
			t.Fatalf("%q: %v: %s", s, err, b.String())
		}
		if want := escaped(s); got["message"] != want || got["path"] != orNil(want) || got["host"] != orNil(want) {
			t.Errorf("%q: %s", s, b.String())
		}
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// escaped is the rule for texts, written again: bytes that are not part of a
// printable character, and the backslash, as \xNN.
func escaped(s string) string {
	return strings.NewReplacer("\\", `\x5c`, "\t", `\x09`, "\r", `\x0d`, "\n", `\x0a`, "\x1b", `\x1b`, "\u202e", `\xe2\x80\xae`, "\xff", `\xff`, "\u034f", `\xcd\x8f`, "\uffa0", `\xef\xbe\xa0`).
		Replace(s)
}

// A spreadsheet sees the text and no formula; a parser of CSV gets as many cells as
// the header has.
func TestCSV(t *testing.T) {
	for _, s := range hostile {
		var b bytes.Buffer
		w, _ := NewWriter("csv", &b, s)
		in := inode(5, 1, 1, 1, 1)
		for _, e := range []Event{
			{Time: filesystem.Unix(1, 0), Type: "cron.job", What: s, Message: s, Path: s, Inferred: s, Volume: s, SHA256: s, Records: []string{s}, DiskOffset: 7, Line: 3, Level: model.High, Findings: []string{"F-1", "F-2"}},
			{Time: filesystem.Unix(1, 0), Type: TypeFile, What: "modified", MACB: "m...", Path: s, Target: s, File: in, Ref: in.Ref, DiskOffset: -1},
		} {
			if err := w.Event(&e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows, err := stdcsv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 3 {
			t.Fatalf("%q: %d rows, %v", s, len(rows), err)
		}
		for _, row := range rows[1:] {
			for i, cell := range row {
				if c := strings.TrimLeft(cell, " "); c != "" &&
					strings.ContainsAny(string([]rune(c)[0]), "=+-@＝＋－＠\t\r") {
					t.Errorf("%q: the column %s begins a formula: %q", s, rows[0][i], cell)
				}
			}
		}
		at := slices.Index(rows[0], "path")
		if got := strings.TrimPrefix(rows[1][at], "'"); got != strings.TrimPrefix(escaped(s), "'") {
			t.Errorf("%q: path is %q", s, rows[1][at])
		}
	}
	var b bytes.Buffer
	w, _ := NewWriter("csv", &b, "")
	if err := w.Flush(); err != nil || b.String() != csvHeader {
		t.Errorf("an empty timeline: %v %q", err, b.String())
	}
	if _, err := NewWriter("bodyfile", &b, ""); err == nil {
		t.Error("a bodyfile is not written from events")
	}
}

func TestBodyLine(t *testing.T) {
	in := inode(12, 4, 3, 5, 6)
	in.UID, in.GID, in.Size = 1000, 1001, 1<<40
	old := *in
	old.Ref.Version, old.State, old.Crtime = 17, filesystem.Deleted, filesystem.Time{}
	orphan := *in
	orphan.State, orphan.Mode = filesystem.Orphan, filesystem.ModeRegular|0o4755
	dir := *in
	dir.Mode = filesystem.ModeDir | 0o1777
	odd := *in
	odd.Mode = filesystem.ModeRegular | 0o6644
	link := *in
	link.Mode = filesystem.ModeSymlink | 0o777
	early := inode(3, -5, 0, 0, 0)
	for _, c := range []struct {
		e    filesystem.Entry
		want string
	}{
		{filesystem.Entry{Path: "/a b", Inode: in}, "0|/a b|12|r/rrw-r--r--|1000|1001|1099511627776|3|4|5|6"},
		{filesystem.Entry{Path: "/x", Inode: &old}, "0|/x (deleted)|12@17|r/rrw-r--r--|1000|1001|1099511627776|3|4|5|0"},
		{filesystem.Entry{Inode: &orphan}, "0|/$OrphanFiles/OrphanFile-12 (orphan)|12|r/rrwsr-xr-x|1000|1001|1099511627776|3|4|5|6"},
		{filesystem.Entry{Path: "/tmp", Inode: &dir}, "0|/tmp|12|d/drwxrwxrwt|1000|1001|1099511627776|3|4|5|6"},
		{filesystem.Entry{Path: "/odd", Inode: &odd}, "0|/odd|12|r/rrwSr-Sr--|1000|1001|1099511627776|3|4|5|6"},
		{filesystem.Entry{Path: "/l", Target: "a|\n", Inode: &link}, `0|/l -> a\x7c\x0a|12|l/lrwxrwxrwx|1000|1001|1099511627776|3|4|5|6`},
		{filesystem.Entry{Path: "/a|b\\\x1b\xff汉", Inode: in}, `0|/a\x7cb\x5c\x1b\xff汉|12|r/rrw-r--r--|1000|1001|1099511627776|3|4|5|6`},
		{filesystem.Entry{Path: "/early", Inode: early}, "0|/early|3|r/rrw-r--r--|0|0|10|0|-5|0|0"},
		{filesystem.Entry{Path: "/none"}, ""},
	} {
		var b bytes.Buffer
		body := NewBody(&b)
		if err := body.Entry(&c.e); err != nil {
			t.Fatal(err)
		}
		if err := body.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(b.String(), "\n"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// A line of a bodyfile costs no allocation.
func TestBodyAllocations(t *testing.T) {
	body := NewBody(nowhere{})
	e := &filesystem.Entry{Path: "/usr/share/doc/some/package/copyright", Inode: inode(12, 1, 2, 3, 4)}
	if n := testing.AllocsPerRun(10_000, func() { _ = body.Entry(e) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// An error of the writer is reported, by Flush at the latest, and stays.
func TestWriteError(t *testing.T) {
	e := Event{Time: filesystem.Unix(1, 0), DiskOffset: -1}
	for _, format := range []string{"jsonl", "csv"} {
		w, _ := NewWriter(format, full{}, "")
		_ = w.Event(&e)
		if err := w.Flush(); err == nil {
			t.Errorf("%s: no error of a full disk", format)
		}
		if err := w.Event(&e); err == nil {
			if err := w.Flush(); err == nil {
				t.Errorf("%s: the error was forgotten", format)
			}
		}
	}
	b := NewBody(full{})
	_ = b.Entry(&filesystem.Entry{Path: "/x", Inode: inode(1, 1, 1, 1, 1)})
	if err := b.Flush(); err == nil {
		t.Error("bodyfile: no error of a full disk")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left on device") }

// FuzzFormats writes any text in each format: JSON that can be read, rows of CSV that
// are whole and hold no formula, lines of a bodyfile with eleven fields.
func FuzzFormats(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, int64(1), int32(5))
	}
	f.Fuzz(func(t *testing.T, s string, sec int64, nsec int32) {
		if sec < -1<<40 || sec > 1<<40 || nsec < 0 || nsec > 999_999_999 {
			return
		}
		in := inode(9, sec, sec, sec, sec)
		e := Event{
			Time:       filesystem.Unix(sec, nsec),
			Type:       TypeFile,
			What:       "modified",
			Path:       s,
			Target:     s,
			File:       in,
			Ref:        in.Ref,
			DiskOffset: -1,
		}
		for _, format := range []string{"jsonl", "csv"} {
			var b bytes.Buffer
			w, _ := NewWriter(format, &b, s)
			if err := w.Event(&e); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if format == "jsonl" {
				if !json.Valid(b.Bytes()) || strings.Count(b.String(), "\n") != 1 {
					t.Fatalf("%q: %s", s, b.String())
				}
				continue
			}
			rows, err := stdcsv.NewReader(&b).ReadAll()
			if err != nil || len(rows) != 2 {
				t.Fatalf("%q: %v", s, err)
			}
			for _, cell := range rows[1] {
				if cell != "" && strings.ContainsAny(cell[:1], "=+@\t\r") {
					t.Fatalf("%q: cell %q", s, cell)
				}
			}
		}
		var b bytes.Buffer
		body := NewBody(&b)
		_ = body.Entry(&filesystem.Entry{Path: s, Target: s, Inode: in})
		_ = body.Flush()
		if strings.Count(b.String(), "|") != 10 || strings.Count(b.String(), "\n") != 1 {
			t.Fatalf("%q: %s", s, b.String())
		}
	})
}
