package rpmdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"strings"
	"testing"
	"time"
)

// header makes the header of a package of tags and values (strings, or numbers of 32
// bits).
func header(values map[uint32]any) []byte {
	var index, data bytes.Buffer
	be := binary.BigEndian
	for tag, v := range values {
		var kind, count uint32
		var b []byte
		switch v := v.(type) {
		case string:
			kind, count, b = typeString, 1, append([]byte(v), 0)
		case []string:
			kind, count = typeStringArray, uint32(len(v))
			for _, s := range v {
				b = append(append(b, s...), 0)
			}
		case []uint32:
			kind, count = typeInt32, uint32(len(v))
			for data.Len()%4 != 0 {
				data.WriteByte(0)
			}
			for _, n := range v {
				b = be.AppendUint32(b, n)
			}
		}
		index.Write(be.AppendUint32(be.AppendUint32(be.AppendUint32(be.AppendUint32(nil, tag), kind), uint32(data.Len())), count))
		data.Write(b)
	}
	out := be.AppendUint32(be.AppendUint32(nil, uint32(len(values))), uint32(data.Len()))
	return append(append(out, index.Bytes()...), data.Bytes()...)
}

// makeNDB makes a database of the form ndb, as lib/backend/ndb/rpmpkg.c of rpm has it.
func makeNDB(blobs ...[]byte) memory {
	le := binary.LittleEndian
	out := make([]byte, ndbPage)
	copy(out, ndbMagic)
	le.PutUint32(out[12:], 1)
	for i := 32; i < ndbPage; i += ndbEntry {
		copy(out[i:], ndbSlot)
	}
	for i, b := range blobs {
		e := out[32+i*ndbEntry:]
		le.PutUint32(e[4:], uint32(i+1))
		le.PutUint32(e[8:], uint32(len(out)/ndbEntry))
		size := (ndbEntry + len(b) + ndbTail + ndbEntry - 1) / ndbEntry * ndbEntry
		le.PutUint32(e[12:], uint32(size/ndbEntry))
		block := make([]byte, size)
		copy(block, ndbBlob)
		le.PutUint32(block[4:], uint32(i+1))
		le.PutUint32(block[12:], uint32(len(b)))
		copy(block[ndbEntry:], b)
		end := block[size-ndbTail:]
		le.PutUint32(end, adler32.Checksum(block[:size-ndbTail]))
		le.PutUint32(end[4:], uint32(len(b)))
		copy(end[8:], "BlbE")
		out = append(out, block...)
	}
	return out
}

// makeBerkeley makes a hash database of one page and overflow pages, as
// src/dbinc/db_page.h of libdb has it.
func makeBerkeley(blobs ...[]byte) memory {
	const size = 4096
	le := binary.LittleEndian
	out := make([]byte, 2*size)
	copy(out[12:], bdbMagic)
	le.PutUint32(out[16:], 9)
	le.PutUint32(out[20:], size)
	out[25] = pageHashMeta
	hash := out[size : 2*size]
	le.PutUint32(hash[8:], 1)
	hash[25] = pageHash
	end, n := size, 0
	item := func(b []byte) {
		end -= len(b)
		copy(out[size+end:], b)
		le.PutUint16(out[size+bdbHead+2*n:], uint16(end))
		n++
	}
	for i, b := range blobs {
		item(le.AppendUint32([]byte{itemData}, uint32(i+1)))
		first := uint32(len(out) / size)
		item(le.AppendUint32(le.AppendUint32([]byte{itemOffPage, 0, 0, 0}, first), uint32(len(b))))
		for at := 0; at < len(b); at += size - bdbHead {
			page := make([]byte, size)
			part := b[at:min(len(b), at+size-bdbHead)]
			page[25] = pageOverflow
			le.PutUint16(page[22:], uint16(len(part)))
			copy(page[bdbHead:], part)
			if at+len(part) < len(b) {
				le.PutUint32(page[16:], uint32(len(out)/size)+1)
			}
			out = append(out, page...)
		}
	}
	le.PutUint16(out[size+20:], uint16(n))
	le.PutUint32(out[32:], uint32(len(out)/size)-1)
	return out
}

var long = header(map[uint32]any{1000: "long", 1117: []string{strings.Repeat("x", 20_000)}})

