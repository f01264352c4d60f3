package detect

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

const (
	journalGap  = 1000           // entries that may be missing between two files
	journalDay  = 24 * time.Hour // what size limits leave of a journal at the least, on a quiet server
	journalLate = 30 * 60        // seconds after the boot at which a first journal may begin
	usedBefore  = 48 * time.Hour // by other logs, before the journal begins
)

// journalFile is a file of a system's journal.
type journalFile struct {
	rec         *artifact.Record
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
func (c *collection) journalWiped() {
	systems := make(map[string][]journalFile)
	used := make(map[string]time.Time) // the earliest that any log tells
	var order []string
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != "log.coverage" {
			continue
		}
		k := system(r)
		if t := r.Time("first"); !t.IsZero() && (used[k].IsZero() || t.Before(used[k])) {
			used[k] = t
		}
		name := path.Base(r.Source.Path)
		if !strings.HasSuffix(strings.TrimSuffix(name, "~"), ".journal") || path.Base(path.Dir(r.Source.Path)) == "remote" || !strings.HasPrefix(path.Clean(r.Source.Path)[len(root(r)):], "/var/log/journal/") {
			continue
		}
		f := journalFile{rec: r, name: name, entries: number(r.Get("entries")), main: name == "system.journal" || strings.HasPrefix(name, "system@")}
		f.first, _ = strconv.ParseUint(r.Get("first_number"), 10, 64)
		f.last, _ = strconv.ParseUint(r.Get("last_number"), 10, 64)
		// Journals of another id are those of another installation, or of what
		// the system was cloned from.
		k += "\x00" + path.Dir(r.Source.Path)
		if systems[k] == nil {
			order = append(order, k)
		}
		systems[k] = append(systems[k], f)
	}
	for _, k := range order {
		host, _ := cutLast(k)
		c.journalOf(systems[k], used[host])
	}
}

// journalAltered looks for messages of the journal that were edited in its files.
func (c *collection) journalAltered() {
	type file struct {
		volume  string
		inode   uint64
		version uint32
	}
	proof := make(map[file][]string)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if k := (file{r.Source.Volume, r.Source.Inode, r.Source.Version}); fromJournal(r) && r.Has("altered") && len(proof[k]) < maxListed-1 {
			proof[k] = append(proof[k], r.ID)
		}
	}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		// What is left of a deleted file may be another's.
		if r.Kind != "log.coverage" || !r.Has("altered") || r.Source.State == filesystem.Deleted {
			continue
		}
		f := c.finding(r)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "journal_altered", Medium, PhaseEvasion
		f.Techniques = []string{"T1565.001", "T1070.002"}
		f.When = model.When{}
		f.Title = "Entries of the systemd journal were altered"
		f.Description = fmt.Sprintf("%s messages do not fit the hash that was written beside them.", r.Get("altered"))
		f.Records = union(f.Records, proof[file{r.Source.Volume, r.Source.Inode, r.Source.Version}])
		c.add(f)
	}
}

func cutLast(k string) (before, after string) {
	i := strings.LastIndexByte(k, 0)
	return k[:i], k[i+1:]
}

// root gives the root of the system whose log a record was read from.
func root(r *artifact.Record) string {
	_, root, _ := strings.Cut(system(r), "\x00")
	return root
}

// journalOf looks at the journal of one system.
func (c *collection) journalOf(files []journalFile, used time.Time) {
	var live []journalFile
	var deleted []*artifact.Record
	level, said := None, []string(nil)
	var proof []*artifact.Record
	tell := func(l Level, r *artifact.Record, format string, args ...any) {
		level = max(level, l)
		said = append(said, fmt.Sprintf(format, args...))
		proof = append(proof, r)
	}
	for _, f := range files {
		switch {
		case f.rec.Source.State == filesystem.Live && f.main && f.first > 0:
			live = append(live, f)
		case f.rec.Source.State == filesystem.Orphan && f.name == "system.journal":
			tell(Medium, f.rec, "%s was deleted while journald wrote to it", f.rec.Source.Path)
		case f.rec.Source.State == filesystem.Deleted && f.entries > 0:
			deleted = append(deleted, f.rec)
		}
	}
	slices.SortStableFunc(live, func(a, b journalFile) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return strings.Compare(a.name, b.name)
	})
	for i, f := range live {
		if i == 0 {
			begin := f.rec.Time("first")
			late := !used.IsZero() && begin.Sub(used) > usedBefore
			switch {
			case f.first == 1 && late && number(f.rec.Get("uptime")) > journalLate:
				tell(Low, f.rec, "it begins %s, %d minutes after a boot, though other logs begin %s", begin.UTC().Format(time.RFC3339), number(f.rec.Get("uptime"))/60, used.UTC().Format(time.RFC3339))
			case f.first > journalGap && late && !c.in.SnapshotTime.IsZero() && c.in.SnapshotTime.Sub(begin) < journalDay:
				tell(Low, f.rec, "the %d entries before %s are gone: nothing older than a day is left, though other logs begin %s", f.first-1, begin.UTC().Format(time.RFC3339), used.UTC().Format(time.RFC3339))
			}
			continue
		}
		last := uint64(0)
		for _, g := range live[:i] {
			last = max(last, g.last)
		}
		if f.first <= last+journalGap {
			continue
		}
		// What users' processes wrote has numbers of the same row.
		missing := f.first - last - 1
		for _, g := range files {
			if !g.main && g.first < f.first && g.last > last {
				missing -= min(missing, uint64(g.entries))
			}
		}
		if missing > journalGap {
			tell(Low, f.rec, "%d entries before %s are missing, between files that are there", missing, f.rec.Time("first").UTC().Format(time.RFC3339))
		}
	}
	if level == None {
		return
	}
	f := c.finding(proof[0])
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "journal_cut", level, PhaseEvasion
	f.Techniques = []string{"T1070.002"}
	f.When = model.When{}
	f.Title = "A part of the systemd journal is gone"
	f.Description = "Of the journal in " + path.Dir(proof[0].Source.Path) + ": " + strings.Join(said, "; ") + "."
	for _, r := range proof[1:] {
		f.Records = union(f.Records, []string{r.ID})
	}
	if len(deleted) > 0 {
		f.Description += fmt.Sprintf(" Deleted parts were recovered: %s (inode %d).", deleted[0].Source.Path, deleted[0].Source.Inode)
		for _, r := range deleted {
			if len(f.Records) < maxListed {
				f.Records = union(f.Records, []string{r.ID})
			}
		}
	}
	c.add(f)
}
