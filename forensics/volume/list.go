package volume

import (
	"errors"
	"fmt"
	"io"
	"sort"
)

// Problem is something wrong with the partition tables.
type Problem struct {
	What, Why string
	Lost      bool // bytes of the disk or a partition cannot be read because of it
}

// ErrNothing says that a disk holds neither partitions nor a filesystem.
var ErrNothing = errors.New("neither a partition table nor a filesystem was found: is this a disk image?")

// maxLogical bounds the chain of logical partitions.
const maxLogical = 128

// List finds the volumes of a disk, in the order of their offsets.
//
// A disk can hold both a filesystem from its first byte and a partition table: an
// old table that was never wiped, or bytes that somebody put there so that one hides
// the other. Then both are listed, the whole disk first.
//
// What none of the magic numbers of this package stands for is shown to those in more.
func List(r io.ReaderAt, size int64, more ...Recogniser) ([]Volume, []Problem, error) {
	whole := Volume{ID: "disk", Scheme: "none", Size: size, Bytes: io.NewSectionReader(r, 0, size)}
	recognise(&whole, more)
	head := make([]byte, sector)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		return nil, nil, ErrNothing
	}
	vols, problems := readGPT(r, size)
	if len(vols) > 0 && legacyMBR(head) {
		// Linux then takes no notice of a GPT (efi_partition of
		// block/partitions/efi.c).
		if mbrs, wrong := readMBR(r, size, more); holdsAny(r, size, mbrs, more) {
			vols, problems = mbrs, append(wrong, Problem{"GPT", "a table that has no protective entry in the MBR, which lists partitions of its own: it is taken for an old one, as Linux does", false})
		}
	} else if len(vols) == 0 {
		// The boot code of a filesystem ends like an MBR.
		if whole.Content == "" && head[510] == 0x55 && head[511] == 0xaa || plausibleMBR(head, size) {
			var wrong []Problem
			vols, wrong = readMBR(r, size, more)
			problems = append(problems, wrong...)
		}
	}
	if len(vols) > 0 && whole.Content != "" && staleGPT(r) {
		// What the end of the disk kept of the table of an earlier use.
		vols, problems = nil, []Problem{{"GPT", "only a copy of a partition table at the end of the disk, which holds a filesystem (" + whole.Content + ") from its first byte: the table is taken for an old one", false}}
	}
	switch {
	case len(vols) == 0 && whole.Content != "":
		return []Volume{whole}, problems, nil
	case len(vols) == 0 && len(problems) > 0:
		return nil, nil, fmt.Errorf("%w (%s: %s)", ErrNothing, problems[0].What, problems[0].Why)
	case len(vols) == 0:
		return nil, nil, ErrNothing
	}
	problems = append(problems, place(r, size, vols, more)...)
	if whole.Content != "" && whole.Content != "iso9660" { // a hybrid image holds both on purpose
		problems = append(problems, Problem{"disk", "holds a filesystem (" + whole.Content + ") from its first byte and a partition table: both are listed", false})
		vols = append([]Volume{whole}, vols...)
	}
	return vols, problems, nil
}

// holdsAny says whether something is recognised in any of the volumes.
func holdsAny(r io.ReaderAt, size int64, vols []Volume, more []Recogniser) bool {
	for _, v := range vols {
		if v.Offset < size {
			v.Bytes = io.NewSectionReader(r, v.Offset, v.Size)
			if recognise(&v, more); v.Content != "" {
				return true
			}
		}
	}
	return false
}

// staleGPT says whether neither an MBR nor the first copy of a GPT is there.
func staleGPT(r io.ReaderAt) bool {
	b := make([]byte, 8192)
	n, _ := r.ReadAt(b, 0)
	b = b[:n]
	has := func(at int) bool { return len(b) >= at+8 && string(b[at:at+8]) == "EFI PART" }
	return len(b) >= sector && (b[510] != 0x55 || b[511] != 0xaa) && !has(512) && !has(4096)
}

// place puts volumes in their order, and looks at what is in them.
func place(r io.ReaderAt, size int64, vols []Volume, more []Recogniser) (problems []Problem) {
	sort.SliceStable(vols, func(i, j int) bool { return vols[i].Offset < vols[j].Offset })
	end := int64(0)
	for i := range vols {
		v := &vols[i]
		if v.Offset < end {
			problems = append(problems, Problem{"volume " + v.ID, "overlaps the volume before it", false})
		}
		end = max(end, v.Offset+v.Size)
		if v.Offset >= size {
			v.Reason = fmt.Sprintf("begins at byte %d, behind the end of the disk (%d bytes)", v.Offset, size)
			v.Bytes = io.NewSectionReader(r, size, 0)
			continue
		}
		if v.Offset+v.Size > size {
			problems = append(problems, Problem{"volume " + v.ID, fmt.Sprintf("the image is truncated: the volume ends at byte %d, the disk at %d", v.Offset+v.Size, size), true})
		}
		v.Bytes = io.NewSectionReader(r, v.Offset, v.Size)
		recognise(v, more)
	}
	return problems
}
