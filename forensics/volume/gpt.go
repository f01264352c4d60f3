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
			problems = append(problems, Problem{"GPT", err.Error()})
			continue
		}
		if t.RecoveredFromBackup {
			problems = append(problems, Problem{"GPT", "the table at the beginning of the disk is damaged; its copy at the end is used"})
		} else if !backup {
			problems = append(problems, Problem{"GPT", "no copy of the table at the end of the disk: the image is truncated, or was enlarged"})
		}
		for _, p := range t.Partitions {
			if p == nil || p.Type == gpt.Unused || strings.Trim(string(p.Type), "0-") == "" {
				continue
			}
			if p.Start > uint64(1<<62)/uint64(sector) || p.End < p.Start || p.End > uint64(1<<62)/uint64(sector) {
				problems = append(problems, Problem{fmt.Sprintf("GPT entry %d", p.Index), fmt.Sprintf("sectors %d to %d", p.Start, p.End)})
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

func gptTable(r io.ReaderAt, size int64, sector int) (t *gpt.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	// The library trusts the number and size of the entries; check them first.
	for _, at := range []int64{int64(sector), size/int64(sector)*int64(sector) - int64(sector)} {
		h := make([]byte, 92)
		if n, _ := r.ReadAt(h, at); n == len(h) && string(h[:8]) == "EFI PART" {
			count, each := binary.LittleEndian.Uint32(h[80:]), binary.LittleEndian.Uint32(h[84:])
			if count > 4096 || each < 128 || each > 4096 {
				return nil, fmt.Errorf("damaged: %d entries of %d bytes", count, each)
			}
		}
	}
	return gpt.Read(source{io.NewSectionReader(r, 0, size)}, sector, sector)
}
