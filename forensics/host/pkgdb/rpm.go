package pkgdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host/pkgdb/rpmdb"
	"icecore/forensics/text"
)

// rpmDirs are where rpm keeps its database: by default, of newer Fedora and SUSE, and of
// ostree deployments.
var rpmDirs = []string{"/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"}

// rpmFiles are the files of the three forms, in the order in which rpm looks for them.
var rpmFiles = []string{"rpmdb.sqlite", "Packages.db", "Packages"}

// maxRPM bounds a database, in bytes. That of 3,000 packages has 200 MiB.
const maxRPM = 2 << 30

// rpmDB is a database of rpm.
type rpmDB struct {
	tree   filesystem.Tree
	path   string
	format rpmdb.Format
}

// findRPM finds the databases of rpm. One directory may be a link to another; of several
// files in one, left by conversions, rpm uses the first.
func findRPM(tree filesystem.Tree, p *problems) []backend {
	var out []backend
	seen := make(map[string]bool)
	for _, dir := range rpmDirs {
		for _, name := range rpmFiles {
			found, err := tree.Lookup(dir+"/"+name, true)
			if err != nil {
				if !absent(err) {
					p.add(dir+"/"+name, err)
				}
				continue
			}
			if seen[found.Path] {
				break
			}
			seen[found.Path] = true
			d := &rpmDB{tree: tree, path: found.Path}
			if err := d.detect(); err != nil {
				p.add(found.Path, err)
				continue
			}
			out = append(out, d)
			break
		}
	}
	return out
}

func (d *rpmDB) manager() Manager { return RPM }
func (d *rpmDB) place() string    { return d.path }

func (d *rpmDB) detect() error {
	f, err := open(d.tree, d.path)
	if err != nil {
		return err
	}
	if f.Size() == 0 {
		return fmt.Errorf("%w: empty", rpmdb.ErrFormat)
	}
	head := make([]byte, min(f.Size(), 512))
	if n, err := f.ReadAt(head, 0); n < len(head) {
		return err
	}
	d.format, err = rpmdb.Detect(head)
	return err
}

// each implements backend.
func (d *rpmDB) each(ctx context.Context, want parts, fn func(*entry) error) error {
	db, err := open(d.tree, d.path)
	if err != nil {
		return err
	}
	if db.Size() > maxRPM {
		return fmt.Errorf("%s: %w: %d bytes, more than %d",
			text.Quote(d.path), filesystem.ErrTooLarge, db.Size(), int64(maxRPM))
	}
	var bad []error
	var log rpmdb.File
	if d.format == rpmdb.SQLite {
		wal, err := open(d.tree, d.path+"-wal")
		if err == nil {
			log = wal
		} else if !absent(err) {
			bad = append(bad, err)
		}
	}
	more := 0
	_, err = rpmdb.Read(ctx, db, log, func(b rpmdb.Blob) error {
		err := b.Err
		if err == nil {
			var h *rpmdb.Header
			if h, err = rpmdb.ParseHeader(b.Data); err == nil {
				e := rpmEntry(h, want)
				e.Place = Place{Path: d.path, Member: memberOf(e)}
				if b.Offset >= 0 {
					e.Place.Offset, e.Place.Length = b.Offset, int64(len(b.Data))
				}
				for i, name := range scriptMembers(e) {
					e.scripts[i].Place = Place{Path: d.path, Member: name, Length: e.scripts[i].Size}
				}
				return fn(e)
			}
			err = fmt.Errorf("package %d: %w", b.Number, err)
		}
		if len(bad) < maxProblems {
			bad = append(bad, err)
		} else {
			more++
		}
		return nil
	})
	if more > 0 {
		bad = append(bad, fmt.Errorf("%d more headers were not read", more))
	}
	if err != nil {
		bad = append(bad, err)
	}
	for i, err := range bad {
		bad[i] = fmt.Errorf("%s: %w", text.Quote(d.path), err)
	}
	return errors.Join(bad...)
}

