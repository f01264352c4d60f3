package host

import (
	"bytes"
	"cmp"
	"path"
	"slices"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// Bounds of the look for an image without content.
const (
	hollowFiles = 64   // files that are looked at
	hollowDirs  = 256  // directories that are listed
	hollowPiece = 4096 // bytes at the beginning, in the middle and at the end of a file
	fewestRoot  = 3    // files of a root filesystem that say something
	fewestOther = 16   // of another volume, which may hold files that were laid out and never written
)

// HollowGaps returns a coverage line for each volume whose files read as zeros: an image of
// the metadata alone, as e2image(8) makes it, or one that was copied with its errors left
// out.
func (img *Image) HollowGaps() []model.Gap {
	var out []model.Gap
	for _, v := range img.Volumes {
		if v.FS == nil {
			continue
		}
		fewest := fewestOther
		if hasRoot(v.FS) {
			fewest = fewestRoot
		}
		if hollow, n := hollow(v.FS); n >= fewest && hollow*10 >= n*9 {
			out = append(out, model.Gap{
				Subject: model.SubjectContent, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.hollow", "volume", v.ID),
				Why: model.Msg("why.hollow", "hollow", hollow, "count", n), Weight: model.Decisive,
			})
		}
	}
	return out
}

// hollow looks at some files that a system has, and gives how many of them are nothing but
// zeros where the disk should hold their content, of how many.
func hollow(fsys filesystem.FS) (zeros, files int) {
	var queue []filesystem.Ref
	seen := make(map[uint64]bool)
	add := func(r filesystem.Ref) {
		if !seen[r.Inode] && len(seen) < hollowDirs {
			seen[r.Inode] = true
			queue = append(queue, r)
		}
	}
	for _, p := range []string{"/etc", "/usr/bin", "/usr/sbin", "/usr/lib/systemd/system", "/var/lib", "/var/log", "/"} {
		if ref, _, err := filesystem.Lookup(fsys, path.Clean(p), true); err == nil {
			add(ref)
		}
	}
	for i := 0; i < len(queue) && files < hollowFiles; i++ {
		list, _ := fsys.ReadDir(queue[i]) // of a damaged one, what could be read
		slices.SortFunc(list, func(a, b filesystem.DirEntry) int { return cmp.Compare(a.Name, b.Name) })
		for _, e := range list {
			if e.Deleted || files >= hollowFiles {
				continue
			}
			in, err := fsys.Inode(filesystem.Ref{Inode: e.Inode})
			switch {
			case err != nil:
			case in.IsDir():
				add(in.Ref)
			case in.IsRegular() && in.Size > 0 && !seen[in.Ref.Inode]:
				if zero, ok := zeroed(fsys, in.Ref); ok {
					seen[in.Ref.Inode] = true
					files++
					if zero {
						zeros++
					}
				}
			}
		}
	}
	return zeros, files
}

// zeroed says whether the content of a file is zeros at its beginning, in its middle and at
// its end. It gives false where that says nothing: the disk holds none of it, or the inode
// itself does.
func zeroed(fsys filesystem.FS, ref filesystem.Ref) (zero, ok bool) {
	f, err := fsys.Open(ref)
	if err != nil {
		return false, false
	}
	exts, err := f.Extents()
	if err != nil || len(exts) == 0 || exts[0].Unwritten || exts[0].Logical > 0 || exts[0].Physical%512 != 0 {
		return false, false
	}
	piece := make([]byte, min(hollowPiece, f.Size()))
	for _, at := range []int64{0, (f.Size() - int64(len(piece))) / 2, f.Size() - int64(len(piece))} {
		if n, _ := f.ReadAt(piece, at); n < len(piece) {
			return false, false
		}
		if bytes.Count(piece, []byte{0}) != len(piece) {
			return false, true
		}
	}
	return true, true
}
