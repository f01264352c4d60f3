// Package artifacttest is what the tests of extractors share: it runs an extractor
// over files as if they stood in an image, and checks what holds for every record
// of every extractor: its source lies within the file, the line number is that of
// the offset, and the bytes there are those that the record is about.
package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/syslog"
)

var update = flag.Bool("update", false, "write the golden files anew")

// File is a file of an image.
type File struct {
	Path   string
	Target string // of a symbolic link
	Mode   uint16 // 0: 0644, of a regular file
	UID    uint32
	State  filesystem.State // usually the zero value: live
	Mtime  time.Time
	OSID   string                      // of the system
	Text   string                      // the content
	Absent bool                        // there is no content
	Others map[string]string           // other files of the host, by their path
	Wanted func(*artifact.Record) bool // see artifact.Input
}

// Extract runs an extractor over one file and checks the sources of the records.
func Extract(t testing.TB, x artifact.Extractor, f File) ([]artifact.Record, error) {
	t.Helper()
	mode := f.Mode
	if mode == 0 {
		mode = filesystem.ModeRegular | 0o644
	}
	in := &artifact.Input{
		Path: f.Path, Target: f.Target, Inode: &filesystem.Inode{State: f.State, Mode: mode, UID: f.UID, Size: int64(len(f.Text))},
		System:  &artifact.System{Zone: time.UTC, OSID: f.OSID, SnapshotTime: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)},
		Wanted:  f.Wanted,
		Exists:  func(string) bool { return true },
		Sibling: func(string) (*io.SectionReader, error) { return nil, nil },
		Read: func(p string, limit int64) []byte {
			b := []byte(f.Others[p])
			return b[:min(int64(len(b)), limit)]
		},
	}
	if !f.Mtime.IsZero() {
		in.Inode.Mtime = filesystem.Unix(f.Mtime.Unix(), 0)
	}
	if !f.Absent {
		in.Content = io.NewSectionReader(strings.NewReader(f.Text), 0, int64(len(f.Text)))
	}
	var out []artifact.Record
	err := x.Extract(context.Background(), in, func(r artifact.Record) { out = append(out, r) })
	check(t, f, out)
	return out, err
}

// Bounds that hold for every extractor, whatever it is given.
const (
	maxField  = 2 << 20
	maxFields = 2000
)

func check(t testing.TB, f File, records []artifact.Record) {
	t.Helper()
	text, unpacked := f.Text, ""
	for _, r := range records {
		at := r.Source
		where := fmt.Sprintf("%q: %s at %d+%d, line %d", f.Path, string(r.Kind), at.Offset, at.Length, at.Line)
		if r.Kind == "" || r.Kind.Info() == nil {
			t.Errorf("%s: no kind", where)
		}
		if len(r.Fields) > maxFields {
			t.Errorf("%s: %d fields", where, len(r.Fields))
		}
		for _, x := range r.Fields {
			if n := len(x.Text()); n == 0 || n > maxField {
				t.Errorf("%s: field %q of %d bytes", where, x.Name, n)
			}
			// A number or yes/no value may be a text where the image has something
			// else in its place.
			switch row := r.Kind.Info().Field(x.Name); {
			case row == nil:
				t.Errorf("%s: the table of kinds has no field %q", where, x.Name)
			case row.Type != x.Type() && !(x.Type() == model.Text && (row.Type == model.Number || row.Type == model.Bool)):
				t.Errorf("%s: field %q is a %s, in the table a %s", where, x.Name, x.Type(), row.Type)
			}
		}
		for _, s := range r.Times {
			if !r.Kind.Info().HasTime(s.What) {
				t.Errorf("%s: the table of kinds has no time %q", where, s.What)
			}
		}
		body := text
		if at.Member != "" {
			if unpacked == "" {
				unpacked = unpack(f.Text)
			}
			body = unpacked
		}
		if at.Offset < 0 || at.Length < 0 || at.Offset+at.Length > int64(len(body)) {
			t.Errorf("%s: outside of %d bytes", where, len(body))
			continue
		}
		if at.Line < 0 || at.Line > 0 && strings.Count(body[:at.Offset], "\n") != at.Line-1 {
			t.Errorf("%s: the offset lies in line %d", where, strings.Count(body[:at.Offset], "\n")+1)
		}
		if at.Line == 0 {
			continue
		}
		for _, name := range []string{"command", "suspicious_line", "library"} {
			// What is shown may have lost quotes and line ends, not its first
			// word.
			if w := strings.Fields(r.Get(name)); len(w) > 0 && !strings.ContainsAny(w[0], `%\'"$`) && !strings.Contains(body[at.Offset:at.Offset+at.Length], w[0]) {
				t.Errorf("%s: %q is not there", where, r.Get(name))
			}
		}
	}
}

func unpack(text string) string {
	r, _, err := syslog.Open(io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))))
	if err != nil {
		return ""
	}
	defer r.Close()
	b, _ := io.ReadAll(io.LimitReader(r, 64<<20)) // what came before an error counts
	return string(b)
}