// memberOf names a package as what is within a database: rpm NAME-VERSION.ARCH.
func memberOf(e *entry) string { return MemberPrefix + e.Name + "-" + e.Version + "." + e.Arch }

// MemberPrefix begins the names of what is read within an rpm database.
const MemberPrefix = "rpm "

// scriptMembers names the scripts of a package: by the package and what rpm calls them,
// with a number where there are several.
func scriptMembers(e *entry) []string {
	out, n := make([]string, len(e.scripts)), make(map[string]int)
	for i := range e.scripts {
		name := e.scripts[i].Name
		out[i] = memberOf(e) + " " + name
		if n[name]++; n[name] > 1 {
			out[i] += " " + strconv.Itoa(n[name])
		}
	}
	return out
}

// errFound ends the reading of a database.
var errFound = errors.New("found")

// Scriptlet gives the text of a script within an rpm database, by the name that the place
// of the script has for it. A header that is in the write-ahead log alone is not found.
func Scriptlet(ctx context.Context, db filesystem.File, member string) ([]byte, error) {
	var text []byte
	if db.Size() > maxRPM {
		return nil, filesystem.ErrTooLarge
	}
	err := guard.Do("package database rpm", func() error {
		_, err := rpmdb.Read(ctx, db, nil, func(b rpmdb.Blob) error {
			h, err := rpmdb.ParseHeader(b.Data)
			if err != nil {
				return nil // of another package
			}
			e := rpmEntry(h, parts{})
			if !strings.HasPrefix(member, memberOf(e)+" ") {
				return nil
			}
			e.scripts = rpmScripts(h)
			for i, name := range scriptMembers(e) {
				if name == member {
					text = e.scripts[i].Text
					return errFound
				}
			}
			return nil
		})
		return err
	})
	switch {
	case errors.Is(err, errFound):
		return text, nil
	case err != nil:
		return nil, err
	}
	return nil, fmt.Errorf("%s: %w", strconv.Quote(member), fs.ErrNotExist)
}

// Tags of RPM headers (lib/rpmtag.h).
const (
	tagRSAHeader     = 268
	tagDSAHeader     = 267
	tagSigPGP        = 259
	tagSigGPG        = 262
	tagName          = 1000
	tagVersion       = 1001
	tagRelease       = 1002
	tagEpoch         = 1003
	tagBuildTime     = 1006
	tagInstallTime   = 1008
	tagVendor        = 1011
	tagLicense       = 1014
	tagPackager      = 1015
	tagArch          = 1022
	tagOldFileNames  = 1027
	tagFileSizes     = 1028
	tagFileStates    = 1029
	tagFileModes     = 1030
	tagFileRDevs     = 1033
	tagFileMTimes    = 1034
	tagFileDigests   = 1035
	tagFileLinkTos   = 1036
	tagFileFlags     = 1037
	tagFileUsers     = 1039
	tagFileGroups    = 1040
	tagSourceRPM     = 1044
	tagFileVerify    = 1045
	tagDirIndexes    = 1116
	tagBaseNames     = 1117
	tagDirNames      = 1118
	tagLongFileSizes = 5008
	tagFileCaps      = 5010
	tagDigestAlgo    = 5011
)

// digestAlgorithms are those of OpenPGP (RFC 9580) by number.
var digestAlgorithms = map[uint64]string{
	0: "md5", 1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224",
}

