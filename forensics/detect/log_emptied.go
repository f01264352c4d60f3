package detect

import (
	"path"
	"sort"
	"strings"
	"time"

	"icecore/forensics/model"
)

func logEmptied() Analysis {
	return Analysis{
		Name: "log_emptied", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.002"},
		Title:          model.Msg("log_emptied.title"),
		Description:    model.Msg("log_emptied.about"),
		FalsePositives: model.Msg("log_emptied.benign"),
		run:            (*collection).wipedLogs,
	}
}

// stem gives the name of the log that a file is of, and whether it is a part that
// was rotated away: auth.log.2.gz and auth.log-20260101 of auth.log, wtmp.1 of
// wtmp, secure-20260101.xz of secure.
func stem(name string) (log string, rotated bool) {
	for _, packed := range []string{".gz", ".xz", ".bz2", ".zst"} {
		if s, ok := strings.CutSuffix(name, packed); ok {
			name, rotated = s, true
		}
	}
	i := strings.LastIndexAny(name, ".-")
	if i > 0 && i+1 < len(name) && strings.Trim(name[i+1:], "0123456789") == "" {
		return name[:i], true
	}
	return name, rotated
}

// emptied are the logs that are never empty on a system in use, and (false) those
// that may be.
var emptied = map[string]bool{
	"auth.log": true, "secure": true, "wtmp": true, "syslog": true, "messages": true,
	"cron": true, "cron.log": true, "kern.log": true, "btmp": false, "lastlog": false,
}

// gap is how long a log may be silent at its beginning, and how far back its
// rotated part may end, without anything missing between them.
const (
	gap       = 24 * time.Hour
	neighbour = 5 * 24 * time.Hour
)

// emptyLog is a log that once held more than it does.
type emptyLog struct {
	rec  *model.Record
	when model.When // the latest moment at which it can have been emptied
	why  model.Message
}

// logName is a log with all its rotated parts.
type logName struct{ volume, dir, stem string }

func nameOf(r *model.Record) (log logName, rotated bool) {
	s, rotated := stem(path.Base(r.Source.InHost()))
	return logName{r.Source.Host, path.Dir(r.Source.InHost()), s}, rotated
}

// logFiles is what the logs of an image say of themselves.
type logFiles struct {
	logs    []*model.Record             // those that are written to
	older   map[logName]time.Time       // when the rotated part ends; zero: it does not say
	deleted map[logName][]*model.Record // parts that were deleted
	used    time.Time                   // the earliest time in any log
}

func (c *collection) logFiles() logFiles {
	l := logFiles{older: make(map[logName]time.Time), deleted: make(map[logName][]*model.Record)}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.LogCoverage {
			continue
		}
		if t := r.Time("first"); !t.IsZero() && (l.used.IsZero() || t.Before(l.used)) {
			l.used = t
		}
		k, rotated := nameOf(r)
		switch {
		case r.Source.State == model.Deleted:
			if !r.Is("empty") {
				l.deleted[k] = append(l.deleted[k], r)
			}
		case r.Source.State != model.Live:
		case rotated && !r.Is("empty"):
			if last := r.Time("last"); l.older[k].IsZero() || last.After(l.older[k]) {
				l.older[k] = last
			}
		case !rotated:
			if _, ok := emptied[k.stem]; ok {
				l.logs = append(l.logs, r)
			}
		}
	}
	return l
}

// wipedLogs looks for logs that once held more: one is empty though its file was
// changed after it was made, or made long after the system was first used, and no
// rotated part of it is left; or it begins long after its file was made, while
// other logs have been written in between. One finding is about all of them.
func (c *collection) wipedLogs(a *Analysis) {
	files := c.logFiles()
	var wiped []emptyLog
	var proof []*model.Record
	sure := false
	for _, r := range files.logs {
		k, _ := nameOf(r)
		l, ok := c.emptyLog(r, k, &files)
		if !ok {
			continue
		}
		sure = sure || emptied[k.stem] || len(files.deleted[k]) > 0
		wiped = append(wiped, l)
		proof = append(proof, files.deleted[k]...)
	}
	if !sure {
		return // btmp and lastlog are empty on many systems
	}
	sort.SliceStable(wiped, func(i, j int) bool { return wiped[i].when.Time.Before(wiped[j].when.Time) })
	f := c.found(a, wiped[0].rec)
	f.When = wiped[0].when
	f.Message = model.Msg("log_emptied.title.one", "path", wiped[0].rec.Source.InHost())
	if len(wiped) > 1 {
		f.Message = model.Msg("log_emptied.title.many", "count", len(wiped))
	}
	for _, l := range wiped {
		f.Details = append(f.Details, l.why)
		f.list(l.rec.ID)
	}
	f.recovered(proof)
	c.add(f)
}

// emptyLog says whether a log once held more than it does.
func (c *collection) emptyLog(r *model.Record, k logName, files *logFiles) (emptyLog, bool) {
	end, rotated := files.older[k]
	made := c.made(r)
	if r.Is("empty") {
		after := !made.IsZero() && r.Time("modified").Sub(made) > time.Second
		late := !made.IsZero() && !files.used.IsZero() && made.Sub(files.used) > gap
		if rotated || !after && !late && len(files.deleted[k]) == 0 {
			return emptyLog{}, false
		}
		at := model.When{Time: r.Time("modified"), Meaning: model.AtLatest, Basis: "modified"}
		return emptyLog{r, at, model.Msg("log_emptied.empty", "path", r.Source.InHost())}, true
	}
	first := r.Time("first")
	if first.IsZero() || made.IsZero() || first.Sub(made) < gap || first.Sub(files.used) < gap ||
		rotated && made.Sub(end) < neighbour {
		return emptyLog{}, false
	}
	at := model.When{Time: first, Meaning: model.AtLatest, Basis: "first"}
	why := model.Msg("log_emptied.begins", "path", r.Source.InHost(), "first", first, "created", made)
	return emptyLog{r, at, why}, true
}

// made says when the file of a record was made, zero if the disk does not say.
func (c *collection) made(r *model.Record) time.Time {
	if t := r.Time("created"); !t.IsZero() {
		return t
	}
	if c.in.Lookup == nil {
		return time.Time{}
	}
	ff := c.lookup(r.Source.Host, r.Source.InHost())
	if ff == nil || ff.Inode == nil || !ff.Inode.Crtime.Known {
		return time.Time{}
	}
	return ff.Inode.Crtime.Time()
}
