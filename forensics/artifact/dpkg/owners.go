package dpkg

import (
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"icecore/forensics/artifact"
)

// Owners answers which package owns a path and which MD5 the package gave it. It
// is built from the lists of /var/lib/dpkg/info; the zero value is ready to use,
// lists and diversions may come in any order, before the questions.
//
// Paths are those of a system whose /bin, /sbin and /lib* are links into /usr: a
// name below the one stands for the same name below the other. It keeps hashes
// of paths (64 bits, of a random key), not the paths: about 40 bytes for each.
// Not safe for concurrent use while lists are added.
type Owners struct {
	seed     maphash.Seed
	pkgs     []string
	ids      map[string]uint32
	owners   map[uint64]uint32   // the first package that lists a path
	more     map[uint64][]uint32 // further ones
	sums     map[uint64][16]byte // by package and path
	diverted map[string][]divert // by the path that another package's file was moved to
	takes    map[string]uint32   // by the path that it was moved from: the package it was moved for
	paths    int
}

type divert struct {
	from string
	by   uint32
}

// Bounds of what hostile lists may add.
const (
	maxOwned   = 5_000_000 // paths, and sums
	maxSharing = 64        // packages that list one path
	local      = ^uint32(0)
)

func (o *Owners) init() {
	if o.ids != nil {
		return
	}
	o.seed = maphash.MakeSeed()
	o.ids = make(map[string]uint32)
	o.owners = make(map[uint64]uint32)
	o.more = make(map[uint64][]uint32)
	o.sums = make(map[uint64][16]byte)
	o.diverted = make(map[string][]divert)
	o.takes = make(map[string]uint32)
}

// id numbers a package; its architecture does not matter to who owns a path.
func (o *Owners) id(pkg string) uint32 {
	name, _ := splitName(pkg)
	id, ok := o.ids[name]
	if !ok {
		id = uint32(len(o.pkgs))
		name = strings.Clone(name)
		o.ids[name] = id
		o.pkgs = append(o.pkgs, name)
	}
	return id
}

func (o *Owners) hash(p string) uint64 { return maphash.String(o.seed, p) }

func (o *Owners) hashOf(id uint32, p string) uint64 {
	var h maphash.Hash
	h.SetSeed(o.seed)
	_, _ = h.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
	_, _ = h.WriteString(p)
	return h.Sum64()
}

// AddList reads the list of a package's paths (NAME.list).
func (o *Owners) AddList(pkg string, r io.Reader) error {
	o.init()
	id := o.id(pkg)
	return artifact.Lines(r, func(l artifact.Line) error {
		if len(l.Text) < 2 || l.Text[0] != '/' || l.Cut || string(l.Text) == "/." {
			return nil
		}
		if o.paths++; o.paths > maxOwned {
			return fmt.Errorf("package %s, line %d: more than %d paths in all lists", pkg, l.Number, maxOwned)
		}
		h := o.hash(merged(string(l.Text)))
		first, ok := o.owners[h]
		switch {
		case !ok:
			o.owners[h] = id
		case first != id && len(o.more[h]) < maxSharing:
			o.more[h] = append(o.more[h], id)
		}
		return nil
	})
}

// AddMD5Sums reads the sums of a package's files (NAME.md5sums): 32 hex digits,
// two blanks, the path without its first slash.
func (o *Owners) AddMD5Sums(pkg string, r io.Reader) error {
	o.init()
	id := o.id(pkg)
	return artifact.Lines(r, func(l artifact.Line) error {
		sum, p, ok := strings.Cut(string(l.Text), "  ")
		if !ok || len(sum) != 32 || l.Cut {
			return nil
		}
		var md5 [16]byte
		if _, err := hex.Decode(md5[:], []byte(sum)); err != nil {
			return nil
		}
		if len(o.sums) >= maxOwned {
			return fmt.Errorf("package %s, line %d: more than %d sums in all lists", pkg, l.Number, maxOwned)
		}
		o.sums[o.hashOf(id, merged("/"+strings.TrimPrefix(p, "/")))] = md5
		return nil
	})
}

// AddDiversions reads /var/lib/dpkg/diversions.
func (o *Owners) AddDiversions(r io.Reader) error {
	o.init()
	return diversions(r, func(d diversion) error {
		by := local
		if d.by != "" {
			by = o.id(d.by)
		}
		from, to := merged(d.from), merged(d.to)
		o.takes[from] = by
		o.diverted[to] = append(o.diverted[to], divert{from, by})
		return nil
	})
}

// merged writes a path as it is on a system whose /bin, /sbin and /lib are links
// into /usr.
func merged(p string) string {
	for _, d := range [...]string{"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"} {
		if strings.HasPrefix(p, d) {
			return "/usr" + p
		}
	}
	return p
}

// claims calls fn for each package that lists a path, until it says true.
func (o *Owners) claims(p string, fn func(id uint32) bool) bool {
	h := o.hash(p)
	id, ok := o.owners[h]
	if !ok {
		return false
	}
	if fn(id) {
		return true
	}
	for _, id := range o.more[h] {
		if fn(id) {
			return true
		}
	}
	return false
}

// find gives the package whose file stands at a path, and the name that the
// package has for it.
func (o *Owners) find(p string) (id uint32, listed string, ok bool) {
	if o.ids == nil {
		return 0, "", false
	}
	p = merged(p)
	take := func(except uint32) func(uint32) bool {
		return func(c uint32) bool {
			if c == except {
				return false
			}
			id = c
			return true
		}
	}
	for _, d := range o.diverted[p] {
		if o.claims(d.from, take(d.by)) {
			return id, d.from, true
		}
	}
	if by, ok := o.takes[p]; ok {
		// Where that package does not list it, its scripts make it.
		return by, p, by != local
	}
	if o.claims(p, func(c uint32) bool { id = c; return true }) {
		return id, p, true
	}
	return 0, "", false
}

// Owner gives the package that a path belongs to. Of a directory that several
// share, it is the first that was added.
func (o *Owners) Owner(p string) (pkg string, ok bool) {
	id, _, ok := o.find(p)
	if !ok {
		return "", false
	}
	return o.pkgs[id], true
}

// MD5 gives the MD5 (hex) that the package shipped the file with. Configuration
// files have none.
func (o *Owners) MD5(p string) (sum string, ok bool) {
	id, listed, ok := o.find(p)
	if !ok {
		return "", false
	}
	md5, ok := o.sums[o.hashOf(id, listed)]
	if !ok {
		return "", false
	}
	return hex.EncodeToString(md5[:]), true
}

// Known says whether anything is known of ownership at all.
func (o *Owners) Known() bool { return len(o.owners) > 0 }
