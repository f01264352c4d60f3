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
	parts := split(name)
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
		entries, err := f.ReadDir(Ref{Inode: at.ino})
		if err != nil && len(entries) == 0 {
			if errors.Is(err, fs.ErrInvalid) {
				err = fs.ErrNotExist
			}
			return Ref{}, "", fmt.Errorf("%s: %w", text.Quote(name), err)
		}
		var found *DirEntry
		for i := range entries {
			if entries[i].Name == part && !entries[i].Deleted {
				found = &entries[i]
				break
			}
		}
		if found == nil {
			return Ref{}, "", fmt.Errorf("%s: %w", text.Quote(name), fs.ErrNotExist)
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
			parts = append(split(target), parts...)
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

func split(p string) []string {
	var out []string
	for _, s := range strings.Split(p, "/") {
		if s != "" && s != "." {
			out = append(out, s)
		}
	}
	return out
}