func TestMade(t *testing.T) {
	blobs := [][]byte{header(map[uint32]any{1000: "a"}), long, header(map[uint32]any{1000: "b"})}
	for name, db := range map[string]memory{"ndb": makeNDB(blobs...), "bdb": makeBerkeley(blobs...)} {
		got, bad, err := all(db, nil)
		if err != nil || len(bad) > 0 || len(got) != 3 || !bytes.Equal(got[1], long) {
			t.Errorf("%s: %d headers, %v, %v", name, len(got), bad, err)
		}
	}
}

// TestHostile: what an intruder may write costs the header that it stands in, or what
// follows it, and says so.
func TestHostile(t *testing.T) {
	le := binary.LittleEndian
	a, b := header(map[uint32]any{1000: "a"}), header(map[uint32]any{1000: "b"})
	for _, tt := range []struct {
		name    string
		db      memory
		change  func(db memory)
		headers int
		err     string
	}{
		{"ndb: header of 2 GB", makeNDB(a, b), func(db memory) { le.PutUint32(db[ndbPage+12:], 2<<30) }, 1, "2147483648 bytes"},
		{"ndb: header longer than its blocks", makeNDB(a, b), func(db memory) { le.PutUint32(db[ndbPage+12:], 60) }, 1, "leaves its blocks"},
		{"ndb: 4 billion pages of slots", makeNDB(a), func(db memory) { le.PutUint32(db[12:], 1<<32-1) }, 0, "pages of slots"},
		{"ndb: block outside of the file", makeNDB(a, b), func(db memory) { le.PutUint32(db[40:], 1<<31) }, 1, "unexpected EOF"},
		{"ndb: all packages in one block", makeNDB(a, b), func(db memory) { copy(db[56:60], db[40:44]) }, 1, "is of package 1"},
		{"ndb: slots without magic", makeNDB(a, b), func(db memory) { db[48] = 'x' }, 1, "wrong magic"},
		{"ndb: another version", makeNDB(a), func(db memory) { db[4] = 9 }, 0, "version 9"},
		{"bdb: header of 2 GB", makeBerkeley(a, b), func(db memory) { le.PutUint32(db[4096+4096-17+8:], 2<<30) }, 1, "2147483648 bytes"},
		{"bdb: chain that comes back", makeBerkeley(long, b), func(db memory) { le.PutUint32(db[3*4096+16:], 2) }, 1, "belongs to another header"},
		{"bdb: page that names itself", makeBerkeley(long, b), func(db memory) { le.PutUint32(db[2*4096+16:], 2) }, 1, "belongs to another header"},
		{"bdb: page of another type", makeBerkeley(long, b), func(db memory) { db[3*4096+25] = 5 }, 1, "of type 5"},
		{"bdb: two headers of one page", makeBerkeley(a, b), func(db memory) { db[4096+4096-2*17+4] = 2 }, 1, "another header"},
		{"bdb: empty overflow pages", makeBerkeley(long, b), func(db memory) { le.PutUint16(db[2*4096+22:], 0) }, 1, "is empty"},
		{"bdb: page of its end", makeBerkeley(long, b), func(db memory) { le.PutUint32(db[2*4096+16:], 1<<31) }, 1, "there are"},
		{"bdb: 60,000 items", makeBerkeley(a), func(db memory) { le.PutUint16(db[4096+20:], 60_000) }, 0, "do not fit"},
		{"bdb: items outside", makeBerkeley(a, b), func(db memory) { le.PutUint16(db[4096+bdbHead+2:], 1) }, 0, "outside of the page"},
		{"bdb: 4 billion pages", makeBerkeley(a), func(db memory) { le.PutUint32(db[32:], 1<<32-2) }, 1, "of which the file holds 3"},
		{"bdb: pages of 3 bytes", makeBerkeley(a), func(db memory) { le.PutUint32(db[20:], 3) }, 0, "pages of 3 bytes"},
		{"bdb: encrypted", makeBerkeley(a), func(db memory) { db[24] = 1 }, 0, "encrypted"},
		{"nothing known", make(memory, 4096), func(memory) {}, 0, ErrFormat.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.change(tt.db)
			began := time.Now()
			got, bad, err := all(tt.db, nil)
			err = errors.Join(append(bad, err)...)
			if len(got) != tt.headers || err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%d headers, %v", len(got), err)
			}
			if d := time.Since(began); d > time.Second {
				t.Errorf("%s", d)
			}
		})
	}
}

