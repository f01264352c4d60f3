package filesystem

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"icecore/forensics/text"
)

// maxLinks bounds the symbolic links followed for one path, as the kernel does
// (path_resolution(7)).
const maxLinks = 40

// Lookup finds the file that a path names, within the image: an absolute link
// target and ".." never lead out of it. With follow, a symbolic link at the end is
// followed too. It also gives the path without links.
func Lookup(f FS, name string, follow bool) (Ref, string, error) {
	type dir struct {
		ino  uint64
		name string
	}
	stack := []dir{{ino: f.Root()}}
	parts := SplitPath(name)
	links := 0
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		if part == ".." {
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			continue
		}
		at := stack[len(stack)-1]
		found, err := Find(f, Ref{Inode: at.ino}, part)
		if errors.Is(err, fs.ErrInvalid) { // a file where the path has a directory
			err = fs.ErrNotExist
		}
		if err != nil {
			return Ref{}, "", fmt.Errorf("%s: %w", text.Quote(name), err)
		}
		in, err := f.Inode(Ref{Inode: found.Inode})
		if err != nil {
			return Ref{}, "", fmt.Errorf("%s: %w", text.Quote(name), err)
		}
		if in.IsSymlink() && (follow || len(parts) > 0) {
			if links++; links > maxLinks {
				return Ref{}, "", fmt.Errorf("%s: more than %d symbolic links", text.Quote(name), maxLinks)
			}
			target, err := f.Readlink(in.Ref)
			if err != nil {
				return Ref{}, "", fmt.Errorf("%s: %w", text.Quote(name), err)
			}
			if strings.HasPrefix(target, "/") {
				stack = stack[:1]
			}
			parts = append(SplitPath(target), parts...)
			if len(parts) > 1<<16 {
				return Ref{}, "", fmt.Errorf("%s: link targets too long", text.Quote(name))
			}
			continue
		}
		stack = append(stack, dir{found.Inode, part})
	}
	names := make([]string, 0, len(stack))
	for _, d := range stack[1:] {
		names = append(names, d.name)
	}
	return Ref{Inode: stack[len(stack)-1].ino}, "/" + path.Join(names...), nil
}

// A Finder can find a name of a directory without listing it.
type Finder interface {
	FS
	// Find gives the entry of a name that is not deleted. It fails with fs.ErrNotExist where
	// there is none, with fs.ErrInvalid for what is no directory.
	Find(dir Ref, name string) (DirEntry, error)
}

// Find finds a name in a directory. Of one that can be read in part, what was read counts.
// It fails with [fs.ErrNotExist] where there is none, with [fs.ErrInvalid] for what is no
// directory.
func Find(f FS, dir Ref, name string) (DirEntry, error) {
	if x, ok := f.(Finder); ok {
		return x.Find(dir, name)
	}
	entries, err := f.ReadDir(dir)
	for _, e := range entries {
		if e.Name == name && !e.Deleted {
			return e, nil
		}
	}
	if err == nil || len(entries) > 0 {
		err = fs.ErrNotExist
	}
	return DirEntry{}, err
}

// SplitPath gives the components of a path, without those that are empty or ".".
func SplitPath(p string) []string {
	var out []string
	for _, s := range strings.Split(p, "/") {
		if s != "" && s != "." {
			out = append(out, s)
		}
	}
	return out
}
