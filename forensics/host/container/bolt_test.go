package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// boltFile writes a database with bbolt and gives its bytes.
func boltFile(t testing.TB, fill func(*bbolt.Tx) error) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fill), db.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dumpBolt gives all of a database, a line a key, limit lines at most.
func dumpBolt(b *bucket, at string, limit int, out *[]string) error {
	return b.each(func(k, v []byte, sub *bucket) error {
		if len(*out) > limit {
			return errFull
		}
		*out = append(*out, fmt.Sprintf("%s/%q=%q", at, k, v))
		if sub == nil || len(at) > 400 {
			return nil
		}
		return dumpBolt(sub, fmt.Sprintf("%s/%q", at, k), limit, out)
	})
}

// TestBolt: databases that bbolt wrote are read as bbolt reads them: many keys, long
// values, buckets inline and of their own, several deep.
func TestBolt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 8 {
		var want []string
		var fill func(b *bbolt.Bucket, depth int) error
		fill = func(b *bbolt.Bucket, depth int) error {
			for range random.IntN(4<<(round%5*2)>>(2*depth)) + 1 {
				k := fmt.Appendf(nil, "%0*x", 1+random.IntN(40), random.Uint32())
				v := bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(300))
				if random.IntN(50) == 0 {
					v = make([]byte, random.IntN(40_000)) // over several pages
				}
				if depth < 4 && random.IntN(20) == 0 {
					sub, err := b.CreateBucketIfNotExists(append(k, 'b'))
					if err == nil {
						err = fill(sub, depth+1)
					}
					if err != nil {
						return err
					}
				} else if err := b.Put(k, v); err != nil {
					return err
				}
			}
			return nil
		}
		raw := boltFile(t, func(tx *bbolt.Tx) error {
			for _, n := range []string{"v1", "other"} {
				b, err := tx.CreateBucket([]byte(n))
				if err == nil {
					err = fill(b, 0)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		name := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(name, 0o600, &bbolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		var values int
		own, err := openBolt(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		err = db.View(func(tx *bbolt.Tx) error {
			var dump func(b *bbolt.Bucket, at string, names []string) error
			dump = func(b *bbolt.Bucket, at string, names []string) error {
				return b.ForEach(func(k, v []byte) error {
					want = append(want, fmt.Sprintf("%s/%q=%q", at, k, v))
					if v == nil {
						return dump(b.Bucket(k), fmt.Sprintf("%s/%q", at, k), append(slices.Clone(names), string(k)))
					}
					if values++; values%7 == 0 {
						in, err := own.root().bucket(names...)
						if err != nil || in == nil {
							return fmt.Errorf("%q: no bucket: %w", names, err)
						}
						if got, err := in.value(string(k)); err != nil || !bytes.Equal(got, v) {
							t.Errorf("%q/%q: %d bytes, want %d, %v", names, k, len(got), len(v), err)
						}
					}
					return nil
				})
			}
			return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
				want = append(want, fmt.Sprintf("/%q=%q", name, ""))
				return dump(b, fmt.Sprintf("/%q", name), []string{string(name)})
			})
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := dumpBolt(own.root(), "", 50_000, &got); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("round %d: %d lines, bbolt has %d", round, len(got), len(want))
		}
	}
}

// page gives the place of a page in a database of 4 KiB pages.
func page(b []byte, id int) []byte { return b[id*4096:] }

// seal makes the checksums of the meta pages right again.
func seal(b []byte) {
	for i := range 2 {
		m := page(b, i)[16:]
		sum := fnv.New64a()
		_, _ = sum.Write(m[:56])
		binary.LittleEndian.PutUint64(m[56:], sum.Sum64())
	}
}

// TestBoltHostile: a database that points at itself, outside of itself, or at more than
// there is ends with an error, soon; what stands before the fault is read.
func TestBoltHostile(t *testing.T) {
	le := binary.LittleEndian
	whole := boltFile(t, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("v1"))
		for i := 0; err == nil && i < 3000; i++ {
			err = b.Put(fmt.Appendf(nil, "key%06d", i), bytes.Repeat([]byte{'x'}, 50))
		}
		return err
	})
	// Where the pages of each kind are.
	branch, leaf := 0, 0
	for id := 2; id < len(whole)/4096; id++ {
		switch p := page(whole, id); le.Uint16(p[8:]) {
		case boltBranch:
			branch = id
		case boltLeaf:
			if le.Uint16(p[10:]) > 10 {
				leaf = id
			}
		}
	}
	if branch == 0 || leaf == 0 {
		t.Fatal("the database has no page of a kind")
	}
	for name, change := range map[string]func(b []byte){
		"loop": func(b []byte) {
			for i := range int(le.Uint16(page(b, branch)[10:])) {
				le.PutUint64(page(b, branch)[16+16*i+8:], uint64(branch))
			}
		},
		"child outside": func(b []byte) { le.PutUint64(page(b, branch)[24:], 1<<60) },
		"child is meta": func(b []byte) { le.PutUint64(page(b, branch)[24:], 1) },
		"count":         func(b []byte) { le.PutUint16(page(b, leaf)[10:], 0xffff) },
		"flags":         func(b []byte) { le.PutUint16(page(b, leaf)[8:], 0x77) },
		"overflow":      func(b []byte) { le.PutUint32(page(b, leaf)[12:], 1<<31) },
		"position":      func(b []byte) { le.PutUint32(page(b, leaf)[16+4:], 1<<31) },
		"size":          func(b []byte) { le.PutUint32(page(b, leaf)[16+8:], 1<<31) },
		"another page":  func(b []byte) { le.PutUint64(page(b, leaf), 99) },
		"root outside": func(b []byte) {
			le.PutUint64(page(b, 0)[32:], 1<<40)
			le.PutUint64(page(b, 1)[32:], 1<<40)
			seal(b)
		},
		"both metas":      func(b []byte) { b[20], b[4116] = 99, 99 },
		"page size":       func(b []byte) { le.PutUint32(page(b, 0)[24:], 1<<31); le.PutUint32(page(b, 1)[24:], 3); seal(b) },
		"end of the file": func(b []byte) { clear(b[len(b)/2:]) },
		"bucket of itself": func(b []byte) {
			p := page(b, leaf)
			le.PutUint32(p[16:], boltBucket)
			value := 16 + int(le.Uint32(p[20:])) + int(le.Uint32(p[24:])) // of the first element
			le.PutUint64(p[value:], uint64(leaf))
		},
	} {
		b := slices.Clone(whole)
		change(b)
		if bytes.Equal(b, whole) {
			t.Fatalf("%s: nothing was changed", name)
		}
		began := time.Now()
		var got []string
		db, err := openBolt(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			err = dumpBolt(db.root(), "", 5000, &got)
		}
		// A bucket within itself is no fault that its reader can know: it goes as deep as it is asked.
		noticed := errors.Is(err, errBolt) || errors.Is(err, io.EOF) || name == "bucket of itself"
		if !noticed || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
		if leafFault := name == "count" || name == "flags"; leafFault && len(got) < 2000 {
			t.Errorf("%s: %d keys of the other pages", name, len(got))
		}
	}
	// One whole meta page is enough; the newer one is the first of them.
	for i := range 2 {
		b := slices.Clone(whole)
		clear(page(b, i)[:4096])
		db, err := openBolt(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Errorf("without meta page %d: %v", i, err)
		} else if v, err := db.root().bucket("v1"); i == 1 && (v == nil || err != nil) {
			t.Errorf("without meta page %d: %v", i, err)
		}
	}
}

func FuzzBolt(f *testing.F) {
	f.Add(boltFile(f, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("v1"))
		if err == nil {
			err = b.Put([]byte("k"), []byte("v"))
		}
		return err
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8192 {
			seal(b)
		}
		db, err := openBolt(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		var out []string
		_ = dumpBolt(db.root(), "", 300, &out)
		_, _ = db.root().bucket("v1", "a", "b")
	})
}
