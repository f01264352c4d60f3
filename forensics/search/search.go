// Package search finds an address, a network, a hash or a text in all that an image
// holds: the fields of records, the lines of logs, packed ones and the systemd journal
// too, the names of files and their content, and swap space. Each hit has its source.
//
// Hits come in one order, however many workers there are: records in the order of the
// analysis, then files by volume, directory and name, each from its beginning. A file is
// read once. Of a text there is one hit a line, as grep(1) has it; of other content one a
// match, with its offset. Of a file that is packed as one stream (gzip, xz, zstd, bzip2,
// lz4) the unpacked content is searched; of a journal its entries, each field of them.
//
// Memory is bounded by a window a worker and by the hits of the files at hand. Holes are
// not read; what claims to store more than its volume, unpacks beyond a bound, or takes
// longer than it may is a gap, and so is what could not be read.
package search

import (
	"time"

	"icecore/forensics/host"
	"icecore/forensics/model"
)

// Where a hit can be.
const (
	Records = "records" // the fields of a record
	Logs    = "logs"    // the content of a log: a file below a directory log or logs, a journal
	Files   = "files"   // the content of another file, the name of any, or swap space
)

// Places are all of them, in their order.
var Places = []string{Records, Logs, Files}

// Options say where to search, and how much. The zero value searches everything.
type Options struct {
	In        []string // some of Places; none: all
	Volume    string   // only this volume; empty: all
	NoDeleted bool     // leave deleted files out
	Limit     int      // hits at the most; 0: all
	Jobs      int      // parallel workers; 0: as many as processors
	Progress  func(host.Progress)
}

// Hit is one place where a pattern was found.
type Hit struct {
	In string // one of Places
	// What says what was searched there: of a record its kind, of a file name, content
	// or swap space, or the digest that it has (md5, sha1, sha256); of a journal entry.
	What   string
	Field  string // of a record, or of a journal's entry
	Record string // the stable name of a record
	// Source is the file, with line and offset. Offset and Length are those of the match,
	// of an entry of a journal those of the entry.
	Source model.Source
	Time   time.Time // of a record or an entry: its first time; zero: none
	// Excerpt is the line, field or bytes around the match, at most MaxExcerpt of them,
	// as in the image.
	Excerpt string
}

// Stats say what a search came to.
type Stats struct {
	Hits    int
	Limited bool  // it ended at Options.Limit; there may be more hits
	Files   int64 // of which content was searched
	Bytes   int64 // of them, unpacked
	Gaps    []model.Gap
}

// MaxExcerpt bounds the excerpt of a hit, bytes.
const MaxExcerpt = 200

// Has says whether a place is searched.
func (o *Options) Has(place string) bool {
	if len(o.In) == 0 {
		return true
	}
	for _, p := range o.In {
		if p == place {
			return true
		}
	}
	return false
}

// results gives hits on until there are enough.
type results struct {
	limit int
	fn    func(*Hit) error
	stats Stats
}

// give gives a hit on. It is false where there are enough.
func (r *results) give(h *Hit) (bool, error) {
	if r.limit > 0 && r.stats.Hits == r.limit {
		r.stats.Limited = true
		return false, nil
	}
	r.stats.Hits++
	return true, r.fn(h)
}
