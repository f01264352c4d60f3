package host

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// Bounds of path_resolution(7), and of what a path may grow to.
const (
	maxLinks = 40
	maxParts = 1 << 14
)

// find resolves a path within the host: mount points are crossed, layers laid over each
// other, and neither links nor ".." lead out of it.
func (h *Host) find(name string, follow bool) (node, error) {
	stack := []node{h.rootNode()}
	parts := filesystem.SplitPath(name)
	links := 0
	for len(parts) > 0 {
		p := parts[0]
		parts = parts[1:]
		if p == "." { // behind the slash at the end of a link's target
			top := stack[len(stack)-1].parts
			if len(top) == 0 {
				continue
			}
			if in, err := top[0].vol.FS.Inode(filesystem.Ref{Inode: top[0].ino}); err != nil || !in.IsDir() {
				return node{}, fmt.Errorf("%s: %w", text.Quote(name), fs.ErrNotExist)
			}
			continue
		}
		if p == ".." {
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			continue
		}
		at := stack[len(stack)-1]
		next, mode, err := h.step(at, p)
		if err != nil {
			return node{}, fmt.Errorf("%s: %w", text.Quote(name), err)
		}
		if mode&filesystem.ModeType == filesystem.ModeSymlink && (follow || len(parts) > 0) {
			if links++; links > maxLinks {
				return node{}, fmt.Errorf("%s: more than %d symbolic links", text.Quote(name), maxLinks)
			}
			top := next.parts[0]
			target, err := top.vol.FS.Readlink(filesystem.Ref{Inode: top.ino})
			if err != nil {
				return node{}, fmt.Errorf("%s: %w", text.Quote(name), err)
			}
			if strings.HasPrefix(target, "/") {
				stack = stack[:1]
			}
			rest := parts
			parts = filesystem.SplitPath(target)
			if strings.HasSuffix(target, "/") {
				parts = append(parts, ".")
			}
			parts = append(parts, rest...)
			if len(parts) > maxParts {
				return node{}, fmt.Errorf("%s: link targets too long", text.Quote(name))
			}
			continue
		}
		stack = append(stack, next)
	}
	n := stack[len(stack)-1]
	if len(n.parts) == 0 {
		return node{}, fmt.Errorf("%s: %w", text.Quote(name), fs.ErrNotExist)
	}
	return n, nil
}

// step gives what a directory has under a name.
func (h *Host) step(at node, name string) (node, uint16, error) {
	out := node{path: at.path + "/" + name}
	if m, ok := h.mounts[out.path]; ok {
		out.parts = m
		return out, filesystem.ModeDir, nil
	}
	mode := uint16(0)
	for _, p := range at.parts {
		found, err := filesystem.Find(p.vol.FS, filesystem.Ref{Inode: p.ino}, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			continue
		}
		if err != nil {
			return node{}, 0, err
		}
		in, err := p.vol.FS.Inode(filesystem.Ref{Inode: found.Inode})
		if err != nil {
			return node{}, 0, err
		}
		if len(at.parts) > 1 && isWhiteout(in) {
			break
		}
		dir := in.IsDir()
		if len(out.parts) > 0 && !dir {
			break // what is no directory is hidden by the one above
		}
		out.parts = append(out.parts, part{p.vol, found.Inode, p.real + "/" + name})
		mode = in.Mode
		if !dir || len(at.parts) > 1 && opaque(p.vol.FS, in) {
			break
		}
	}
	if len(out.parts) == 0 {
		return node{}, 0, fs.ErrNotExist
	}
	return out, mode, nil
}

// isWhiteout says whether a file marks, in a layer, that a name of the layers below is
// gone (overlayfs): a character device 0:0.
func isWhiteout(in *filesystem.Inode) bool {
	return in.Mode&filesystem.ModeType == filesystem.ModeChar && in.Major == 0 && in.Minor == 0
}

func whiteout(f filesystem.FS, e filesystem.DirEntry) bool {
	if e.Type != 0 && e.Type != filesystem.ModeChar {
		return false
	}
	in, err := f.Inode(filesystem.Ref{Inode: e.Inode})
	return err == nil && isWhiteout(in)
}

// opaque says whether a directory of a layer hides those of the layers below.
func opaque(f filesystem.FS, in *filesystem.Inode) bool {
	xattrs, err := f.Xattrs(in.Ref)
	if err != nil {
		return false
	}
	for _, x := range xattrs {
		switch x.Name {
		case "trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque":
			return string(x.Value) == "y"
		}
	}
	return false
}
