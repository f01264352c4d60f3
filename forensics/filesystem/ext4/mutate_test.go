package ext4

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"icecore/forensics/filesystem"
)

var errEnough = errors.New("enough")

// exercise does with an image all that the program does: it opens it, walks it,
// reads what there is, within bounds, and looks at its past.
func exercise(image io.ReaderAt, size int64, buf []byte) (entries int) {
	f, err := Open(context.Background(), image, size, Options{})
	if err != nil {
		return 0
	}
	_ = f.Info()
	ctx := context.Background()
	left := int64(8 << 20) // of content
	var dirs []filesystem.Ref
	err = f.Walk(ctx, filesystem.WalkOptions{Targets: true, Orphans: true, Deleted: true}, func(e *filesystem.Entry) error {
		if entries++; entries > 200_000 {
			return errEnough
		}
		if e.Inode == nil || !e.First || e.Err != nil {
			return nil
		}
		if entries > 2000 {
			return nil
		}
		_, _ = f.Xattrs(e.Inode.Ref)
		if e.Inode.IsDir() && len(dirs) < 64 {
			dirs = append(dirs, e.Inode.Ref)
		}
		fl, err := f.Open(e.Inode.Ref)
		if err != nil {
			return nil
		}
		exts, _ := fl.Extents()
		for at := int64(0); at < fl.Size() && left > 0; {
			n, err := fl.ReadAt(buf, at)
			left -= int64(max(n, 1024))
			if err != nil && err != io.EOF || n == 0 {
				break
			}
			if at += int64(n); at > 1<<20 {
				break
			}
		}
		if len(exts) > 0 {
			_, _ = fl.ReadAt(buf[:1024], exts[len(exts)-1].Logical)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		var corrupt *filesystem.CorruptError
		if !errors.As(err, &corrupt) {
			panic(fmt.Sprintf("walk: %v", err))
		}
	}
	for _, ref := range dirs {
		_, _ = f.ReadDir(ref)
	}
	_, _, _ = filesystem.Lookup(f, "/d2/deep/deeper/leaf", true)
	count := 0
	_ = f.History(ctx, func(*filesystem.Change) error {
		if count++; count > 10_000 {
			return errEnough
		}
		return nil
	})
	_ = f.Problems()
	return entries
}

// mutator changes a few bytes of an image and takes that back.
type mutator struct {
	image  []byte
	rng    *rand.Rand
	places []int // of 16 bytes each, that hold metadata
	undo   []undo
	log    []string
}

type undo struct {
	at  int
	old []byte
}

func newMutator(t testing.TB, img tiny, seed int64) *mutator {
	t.Helper()
	m := &mutator{image: bytes.Clone(img.bytes), rng: rand.New(rand.NewSource(seed))}
	f, err := Open(context.Background(), bytes.NewReader(img.bytes), int64(len(img.bytes)), Options{})
	if err != nil {
		t.Fatalf("%s: %v", img.name, err)
	}
	content := make(map[int]bool)
	entries := 0
	must(t, f.Walk(context.Background(), filesystem.WalkOptions{}, func(e *filesystem.Entry) error {
		entries++
		if e.Inode.IsRegular() && e.Inode.Flags&0x10000000 == 0 {
			if fl, err := f.Open(e.Inode.Ref); err == nil {
				exts, _ := fl.Extents()
				for _, x := range exts {
					for at := x.Physical; at < x.Physical+x.Length; at += 16 {
						content[int(at)] = true
					}
				}
			}
		}
		return nil
	}))
	if entries < 60 {
		t.Fatalf("%s: only %d entries", img.name, entries)
	}
	zero := make([]byte, 16)
	for at := 0; at+16 <= len(m.image); at += 16 {
		if !content[at] && !bytes.Equal(m.image[at:at+16], zero) {
			m.places = append(m.places, at)
		}
	}
	return m
}

func (m *mutator) set(at int, b []byte) {
	if at+len(b) > len(m.image) {
		return
	}
	m.undo = append(m.undo, undo{at, bytes.Clone(m.image[at : at+len(b)])})
	copy(m.image[at:], b)
	m.log = append(m.log, fmt.Sprintf("%d=%x", at, b))
}

var interesting = []uint32{0, 1, 2, 3, 4, 5, 8, 10, 11, 12, 0x7f, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x81a4, 0x41ed, 0xa1ff, 0x80000, 0x10000000, 0xf30a, 0xea020000}

func (m *mutator) mutate() {
	r := m.rng
	for range 1 + r.Intn(4) {
		at := m.places[r.Intn(len(m.places))] + r.Intn(16)
		if r.Intn(12) == 0 {
			at = 1024 + r.Intn(1024) // the superblock is small and decides much
		}
		var b [4]byte
		switch r.Intn(7) {
		case 0:
			m.set(at, []byte{m.image[at] ^ 1<<r.Intn(8)})
		case 1:
			m.set(at, []byte{byte(r.Intn(256))})
		case 2:
			binary.LittleEndian.PutUint16(b[:], uint16(interesting[r.Intn(len(interesting))]))
			m.set(at&^1, b[:2])
		case 3:
			binary.LittleEndian.PutUint32(b[:], interesting[r.Intn(len(interesting))])
			m.set(at&^3, b[:])
		case 4:
			binary.LittleEndian.PutUint32(b[:], uint32(r.Intn(len(m.image)/1024)))
			m.set(at&^3, b[:])
		case 5: // bytes from elsewhere
			from := m.places[r.Intn(len(m.places))]
			n := min(16<<r.Intn(7), len(m.image)-from)
			m.set(at&^15, bytes.Clone(m.image[from:from+n]))
		case 6:
			if at&^3+4 <= len(m.image) {
				v := binary.LittleEndian.Uint32(m.image[at&^3:])
				binary.LittleEndian.PutUint32(b[:], v+uint32(r.Intn(9))-4)
				m.set(at&^3, b[:])
			}
		}
	}
	if r.Intn(2) == 0 { // with its checksum made right, the superblock is believed
		sum := crc32c(^uint32(0), m.image[1024:2044])
		m.set(2044, binary.LittleEndian.AppendUint32(nil, sum))
	}
}

func (m *mutator) revert() {
	for i := len(m.undo) - 1; i >= 0; i-- {
		copy(m.image[m.undo[i].at:], m.undo[i].old)
	}
	m.undo, m.log = m.undo[:0], m.log[:0]
}

// TestMutations damages small valid images at random and wants no panic, no hang
// over two seconds and no more than 64 MiB allocated for any of them.
// ICECORE_MUTATIONS says how many, ICECORE_SEED where the random numbers begin.
func TestMutations(t *testing.T) {
	images := needTinies(t)
	total, seed := 2000, int64(1)
	if testing.Short() {
		total = 200
	}
	if s := os.Getenv("ICECORE_MUTATIONS"); s != "" {
		n, err := strconv.Atoi(s)
		must(t, err)
		total = n
	}
	if s := os.Getenv("ICECORE_SEED"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		must(t, err)
		seed = n
	}
	began := time.Now()
	var slowest time.Duration
	var slowLog string
	var largest uint64
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	buf := make([]byte, 64<<10)
	var opened, entries int
	for i, img := range images {
		t.Run(img.name, func(t *testing.T) {
			m := newMutator(t, img, seed*1000+int64(i))
			if want := exercise(bytes.NewReader(m.image), int64(len(m.image)), buf); want < 60 {
				t.Fatalf("%s: only %d entries before any damage", img.name, want)
			}
			var running atomic.Int64
			var log atomic.Pointer[[]string]
			stop := make(chan bool)
			go func() { // says what hangs, as nobody else could
				tick := time.NewTicker(time.Second)
				defer tick.Stop()
				for {
					select {
					case <-stop:
						return
					case <-tick.C:
						if at := running.Load(); at != 0 && time.Since(time.Unix(0, at)) > 20*time.Second {
							panic(fmt.Sprintf("%s hangs: %v", img.name, *log.Load()))
						}
					}
				}
			}()
			for range total / len(images) {
				m.mutate()
				l := m.log
				log.Store(&l)
				metrics.Read(sample)
				before := sample[0].Value.Uint64()
				start := time.Now()
				running.Store(start.UnixNano())
				func() {
					defer func() {
						if p := recover(); p != nil {
							t.Errorf("%s: panic %v with %v", img.name, p, m.log)
							panic(p)
						}
					}()
					n := exercise(bytes.NewReader(m.image), int64(len(m.image)), buf)
					if entries += n; n > 0 {
						opened++
					}
				}()
				took := time.Since(start)
				running.Store(0)
				metrics.Read(sample)
				used := sample[0].Value.Uint64() - before
				if took > 2*time.Second {
					t.Errorf("%s: %v with %v", img.name, took, m.log)
				}
				if used > 64<<20 {
					t.Errorf("%s: %d MiB allocated with %v", img.name, used>>20, m.log)
				}
				if took > slowest {
					slowLog = fmt.Sprint(img.name, m.log)
				}
				slowest, largest = max(slowest, took), max(largest, used)
				m.revert()
			}
			close(stop)
			t.Logf("%s: %v", img.name, time.Since(began).Round(time.Second))
			if !bytes.Equal(m.image, img.bytes) {
				t.Fatalf("%s: the test does not take its changes back", img.name)
			}
		})
	}
	t.Logf("%d mutations of each of %d images in %v, %d could be opened, %d entries; slowest %v, most allocated %d KiB; the slowest was %s",
		total/len(images), len(images), time.Since(began).Round(time.Second), opened, entries, slowest, largest>>10, slowLog)
}
