package history

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"icecore/forensics/artifact"
)

// What the binary histories begin with: HIST_UNDO and the version (history.c of ksh93),
// M1 and M2 of mksh's histrap.c.
const (
	kshMagic  = "\x81\x01"
	mkshMagic = "\xab\xcd"
)

// ksh reads the history of ksh93: commands that end with a line end and NUL, filled up
// with NULs; 0x82, NUL, three bytes and NUL state the number of the next command, 0x81
// that the one before was taken back.
func (h *reader) ksh(ctx context.Context, in *artifact.Input) error {
	return h.ended(ctx, in, int64(len(kshMagic)), map[byte]int{0: 1, 0x81: 1, 0x82: 6})
}

// mksh reads the history of mksh: 0xff, the number of the command in four bytes, the
// command, NUL.
func (h *reader) mksh(ctx context.Context, in *artifact.Input) error {
	return h.ended(ctx, in, int64(len(mkshMagic)), map[byte]int{0: 1, 0xff: 5})
}

// ended reads commands that end with NUL, from an offset on. What stands before a command
// and is none of it is known by its first byte, which says how many bytes it is.
func (h *reader) ended(ctx context.Context, in *artifact.Input, off int64, before map[byte]int) error {
	r := bufio.NewReaderSize(io.NewSectionReader(in.Content, off, in.Content.Size()-off), 64<<10)
	for n := 0; ; n++ {
		if n&0x3ff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for {
			head, err := r.Peek(6)
			if len(head) == 0 {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return err
			}
			k := min(before[head[0]], len(head))
			if k == 0 {
				break
			}
			_, _ = r.Discard(k) // it was peeked at
			off += int64(k)
		}
		h.source = artifact.Source{Offset: off}
		for {
			part, err := r.ReadSlice(0)
			off += int64(len(part))
			h.add(bytes.TrimSuffix(part, []byte{0}))
			if err == nil || errors.Is(err, io.EOF) {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return err
			}
		}
		h.lines++
		h.source.Length = int64(len(bytes.TrimRight(h.command, "\n")))
		h.flush()
	}
}
