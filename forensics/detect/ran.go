package detect

import (
	"slices"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

const maxRuns = 5 // records of one program, or unit, that a finding names

// ranProgram names the records of a program that ran, and says when.
func (f *Finding) ranProgram(runs []*model.Record) {
	switch count, first, last := f.runs(runs); {
	case count == 0:
	case last.Sub(first) < time.Second:
		f.Add("ran.program.once", "count", count, "first", first)
	default:
		f.Add("ran.program", "count", count, "first", first, "last", last)
	}
}

// ranUnit names the records of a unit that was started, and says when.
func (f *Finding) ranUnit(runs []*model.Record) {
	switch count, first, last := f.runs(runs); {
	case count == 0:
	case last.Sub(first) < time.Second:
		f.Add("ran.unit.once", "first", first)
	default:
		f.Add("ran.unit", "count", count, "first", first, "last", last)
	}
}

func (f *Finding) runs(runs []*model.Record) (count int, first, last time.Time) {
	// The journal's times are exact; a text may state the same starts.
	if slices.ContainsFunc(runs, twins.FromJournal) {
		runs = slices.DeleteFunc(slices.Clone(runs), func(r *model.Record) bool { return !twins.FromJournal(r) })
	}
	for _, r := range runs {
		from, to := twins.Span(r)
		if first.IsZero() || from.Before(first) {
			first = from
		}
		if to.After(last) {
			last = to
		}
		count += number(r.Get("count"))
	}
	if count == 0 || first.IsZero() {
		return 0, first, last
	}
	for _, r := range runs[:min(len(runs), maxRuns)] {
		f.list(r.ID)
	}
	return count, first, last
}
