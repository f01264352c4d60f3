package pkgdb

import (
	"encoding/hex"
	"strings"
	"time"
)

// Facts says what a database states of a file.
type Facts uint16

// The facts.
const (
	DigestKnown Facts = 1 << iota
	SizeKnown
	ModeKnown // type and permissions
	PermKnown // permissions alone
	OwnerKnown
	ModifiedKnown
	LinkKnown
	DeviceKnown
	CapsKnown
)

// Flags are what a package says of the nature of a file.
type Flags uint32

// The flags; the values of the first are those of RPM.
const (
	Config    Flags = 1 << 0 // configuration: the administrator may change it
	Doc       Flags = 1 << 1
	MissingOK Flags = 1 << 3 // may be missing
	SpecFile  Flags = 1 << 5
	NoReplace Flags = 1 << 4 // configuration that an upgrade leaves as it is
	Ghost     Flags = 1 << 6 // made when the package runs: content is not stated
	License   Flags = 1 << 7
	Readme    Flags = 1 << 8
	Artifact  Flags = 1 << 12
	Obsolete  Flags = 1 << 24 // configuration that this version of the package no longer has (dpkg)
)

// FileState says whether a file was installed with its package.
type FileState int8

// The states, of RPM. Others know the first alone.
const (
	Normal       FileState = 0
	Replaced     FileState = 1 // by that of another package
	NotInstalled FileState = 2 // left out: documentation, languages
	NetShared    FileState = 3
	WrongColor   FileState = 4 // that of the other architecture stands there
	NoState      FileState = -1
)

// installed says whether the package owns what stands at the path.
func (s FileState) installed() bool { return s == Normal || s == NetShared || s == NoState }

// File is what a package states of one of its files.
type File struct {
	Package *Package
	Path    string
	Known   Facts
	// Digest is that of the content. Algorithm and sum; of a symbolic link apk states that
	// of its target.
	Digest   Digest
	Size     int64  // bytes
	Mode     uint16 // as st_mode; without the type where only PermKnown is set
	Owner    string // name, or number where the manager states numbers
	Group    string
	Modified int64  // Unix seconds
	Link     string // target of a symbolic link
	Device   uint32 // st_rdev of a device, 16 bits
	Caps     string // capabilities, as cap_from_text(3) reads them
	Flags    Flags
	State    FileState
	verify   uint32 // what rpm --verify compares
}

// Has says whether all of these facts are stated.
func (f *File) Has(what Facts) bool { return f.Known&what == what }

// Is says whether the file has one of these flags.
func (f *File) Is(flags Flags) bool { return f.Flags&flags != 0 }

// ModifiedTime gives the time of modification as stated.
func (f *File) ModifiedTime() time.Time { return time.Unix(f.Modified, 0).UTC() }

// Digest is a digest of a file's content.
type Digest struct {
	Algorithm string // md5, sha1, sha224, sha256, sha384, sha512
	Sum       string // bytes, not hex
}

// Hex writes the sum in hex digits.
func (d Digest) Hex() string { return hex.EncodeToString([]byte(d.Sum)) }

// IsZero says that there is no digest.
func (d Digest) IsZero() bool { return d.Sum == "" }

// algorithms by the length of their sums, and their names by number in the index.
var algorithms = [...]struct {
	name string
	size int
}{1: {"md5", 16}, 2: {"sha1", 20}, 3: {"sha224", 28}, 4: {"sha256", 32}, 5: {"sha384", 48}, 6: {"sha512", 64}}

// newDigest makes a digest of hex digits; zero where they are not of the algorithm.
func newDigest(algorithm, sum string) Digest {
	b, err := hex.DecodeString(strings.TrimSpace(sum))
	if err != nil {
		return Digest{}
	}
	d := Digest{algorithm, string(b)}
	if d.number() == 0 {
		return Digest{}
	}
	return d
}

// number is that of the algorithm in the index; 0 for a digest that is none.
func (d Digest) number() uint8 {
	for i, a := range algorithms {
		if i > 0 && a.name == d.Algorithm && a.size == len(d.Sum) {
			return uint8(i)
		}
	}
	return 0
}

// Override is a change of mode and owner that the administrator registered
// (dpkg-statoverride(1)).
type Override struct {
	Path         string
	Owner, Group string
	Mode         uint16 // permissions
}
