package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"icecore/forensics"
	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// eitherPath calls fn with the path that name stands for: what icecore printed,
// with bytes as \xNN, or the bytes themselves where no such file is there.
func eitherPath(name string, fn func(string) error) error {
	plain, err := text.Unescape(name)
	if err != nil || plain == name {
		return fn(name)
	}
	if err = fn(plain); errors.Is(err, fs.ErrNotExist) {
		if err2 := fn(name); err2 == nil {
			return nil
		}
	}
	return err
}

// plainText gives the bytes of a text that is escaped.
func plainText(s string) string {
	if p, err := text.Unescape(s); err == nil {
		return p
	}
	return s
}

// inImage names the image and volume that an error is about.
func inImage(image string, v *forensics.Volume, err error) error {
	return fmt.Errorf("%s: volume %s: %w", image, v.ID, err)
}

// parseRef reads an inode as icecore prints it: N, or N@TID for an older state.
func parseRef(s string) (filesystem.Ref, error) {
	n, version, older := strings.Cut(s, "@")
	ino, err := strconv.ParseUint(n, 10, 64)
	if err != nil || ino == 0 {
		return filesystem.Ref{}, usageError{fmt.Errorf("--inode %q: want N or N@TID", s)}
	}
	ref := filesystem.Ref{Inode: ino}
	if older {
		tid, err := strconv.ParseUint(version, 10, 32)
		if err != nil || tid == 0 {
			return ref, usageError{fmt.Errorf("--inode %q: want N or N@TID", s)}
		}
		ref.Version = uint32(tid)
	}
	return ref, nil
}

// place is a file named on the command line.
type place struct {
	inode string // --inode
	path  string
}

// take checks the arguments IMAGE [PATH], of which PATH is left out with --inode.
func (p *place) take(args []string) error {
	if err := wants(args, 2, "an image"); err != nil {
		return err
	}
	switch {
	case len(args) == 2 && p.inode != "":
		return errors.New("give a path or --inode, not both")
	case len(args) == 2:
		p.path = args[1]
	}
	return nil
}

// find gives the file that is meant, and its path where it was named by one.
func (p *place) find(v *forensics.Volume, follow bool) (ref filesystem.Ref, name string, err error) {
	if p.inode != "" {
		ref, err = parseRef(p.inode)
		return ref, "", err
	}
	err = eitherPath(p.path, func(s string) error {
		ref, name, err = filesystem.Lookup(v.FS, s, follow)
		return err
	})
	return ref, name, err
}