// rpmEntry makes a package of its header.
func rpmEntry(h *rpmdb.Header, want parts) *entry {
	e := &entry{Package: Package{
		Manager: RPM, Name: cutString(h.String(tagName)), Arch: cutString(h.String(tagArch)),
		Source: cutString(h.String(tagSourceRPM)), Vendor: cutString(h.String(tagVendor)),
		Maintainer: cutString(h.String(tagPackager)),
		License:    cutString(h.String(tagLicense)), Installed: unix(h, tagInstallTime), Built: unix(h, tagBuildTime),
	}}
	e.Version = cutString(h.String(tagVersion) + "-" + h.String(tagRelease))
	if epoch, ok := h.Number(tagEpoch); ok {
		e.Version = strconv.FormatUint(epoch, 10) + ":" + e.Version
	}
	for _, tag := range []uint32{tagRSAHeader, tagDSAHeader, tagSigPGP, tagSigGPG} {
		e.Signed = e.Signed || h.Has(tag)
	}
	if want.files {
		e.files = rpmFileList(h)
	}
	if want.scripts {
		e.scripts = rpmScripts(h)
	}
	return e
}

func cutString(s string) string { return text.Cut(s, maxValue) }

// unix reads a time of a header, 32 bits of seconds.
func unix(h *rpmdb.Header, tag uint32) time.Time {
	n, ok := h.Number(tag)
	if !ok || n == 0 || n > 1<<33 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// rpmFileList gives the files of a package. What the header does not state of one is not
// known.
func rpmFileList(h *rpmdb.Header) []File {
	names := h.Strings(tagBaseNames)
	dirs, dirOf := h.Strings(tagDirNames), h.Numbers(tagDirIndexes)
	old := len(names) == 0
	if old {
		names = h.Strings(tagOldFileNames) // of a package made before 2000
	}
	sizes := h.Numbers(tagLongFileSizes)
	if len(sizes) == 0 {
		sizes = h.Numbers(tagFileSizes)
	}
	states, modes, devices := h.Numbers(tagFileStates), h.Numbers(tagFileModes), h.Numbers(tagFileRDevs)
	times, flags, verify := h.Numbers(tagFileMTimes), h.Numbers(tagFileFlags), h.Numbers(tagFileVerify)
	digests, targets := h.Strings(tagFileDigests), h.Strings(tagFileLinkTos)
	users, groups, caps := h.Strings(tagFileUsers), h.Strings(tagFileGroups), h.Strings(tagFileCaps)
	algorithm, _ := h.Number(tagDigestAlgo)
	algorithmName := digestAlgorithms[algorithm]
	out := make([]File, 0, len(names))
	for i, name := range names {
		if !old {
			if i >= len(dirOf) || dirOf[i] >= uint64(len(dirs)) {
				continue
			}
			name = dirs[dirOf[i]] + name
		}
		if len(name) == 0 || name[0] != '/' || len(name) > maxValue {
			continue // of a source package, or no path
		}
		f := File{Path: name, State: Normal, verify: ^uint32(0)}
		if len(states) == 0 {
			f.State = NoState
		} else if i < len(states) {
			f.State = FileState(int8(states[i]))
		}
		set := func(fact Facts, list []uint64) uint64 {
			if i >= len(list) {
				return 0
			}
			f.Known |= fact
			return list[i]
		}
		f.Size = int64(set(SizeKnown, sizes))
		f.Mode = uint16(set(ModeKnown, modes))
		f.Modified = int64(set(ModifiedKnown, times))
		f.Device = uint32(set(DeviceKnown, devices))
		f.Flags = Flags(set(0, flags))
		if i < len(verify) {
			f.verify = uint32(verify[i])
		}
		if i < len(digests) && digests[i] != "" {
			if f.Digest = newDigest(algorithmName, digests[i]); !f.Digest.IsZero() {
				f.Known |= DigestKnown
			}
		}
		if i < len(users) && i < len(groups) {
			f.Owner, f.Group, f.Known = users[i], groups[i], f.Known|OwnerKnown
		}
		if i < len(targets) && f.Mode&filesystem.ModeType == filesystem.ModeSymlink {
			f.Link, f.Known = targets[i], f.Known|LinkKnown
		}
		if i < len(caps) && caps[i] != "" && !f.Has(LinkKnown) {
			f.Caps, f.Known = caps[i], f.Known|CapsKnown
		}
		out = append(out, f)
	}
	return out
}
