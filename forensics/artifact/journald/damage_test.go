package journald

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/artifact"
)

// damaged is what was done to a journal, and what must be left of it.
type damaged struct {
	name    string
	harm    func(b []byte, f *File) []byte
	left    int  // entries that must be found, all with their right fields
	damaged bool // the damage is reported
}

// places gives where the entries and the arrays of a sound journal stand.
func places(f *File) (entries, arrays []object) {
	for o := range objects(f) {
		switch o.kind {
		case typeEntry:
			entries = append(entries, o)
		case typeEntryArray:
			arrays = append(arrays, o)
		}
	}
	return entries, arrays
}

var le = binary.LittleEndian

// mainArrays gives the arrays that the header leads to.
func mainArrays(b []byte, f *File) []object {
	var out []object
	for at := f.EntryArray; at != 0; at = le.Uint64(b[at+objectSize:]) {
		o, err := f.object(int64(at))
		if err != nil {
			panic(err)
		}
		out = append(out, o)
	}
	return out
}

// TestDamaged: what a torn or forged index hides is found from object to object, and
// nothing is found that was not there. journalctl finds no entry that is not found.
func TestDamaged(t *testing.T) {
	const all = 67
	tests := []damaged{
		{"the header is older than the entries", func(b []byte, _ *File) []byte { le.PutUint64(b[152:], 60); return b }, all, false},
		{"the header counts no entry", func(b []byte, _ *File) []byte { le.PutUint64(b[152:], 0); return b }, all, false},
		{"the header counts more than there are", func(b []byte, _ *File) []byte { le.PutUint64(b[152:], 1<<60); return b }, all, true},
		{"there is no array", func(b []byte, _ *File) []byte { le.PutUint64(b[176:], 0); return b }, all, false},
		{"the first array is nowhere", func(b []byte, _ *File) []byte { le.PutUint64(b[176:], 1<<60+8); return b }, all, true},
		{"the first array is no array", func(b []byte, f *File) []byte {
			e, _ := places(f)
			le.PutUint64(b[176:], uint64(e[3].at))
			return b
		}, all, true},
		{"the arrays go in circles", func(b []byte, f *File) []byte {
			a := mainArrays(b, f)
			le.PutUint64(b[a[1].at+objectSize:], uint64(a[0].at))
			return b
		}, all, true},
		{"an array leads to itself", func(b []byte, f *File) []byte {
			a := mainArrays(b, f)
			le.PutUint64(b[a[0].at+objectSize:], uint64(a[0].at))
			return b
		}, all, true},
		{"an array states a size of 2^60", func(b []byte, f *File) []byte {
			le.PutUint64(b[mainArrays(b, f)[1].at+8:], 1<<60)
			return b
		}, all, true},
		{"an array is zeros", func(b []byte, f *File) []byte {
			a := mainArrays(b, f)[1]
			clear(b[a.at+arraySize : a.end()])
			return b
		}, all, false},
		{"an item of an array leads back", func(b []byte, f *File) []byte {
			a := mainArrays(b, f)
			copy(b[a[1].at+arraySize:], b[a[0].at+arraySize:][:f.slot])
			return b
		}, all, true},
		{"an item of an array leads out of the file", func(b []byte, f *File) []byte {
			a := mainArrays(b, f)
			le.PutUint32(b[a[1].at+arraySize:], 0xfffffff0)
			return b
		}, all, true},
		{"an entry is zeros", func(b []byte, f *File) []byte {
			e, _ := places(f)
			clear(b[e[20].at:e[20].end()])
			return b
		}, all - 1, true},
		{"an entry has no items", func(b []byte, f *File) []byte {
			e, _ := places(f)
			le.PutUint64(b[e[20].at+8:], entrySize)
			return b
		}, all - 1, true},
		{"the time of an entry is none", func(b []byte, f *File) []byte {
			e, _ := places(f)
			le.PutUint64(b[e[20].at+24:], 1<<60)
			return b
		}, all - 1, true},
		{"neither arrays nor the first object behind the header", func(b []byte, f *File) []byte {
			le.PutUint64(b[176:], 0)
			clear(b[f.Size : f.Size+16])
			return b
		}, all, true},
		{"neither arrays nor a page in the middle", func(b []byte, f *File) []byte {
			le.PutUint64(b[176:], 0)
			e, _ := places(f)
			clear(b[e[20].at:e[23].at])
			return b
		}, all - 3, true},
		{"the file is cut", func(b []byte, f *File) []byte {
			e, _ := places(f)
			return b[:e[50].at]
		}, 50, true},
		{"the file is cut within an entry", func(b []byte, f *File) []byte {
			e, _ := places(f)
			return b[:e[50].at+70]
		}, 50, true},
	}
	for _, name := range []string{"compact1-keyed1-zstd1", "compact0-keyed0-zstd1"} {
		sound := gunzip(t, "journals/"+name+".journal.gz")
		want, _ := ours(t, sound)
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				f, err := Open(bytes.NewReader(sound), int64(len(sound)))
				if err != nil {
					t.Fatal(err)
				}
				b := tt.harm(bytes.Clone(sound), f)
				got, w := ours(t, b)
				if len(got) != tt.left || (w.Damaged+w.Missing > 0) != tt.damaged {
					t.Errorf("%d entries, %+v; want %d", len(got), w, tt.left)
				}
				for n, e := range got {
					if e != want[n] && !strings.Contains(e, "unreadable") {
						t.Errorf("entry %d is %q", n, e)
					}
				}
				if text, ok := journalctl(t, b); ok {
					for n, e := range theirs(t, text) {
						if got[n] != e {
							t.Errorf("journalctl finds entry %d: %q; here %q", n, e, got[n])
						}
					}
				}
			})
		}
	}
}

