package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The databases of containerd and Podman are bbolt's (go.etcd.io/bbolt): a file of pages.
// Two meta pages name the root bucket; a bucket is a B+ tree of pages whose leaves hold
// keys, values and further buckets, small ones inline. bbolt itself maps the file and
// trusts every offset in it, so that a forged page ends the program; and it must lock the
// file. Here each page is read and checked by itself, and nothing is written.

// Bounds of one database.
const (
	boltMagic   = 0xED0CDAED
	boltHeader  = 16        // of a page: id, flags, count, overflow
	boltElement = 16        // of a leaf; the same of a branch
	maxPage     = 16 << 20  // bytes of a page with what it overflows into
	maxPageRead = 1 << 30   // bytes of all pages read
	maxBoltTree = 24        // levels of one bucket
	maxElements = 100 << 20 // elements of pages looked at: pages may overlap
	maxKey      = 32768     // bbolt's own bound
)

// Flags of pages and of elements of leaves.
const (
	boltBranch = 1
	boltLeaf   = 2
	boltBucket = 1
)

// errBolt says that a database breaks its format.
var errBolt = errors.New("damaged bbolt database")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBolt, fmt.Sprintf(format, args...))
}

// bolt is a database, opened.
type bolt struct {
	r        io.ReaderAt
	size     int64
	pageSize int64
	rootPage uint64
	read     int64 // bytes so far
	elements int   // so far
}

// bucket is a bucket of a database.
type bucket struct {
	db     *bolt
	page   uint64
	inline []byte // a page, of a bucket without one of its own
}

// openBolt reads the meta pages. The newer one that is whole counts, as with bbolt.
func openBolt(r io.ReaderAt, size int64) (*bolt, error) {
	db := &bolt{r: r, size: size}
	var newest uint64
	try := func(at int64) {
		b := make([]byte, boltHeader+64)
		if _, err := r.ReadAt(b, at); err != nil {
			return
		}
		m := b[boltHeader:]
		le := binary.LittleEndian
		sum := fnv.New64a()
		_, _ = sum.Write(m[:56])
		pageSize := int64(le.Uint32(m[8:]))
		if le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != 2 || sum.Sum64() != le.Uint64(m[56:]) ||
			pageSize < 512 || pageSize > 1<<20 || at != 0 && at != pageSize {
			return
		}
		if tx := le.Uint64(m[48:]); db.pageSize == 0 || tx > newest {
			newest, db.pageSize, db.rootPage = tx, pageSize, le.Uint64(m[16:])
		}
	}
	try(0)
	// The place of the second one is known if the first is whole; else it is looked for.
	if db.pageSize != 0 {
		try(db.pageSize)
	} else {
		for at := int64(512); at <= 1<<20; at *= 2 {
			try(at)
		}
	}
	if db.pageSize == 0 {
		return nil, damaged("no whole meta page in %d bytes", size)
	}
	return db, nil
}

// root gives the bucket that holds the named ones.
func (db *bolt) root() *bucket { return &bucket{db: db, page: db.rootPage} }

// load reads a page with what it overflows into.
func (db *bolt) load(id uint64) ([]byte, error) {
	if id < 2 || id >= uint64(db.size/db.pageSize) {
		return nil, damaged("page %d is not in the file", id)
	}
	at := int64(id) * db.pageSize
	head := make([]byte, boltHeader)
	if _, err := db.r.ReadAt(head, at); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	if got := binary.LittleEndian.Uint64(head); got != id {
		return nil, damaged("page %d says it is page %d", id, got)
	}
	n := (int64(binary.LittleEndian.Uint32(head[12:])) + 1) * db.pageSize
	if n > maxPage || at+n > db.size {
		return nil, damaged("page %d of %d bytes", id, n)
	}
	if db.read += n; db.read > maxPageRead {
		return nil, fmt.Errorf("%w: more than %d bytes of pages", errFull, maxPageRead)
	}
	b := make([]byte, n)
	if _, err := db.r.ReadAt(b, at); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return b, nil
}

// element is one of a page, its bytes within the page's. child is that of a branch.
type element struct {
	key, value []byte
	child      uint64
	isBucket   bool
}