// TestShared: many packages that claim the same bytes cost no more than the file.
func TestShared(t *testing.T) {
	blob := bytes.Repeat([]byte{1}, 1<<20)
	db := makeNDB(blob)
	le := binary.LittleEndian
	for i := 48; i < ndbPage; i += ndbEntry {
		copy(db[i+4:], db[36:48])
	}
	total := 0
	_, err := Read(context.Background(), db, nil, func(b Blob) error { total += len(b.Data); return nil })
	if err == nil || !strings.Contains(err.Error(), "share pages") || total > len(db) || le.Uint32(db[12:]) != 1 {
		t.Errorf("%d bytes of %d, %v", total, len(db), err)
	}
}

func TestHeader(t *testing.T) {
	h, err := ParseHeader(header(map[uint32]any{1000: "name", 1117: []string{"a", "", "c"}, 1028: []uint32{1, 2}}))
	if err != nil {
		t.Fatal(err)
	}
	if h.String(1000) != "name" || len(h.Strings(1117)) != 3 || h.Strings(1117)[2] != "c" || len(h.Numbers(1028)) != 2 || h.Numbers(1028)[1] != 2 {
		t.Errorf("%v %v %v", h.String(1000), h.Strings(1117), h.Numbers(1028))
	}
	if n, ok := h.Number(1028); n != 1 || !ok || h.String(1028) != "" || h.Numbers(1000) != nil || h.Has(1001) || h.Bytes(1000) != nil {
		t.Error("values of another type")
	}
	be := binary.BigEndian
	bad := header(map[uint32]any{1000: "x"})
	for _, tt := range []struct {
		name string
		at   int
		to   uint32
	}{{"no tags", 0, 0}, {"4 billion tags", 0, 1<<32 - 1}, {"65536 tags", 0, 1 << 16}, {"2 GB of data", 4, 2 << 30}, {"data that is not there", 4, 3}} {
		b := bytes.Clone(bad)
		be.PutUint32(b[tt.at:], tt.to)
		if _, err := ParseHeader(b); err == nil {
			t.Error(tt.name)
		}
	}
	// Values that claim what is not there.
	for _, tt := range []struct {
		kind, off, count uint32
		numbers, strings int
	}{{typeInt32, 0, 1 << 31, 0, 0}, {typeStringArray, 0, 1<<32 - 1, 0, 1}, {typeInt64, 1, 9, 0, 0}, {typeChar, 0, 1 << 30, 2, 0}, {typeString, 900, 1, 0, 0}, {99, 0, 1, 0, 0}} {
		b := bytes.Clone(bad)
		be.PutUint32(b[12:], tt.kind)
		be.PutUint32(b[16:], tt.off)
		be.PutUint32(b[20:], tt.count)
		h, err := ParseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Numbers(1000)) != tt.numbers || len(h.Strings(1000)) != tt.strings {
			t.Errorf("%+v: %v %q", tt, h.Numbers(1000), h.Strings(1000))
		}
		_, _ = h.Number(1000)
		_ = h.Bytes(1000)
	}
}

func FuzzRead(f *testing.F) {
	a := header(map[uint32]any{1000: "a", 1117: []string{"x", "y"}, 1116: []uint32{0, 0}, 1118: []string{"/usr/"}})
	f.Add([]byte(makeNDB(a, a)), []byte{})
	f.Add([]byte(makeBerkeley(a, a)), []byte{})
	if db, log, _ := sqliteFiles(f, 512, true); len(db) > 0 {
		f.Add([]byte(db), []byte(log))
	}
	f.Fuzz(func(t *testing.T, db, log []byte) {
		total := 0
		_, _ = Read(t.Context(), memory(db), memory(log), func(b Blob) error {
			total += len(b.Data)
			h, err := ParseHeader(b.Data)
			if err != nil {
				return nil
			}
			for tag := range h.entries {
				_, _, _, _ = h.String(tag), h.Strings(tag), h.Numbers(tag), h.Bytes(tag)
			}
			return nil
		})
		if total > len(db)+len(log) {
			t.Errorf("%d bytes of headers in %d", total, len(db)+len(log))
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(header(map[uint32]any{1000: "a", 1028: []uint32{1}}))
	f.Add(long)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			return
		}
		for tag := range h.entries {
			if n := len(h.Strings(tag)) + len(h.Numbers(tag)); n > 2*len(b) {
				t.Errorf("tag %d: %d values in %d bytes", tag, n, len(b))
			}
			_, _ = h.String(tag), h.Bytes(tag)
		}
	})
}
