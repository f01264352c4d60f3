// Package all is the list of filesystem engines: one line an engine.
package all

import (
	"context"
	"io"
	"slices"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/ext4"
	"icecore/forensics/guard"
)

// engine reads the filesystems that have one of the names.
type engine struct {
	names []string
	// is says whether a volume begins as such a filesystem does. Nil: package volume
	// recognises it, and gives it one of the names.
	is   func(r io.ReaderAt) bool
	open func(ctx context.Context, r io.ReaderAt, size int64, opts filesystem.Options) (filesystem.FS, error)
}

func engines() []engine {
	return []engine{
		{[]string{"ext2", "ext3", "ext4"}, nil, openExt4},
	}
}

// Recognise names the filesystem on a volume that package volume has no name for;
// empty: no engine knows it, either.
func Recognise(r io.ReaderAt) string {
	for _, e := range engines() {
		if e.is != nil && e.is(r) {
			return e.names[0]
		}
	}
	return ""
}

// Open opens the filesystem of that name on a volume of size bytes. Nil without an error
// means that no engine reads it. A panic of the engine, now or later, is an error of the
// call at hand.
func Open(ctx context.Context, content string, r io.ReaderAt, size int64, opts filesystem.Options) (fsys filesystem.FS, err error) {
	for _, e := range engines() {
		if !slices.Contains(e.names, content) {
			continue
		}
		defer guard.Recover("opening "+content, &err)
		if fsys, err = e.open(ctx, r, size, opts); fsys == nil || err != nil {
			return nil, err
		}
		return filesystem.Guard(fsys), nil
	}
	return nil, nil
}

func openExt4(ctx context.Context, r io.ReaderAt, size int64, opts filesystem.Options) (filesystem.FS, error) {
	fsys, err := ext4.Open(ctx, r, size, ext4.Options{NoReplay: opts.NoReplay})
	if err != nil {
		return nil, err // not fsys: a nil pointer in an interface is not nil
	}
	return fsys, nil
}
