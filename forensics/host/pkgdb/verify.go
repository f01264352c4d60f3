package pkgdb

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	"icecore/forensics/filesystem"
)

// Attributes are what can differ between a file and what its package states.
type Attributes uint16

// The attributes; their values are those of RPM (lib/rpmvf.h).
const (
	AttrDigest   Attributes = 1 << 0
	AttrSize     Attributes = 1 << 1
	AttrLink     Attributes = 1 << 2
	AttrOwner    Attributes = 1 << 3
	AttrGroup    Attributes = 1 << 4
	AttrModified Attributes = 1 << 5
	AttrMode     Attributes = 1 << 6
	AttrDevice   Attributes = 1 << 7
	AttrCaps     Attributes = 1 << 8
)

// Difference says what is wrong with a file of a package.
type Difference struct {
	File // as its package states it
	// Missing: the file is not there. Reason says why where it is not that its name is
	// missing: "Not a directory".
	Missing bool
	Reason  string
	// Differs are the attributes that are not as stated, Unread those of them that could
	// not be read, for the reason in Err.
	Differs, Unread Attributes
	Err             error
}

// Changed says whether the content differs.
func (d *Difference) Changed() bool { return d.Differs&(AttrDigest|AttrSize|AttrLink)&^d.Unread != 0 }

// String writes a line as the package's manager does: rpm --verify, dpkg --verify,
// apk audit --system --check-permissions. The path is as in the image, not escaped.
func (d *Difference) String() string {
	switch d.Package.Manager {
	case RPM:
		return d.rpmLine()
	case APK:
		return d.apkLine()
	}
	c := ' '
	if d.Is(Config) {
		c = 'c'
	}
	if d.Missing {
		return d.missingLine(c)
	}
	mode, sum := '?', '?'
	if d.Differs&AttrMode != 0 {
		mode = 'M'
	}
	if d.Differs&AttrDigest != 0 && d.Unread&AttrDigest == 0 {
		sum = '5'
	}
	return fmt.Sprintf("?%c%c?????? %c %s", mode, sum, c, d.Path)
}

func (d *Difference) missingLine(flag rune) string {
	s := fmt.Sprintf("missing   %c %s", flag, d.Path)
	if d.Reason != "" {
		s += " (" + d.Reason + ")"
	}
	return s
}

// maxVerified bounds the files of which a digest is made, in bytes: a sparse file of
// 16 TiB would take hours.
const maxVerified = 16 << 30

// Verify compares each file with what its package states, and calls fn for each that
// differs, as rpm --verify --all, dpkg --verify and apk audit --system do: package by
// package, in the order of the databases. It reads the databases again, and all files of
// which a digest is stated. The problems are those of the reading; an error of fn ends it,
// and is among them.
//
// What no manager checks stays out: a ghost's content, what %verify leaves out, a file
// that another package replaced. One thing is better than theirs: dpkg does not compare a
// file that a diversion moved.
func (db *DB) Verify(ctx context.Context, fn func(*Difference) error) []Problem {
	var p problems
	v := &verifier{db: db, ctx: ctx, users: readIDs(db.tree, "/etc/passwd"), groups: readIDs(db.tree, "/etc/group")}
	db.each(ctx, parts{files: true}, &p, func(e *entry) error {
		for i := range e.files {
			if err := ctx.Err(); err != nil {
				return err
			}
			d := &Difference{File: e.files[i]}
			d.Package = &e.Package
			differs := false
			switch e.Manager {
			case RPM:
				differs = v.rpm(d)
			case APK:
				differs = v.apk(d)
			default:
				differs = v.dpkg(d)
			}
			if !differs {
				continue
			}
			if err := fn(d); err != nil {
				return err
			}
		}
		return nil
	})
	return p.done()
}

type verifier struct {
	db            *DB
	ctx           context.Context
	users, groups *ids
	buf           []byte
}

// stat finds a file. Of one that is not there it says why, as the kernel does.
func (v *verifier) stat(name string, follow bool) (filesystem.Found, *filesystem.Inode, string) {
	found, err := v.db.tree.Lookup(name, follow)
	if err == nil {
		in, ierr := found.Inode()
		if ierr == nil {
			return found, in, ""
		}
		err = ierr
	}
	if !absent(err) {
		return found, nil, err.Error()
	}
	// The nearest directory above it that is there, or is none.
	for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
		up, err := v.db.tree.Lookup(dir, true)
		if err != nil {
			continue
		}
		if in, err := up.Inode(); err == nil && !in.IsDir() {
			return found, nil, "Not a directory"
		}
		break
	}
	return found, nil, ""
}

