package detect

import (
	"fmt"
	"path"
	"sort"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

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
var emptied = map[string]bool{"auth.log": true, "secure": true, "wtmp": true, "syslog": true, "messages": true, "cron": true, "cron.log": true, "kern.log": true, "btmp": false, "lastlog": false}

// gap is how long a log may be silent at its beginning, and how far back its
// rotated part may end, without anything missing between them.
const (
	gap       = 24 * time.Hour
	neighbour = 5 * 24 * time.Hour
)

// emptyLog is a log that once held more than it does.
type emptyLog struct {
	rec  *artifact.Record
	when time.Time // the latest moment at which it can have been emptied
	what string    // the stamp that tells it
	why  string
}

// wipedLogs looks for logs that once held more: one is empty though its file was
// changed after it was made, or made long after the system was first used, and no
// rotated part of it is left; or it begins long after its file was made, while
// other logs have been written in between. One finding tells of all of them.
func (c *collection) wipedLogs() {
	var logs []*artifact.Record
	type key struct{ volume, dir, stem string }
	keyOf := func(r *artifact.Record) (key, bool) {
		s, rotated := stem(path.Base(r.Source.Path))
		return key{r.Source.Volume, path.Dir(r.Source.Path), s}, rotated
	}
	older := make(map[key]time.Time) // when the rotated part ends; zero: not told
	deleted := make(map[key][]*artifact.Record)
	var used time.Time // the earliest thing that any log tells
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != "log.coverage" {
			continue
		}
		if t := r.Time("first"); !t.IsZero() && (used.IsZero() || t.Before(used)) {
			used = t
		}
		k, rotated := keyOf(r)
		switch {
		case r.Source.State == filesystem.Deleted:
			if r.Get("empty") != "yes" {
				deleted[k] = append(deleted[k], r)
			}
		case r.Source.State != filesystem.Live:
		case rotated && r.Get("empty") != "yes":
			if last := r.Time("last"); older[k].IsZero() || last.After(older[k]) {
				older[k] = last
			}
		case !rotated:
			if _, ok := emptied[k.stem]; ok {
				logs = append(logs, r)
			}
		}
	}
	var wiped []emptyLog
	var proof []*artifact.Record
	sure := false
	for _, r := range logs {
		k, _ := keyOf(r)
		end, rotated := older[k]
		made := c.made(r)
		l := emptyLog{rec: r}
		if r.Get("empty") == "yes" {
			after := !made.IsZero() && r.Time("modified").Sub(made) > time.Second
			late := !made.IsZero() && !used.IsZero() && made.Sub(used) > gap
			if rotated || !after && !late && len(deleted[k]) == 0 {
				continue
			}
			l.when, l.what, l.why = r.Time("modified"), "modified", "is empty"
		} else {
			first := r.Time("first")
			if first.IsZero() || made.IsZero() || first.Sub(made) < gap || first.Sub(used) < gap || rotated && made.Sub(end) < neighbour {
				continue
			}
			l.when, l.what = first, "first"
			l.why = fmt.Sprintf("begins %s, though its file was made %s", first.UTC().Format(time.RFC3339), made.UTC().Format(time.RFC3339))
		}
		sure = sure || emptied[k.stem] || len(deleted[k]) > 0
		wiped = append(wiped, l)
		proof = append(proof, deleted[k]...)
	}
	if !sure {
		return // btmp and lastlog are empty on many systems
	}
	sort.SliceStable(wiped, func(i, j int) bool { return wiped[i].when.Before(wiped[j].when) })
	f := c.finding(wiped[0].rec)
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "log_emptied", Medium, PhaseEvasion
	f.Techniques = []string{"T1070.002"}
	f.When = model.When{Time: wiped[0].when, Meaning: model.AtLatest, Basis: wiped[0].what}
	var said []string
	for i, l := range wiped {
		said = append(said, l.rec.Source.Path+" "+l.why)
		if i > 0 && len(f.Records) < maxListed {
			f.Records = append(f.Records, l.rec.ID)
		}
	}
	f.Title = "A log was emptied"
	if len(wiped) > 1 {
		f.Title = fmt.Sprintf("%d logs were emptied", len(wiped))
	}
	f.Description = "They were in use, and no rotated part holds what is missing: " + strings.Join(said, "; ") + "."
	if len(wiped) == 1 {
		f.Description = "It was in use, and no rotated part holds what is missing: " + said[0] + "."
	}
	if len(proof) > 0 {
		f.Description += fmt.Sprintf(" Deleted parts were recovered: %s (inode %d).", proof[0].Source.Path, proof[0].Source.Inode)
		for _, r := range proof {
			if len(f.Records) < maxListed {
				f.Records = union(f.Records, []string{r.ID})
			}
		}
	}
	c.add(f)
}

// made says when the file of a record was made, zero if the disk does not tell.
func (c *collection) made(r *artifact.Record) time.Time {
	if t := r.Time("created"); !t.IsZero() {
		return t
	}
	if c.in.Lookup == nil {
		return time.Time{}
	}
	ff := c.in.Lookup(r.Source.Volume, r.Source.Path)
	if ff == nil || ff.Inode == nil || !ff.Inode.Crtime.Known {
		return time.Time{}
	}
	return ff.Inode.Crtime.Time()
}

// zeroedLogins looks for records of logins that were overwritten with zeros.
func (c *collection) zeroedLogins() {
	for i := range c.in.Records {
		r := &c.in.Records[i]
		n := 0
		// An empty file has none, and lastlog is sparse: its zeros are users who
		// never logged in.
		if r.Kind == "log.coverage" && path.Base(r.Source.Path) != "lastlog" {
			n = number(r.Get("zeroed"))
		}
		if n == 0 {
			continue
		}
		f := c.finding(r)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "login_records_zeroed", Medium, PhaseEvasion
		f.Techniques = []string{"T1070.002"}
		f.Title = "Records of logins were overwritten"
		f.Description = fmt.Sprintf("%d records of the file are nothing but zeros, as tools leave them that remove a login.", n)
		f.When = model.When{}
		c.add(f)
	}
}
