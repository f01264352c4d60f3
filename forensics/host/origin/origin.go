package origin

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"time"

	"icecore/forensics/filesystem"
)

// A Basis is what an origin rests on.
type Basis string

// What an origin rests on.
const (
	ByList     Basis = "listed"   // the manifest names the file
	ByPlace    Basis = "within"   // it lies in the component's directory
	BySiblings Basis = "siblings" // it came at the same time as the tree around it
)

// A State says how a file compares with what its component states.
type State string

// The states of a file.
const (
	Intact   State = "intact"   // equal to the digest that the manifest states
	Changed  State = "changed"  // named by the manifest, with another digest or size
	Listed   State = "listed"   // named by the manifest; not compared, or there is no digest
	Inferred State = "inferred" // nothing names the file, and nothing speaks against it
	Later    State = "later"    // written more than an hour after its component was installed
	Unlisted State = "unlisted" // lies where every file should be named by a manifest, and is not
)

// Origin is who brought a file.
type Origin struct {
	Kind     string // python, conda, npm, gem, composer, go, cargo, toolchain, git, maven, vendor, ...
	Name     string // of the component; empty for an unlisted file beside the components
	Version  string // empty: not stated
	Manifest string // the path of what says so; for siblings, of the tree
	Basis    Basis
	State    State
	// Algorithm names the digest that the manifest states: sha256, sha384, sha512, sha1, md5,
	// crc32, or git (SHA-1 of a blob). Empty: it states none.
	Algorithm string
	Digest    []byte
	Size      int64     // bytes, as the manifest states it; -1: not stated
	Installed time.Time // when the component came, the zero time where the disk does not say

	more []Origin // other components that name the same path
}

// String writes an origin as the field origin of a record: python:requests@2.31.0.
func (o Origin) String() string {
	s := o.Kind
	if o.Name != "" {
		s += ":" + o.Name
	}
	if o.Version != "" {
		s += "@" + o.Version
	}
	return s
}

// digest is what a manifest states of a file.
type digest struct {
	comp      uint32
	algorithm string
	sum       []byte
	size      int64
}

// NewHash returns what computes the digest of a file of so many bytes in the way in which
// the manifest states it, nil where it states none.
func (o Origin) NewHash(size int64) hash.Hash {
	switch o.Algorithm {
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	case "sha1":
		return sha1.New()
	case "md5":
		return md5.New()
	case "crc32":
		return crc32.NewIEEE()
	case "git":
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", size)
		return h
	}
	return nil
}

// Verify returns the origin with what the digest of the file's content says. Where
// several components name the path, it is enough that the content is that of one.
func (o Origin) Verify(sum []byte) Origin {
	if o.Algorithm == "" || len(sum) == 0 {
		return o
	}
	o.State = Changed
	if bytes.Equal(sum, o.Digest) {
		o.State = Intact
	}
	for _, other := range o.more {
		if o.State == Changed && other.Algorithm == o.Algorithm && bytes.Equal(sum, other.Digest) {
			other.State = Intact
			return other
		}
	}
	return o
}

// Compare reads the content of a file of so many bytes, and returns the origin with what
// its digest says. Where the manifest states none, it reads nothing.
func (o Origin) Compare(r io.Reader, size int64) (Origin, error) {
	h := o.NewHash(size)
	if h == nil {
		return o, nil
	}
	if _, err := io.Copy(h, r); err != nil {
		return o, err
	}
	return o.Verify(h.Sum(nil)), nil
}

// digestLen gives the length in bytes of a digest, 0 for an algorithm that is not known.
func digestLen(algorithm string) int {
	switch algorithm {
	case "sha256":
		return 32
	case "sha384":
		return 48
	case "sha512":
		return 64
	case "sha1", "git":
		return 20
	case "md5":
		return 16
	case "crc32":
		return 4
	}
	return 0
}

// Stat is what is known of a file without reading it. Times are seconds since 1970, 0
// where the disk holds none.
type Stat struct {
	Size                       int64
	Modified, Changed, Created int64
}

// StatOf takes what is needed from an inode.
func StatOf(in *filesystem.Inode) Stat {
	sec := func(t filesystem.Time) int64 {
		if !t.Known {
			return 0
		}
		return t.Sec
	}
	return Stat{Size: in.Size, Modified: sec(in.Mtime), Changed: sec(in.Ctime), Created: sec(in.Crtime)}
}

// came gives when a file came to where it is, as far as the disk says: mtime is what an
// archive or an intruder sets.
func (s Stat) came() int64 {
	if s.Created != 0 {
		return s.Created
	}
	return s.Changed
}

// slack is how many seconds an installation may take.
const slack = 3600

// later says whether a file was made, or its content changed, after an installation at
// that time had ended.
func (s Stat) later(installed int64) bool {
	return installed != 0 && (s.Created > installed+slack || s.Modified > installed+slack)
}

// Component is one installed thing: a package of a language, a toolchain, a checkout, a
// vendor's tree.
type Component struct {
	Kind, Name, Version string
	Dir                 string // the directory that it fills, or in which it was installed
	Manifest            string // the path of what describes it
	From                string // where it came from, as it states: a URL; empty: not stated
	Owner               string // the distribution's package that owns the manifest
	Installed           int64  // seconds since 1970, 0: not known
	Files               int    // that its manifest names

	listed     bool  // its manifest names all files
	extraneous bool  // its manager does not know it
	part       bool  // of another one: not in the inventory
	since, to  int64 // of siblings: when they came
}

// A Problem is a manifest that was not read, or not wholly.
type Problem struct {
	Path string // empty: of all
	Err  error
}
