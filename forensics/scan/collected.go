package scan

import (
	"cmp"
	"slices"
	"sort"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

// maxRecords are the records of one analysis, about 3.5 KiB of memory each until they
// are written. An image can hold logs of any size whose every line is a record.
const maxRecords = 200_000

// located is a record with what puts it in its place among the others.
type located struct {
	rec    artifact.Record
	volume int
	seq    int // of the records of one file
}

// collected gathers the records of an analysis within maxRecords. Beyond that each
// kind has an equal share, so that many of one kind crowd out none of another, and
// within a kind what may prove something comes before the rest and each file gives its first ones, so that one log crowds out no other.
// What is kept does not depend on the order in which records come, which is that of
// the workers. The zero value is ready, with no bound until max is set.
type collected struct {
	max    int
	nested func(host string) bool // see model.NumberRecords
	recs   []located
	seen   map[model.Kind]int // records of each kind, also those that were left out
}

func (c *collected) add(l located) {
	if c.seen == nil {
		c.seen = make(map[model.Kind]int)
	}
	c.seen[l.rec.Kind]++
	if c.recs = append(c.recs, l); c.max > 0 && len(c.recs) >= c.max+max(c.max/8, 1) {
		c.cut()
	}
}

// share gives how many records of one kind are kept: as many as can be when no kind
// has more and all together no more than max.
func (c *collected) share() int {
	counts := make([]int, 0, len(c.seen))
	for _, n := range c.seen {
		counts = append(counts, n)
	}
	sort.Ints(counts)
	left := c.max
	for i, n := range counts {
		if fair := left / (len(counts) - i); n > fair {
			return fair
		}
		left -= n
	}
	return c.max
}

// cut leaves out what is beyond the shares. More records to come make a share
// smaller, never larger, so that nothing is left out now that would be kept then.
func (c *collected) cut() {
	if c.max == 0 || len(c.recs) <= c.max {
		return
	}
	slices.SortStableFunc(c.recs, func(a, b located) int {
		return cmp.Or(cmp.Compare(a.rec.Kind, b.rec.Kind), cmp.Compare(weight(&b.rec), weight(&a.rec)), cmp.Compare(a.seq, b.seq), byFile(&a, &b))
	})
	share, kept, kind, n := c.share(), 0, model.Kind(""), 0
	for i := range c.recs {
		if k := c.recs[i].rec.Kind; k != kind {
			kind, n = k, 0
		}
		if n++; n <= share {
			c.recs[kept] = c.recs[i]
			kept++
		}
	}
	clear(c.recs[kept:])
	c.recs = c.recs[:kept]
}

// weight is 1 of a record that may prove something that others of its kind do not: guesses
// in a row, a command with acts, a login by password. They are kept before the others,
// however many of these somebody had written before.
func weight(r *artifact.Record) int {
	switch r.Kind {
	case model.AuthFailures, model.LoginFailures:
		if n := r.Get("count"); len(n) > 1 { // ten or more
			return 1
		}
	case model.AuthLogin:
		if r.Get("method") == "password" {
			return 1
		}
	default:
		if r.Has("traits") {
			return 1
		}
	}
	return 0
}

// byFile orders two records by the files that they are from.
func byFile(a, b *located) int {
	x, y := &a.rec.Source, &b.rec.Source
	return cmp.Or(cmp.Compare(a.volume, b.volume), cmp.Compare(x.Path, y.Path), cmp.Compare(x.State, y.State),
		cmp.Compare(x.Inode, y.Inode), cmp.Compare(x.Version, y.Version))
}

// sorted gives the records in their final order, with IDs, and empties c.
func (c *collected) sorted() []artifact.Record {
	c.cut()
	slices.SortStableFunc(c.recs, func(a, b located) int { return cmp.Or(byFile(&a, &b), cmp.Compare(a.seq, b.seq)) })
	out := make([]artifact.Record, len(c.recs))
	for i := range c.recs {
		out[i] = c.recs[i].rec
	}
	c.recs = nil
	model.NumberRecords(out, c.nested)
	return out
}

// leftOut tells of the kinds of which not all is kept.
func (c *collected) leftOut() (out []model.Gap) {
	total := 0
	for _, n := range c.seen {
		total += n
	}
	if c.max == 0 || total <= c.max {
		return nil
	}
	share := c.share()
	for kind, n := range c.seen {
		if n > share {
			out = append(out, model.Gap{
				Subject: model.SubjectRecords, Source: model.Source{DiskOffset: -1}, What: model.Msg("gap.records", "kind", string(kind)),
				Why: model.Msg("why.records", "kept", share, "count", n, "limit", c.max), Weight: model.Decisive,
			})
		}
	}
	slices.SortFunc(out, func(a, b model.Gap) int { return cmp.Compare(a.What.Param("kind"), b.What.Param("kind")) })
	return out
}
