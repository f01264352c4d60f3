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

// Options say how a filesystem is opened.
type Options struct {
	// NoReplay shows it as it stands on the disk, without what its journal holds.
	NoReplay bool
}

// engine reads the filesystems that package volume calls by one of the names.
type engine struct {
	names []string
	open  func(ctx context.Context, r io.ReaderAt, size int64, opts Options) (filesystem.FS, error)
}

func engines() []engine {
	return []engine{
		{[]string{"ext2", "ext3", "ext4"}, openExt4},
	}
}

// Open opens the filesystem on a volume of size bytes, whose content package volume
// calls so. Nil without an error means that no engine reads this content. A panic of
// the engine, now or later, is an error of the call at hand.
func Open(ctx context.Context, content string, r io.ReaderAt, size int64, opts Options) (fsys filesystem.FS, err error) {
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

func openExt4(ctx context.Context, r io.ReaderAt, size int64, opts Options) (filesystem.FS, error) {
	fsys, err := ext4.Open(ctx, r, size, ext4.Options{NoReplay: opts.NoReplay})
	if err != nil {
		return nil, err // not fsys: a nil pointer in an interface is not nil
	}
	return fsys, nil
}