// Testdata gives the files below testdata, which mirrors an image: links keep
// their target, executable ones their permission.
func Testdata(t testing.TB) []File {
	t.Helper()
	return Files(t, "testdata")
}

// Files gives the files below a directory that mirrors an image.
func Files(t testing.TB, root string) []File {
	t.Helper()
	var out []File
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil // made by its tests, with real programs
	}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && p == filepath.Join(root, "fuzz") {
				return filepath.SkipDir
			}
			return err
		}
		f := File{Path: "/" + filepath.ToSlash(strings.TrimPrefix(p, root+string(filepath.Separator)))}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			f.Mode = filesystem.ModeSymlink | 0o777
			if f.Target, err = os.Readlink(p); err != nil {
				return err
			}
			leads := p
			if filepath.IsAbs(f.Target) { // from the root of the image
				leads = filepath.Join(root, f.Target)
			}
			b, err := os.ReadFile(leads)
			f.Text, f.Absent = string(b), err != nil
			out = append(out, f)
			return nil
		}
		f.Mode = filesystem.ModeRegular | 0o644
		if info.Mode()&0o100 != 0 {
			f.Mode |= 0o111
		}
		b, err := os.ReadFile(p)
		f.Text = string(b)
		out = append(out, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

// Golden runs an extractor over all of testdata and compares the records with
// golden.txt. A file that no pattern of the extractor can match is a mistake.
func Golden(t *testing.T, x artifact.Extractor, osID string) {
	t.Helper()
	var b strings.Builder
	for _, f := range Testdata(t) {
		f.OSID = osID
		records, err := Extract(t, x, f)
		fmt.Fprintf(&b, "== %s\n", f.Path)
		for _, r := range records {
			b.WriteString(Line(r) + "\n")
		}
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
		}
	}
	if *update {
		if err := os.WriteFile("golden.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("golden.txt (-update writes it): %s", d)
	}
}

// Plain writes a record in one line: line number, kind, stamps, fields as they are.
func Plain(r artifact.Record) string {
	var b strings.Builder
	head(&b, r)
	for _, f := range r.Fields {
		fmt.Fprintf(&b, " %s=%s", f.Name, strings.Join(f.Items(), ","))
	}
	return b.String()
}

// Lines writes each record as [Plain] does, in a line of its own.
func Lines(records []artifact.Record) string {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(Plain(r) + "\n")
	}
	return b.String()
}

// Line is [Plain] for records whose fields may hold anything: they are set apart by
// bars, quoted where they need it, and the long ones cut.
func Line(r artifact.Record) string {
	var b strings.Builder
	head(&b, r)
	for _, f := range r.Fields {
		v := strings.Join(f.Items(), ",")
		if strings.ContainsAny(v, "\n\r\x00") || !isPrintable(v) {
			v = fmt.Sprintf("%q", v)
		}
		if len(v) > 500 {
			v = fmt.Sprintf("%s... (%d bytes)", v[:60], len(v))
		}
		fmt.Fprintf(&b, " | %s=%s", f.Name, v)
	}
	return b.String()
}

func head(b *strings.Builder, r artifact.Record) {
	fmt.Fprintf(b, "%d %s", r.Source.Line, r.Kind)
	for _, s := range r.Times {
		fmt.Fprintf(b, " %s=%s", s.What, s.Time.Format(time.RFC3339Nano))
	}
}

func isPrintable(s string) bool {
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == 0xfffd {
			return false
		}
	}
	return true
}

// Fuzz feeds bytes to an extractor under each of its paths. The seeds are all of
// testdata, packed once more where the extractor reads logs.
func Fuzz(f *testing.F, x artifact.Extractor, paths ...string) {
	for _, file := range Testdata(f) {
		for i, p := range paths {
			if p == file.Path || len(paths) == 1 || filepath.Dir(p) == filepath.Dir(file.Path) {
				f.Add(uint8(i), uint8(0), []byte(file.Text))
			}
		}
	}
	for i := range paths {
		f.Add(uint8(i), uint8(1), []byte("x"))
		f.Add(uint8(i), uint8(6), []byte("\x00\xff\n\\\n=\n[\n"))
	}
	osIDs := []string{"debian", "centos", ""}
	f.Fuzz(func(t *testing.T, which, how uint8, content []byte) {
		if len(content) > 1<<20 {
			return
		}
		file := File{Path: paths[int(which)%len(paths)], OSID: osIDs[int(how>>2)%len(osIDs)], Mode: filesystem.ModeRegular | 0o644, Text: string(bytes.Clone(content)), Mtime: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		if how&1 != 0 {
			file.Mode |= 0o111
		}
		if how&2 != 0 {
			file.Target = string(content[:min(len(content), 64)])
		}
		records, _ := Extract(t, x, file) // an error is a fair answer to bad bytes
		if most := 64*len(content) + 64; len(records) > most {
			t.Fatalf("%d records from %d bytes", len(records), len(content))
		}
	})
}