// parse gives the elements of a page, checked.
func (db *bolt) parse(page []byte, id uint64) (list []element, leaf bool, err error) {
	if len(page) < boltHeader {
		return nil, false, damaged("page %d of %d bytes", id, len(page))
	}
	le := binary.LittleEndian
	flags, count := le.Uint16(page[8:]), int(le.Uint16(page[10:]))
	if flags != boltBranch && flags != boltLeaf {
		return nil, false, damaged("page %d has the flags %#x", id, flags)
	}
	if boltHeader+count*boltElement > len(page) {
		return nil, false, damaged("page %d of %d elements in %d bytes", id, count, len(page))
	}
	if db.elements += count + 1; db.elements > maxElements {
		return nil, false, fmt.Errorf("%w: more than %d elements of pages", errFull, maxElements)
	}
	list = make([]element, count)
	for i := range list {
		at := boltHeader + i*boltElement
		e := page[at : at+boltElement]
		var pos, key, value uint32
		if flags == boltBranch {
			pos, key = le.Uint32(e), le.Uint32(e[4:])
			list[i].child = le.Uint64(e[8:])
		} else {
			list[i].isBucket = le.Uint32(e)&boltBucket != 0
			pos, key, value = le.Uint32(e[4:]), le.Uint32(e[8:]), le.Uint32(e[12:])
		}
		from := int64(at) + int64(pos)
		mid := from + int64(key)
		to := mid + int64(value)
		if to > int64(len(page)) || key > maxKey {
			return nil, false, damaged("element %d of page %d ends behind it, or has a key of %d bytes", i, id, key)
		}
		list[i].key, list[i].value = page[from:mid:mid], page[mid:to:to]
	}
	return list, flags == boltLeaf, nil
}

// each calls fn for each key of the bucket, in order: with its value, or with the bucket
// that it names. The bytes are valid during the call. Of a damaged bucket what can be
// read is given, and the first fault is the error. An error of fn ends it.
func (b *bucket) each(fn func(key, value []byte, sub *bucket) error) error {
	w := &boltWalk{db: b.db, fn: fn, seen: make(map[uint64]bool)}
	var err error
	if b.inline != nil {
		err = w.page(b.inline, 0, 0)
	} else {
		err = w.visit(b.page, 0)
	}
	if err != nil {
		return err
	}
	return w.fault
}

type boltWalk struct {
	db    *bolt
	fn    func(key, value []byte, sub *bucket) error
	seen  map[uint64]bool
	fault error
}

// note keeps the first fault, and ends the walk where a bound is reached.
func (w *boltWalk) note(err error) error {
	if w.fault == nil {
		w.fault = err
	}
	if errors.Is(err, errFull) {
		return err
	}
	return nil
}

func (w *boltWalk) visit(id uint64, depth int) error {
	if w.seen[id] || depth > maxBoltTree {
		return w.note(damaged("page %d is its own ancestor, or nested more than %d deep", id, maxBoltTree))
	}
	w.seen[id] = true
	b, err := w.db.load(id)
	if err != nil {
		return w.note(err)
	}
	return w.page(b, id, depth)
}

func (w *boltWalk) page(b []byte, id uint64, depth int) error {
	list, leaf, err := w.db.parse(b, id)
	if err != nil {
		return w.note(err)
	}
	for _, e := range list {
		switch {
		case !leaf && id == 0:
			return w.note(damaged("an inline bucket with pages below it"))
		case !leaf:
			err = w.visit(e.child, depth+1)
		case e.isBucket:
			sub, subErr := w.db.sub(e.value)
			if subErr != nil {
				err = w.note(subErr)
				break
			}
			err = w.fn(e.key, nil, sub)
		default:
			err = w.fn(e.key, e.value, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sub reads the head of a bucket: its page, or 0 and the page inline.
func (db *bolt) sub(value []byte) (*bucket, error) {
	if len(value) < 16 {
		return nil, damaged("a bucket of %d bytes", len(value))
	}
	if page := binary.LittleEndian.Uint64(value); page != 0 {
		return &bucket{db: db, page: page}, nil
	}
	return &bucket{db: db, inline: value[16:]}, nil
}

// find gives the element of a key, nil where the bucket has none.
func (b *bucket) find(key string) (*element, error) {
	page, id := b.inline, uint64(0)
	if page == nil {
		id = b.page
	}
	for depth := 0; depth <= maxBoltTree; depth++ {
		if id != 0 {
			var err error
			if page, err = b.db.load(id); err != nil {
				return nil, err
			}
		}
		list, leaf, err := b.db.parse(page, id)
		if err != nil {
			return nil, err
		}
		next := uint64(0)
		for i := range list {
			c := bytes.Compare(list[i].key, []byte(key))
			if leaf && c == 0 {
				return &list[i], nil
			}
			if !leaf && (c <= 0 || i == 0) {
				next = list[i].child
			}
		}
		if leaf || next == 0 {
			return nil, nil
		}
		id = next
	}
	return nil, damaged("nested more than %d deep", maxBoltTree)
}

// bucket gives the bucket that a path of names leads to, nil where there is none.
func (b *bucket) bucket(names ...string) (*bucket, error) {
	for _, n := range names {
		e, err := b.find(n)
		if err != nil || e == nil || !e.isBucket {
			return nil, err
		}
		if b, err = b.db.sub(e.value); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// value gives the value of a key, nil where there is none.
func (b *bucket) value(key string) ([]byte, error) {
	e, err := b.find(key)
	if err != nil || e == nil || e.isBucket {
		return nil, err
	}
	return e.value, nil
}
