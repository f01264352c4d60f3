package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
)

// NumberRecords gives records, in their final order, their short numbers and stable names;
// root gives the root directory of the host that a path lies in (empty: that of the
// volume), or is nil.
//
// A stable name is made of the kind (of a finding: its rule), the path within the host
// and the content of the fact, so that the same fact has the same name in the next
// snapshot. What changes without the fact being another one (counts, sizes, places in
// the file, the times of the inode) is no part of it; see FieldInfo.Volatile. Facts
// that are equal in all that get ~2, ~3, ... in their order.
func NumberRecords(records []Record, root func(volume, path string) string) {
	seen := make(map[string]int)
	for i := range records {
		r := &records[i]
		r.ID = fmt.Sprintf("R-%06d", i+1)
		r.Name = distinct(seen, r.stableName(root))
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
		f.Name = distinct(seen, f.Rule+"-"+sum(h))
	}
}

func (r *Record) stableName(root func(volume, path string) string) string {
	h := sha256.New()
	part(h, string(r.Kind))
	p := r.Source.Path
	if root != nil {
		p = strings.TrimPrefix(p, root(r.Source.Volume, p))
	}
	part(h, p)
	part(h, r.Source.Member)
	part(h, r.Source.State.String())
	info := r.Kind.Info()
	for i := range r.Fields {
		f := &r.Fields[i]
		if info != nil && info.volatile(f.Name) {
			continue
		}
		part(h, f.Name)
		for _, item := range f.Items() {
			part(h, item)
		}
	}
	for _, s := range r.Times {
		if info != nil && info.identifies(s.What) {
			part(h, s.What+stamp(s.Time))
		}
	}
	return string(r.Kind) + "-" + sum(h)
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
