package volume

import (
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/diskfs/go-diskfs/partition/gpt"
)

// source lets the partition library read a disk, and only that.
type source struct{ *io.SectionReader }

func (source) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
func (source) Close() error               { return nil }

func readGPT(r io.ReaderAt, size int64) (vols []Volume, problems []Problem) {
	for _, sector := range []int{512, 4096} {
		var sig [8]byte
		primary := false
		if n, _ := r.ReadAt(sig[:], int64(sector)); n == 8 && string(sig[:]) == "EFI PART" {
			primary = true
		}
		backup := false
		if n, _ := r.ReadAt(sig[:], size/int64(sector)*int64(sector)-int64(sector)); n == 8 && string(sig[:]) == "EFI PART" {
			backup = true
		}
		if !primary && !backup {
			continue
		}
		t, err := gptTable(r, size, sector)
		if err != nil {
			problems = append(problems, Problem{"GPT", err.Error(), true})
			continue
		}
		if t.RecoveredFromBackup {
			problems = append(problems, Problem{"GPT", "the table at the beginning of the disk is damaged; its copy at the end is used", false})
		} else if !backup {
			problems = append(problems, noBackup(r, size, int64(sector)))
		}
		for _, p := range t.Partitions {
			if p == nil { // not in use
				continue
			}
			if p.End < p.Start || p.End > uint64(1<<62)/uint64(sector) {
				problems = append(problems, Problem{fmt.Sprintf("GPT entry %d", p.Index), fmt.Sprintf("sectors %d to %d", p.Start, p.End), true})
				continue
			}
			vols = append(vols, Volume{
				ID: fmt.Sprintf("p%d", p.Index), Scheme: "gpt", Number: p.Index, Offset: int64(p.Start) * int64(sector), Size: int64(p.End-p.Start+1) * int64(sector),
				Type: typeName(strings.ToUpper(string(p.Type)), gptTypes), Name: p.Name, UUID: strings.ToLower(p.GUID),
			})
		}
		if len(vols) > 0 {
			return vols, problems
		}
	}
	return vols, problems
}

// noBackup says why the copy of the table is not at the end of the disk: the header
// says where the end was when the table was written.
func noBackup(r io.ReaderAt, size, sector int64) Problem {
	const what = "no copy of the table at the end of the disk"
	var b [8]byte
	if n, _ := r.ReadAt(b[:], sector+32); n < len(b) {
		return Problem{"GPT", what, false}
	}
	last := binary.LittleEndian.Uint64(b[:]) // sector
	if last > 1<<62/uint64(sector) {
		return Problem{"GPT", what, false}
	}
	switch have, end := uint64(size/sector), last+1; {
	case end == have:
		return Problem{"GPT", what, false}
	case end > have:
		return Problem{"GPT", fmt.Sprintf("%s: the disk had %d bytes, the image has %d: it is truncated", what, end*uint64(sector), size), true}
	default:
		return Problem{"GPT", fmt.Sprintf("%s: it had %d bytes when the table was written, and was enlarged to %d", what, end*uint64(sector), size), false}
	}
}

func gptTable(r io.ReaderAt, size int64, sector int) (t *gpt.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	// The library trusts the number and size of the entries: of the two headers, it
	// is not shown one that claims too much, and takes the other.
	mask := &masked{r: r, n: int64(sector)}
	for _, at := range []int64{int64(sector), size/int64(sector)*int64(sector) - int64(sector)} {
		h := make([]byte, 92)
		if n, _ := r.ReadAt(h, at); n == len(h) && string(h[:8]) == "EFI PART" {
			count, each := binary.LittleEndian.Uint32(h[80:]), binary.LittleEndian.Uint32(h[84:])
			if count > 4096 || each < 128 || each > 4096 {
				if len(mask.at) > 0 {
					return nil, fmt.Errorf("damaged: %d entries of %d bytes", count, each)
				}
				mask.at = append(mask.at, at)
			}
		}
	}
	return gpt.Read(source{io.NewSectionReader(mask, 0, size)}, sector, sector)
}

// masked reads a disk of which some sectors are shown as zeros.
type masked struct {
	r  io.ReaderAt
	at []int64 // bytes
	n  int64   // bytes of a sector
}

func (m *masked) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.r.ReadAt(p, off)
	for _, at := range m.at {
		if from, to := max(at, off), min(at+m.n, off+int64(n)); from < to {
			clear(p[from-off : to-off])
		}
	}
	return n, err
}
