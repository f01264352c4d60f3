package search

import (
	"strings"

	"icecore/forensics/model"
)

// inRecords searches the fields of records, and the digests of their files. One hit a
// record is enough: the first field that matches.
func inRecords(p *Pattern, records []model.Record, res *results) (bool, error) {
	s := &searcher{p: p}
	for i := range records {
		r := &records[i]
		h, ok := s.record(r)
		if !ok {
			continue
		}
		if more, err := res.give(&h); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *searcher) record(r *model.Record) (Hit, bool) {
	h := Hit{In: Records, What: string(r.Kind), Record: r.Name, Source: r.Source}
	if len(r.Times) > 0 {
		h.Time = r.Times[0].Time
	}
	for i := range r.Fields {
		for _, v := range r.Fields[i].Items() {
			if text, ok := s.inText(v); ok {
				h.Field, h.Excerpt = r.Fields[i].Name, text
				return h, true
			}
		}
	}
	if s.p.Digest() == "sha256" && strings.EqualFold(s.p.text, r.Source.SHA256) {
		h.Field, h.Excerpt = "sha256", r.Source.SHA256
		return h, true
	}
	return h, false
}
