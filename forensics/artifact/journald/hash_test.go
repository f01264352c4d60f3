package journald

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestHashes: each DATA object of the journals that systemd wrote, and of those that it
// reads, carries the hash that is computed here of its text.
func TestHashes(t *testing.T) {
	for _, name := range variants(t) {
		b := gunzip(t, name+".journal.gz")
		f, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		var list []object
		for o := range objects(f) {
			if o.kind == typeData {
				list = append(list, o)
			}
		}
		for _, o := range list {
			d := datum{at: o.at, packed: o.flags & packedAny, from: o.at + f.payload, size: o.size - f.payload}
			text := bytes.Clone(b[d.from : d.from+d.size])
			if d.packed != 0 {
				if text, err = f.unpack(&d, 1<<20); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := f.hash(text), le.Uint64(b[o.at+16:]); got != want {
				t.Fatalf("%s, byte %d: hash %016x, it carries %016x", filepath.Base(name), o.at, got, want)
			}
		}
		if len(list) < 200 {
			t.Errorf("%s: only %d", name, len(list))
		}
	}
}

// TestAltered: an address that was written over in the file is reported; what a torn page
// left of a message is not.
func TestAltered(t *testing.T) {
	for _, name := range []string{"compact1-keyed1-zstd1", "compact0-keyed0-zstd0"} {
		b := gunzip(t, "journals/"+name+".journal.gz")
		if records, _ := extractBytes(t, "/var/log/journal/x/system.journal", b); records[len(records)-1].Has("altered") {
			t.Errorf("%s: altered as it was made", name)
		}
		edited := bytes.Replace(b, []byte("for root from 203.0.113.77 port 41022"), []byte("for root from 192.0.2.1111 port 41022"), 1)
		records, err := extractBytes(t, "/var/log/journal/x/system.journal", edited)
		if err != nil {
			t.Fatal(err)
		}
		marked := ""
		for _, r := range records {
			if r.Has("altered") {
				marked += string(r.Kind) + " " + r.Get("address") + r.Get("altered") + ";"
			}
		}
		if marked != "auth.login 192.0.2.1111yes;log.coverage 1;" {
			t.Errorf("%s: %q", name, marked)
		}
		torn := bytes.Replace(b, []byte("203.0.113.77 port 41022 ssh2"), make([]byte, len("203.0.113.77 port 41022 ssh2")), -1)
		records, _ = extractBytes(t, "/var/log/journal/x/system.journal", torn)
		for _, r := range records {
			if r.Has("altered") {
				t.Errorf("%s: torn, %s %q", name, r.Kind, r.Fields)
			}
		}
	}
}
