package detect

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

const (
	journalGap  = 1000           // entries that may be missing between two files
	journalDay  = 24 * time.Hour // what size limits leave of a journal at the least, on a quiet server
	journalLate = 30 * 60        // seconds after the boot at which a first journal may begin
	usedBefore  = 48 * time.Hour // by other logs, before the journal begins
)

func journalCut() Analysis {
	return Analysis{
		Name: "journal_cut", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
		Title:          model.Msg("journal_cut.title"),
		Description:    model.Msg("journal_cut.about"),
		FalsePositives: model.Msg("journal_cut.benign"),
		run:            (*collection).journalWiped,
	}
}

// journalFile is a file of a system's journal.
type journalFile struct {
	rec         *model.Record
	name        string
	first, last uint64 // numbers of its entries
	entries     int
	main        bool // of the system, not of a user
}

// journalWiped looks for journals that once held more. Their entries are numbered
// through over all files of a system, and old files are removed by journald, the
// oldest first and never the one that is written to: so neither can one be missing in
// the middle, nor the newest be deleted, nor a first one begin long after a boot.
// That the oldest are gone is the way of things, unless nothing older than a day is
// left of a server that was long in use.
func (c *collection) journalWiped(a *Analysis) {
	systems := make(map[string][]journalFile)
	used := make(map[string]time.Time) // the earliest time in any log
	var order []string
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.LogCoverage {
			continue
		}
		k := twins.System(r)
		if t := r.Time("first"); !t.IsZero() && (used[k].IsZero() || t.Before(used[k])) {
			used[k] = t
		}
		name := path.Base(r.Source.InHost())
		if !strings.HasSuffix(strings.TrimSuffix(name, "~"), ".journal") ||
			path.Base(path.Dir(r.Source.InHost())) == "remote" ||
			!strings.HasPrefix(path.Clean(r.Source.InHost()), "/var/log/journal/") {
			continue
		}
		f := journalFile{
			rec: r, name: name, entries: number(r.Get("entries")),
			main: name == "system.journal" || strings.HasPrefix(name, "system@"),
		}
		f.first, _ = strconv.ParseUint(r.Get("first_number"), 10, 64)
		f.last, _ = strconv.ParseUint(r.Get("last_number"), 10, 64)
		// Journals of another id are those of another installation, or of what
		// the system was cloned from.
		k += "\x00" + path.Dir(r.Source.InHost())
		if systems[k] == nil {
			order = append(order, k)
		}
		systems[k] = append(systems[k], f)
	}
	for _, k := range order {
		host, _ := cutLast(k)
		c.journalOf(a, systems[k], used[host])
	}
}

func cutLast(k string) (before, after string) {
	i := strings.LastIndexByte(k, 0)
	return k[:i], k[i+1:]
}

// root gives the root of the system whose log a record was read from.
// missing is what of a journal is gone, as its files show it.
type missing struct {
	level   Level
	details []model.Message
	proof   []*model.Record
}

func (m *missing) add(l Level, r *model.Record, detail model.Message) {
	m.level = max(m.level, l)
	m.details, m.proof = append(m.details, detail), append(m.proof, r)
}

// journalOf looks at the journal of one system.
func (c *collection) journalOf(a *Analysis, files []journalFile, used time.Time) {
	var m missing
	var live []journalFile
	var deleted []*model.Record
	for _, f := range files {
		switch {
		case f.rec.Source.State == model.Live && f.main && f.first > 0:
			live = append(live, f)
		case f.rec.Source.State == model.Orphan && f.name == "system.journal":
			m.add(Medium, f.rec, model.Msg("journal_cut.deleted", "path", f.rec.Source.InHost()))
		case f.rec.Source.State == model.Deleted && f.entries > 0:
			deleted = append(deleted, f.rec)
		}
	}
	slices.SortStableFunc(live, func(a, b journalFile) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return strings.Compare(a.name, b.name)
	})
	if len(live) > 0 {
		c.journalBegin(&m, &live[0], used)
	}
	journalGaps(&m, live, files)
	if m.level == None {
		return
	}
	f := c.found(a, m.proof[0])
	f.Level, f.When = m.level, model.When{}
	f.Message, f.Details = model.Msg("journal_cut.title"), m.details
	for _, r := range m.proof[1:] {
		f.Records = union(f.Records, []string{r.ID})
	}
	f.recovered(deleted)
	c.add(f)
}

// journalBegin looks at the beginning of a journal, while other logs began at a time.
func (c *collection) journalBegin(m *missing, f *journalFile, used time.Time) {
	begin := f.rec.Time("first")
	if used.IsZero() || begin.Sub(used) <= usedBefore {
		return
	}
	switch {
	case f.first == 1 && number(f.rec.Get("uptime")) > journalLate:
		m.add(Low, f.rec, model.Msg("journal_cut.begins", "first", begin, "minutes", number(f.rec.Get("uptime"))/60,
			"used", used))
	case f.first > journalGap && !c.in.SnapshotTime.IsZero() && c.in.SnapshotTime.Sub(begin) < journalDay:
		m.add(Low, f.rec, model.Msg("journal_cut.oldest", "count", f.first-1, "first", begin, "used", used))
	}
}

// journalGaps looks for entries that are missing between the files of the system, which
// are in the order of their numbers.
func journalGaps(m *missing, live, files []journalFile) {
	last := uint64(0)
	for i, f := range live {
		if i > 0 && f.first > last {
			// What users' processes wrote has numbers of the same row.
			gone := f.first - last - 1
			for _, g := range files {
				if !g.main && g.first < f.first && g.last > last {
					gone -= min(gone, uint64(g.entries))
				}
			}
			if gone > journalGap {
				m.add(Low, f.rec, model.Msg("journal_cut.missing", "count", gone, "first", f.rec.Time("first")))
			}
		}
		last = max(last, f.last)
	}
}

// recovered names the deleted parts of a log that are still there.
func (f *Finding) recovered(deleted []*model.Record) {
	if len(deleted) == 0 {
		return
	}
	s := &deleted[0].Source
	f.Add("log.recovered", "path", s.Path, "inode", s.Inode)
	for _, r := range deleted {
		f.list(r.ID)
	}
}
