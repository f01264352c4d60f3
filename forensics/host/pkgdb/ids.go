package pkgdb

import (
	"strconv"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// ids are the users or groups of a host.
type ids struct {
	names map[uint32]string // the first of a number
	ids   map[string]uint32 // the first of a name
}

const (
	maxIDs     = 100_000
	maxIDsFile = 64 << 20 // bytes
)

// readIDs reads /etc/passwd or /etc/group, in which the third field is the number. The
// root user needs no line.
func readIDs(tree filesystem.Tree, name string) *ids {
	out := &ids{names: map[uint32]string{0: "root"}, ids: map[string]uint32{"root": 0}}
	// What cannot be read has no names: they differ then, as rpm says, too.
	_ = eachLine(tree, name, maxIDsFile, func(l artifact.Line) error {
		f := strings.SplitN(l.Head(maxValue), ":", 4)
		if len(f) < 3 || len(out.ids) >= maxIDs {
			return nil
		}
		n, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			return nil
		}
		if _, ok := out.names[uint32(n)]; !ok {
			out.names[uint32(n)] = f[0]
		}
		if _, ok := out.ids[f[0]]; !ok {
			out.ids[f[0]] = uint32(n)
		}
		return nil
	})
	return out
}

// is says whether a name stands for a number: by either.
func (x *ids) is(name string, id uint32) bool {
	if n, ok := x.names[id]; ok && n == name {
		return true
	}
	n, ok := x.ids[name]
	return ok && n == id
}