// NewHash gives the hash of an algorithm by which databases state digests.
func NewHash(algorithm string) (hash.Hash, error) {
	switch algorithm {
	case "md5":
		return md5.New(), nil
	case "sha1":
		return sha1.New(), nil
	case "sha224":
		return sha256.New224(), nil
	case "sha256":
		return sha256.New(), nil
	case "sha384":
		return sha512.New384(), nil
	case "sha512":
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("digest %s: %w", algorithm, filesystem.ErrUnsupported)
}

// sum makes a digest of a file.
func (v *verifier) sum(found filesystem.Found, algorithm string) (string, error) {
	h, err := NewHash(algorithm)
	if err != nil {
		return "", err
	}
	f, err := found.Open()
	if err != nil {
		return "", err
	}
	if !f.Inode().IsRegular() {
		return "", fmt.Errorf("a %s has no content", f.Inode().TypeName())
	}
	if f.Size() > maxVerified {
		return "", fmt.Errorf("%w: %d bytes, more than %d", filesystem.ErrTooLarge, f.Size(), int64(maxVerified))
	}
	if v.buf == nil {
		v.buf = make([]byte, 256<<10)
	}
	r := io.NewSectionReader(f, 0, f.Size())
	for {
		if err := v.ctx.Err(); err != nil {
			return "", err
		}
		n, err := r.Read(v.buf)
		h.Write(v.buf[:n])
		if errors.Is(err, io.EOF) {
			return string(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// digest compares the content with what is stated.
func (v *verifier) digest(d *Difference, found filesystem.Found) {
	sum, err := v.sum(found, d.Digest.Algorithm)
	switch {
	case err != nil:
		d.Differs, d.Unread, d.Err = d.Differs|AttrDigest, d.Unread|AttrDigest, err
	case sum != d.Digest.Sum:
		d.Differs |= AttrDigest
	}
}

// dpkg compares as dpkg --verify does: files of which a digest is known.
func (v *verifier) dpkg(d *Difference) bool {
	if !d.Has(DigestKnown) {
		return false
	}
	d.Path = v.db.standsAt(d.Path, d.Package.Name)
	found, in, reason := v.stat(d.Path, false)
	if in == nil {
		d.Missing, d.Reason = true, reason
		return true
	}
	if !in.IsRegular() {
		d.Differs |= AttrMode
		if found, in, _ = v.stat(d.Path, true); in == nil {
			d.Differs, d.Unread = d.Differs|AttrDigest, d.Unread|AttrDigest
			return true
		}
	}
	v.digest(d, found)
	if o, ok := v.db.byPath[v.db.links.canonical(d.Path)]; ok && in.IsRegular() {
		v.override(d, in, &v.db.overrides[o])
	}
	return d.Differs != 0
}

// override compares a file with the mode and owner that the administrator registered.
func (v *verifier) override(d *Difference, in *filesystem.Inode, o *Override) {
	if in.Mode&0o7777 != o.Mode {
		d.Differs |= AttrMode
	}
	if !v.users.is(o.Owner, in.UID) {
		d.Differs |= AttrOwner
	}
	if !v.groups.is(o.Group, in.GID) {
		d.Differs |= AttrGroup
	}
}

// standsAt gives the path at which a package's file stands, where a diversion moved it.
func (db *DB) standsAt(p, pkg string) string {
	d, ok := db.takes[db.links.canonical(p)]
	if !ok || d.by == pkg {
		return p
	}
	for i := range db.divs {
		if db.links.canonical(db.divs[i].From) == d.from {
			return db.divs[i].To
		}
	}
	return p
}

// apk compares as apk audit --system --check-permissions does.
func (v *verifier) apk(d *Difference) bool {
	found, in, reason := v.stat(d.Path, false)
	if in == nil {
		d.Missing, d.Reason = true, reason
		return d.Mode&filesystem.ModeType != filesystem.ModeDir
	}
	if d.Has(DigestKnown) {
		switch {
		case in.IsSymlink():
			target, err := found.FS.Readlink(found.Ref)
			if err != nil {
				d.Differs, d.Unread, d.Err = AttrDigest, AttrDigest, err
			} else if sumOf(d.Digest.Algorithm, target) != d.Digest.Sum {
				d.Differs |= AttrDigest
			}
		case in.IsRegular():
			v.digest(d, found)
		default:
			d.Differs |= AttrDigest
		}
	} else if in.IsSymlink() {
		d.Differs |= AttrDigest
	}
	if d.Differs == 0 && d.Has(PermKnown) && in.Mode&0o7777 != d.Mode&0o7777 {
		d.Differs |= AttrMode
	}
	if d.Differs&AttrDigest == 0 && d.Has(OwnerKnown) {
		if d.Owner != fmt.Sprint(in.UID) {
			d.Differs |= AttrOwner
		}
		if d.Group != fmt.Sprint(in.GID) {
			d.Differs |= AttrGroup
		}
	}
	return d.Differs != 0
}

func sumOf(algorithm, s string) string {
	if algorithm == "sha256" {
		x := sha256.Sum256([]byte(s))
		return string(x[:])
	}
	x := sha1.Sum([]byte(s))
	return string(x[:])
}

// apkLine writes a line of apk audit: a letter and the path without its first slash.
func (d *Difference) apkLine() string {
	letter := 'M'
	switch dir := d.Mode&filesystem.ModeType == filesystem.ModeDir; {
	case d.Missing:
		letter = 'X'
	case d.Unread != 0:
		letter = 'e'
	case d.Differs&AttrDigest != 0:
		letter = 'U'
	case dir:
		return "m " + strings.TrimPrefix(d.Path, "/") + "/"
	}
	return string(letter) + " " + strings.TrimPrefix(d.Path, "/")
}