// TestPieces takes each piece of 64 bytes out of a journal. Whatever is missing, the
// rest is read, the walk ends, and no entry is read of which the sound file has not
// the same times.
func TestPieces(t *testing.T) {
	sound := gunzip(t, "journals/compact1-keyed1-zstd1.journal.gz")
	f, err := Open(bytes.NewReader(sound), int64(len(sound)))
	if err != nil {
		t.Fatal(err)
	}
	end := int64(0)
	for o := range objects(f) {
		end = o.end()
	}
	all := make(map[uint64]Entry)
	if _, err := f.Walk(t.Context(), func(e *Entry) error { all[e.Seqnum] = *e; return nil }); err != nil {
		t.Fatal(err)
	}
	for at := int64(f.Size); at < end; at += 64 {
		b := bytes.Clone(sound[:end])
		clear(b[at:min(at+64, end)])
		f, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		w, err := f.Walk(t.Context(), func(e *Entry) error {
			if s, ok := all[e.Seqnum]; ok && (s.At != e.At || s.Realtime != e.Realtime) {
				t.Errorf("without byte %d: entry %d at byte %d", at, e.Seqnum, e.At)
			}
			n++
			return nil
		})
		if err != nil || n < len(all)-1 {
			t.Errorf("without byte %d: %d entries of %d, %+v, %v", at, n, len(all), w, err)
		}
	}
}

// extractBytes gives the records of a journal.
func extractBytes(t testing.TB, path string, b []byte) ([]artifact.Record, error) {
	t.Helper()
	var out []artifact.Record
	err := Extractor{}.Extract(t.Context(), &artifact.Input{Path: path, Content: io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))}, func(r artifact.Record) { out = append(out, r) })
	return out, err
}

