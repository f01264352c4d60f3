package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// Place names one file of a volume as a person does.
type Place struct {
	// Path is bytes, or what icecore printed of them: \xNN stands for a byte.
	Path string
	// Inode is N, or N@TID for the state of a journal transaction. Path has no meaning
	// then.
	Inode string
}

// String gives the place as it is shown in messages, escaped.
func (p Place) String() string {
	if p.Inode != "" {
		return "inode " + text.Escape(p.Inode)
	}
	return text.Escape(p.Path)
}

// ParseRef reads an inode as icecore prints it: N, or N@TID for an older state.
func ParseRef(s string) (filesystem.Ref, error) {
	n, version, older := strings.Cut(s, "@")
	ino, err := strconv.ParseUint(n, 10, 64)
	if err != nil || ino == 0 {
		return filesystem.Ref{}, fmt.Errorf("%s: want N or N@TID", text.Quote(s))
	}
	ref := filesystem.Ref{Inode: ino}
	if older {
		tid, err := strconv.ParseUint(version, 10, 32)
		if err != nil || tid == 0 {
			return ref, fmt.Errorf("%s: want N or N@TID", text.Quote(s))
		}
		ref.Version = uint32(tid)
	}
	return ref, nil
}

// Find gives the file that a place names, and its path without links where it was named
// by one. A path at which only deleted files were is a [*GoneError].
func (v *Volume) Find(ctx context.Context, p Place, follow bool) (filesystem.Ref, string, error) {
	if p.Inode != "" {
		ref, err := ParseRef(p.Inode)
		return ref, "", err
	}
	plain, err := text.Unescape(p.Path)
	if err != nil {
		plain = p.Path
	}
	ref, name, err := filesystem.Lookup(v.FS, plain, follow)
	if plain != p.Path && errors.Is(err, fs.ErrNotExist) {
		// A name may hold a backslash itself.
		if ref, name, err := filesystem.Lookup(v.FS, p.Path, follow); err == nil {
			return ref, name, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		if gone := v.gone(ctx, plain); gone != nil {
			return ref, name, gone
		}
		if ctx.Err() != nil {
			return ref, name, ctx.Err()
		}
	}
	return ref, name, err
}

// GoneError says that a path names no file any more, and which deleted files had it.
type GoneError struct {
	Path    string // bytes
	Orphans []filesystem.Ref
	Deleted []filesystem.Ref
}

// maxGone bounds the files that a GoneError lists.
const maxGone = 8

// Error names each file as `icecore cat --inode` takes it.
func (e *GoneError) Error() string {
	var kinds []string
	list := func(refs []filesystem.Ref, one, many string) {
		if len(refs) == 0 {
			return
		}
		if len(refs) > 1 {
			one = many
		}
		names := make([]string, len(refs))
		for i, r := range refs {
			names[i] = "--inode " + r.String()
		}
		kinds = append(kinds, one+" of that path: "+strings.Join(names, ", "))
	}
	list(e.Orphans, "an orphan file (deleted while open)", "orphan files (deleted while open)")
	list(e.Deleted, "a deleted file", "deleted files")
	return text.Quote(e.Path) + ": no such file; " + strings.Join(kinds, "; ")
}

// Unwrap gives fs.ErrNotExist.
func (e *GoneError) Unwrap() error { return fs.ErrNotExist }

// gone looks for deleted files that had a path, nil if there are none. It walks the
// volume.
func (v *Volume) gone(ctx context.Context, name string) *GoneError {
	clean := path.Clean("/" + name)
	if _, dir, err := filesystem.Lookup(v.FS, path.Dir(clean), true); err == nil {
		clean = path.Join(dir, path.Base(clean))
	}
	e := &GoneError{Path: name}
	// What cannot be walked has no answer: that the path does not exist stands.
	_ = v.FS.Walk(ctx, filesystem.WalkOptions{Orphans: true, Deleted: true, Reuse: true},
		func(x *filesystem.Entry) error {
			if x.Inode == nil || x.Path != clean || len(e.Orphans)+len(e.Deleted) >= maxGone {
				return nil
			}
			switch x.Inode.State {
			case filesystem.Orphan:
				e.Orphans = append(e.Orphans, x.Inode.Ref)
			case filesystem.Deleted:
				e.Deleted = append(e.Deleted, x.Inode.Ref)
			}
			return nil
		})
	if len(e.Orphans)+len(e.Deleted) == 0 {
		return nil
	}
	return e
}

// ContentOptions say what of a file is meant.
type ContentOptions struct {
	Member string // one of its members, see [Member]; empty: the file itself
	Raw    bool   // the blocks of a directory
}

// Bytes are bytes of an image that can be read.
type Bytes struct {
	io.ReaderAt
	Size int64
	Note string // what a reader must know of them, escaped; mostly empty
}

// OpenContent opens the content of the file that a place names. Links are followed
// within the image.
func (v *Volume) OpenContent(ctx context.Context, p Place, o ContentOptions) (*Bytes, error) {
	ref, _, err := v.Find(ctx, p, true)
	if err != nil {
		return nil, err
	}
	f, err := v.FS.Open(ref)
	if err != nil {
		return nil, err
	}
	in := f.Inode()
	switch {
	case o.Raw, in.IsRegular(), in.IsSymlink():
	case in.IsDir():
		return nil, fmt.Errorf("%s is a directory: list it with 'icecore ls'; --raw writes its blocks", p)
	default:
		return nil, fmt.Errorf("%s is a %s: it has no content", p, in.TypeName())
	}
	b := &Bytes{ReaderAt: f, Size: f.Size()}
	if in.Note != "" {
		b.Note = fmt.Sprintf("inode %s: %s", in.Ref, text.EscapeOnce(in.Note))
	}
	if o.Member != "" {
		m, err := Member(ctx, f, o.Member)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		b.ReaderAt, b.Size = m, m.Size()
	}
	return b, nil
}
