package host

import (
	"context"
	"errors"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/syslog"
)

// ReadSource reads up to n bytes of the artifact at a source on its filesystem. Of
// a packed log the offset is one of the unpacked text, as it is in the source. Of
// members of archives, and of what was decoded, it reads nothing.
func ReadSource(fsys filesystem.FS, src artifact.Source, n int) ([]byte, error) {
	f, err := fsys.Open(filesystem.Ref{Inode: src.Inode, Version: src.Version})
	if err != nil {
		return nil, err
	}
	if f.Inode().IsSymlink() {
		// A record of a link tells of the text behind it, unless it is about
		// the link.
		if ref, _, err := filesystem.Lookup(fsys, src.Path, true); err == nil && src.Length > 0 {
			if target, err := fsys.Open(ref); err == nil {
				f = target
			}
		}
	}
	if src.Member != "" {
		text, member, err := syslog.Open(Content(f))
		if err != nil {
			return nil, err
		}
		defer text.Close()
		if member == src.Member {
			if _, err := io.CopyN(io.Discard, text, src.Offset); err != nil {
				return nil, err
			}
			b := make([]byte, n)
			got, err := io.ReadFull(text, b)
			if err == io.ErrUnexpectedEOF || err == io.EOF {
				err = nil
			}
			return b[:got], err
		}
		r, err := Member(context.Background(), f, src.Member)
		if err != nil {
			return nil, err
		}
		b := make([]byte, n)
		got, err := r.ReadAt(b, src.Offset)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return b[:got], err
	}
	b := make([]byte, n)
	got, err := f.ReadAt(b, src.Offset)
	if err == io.EOF {
		err = nil
	}
	return b[:got], err
}
