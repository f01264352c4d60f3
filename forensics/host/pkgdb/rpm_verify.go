package pkgdb

import (
	"icecore/forensics/filesystem"
)

// rpm compares as rpm --verify does (lib/verify.c), and says whether rpm would write a
// line.
func (v *verifier) rpm(d *Difference) bool {
	check := Attributes(d.verify) & 0x1ff
	switch d.State {
	case NetShared, NotInstalled:
		return false
	case Replaced:
		check = 0
	case WrongColor:
		check &^= AttrDigest | AttrSize | AttrModified | AttrDevice
	}
	found, in, reason := v.stat(d.Path, false)
	if in == nil {
		d.Missing, d.Reason = true, reason
		return !d.Is(MissingOK|Ghost) || d.State != Normal && d.State != NoState
	}
	if d.Mode&filesystem.ModeType == filesystem.ModeDir && in.IsSymlink() {
		// A link of root's, or of the directory's owner, to a directory counts as one.
		if _, dir, _ := v.stat(d.Path, true); dir != nil && dir.IsDir() && (in.UID == 0 || in.UID == dir.UID) {
			in = dir
		}
	}
	if in.IsSymlink() {
		check &^= AttrMode
	} else {
		check &^= AttrLink
	}
	if !in.IsRegular() {
		check &^= AttrDigest | AttrSize | AttrModified | AttrCaps
	}
	if d.Is(Ghost) {
		check &^= AttrDigest | AttrSize | AttrModified | AttrLink
	}
	v.rpmContent(d, check, found, in)
	if check&AttrMode != 0 {
		mask := uint16(0xffff)
		if d.Is(Ghost) {
			mask = 0o7777
		}
		if d.Mode&mask != in.Mode&mask {
			d.Differs |= AttrMode
		}
	}
	if check&AttrDevice != 0 && !sameDevice(d, in) {
		d.Differs |= AttrDevice
	}
	if check&AttrOwner != 0 && !v.users.is(d.Owner, in.UID) {
		d.Differs |= AttrOwner
	}
	if check&AttrGroup != 0 && !v.groups.is(d.Group, in.GID) {
		d.Differs |= AttrGroup
	}
	return d.Differs != 0 || d.State == Replaced || d.State == WrongColor
}

// rpmContent compares content, size, time, target and capabilities.
func (v *verifier) rpmContent(d *Difference, check Attributes, found filesystem.Found, in *filesystem.Inode) {
	if check&AttrSize != 0 && d.Size != in.Size {
		d.Differs |= AttrSize
	}
	if check&AttrDigest != 0 {
		switch {
		case !d.Has(DigestKnown):
			d.Differs |= AttrDigest
		case d.Has(SizeKnown) && d.Size != in.Size:
			d.Differs |= AttrDigest // content of another length is another
		default:
			v.digest(d, found)
		}
	}
	if check&AttrLink != 0 {
		target, err := found.FS.Readlink(found.Ref)
		switch {
		case err != nil:
			d.Differs, d.Unread, d.Err = d.Differs|AttrLink, d.Unread|AttrLink, err
		case target != d.Link:
			d.Differs |= AttrLink
		}
	}
	// Of a file that packages share each has its own time.
	if check&AttrModified != 0 && d.Modified != in.Mtime.Sec && v.owners(d.Path) < 2 {
		d.Differs |= AttrModified
	}
	if check&AttrCaps != 0 && !sameCaps(d.Caps, fileCaps(found)) {
		d.Differs |= AttrCaps
	}
}

// owners counts the packages that own a path, up to two.
func (v *verifier) owners(p string) int {
	n := 0
	v.db.index.claims(v.db.links.canonical(p), func(uint32) bool { n++; return n == 2 })
	return n
}

// sameDevice says whether a file is the device that is stated, or neither is one.
func sameDevice(d *Difference, in *filesystem.Inode) bool {
	is := func(mode uint16, kind uint16) bool { return mode&filesystem.ModeType == kind }
	for _, kind := range []uint16{filesystem.ModeChar, filesystem.ModeBlock} {
		if is(d.Mode, kind) != is(in.Mode, kind) {
			return false
		}
	}
	if !is(d.Mode, filesystem.ModeChar) && !is(d.Mode, filesystem.ModeBlock) {
		return true
	}
	// st_rdev of Linux, of which rpm compares 16 bits.
	device := in.Minor&0xff | in.Major&0xfff<<8 | in.Minor&^0xff<<12
	return device&0xffff == d.Device&0xffff
}

// rpmLine writes a line of rpm --verify.
func (d *Difference) rpmLine() string {
	flag := d.rpmFlag()
	if d.Missing {
		return d.missingLine(flag)
	}
	line := []byte(".........")
	for i, a := range [...]struct {
		attr   Attributes
		letter byte
	}{
		{AttrSize, 'S'},
		{AttrMode, 'M'},
		{AttrDigest, '5'},
		{AttrDevice, 'D'},
		{AttrLink, 'L'},
		{AttrOwner, 'U'},
		{AttrGroup, 'G'},
		{AttrModified, 'T'},
		{AttrCaps, 'P'},
	} {
		switch {
		case d.Unread&a.attr != 0:
			line[i] = '?'
		case d.Differs&a.attr != 0:
			line[i] = a.letter
		}
	}
	s := string(line) + "  " + string(flag) + " " + d.Path
	if state := map[FileState]string{
		Replaced: "replaced", NotInstalled: "not installed", NetShared: "net shared", WrongColor: "wrong color",
	}[d.State]; state != "" {
		s += " (" + state + ")"
	}
	return s
}

// rpmFlag is the letter for the nature of a file.
func (d *Difference) rpmFlag() rune {
	for _, f := range [...]struct {
		flag   Flags
		letter rune
	}{
		{Doc, 'd'},
		{Config, 'c'},
		{SpecFile, 's'},
		{MissingOK, 'm'},
		{NoReplace, 'n'},
		{Ghost, 'g'},
		{License, 'l'},
		{Readme, 'r'},
		{Artifact, 'a'},
	} {
		if d.Is(f.flag) {
			return f.letter
		}
	}
	return ' '
}