func TestErrors(t *testing.T) {
	sound := gunzip(t, "journals/compact1-keyed1-zstd1.journal.gz")
	change := func(at int, v ...byte) []byte {
		b := bytes.Clone(sound)
		copy(b[at:], v)
		return b
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want string // in the error; empty: none
	}{
		{"sound", sound, ""},
		{"empty", nil, ""},
		{"a text", []byte("Nov 20 15:52:30 h sshd[1]: x\n"), ErrNotJournal.Error()},
		{"zeros", make([]byte, 8<<10), ErrNotJournal.Error()},
		{"a cut header", sound[:100], "header: cut after 100 bytes"},
		{"a feature of the future", change(12, 0x9c), "features (flags 0x80) that are not known here"},
		{"a header of 2^60 bytes", change(88, 0, 0, 0, 0, 0, 0, 0, 0x10), "header: it states a length of 1152921504606846976 bytes"},
		{"a file without its end", sound[:70_000], "entries that it counts were not found; damaged at"},
		{"a cut file", sound[:60_000], "entries that it counts were not found; damaged at"},
	} {
		records, err := extractBytes(t, "/var/log/journal/x/system.journal", tt.b)
		last := records[len(records)-1]
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		case artifact.IsCut(err) != (err != nil && tt.name != "a file without its end"): // most of which is known
			t.Errorf("%s: decisive is %v", tt.name, artifact.IsCut(err))
		case last.Kind != "log.coverage" || err != nil && last.Get("error") != err.Error():
			t.Errorf("%s: %q", tt.name, last.Fields)
		}
	}
}

// TestPackedData: data that cannot be unpacked, or unpacks without end, is reported; the
// entry is.
func TestPackedData(t *testing.T) {
	for _, tt := range []struct{ name, journal, want string }{
		{"zstd", "compact1-keyed1-zstd1", "zstd: "}, {"lz4", "compact1-keyed1-lz4", "lz4: it states a length of 1152921504606846976 bytes"}, {"xz", "compact0-keyed0-xz", "xz: "},
	} {
		b := gunzip(t, "journals/"+tt.journal+".journal.gz")
		f, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for o := range objects(f) {
			if o.kind == typeData && o.flags != 0 {
				le.PutUint64(b[o.at+f.payload:], 1<<60)
				n++
			}
		}
		records, err := extractBytes(t, "/var/log/journal/x/system.journal", b)
		last := records[len(records)-1]
		if err == nil || !strings.Contains(err.Error(), tt.want) || last.Get("unreadable") == "" || last.Get("entries") != "67" || n == 0 {
			t.Errorf("%s: %v, %q", tt.name, err, last.Fields)
		}
	}
}

// TestRemote: what came from another machine says so.
func TestRemote(t *testing.T) {
	records, err := extractBytes(t, "/var/log/journal/remote/remote-web02.journal", gunzip(t, "journals/compact1-keyed1-zstd1.journal.gz"))
	if err != nil || len(records) < 10 {
		t.Fatal(len(records), err)
	}
	for _, r := range records {
		switch r.Kind {
		case "log.coverage":
		case "journal.program":
			t.Errorf("a program of another machine: %q", r.Fields)
		default:
			if r.Get("remote_host") != "web02" {
				t.Errorf("%s: %q", r.Kind, r.Fields)
			}
		}
	}
}

// TestSources: the bytes at the source of a record are its message.
func TestSources(t *testing.T) {
	b := gunzip(t, "journals/compact0-keyed1-zstd1.journal.gz")
	records, err := extractBytes(t, "/var/log/journal/x/system.journal", b)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, r := range records {
		at := string(b[r.Source.Offset : r.Source.Offset+r.Source.Length])
		want := map[string]string{"auth.login": "Accepted " + r.Get("method") + " for " + r.Get("user") + " from " + r.Get("address"), "journal.program": r.Get("program"), "auth.useradd": "new user: name=" + r.Get("name"), "cron.run": "(root) CMD (" + r.Get("command")}[string(r.Kind)]
		if r.Has("compressed") {
			seen["compressed"] = true
			continue
		}
		if want == "" {
			continue
		}
		seen[string(r.Kind)] = true
		if !strings.HasPrefix(at, want) {
			t.Errorf("%s: %q, not %q", r.Kind, at, want)
		}
	}
	if len(seen) != 5 {
		t.Errorf("seen %q", slices.Sorted(maps.Keys(seen)))
	}
}

