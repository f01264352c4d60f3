package journald

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pierrec/lz4/v4"

	"icecore/forensics/artifact/artifacttest"
)

const update = "update" // the flag of artifacttest

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func gunzip(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// variants names the journals of the directory: in each form that the tools of Debian
// 12 write, and packed with what they only read.
func variants(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("journals/*.journal.gz")
	if err != nil || len(names) < 8 {
		t.Fatal(len(names), " journals, ", err)
	}
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".journal.gz")
	}
	return names
}

// said is an entry as text: its fields, sorted.
func said(fields []string) string {
	slices.Sort(fields)
	return strings.Join(fields, "\n")
}

// ours reads all entries of a journal. The keys are the sequence numbers.
func ours(t testing.TB, b []byte) (map[uint64]string, Walked) {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	out := make(map[uint64]string)
	w, err := f.Walk(t.Context(), func(e *Entry) error {
		fields := []string{fmt.Sprint("__REALTIME_TIMESTAMP=", e.Realtime), fmt.Sprint("__MONOTONIC_TIMESTAMP=", e.Monotonic)}
		err := f.Fields(t.Context(), e, 1<<20, func(name string, value []byte) { fields = append(fields, name+"="+string(value)) })
		if err != nil {
			fields = append(fields, "unreadable")
		}
		if _, twice := out[e.Seqnum]; twice {
			t.Errorf("two entries of number %d", e.Seqnum)
		}
		out[e.Seqnum] = said(fields)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, w
}

// theirs reads what journalctl wrote as JSON.
func theirs(t testing.TB, text []byte) map[uint64]string {
	t.Helper()
	out := make(map[uint64]string)
	d := json.NewDecoder(bytes.NewReader(text))
	for d.More() {
		var e map[string]any
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		var fields []string
		for name, v := range e {
			if name == "__CURSOR" {
				continue
			}
			for _, v := range values(v) {
				fields = append(fields, name+"="+v)
			}
		}
		_, rest, _ := strings.Cut(e["__CURSOR"].(string), ";i=")
		number, _, _ := strings.Cut(rest, ";")
		n, err := strconv.ParseUint(number, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = said(fields)
	}
	return out
}

// values gives the values of a field of journalctl's JSON: a text, bytes as numbers,
// or a list of either.
func values(v any) []string {
	list, ok := v.([]any)
	if !ok {
		s, _ := v.(string)
		return []string{s}
	}
	var out []string
	var b []byte
	for _, x := range list {
		if n, ok := x.(float64); ok {
			b = append(b, byte(n))
			continue
		}
		out = append(out, values(x)...)
	}
	if b != nil {
		out = append(out, string(b))
	}
	return out
}

// journalctl reads a journal; false where there is none.
func journalctl(t testing.TB, b []byte) ([]byte, bool) {
	t.Helper()
	if _, err := exec.LookPath("journalctl"); err != nil {
		return nil, false
	}
	name := filepath.Join(t.TempDir(), "x.journal")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	// It fails where nothing is left to read.
	out, _ := exec.Command("journalctl", "--file", name, "--all", "--quiet", "-o", "json").Output()
	return out, true
}

// TestAgainstJournalctl: each entry, with all its fields, is what journalctl said of
// it when the journal was made, and, where there is a journalctl, what it says now.
func TestAgainstJournalctl(t *testing.T) {
	forms := make(map[string]bool)
	for _, name := range variants(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b := gunzip(t, name+".journal.gz")
			got, w := ours(t, b)
			want := theirs(t, gunzip(t, name+".json.gz"))
			if len(want) < 60 {
				t.Fatalf("journalctl said only %d entries", len(want))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if w.Loose+w.Damaged+w.Missing != 0 {
				t.Errorf("%+v", w)
			}
			if now, ok := journalctl(t, b); ok {
				if d := cmp.Diff(theirs(t, now), got); d != "" {
					t.Error(d)
				}
			} else {
				t.Log("not compared with a journalctl of today: there is none")
			}
			f, err := Open(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			forms[f.Features()+packings(f, b)] = true
		})
	}
	for _, form := range []string{"zstd, keyed hash, compact+zstd", "zstd, keyed hash+zstd", "zstd, compact+zstd", "zstd+zstd", "zstd, keyed hash, compact", "zstd+", "lz4", "xz", "sealed"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(forms)), func(f string) bool { return strings.Contains(f, form) }) {
			t.Errorf("no journal of the form %q among %q", form, slices.Sorted(maps.Keys(forms)))
		}
	}
}

// packings says how the DATA objects of a journal are packed.
func packings(f *File, b []byte) string {
	out := ""
	for o := range objects(f) {
		if p := packing(o.flags); o.kind == typeData && p != "" && !strings.Contains(out, p) {
			out += "+" + p
		}
	}
	return out
}

// objects goes through a sound journal.
func objects(f *File) func(func(object) bool) {
	return func(yield func(object) bool) {
		for at := int64(f.Size); at <= f.size-objectSize; {
			o, err := f.object(at)
			if err != nil || !yield(o) {
				return
			}
			at = o.next()
		}
	}
}

// repack packs DATA objects of a journal in place, and leaves unused objects in the
// gaps.
func repack(t *testing.T, b []byte, flag byte, header uint32, pack func([]byte) []byte) []byte {
	t.Helper()
	b = bytes.Clone(b)
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var list []object
	for o := range objects(f) {
		list = append(list, o)
	}
	n := 0
	for _, o := range list {
		if o.kind != typeData || o.flags != 0 || o.size < 512 {
			continue
		}
		from := o.at + f.payload
		p := pack(b[from:o.end()])
		small := object{at: o.at, size: f.payload + int64(len(p))}
		gap := o.next() - small.next()
		if small.size > o.size || gap != 0 && gap < objectSize {
			continue
		}
		clear(b[from:o.next()])
		copy(b[from:], p)
		b[o.at+1] = flag
		binary.LittleEndian.PutUint64(b[o.at+8:], uint64(small.size))
		if gap > 0 {
			binary.LittleEndian.PutUint64(b[small.next()+8:], uint64(gap))
		}
		n++
	}
	if n < 3 {
		t.Fatalf("only %d objects were packed", n)
	}
	binary.LittleEndian.PutUint32(b[12:], binary.LittleEndian.Uint32(b[12:])|header)
	return b
}

// TestRepack makes the journals that systemd 252 reads, but does not write any more,
// from one that it wrote; with -update it writes them, and what journalctl says of
// them, for TestAgainstJournalctl.
func TestRepack(t *testing.T) {
	plain := gunzip(t, "journals/compact1-keyed1-zstd0.journal.gz")
	old := gunzip(t, "journals/compact0-keyed0-zstd0.journal.gz")
	want, _ := ours(t, plain)
	wantOld, _ := ours(t, old)
	packLZ4 := func(p []byte) []byte {
		out := make([]byte, 8+lz4.CompressBlockBound(len(p)))
		binary.LittleEndian.PutUint64(out, uint64(len(p)))
		var c lz4.Compressor
		n, err := c.CompressBlock(p, out[8:])
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		return out[:8+n]
	}
	packXZ := func(p []byte) []byte {
		cmd := exec.Command("xz", "-c", "--check=none", "--lzma2=preset=0,dict=1MiB")
		cmd.Stdin = bytes.NewReader(p)
		out, err := cmd.Output()
		if err != nil {
			t.Skip("no xz: ", err)
		}
		return out
	}
	for _, tt := range []struct {
		name string
		made []byte
		want map[uint64]string
	}{
		{"compact1-keyed1-lz4", repack(t, plain, packedLZ4, flagLZ4, packLZ4), want},
		{"compact0-keyed0-xz", repack(t, old, packedXZ, flagXZ, packXZ), wantOld},
	} {
		got, w := ours(t, tt.made)
		if d := cmp.Diff(tt.want, got); d != "" || w.Damaged != 0 {
			t.Errorf("%s: %s %+v", tt.name, d, w)
		}
		text, ok := journalctl(t, tt.made)
		if !ok {
			continue
		}
		if d := cmp.Diff(theirs(t, text), got); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
		if flag.Lookup(update).Value.String() == "true" {
			for name, b := range map[string][]byte{".journal.gz": tt.made, ".json.gz": text} {
				var z bytes.Buffer
				w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
				_, _ = w.Write(b)
				_ = w.Close()
				if err := os.WriteFile("journals/"+tt.name+name, z.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
