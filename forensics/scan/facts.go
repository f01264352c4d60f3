package scan

import (
	"fmt"
	"hash/maphash"

	"icecore/forensics/artifact"
)

// readFacts are what was already read of a file at another of its paths: the same line says
// the same by any of them, unless the path says what it means. Nil takes all as new.
type readFacts map[uint64]bool

var factSeed = maphash.MakeSeed()

// twice gives an empty set for a file that an extractor reads at several paths, nil for
// all others.
func (l *jobList) twice(j *job) readFacts {
	seen := j.wants
	for _, a := range l.aliasesOf(j) {
		if seen&a.wants != 0 {
			return make(readFacts)
		}
		seen |= a.wants
	}
	return nil
}

// again says whether a fact was read before, and notes it.
func (f readFacts) again(r *artifact.Record) bool {
	if f == nil {
		return false
	}
	h := maphash.String(factSeed, fmt.Sprint(r.Kind, r.Source.Line, r.Source.Offset, r.Source.Member, r.Fields, r.Times))
	if f[h] {
		return true
	}
	f[h] = true
	return false
}