// shared makes a journal, by hand, of entries that all name the same data: a few
// bytes an entry, and much to read for each.
func shared(entries, items int, data []byte, flags byte) []byte {
	b := make([]byte, 272)
	copy(b, magic)
	le.PutUint32(b[12:], flagCompact|flagZSTD|flagLZ4|flagXZ)
	le.PutUint64(b[88:], 272)
	le.PutUint64(b[152:], uint64(entries))
	object := func(kind, flags byte, body []byte) int {
		at := len(b)
		o := make([]byte, (16+len(body)+7)&^7)
		o[0], o[1] = kind, flags
		le.PutUint64(o[8:], uint64(16+len(body)))
		copy(o[16:], body)
		b = append(b, o...)
		return at
	}
	ident := object(typeData, 0, append(make([]byte, 56), "SYSLOG_IDENTIFIER=sshd"...))
	message := object(typeData, flags, append(make([]byte, 56), data...))
	array := make([]byte, 8)
	for i := range entries {
		e := make([]byte, 48, 48+4*items)
		le.PutUint64(e, uint64(i+1))
		le.PutUint64(e[8:], uint64(1_795_247_400_000_000+i))
		e = le.AppendUint32(e, uint32(ident))
		for len(e) < 48+4*items {
			e = le.AppendUint32(e, uint32(message))
		}
		array = le.AppendUint32(array, uint32(object(typeEntry, 0, e)))
	}
	le.PutUint64(b[176:], uint64(object(typeEntryArray, 0, array)))
	return b
}

// TestMuchOfLittle: entries that name the same long text again and again are read up
// to a bound, and it is reported.
func TestMuchOfLittle(t *testing.T) {
	long := append([]byte("MESSAGE=Accepted password for "), bytes.Repeat([]byte("x"), 64<<10)...)
	b := shared(50_000, 2, long, 0)
	records, err := extractBytes(t, "/var/log/journal/x/system.journal", b)
	last := records[len(records)-1]
	if !errors.Is(err, ErrWork) || last.Get("error") == "" || last.Get("entries") == "50000" {
		t.Errorf("%v, %q", err, last.Fields)
	}
	few := shared(500, 2, long, 0)
	if _, err := extractBytes(t, "/var/log/journal/x/system.journal", few); err != nil {
		t.Error(err)
	}
}

// TestCancelled: a walk ends when it shall.
func TestCancelled(t *testing.T) {
	b := shared(50_000, 2, []byte("MESSAGE=x"), 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Extractor{}.Extract(ctx, &artifact.Input{Path: "/var/log/journal/x/system.journal", Content: io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))}, func(artifact.Record) {})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// trimmed is a journal without the room for more at its end, for the fuzzer.
func trimmed(t testing.TB, name string) []byte {
	b := gunzip(t, name+".journal.gz")
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	end := int64(0)
	for o := range objects(f) {
		end = o.next()
	}
	return b[:end]
}

// FuzzExtract feeds bytes as they stand in a file of the journal.
func FuzzExtract(f *testing.F) {
	for _, name := range variants(f) {
		f.Add(trimmed(f, name))
	}
	f.Add(shared(3, 3, []byte("MESSAGE=Failed password for root from 192.0.2.1 port 5 ssh2"), 0))
	f.Add(shared(3, 3, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0}, packedZSTD))
	f.Add(shared(3, 3, []byte{255, 0, 0, 0, 0, 0, 0, 0, 0x1f, 'M'}, packedLZ4))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		records, _ := extractBytes(t, "/var/log/journal/x/system.journal", b)
		if most := len(b)/8 + 64; len(records) > most {
			t.Fatalf("%d records from %d bytes", len(records), len(b))
		}
		for _, r := range records {
			if s := r.Source; s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > int64(len(b)) {
				t.Fatalf("%s: source %d+%d of %d bytes", r.Kind, s.Offset, s.Length, len(b))
			}
		}
		file, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		defer file.close()
		last := int64(-1)
		w, err := file.Walk(t.Context(), func(e *Entry) error {
			if e.At <= last {
				t.Fatalf("an entry at byte %d behind one at byte %d", e.At, last)
			}
			last = e.At
			_ = file.Fields(t.Context(), e, 4096, func(string, []byte) {})
			return nil
		})
		if err != nil || w.Entries > int64(len(b))/entrySize {
			t.Fatalf("%+v, %v", w, err)
		}
	})
}
