package container

import (
	"context"
	"path"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
)

const (
	maxLookups = 300_000 // of programs of all containers, in layers
	maxLinks   = 40      // of one path, as the kernel follows
)

// rootfs finds files in the root of a container, which is made of layers: a name counts
// where the uppermost layer has it, and a character device 0:0 says that it was removed.
// A link is followed within the root, whatever the path of it is on the host.
type rootfs struct {
	tree   filesystem.Tree
	layers []string
	budget *int
}

// find gives the path in the tree of a file in the root.
func (r *rootfs) find(name string) (string, bool) {
	todo := strings.Split(name, "/")
	dir, at := "", ""
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if dir = path.Dir(dir); dir == "/" || dir == "." {
				dir = ""
			}
			continue
		}
		f, in := r.entry(dir + "/" + part)
		if in == nil {
			return "", false
		}
		if in.IsSymlink() {
			target, err := f.FS.Readlink(f.Ref)
			if links++; err != nil || links > maxLinks || len(target) > 4096 || len(todo) > 256 {
				return "", false
			}
			if strings.HasPrefix(target, "/") {
				dir = ""
			}
			todo = append(strings.Split(target, "/"), todo...)
			continue
		}
		dir, at = dir+"/"+part, f.Path
	}
	return at, at != ""
}

// entry gives a name of the root, whose directory is without links. It is nil where there
// is none.
func (r *rootfs) entry(name string) (filesystem.Found, *filesystem.Inode) {
	for _, l := range r.layers {
		if *r.budget--; *r.budget < 0 {
			break
		}
		f, err := r.tree.Lookup(l+name, false)
		if err != nil || f.Path != l+name {
			continue // not there, or below a link that leads out of the layer
		}
		in, err := f.Inode()
		if err != nil || in.Mode&filesystem.ModeType == filesystem.ModeChar && in.Major == 0 && in.Minor == 0 {
			break
		}
		return f, in
	}
	return filesystem.Found{}, nil
}

// Bounds of looking through what containers wrote.
const (
	maxDrift       = 50_000  // entries of one container's layer
	maxDriftAll    = 300_000 // of those of one host
	maxExecutables = 100     // named
	maxDriftDepth  = 64
)

// Drift is what a container's uppermost layer holds: what differs from its image.
type Drift struct {
	Files       int      // regular files
	Executables []string // paths in the container, in order; the first hundred
	Cut         bool     // there is more
}

// ReadDrift lists the files of a layer. budget is how many entries may be looked at.
func ReadDrift(ctx context.Context, tree filesystem.Tree, layer string, budget int) Drift {
	var d Drift
	top, err := tree.Lookup(layer, true)
	if err != nil {
		return d
	}
	// A layer lies on one filesystem: its directories need no lookup by path.
	var read func(ref filesystem.Ref, dir string, depth int)
	read = func(ref filesystem.Ref, dir string, depth int) {
		entries, _ := top.FS.ReadDir(ref)
		slices.SortFunc(entries, func(a, b filesystem.DirEntry) int { return strings.Compare(a.Name, b.Name) })
		for _, e := range entries {
			if e.Deleted || e.Name == "." || e.Name == ".." {
				continue
			}
			if budget--; budget < 0 || depth > maxDriftDepth || ctx.Err() != nil {
				d.Cut = true
				return
			}
			name, ref := dir+"/"+e.Name, filesystem.Ref{Inode: e.Inode}
			in, err := top.FS.Inode(ref)
			switch {
			case err != nil:
			case in.IsDir():
				read(ref, name, depth+1)
			case in.IsRegular():
				d.Files++
				if in.Mode&0o111 == 0 || in.Size == 0 { // runc makes empty files to mount on
					continue
				}
				if len(d.Executables) >= maxExecutables {
					d.Cut = true
					continue
				}
				d.Executables = append(d.Executables, name)
			}
		}
	}
	read(top.Ref, "", 0)
	return d
}
