package jbd2

import (
	"context"
	"encoding/binary"
	"fmt"
)

// The tags of fast commits (fs/ext4/fast_commit.h).
const (
	FastAddRange = 1 // maps blocks of a file
	FastDelRange = 2 // unmaps blocks of a file
	FastCreate   = 3 // gives a new inode its first name
	FastLink     = 4 // gives an inode a name
	FastUnlink   = 5 // takes a name
	FastInode    = 6 // an inode's record, without its block map
	fastPad      = 7
	fastTail     = 8
	fastHead     = 9

	fastTagSize = 4 // struct ext4_fc_tl
)

// FastTag is one change of a fast commit. Unlike the rest of the journal its
// numbers are little-endian, and it is the filesystem's to apply.
type FastTag struct {
	Tag   uint16
	Value []byte
}

// fastLenOK says whether a value can have this length.
func fastLenOK(tag uint16, n int) bool {
	switch tag {
	case FastAddRange:
		return n == 16
	case FastDelRange:
		return n == 12
	case FastCreate, FastLink, FastUnlink:
		return n > 8 && n <= 8+255
	case FastInode:
		return n >= 4+128
	case fastPad:
		return true
	case fastTail:
		return n >= 8
	case fastHead:
		return n == 8
	}
	return false
}

// fastTags reads the fast commits that stand on top of transaction tid-1, as
// ext4_fc_replay_scan does. The area begins one block after the log's end
// (j_fc_first is j_last+1). why says what was wrong, if anything.
func (j *Journal) fastTags(ctx context.Context, tid uint32) (tags []FastTag, commits int, why string) {
	if j.incompat&incompatFastCommit == 0 {
		return nil, 0, ""
	}
	le := binary.LittleEndian
	w := window{j: j, ctx: ctx}
	var open []FastTag // since the last good tail
	crc, size := uint32(0), 0
	for at := j.last + 1; at < j.maxlen; at++ {
		b, err := w.block(at)
		if err != nil {
			return tags, commits, err.Error()
		}
		if at == j.last+1 && le.Uint16(b) != fastHead {
			return nil, 0, ""
		}
		for off := 0; off+fastTagSize <= len(b); {
			tag, n := le.Uint16(b[off:]), int(le.Uint16(b[off+2:]))
			end := off + fastTagSize + n
			if end > len(b) || !fastLenOK(tag, n) {
				if len(open) > 0 {
					why = fmt.Sprintf("fast commit of transaction %d, journal block %d: ends without a tail and is left out", tid, at)
				}
				return tags, commits, why
			}
			val := b[off+fastTagSize : end]
			switch tag {
			case fastHead:
				if features := le.Uint32(val); features != 0 {
					return tags, commits, fmt.Sprintf("fast commit: features 0x%x are not understood; it is not applied", features)
				}
				if le.Uint32(val[4:]) != tid {
					return tags, commits, "" // of an older transaction
				}
				crc = j.crc32c(crc, b[off:end])
			case fastTail:
				crc = j.crc32c(crc, b[off:off+fastTagSize+4])
				if le.Uint32(val) != tid {
					return tags, commits, ""
				}
				if le.Uint32(val[4:]) != crc {
					return tags, commits, fmt.Sprintf("fast commit of transaction %d, journal block %d: checksum mismatch; it is not applied", tid, at)
				}
				tags, open, crc = append(tags, open...), nil, 0
				commits++
			default:
				crc = j.crc32c(crc, b[off:end])
				if tag != fastPad {
					if size += n; size > maxFast || len(tags)+len(open) >= maxTags {
						return tags, commits, fmt.Sprintf("fast commit of transaction %d: more than can be applied; the rest is left out", tid)
					}
					open = append(open, FastTag{Tag: tag, Value: append([]byte(nil), val...)})
				}
			}
			off = end
		}
	}
	return tags, commits, ""
}
