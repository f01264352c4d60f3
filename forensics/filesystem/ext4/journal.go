package ext4

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sort"
	"sync"

	rec "github.com/dsoprea/go-ext4"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4/jbd2"
)

// journalReader reads the journal as it stands on the disk: never through its own
// replay, whatever blocks that says it replaces.
type journalReader struct {
	r    io.ReaderAt
	size int64
	exts []filesystem.Extent
}

// Size gives the length of the journal in bytes.
func (j *journalReader) Size() int64 { return j.size }

// ReadAt implements io.ReaderAt.
func (j *journalReader) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	i := sort.Search(len(j.exts), func(i int) bool { return j.exts[i].Logical+j.exts[i].Length > off })
	for done < len(p) {
		at := off + int64(done)
		if at >= j.size {
			return done, io.EOF
		}
		n := min(int64(len(p)-done), j.size-at)
		if i == len(j.exts) || j.exts[i].Logical > at {
			// The kernel refuses a journal with holes.
			return done, filesystem.Corrupt("journal", "nothing is mapped at byte %d", at)
		}
		e := j.exts[i]
		n = min(n, e.Logical+e.Length-at)
		k, err := j.r.ReadAt(p[done:done+int(n)], e.Physical+at-e.Logical)
		if done += k; int64(k) < n {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
		i++
	}
	return done, nil
}

// journalContent opens the journal's inode or, if that is damaged, what the superblock
// keeps of it (s_jnl_blocks of fs/ext4/ext4.h: the block map, and the size).
func (f *FS) journalContent() (*journalReader, error) {
	open := func(n *node) (*journalReader, error) {
		if !n.IsRegular() || n.Size <= 0 || n.inline() {
			return nil, filesystem.Corrupt(fmt.Sprintf("journal inode %d", n.Ref.Inode), "mode %o, %d bytes", n.Mode, n.Size)
		}
		exts, err := f.extents(n)
		if err != nil {
			return nil, err
		}
		return &journalReader{r: f.r, size: n.Size, exts: exts}, nil
	}
	n, err := f.node(filesystem.Ref{Inode: uint64(f.sb.SJournalInum)})
	if err == nil {
		var r *journalReader
		if r, err = open(n); err == nil {
			return r, nil
		}
	}
	const inodeBlocks = 1 // s_jnl_backup_type
	if f.sb.raw[0xfd] != inodeBlocks {
		return nil, err
	}
	le := binary.LittleEndian
	words := f.sb.raw[0x10c:0x150]
	n = &node{raw: make([]byte, f.sb.inodeSize)}
	copy(n.raw[0x28:0x64], words)
	n.Ref.Inode = uint64(f.sb.SJournalInum)
	n.Mode = filesystem.ModeRegular
	n.Size = int64(le.Uint32(words[60:]))<<32 | int64(le.Uint32(words[64:]))
	if le.Uint16(words) == rec.ExtentMagic {
		n.Flags = rec.InodeFlagExtents
	}
	r, berr := open(n)
	if berr != nil {
		return nil, err
	}
	f.problem("journal", "%v; the superblock's copy of its block map is used", err)
	return r, nil
}

// journalState is what became of the journal.
type journalState struct {
	info filesystem.JournalInfo
	log  *jbd2.Journal
	fast []jbd2.FastTag // to be applied

	once sync.Once
	late func() // reads the times of the commits, if that is still to be done

	replayable int // transactions that a recovery would apply
}

// maxLateJournal bounds a journal that is read for its times alone when somebody asks for
// them, who has no context to end that: 1 GiB is the most that mke2fs(8) makes by itself.
const maxLateJournal = 1 << 30

// openJournal reads the journal and, unless it must not, replays it into the
// overlay.
func (f *FS) openJournal(ctx context.Context, opts Options) error {
	s := f.sb
	if !s.compat(rec.SbFeatureCompatHasJournal) {
		return nil
	}
	if s.SJournalInum == 0 {
		if s.SJournalDev != 0 || s.SJournalUuid != [16]uint8{} {
			return fmt.Errorf("the journal is on another device (UUID %s): %w", uuidString(s.SJournalUuid), filesystem.ErrUnsupported)
		}
		return nil
	}
	r, err := f.journalContent()
	if err != nil {
		return err
	}
	log, err := jbd2.Open(r, r.Size(), s.blockSize)
	if err != nil {
		return err
	}
	st := &journalState{log: log}
	st.info.Present = true
	f.journal = st
	res, err := log.Replay(ctx)
	if err != nil {
		return err
	}
	for _, p := range res.Problems {
		f.problem("journal", "%s", p)
	}
	if !s.incompat(rec.SbFeatureIncompatRecover) {
		// Cleanly unmounted: there is nothing to replay, but history to read, once
		// somebody asks for it.
		if n := len(res.Transactions); n > 0 {
			f.problem("journal", "the superblock says that there is nothing to recover, the journal holds %d transactions; they are not applied, as the kernel would not", n)
		}
		if r.Size() <= maxLateJournal {
			st.late = func() {
				if h, err := log.History(context.Background()); err == nil {
					st.info.FirstCommit, st.info.LastCommit = h.Times()
				}
			}
		} else {
			f.problem("journal", "%d bytes long: the times of its transactions are not looked for", r.Size())
		}
		return nil
	}
	history, err := log.History(ctx)
	if err != nil {
		return err
	}
	st.replayable = len(res.Transactions)
	st.info.Transactions, st.info.Blocks = len(res.Transactions), len(res.Blocks)+len(res.Far)
	st.info.FirstCommit, st.info.LastCommit = history.Times()
	if history.Cut {
		f.problem("journal", "holds more than is looked at: older states are not all found")
	}
	f.lag = opts.NoReplay || len(res.Fast) > 0
	if opts.NoReplay {
		return nil
	}
	st.info.Replayed = true
	f.overlay = make(map[uint64][]byte, len(res.Blocks))
	for b, data := range res.Blocks {
		if b < s.blocks {
			f.overlay[b] = data
		} else {
			f.problem("journal", "a transaction writes block %d; the filesystem has %d", b, s.blocks)
		}
	}
	f.far = make(map[uint64]jbd2.Far, len(res.Far))
	for b, at := range res.Far {
		if b < s.blocks {
			f.far[b] = at
		} else {
			f.problem("journal", "a transaction writes block %d; the filesystem has %d", b, s.blocks)
		}
	}
	st.fast, st.info.FastCommits = res.Fast, res.FastCommits
	return nil
}
