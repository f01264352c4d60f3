package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/text"
)

// NumberRecords gives records, in their final order, their short numbers and stable names;
// nested says whether a host lies within another, as a container does, or is nil.
//
// A stable name is made of the kind (of a finding: its rule), the path within the host
// and the content of the fact, so that the same fact has the same name in the next
// snapshot. What changes without the fact being another one (counts, sizes, places in
// the file, the times of the inode) is no part of it, nor is what icecore concludes; see
// FieldInfo. The fact of a script is its content. What a log states stays the same when
// the log is rotated, packed or deleted. Facts that are equal in all that get ~2, ~3, ...
// in their order.
func NumberRecords(records []Record, nested func(host string) bool) {
	seen := make(map[string]int)
	for i := range records {
		r := &records[i]
		r.ID = fmt.Sprintf("R-%06d", i+1)
		r.Name = distinct(seen, r.stableName(nested))
	}
}

// NumberFindings gives findings their short numbers and stable names; see
// [NumberRecords].
func NumberFindings(findings []Finding, record func(id string) *Record) {
	seen := make(map[string]int)
	for i := range findings {
		f := &findings[i]
		f.ID = fmt.Sprintf("F-%04d", i+1)
		about := ""
		if len(f.Records) > 0 {
			if r := record(f.Records[0]); r != nil {
				about, _, _ = strings.Cut(r.Name, "~")
			}
		}
		h := sha256.New()
		part(h, f.Rule)
		part(h, about)
		f.Name = distinct(seen, slug(f.Rule)+"-"+sum(h))
	}
}

func (r *Record) stableName(nested func(host string) bool) string {
	h := sha256.New()
	part(h, string(r.Kind))
	info := r.Kind.Info()
	p := r.Source.InHost()
	if nested != nil && nested(r.Source.Host) {
		// The host's own file is another than that of a container. Which container it is
		// says a name that is new with each of its updates.
		part(h, "container")
	}
	if info.statesEvents() {
		part(h, unrotated(p))
	} else {
		part(h, p)
		part(h, r.Source.Member)
		part(h, r.Source.State.String())
	}
	whole := info != nil && info.Whole && r.Source.SHA256 != ""
	if whole {
		part(h, r.Source.SHA256)
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if row := info.Field(f.Name); row != nil && (row.Volatile || row.Derived && (whole || !info.Whole)) {
			continue
		}
		part(h, f.Name)
		part(h, strconv.Itoa(len(f.Items())))
		for _, item := range f.Items() {
			part(h, item)
		}
	}
	for _, s := range r.Times {
		if info.identifies(s.What) {
			part(h, s.What+stamp(s.Time))
		}
	}
	return string(r.Kind) + "-" + sum(h)
}

// statesEvents says whether a record of the kind is an event that a log states.
func (i *KindInfo) statesEvents() bool {
	return i != nil && i.Role == Log && slices.ContainsFunc(i.Times, func(t TimeInfo) bool { return t.Identifies })
}

var (
	packedRE  = regexp.MustCompile(`\.(gz|xz|bz2|zst|lz4|Z)$`)
	rotatedRE = regexp.MustCompile(`(\.[0-9]{1,4}|-[0-9]{8}(-[0-9]+)?|\.old)$`)
	journalRE = regexp.MustCompile(`(@[0-9a-f-]+)?\.journal~?$`)
)

// unrotated returns the path that a log had before it was rotated and packed: that of
// /var/log/auth.log.2.gz is /var/log/auth.log, that of system@NUMBERS.journal is
// system.journal.
func unrotated(p string) string {
	if journalRE.MatchString(p) {
		return journalRE.ReplaceAllString(p, ".journal")
	}
	return rotatedRE.ReplaceAllString(packedRE.ReplaceAllString(p, ""), "")
}

// slug returns what of the name of a rule can stand in a stable name.
func slug(s string) string {
	b := []byte(text.Cut(s, 64))
	for i, c := range b {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '_' && c != '-' && c != '.' {
			b[i] = '_'
		}
	}
	return string(b)
}

// part adds a text to a hash so that no two lists of texts give the same bytes.
func part(h hash.Hash, s string) { _, _ = io.WriteString(h, fmt.Sprintf("%d:", len(s))+s) }

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:8]) }

func distinct(seen map[string]int, name string) string {
	seen[name]++
	if n := seen[name]; n > 1 {
		return fmt.Sprintf("%s~%d", name, n)
	}
	return name
}
