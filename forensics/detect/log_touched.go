package detect

import (
	"strings"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/twins"
)

func logTouched() Analysis {
	return Analysis{
		Name: "log_touched", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1070.006", "T1565.001"},
		Title:          model.Msg("log_touched.title"),
		Description:    model.Msg("log_touched.about"),
		FalsePositives: model.Msg("log_touched.benign"),
		each:           (*collection).touchedLog,
	}
}

const (
	logAhead = time.Hour      // by which entries may be later than the file that holds them
	zoneOff  = 27 * time.Hour // the same, where the log states no zone
)

// touchedLog looks for logs whose last entry is later than the last change of their
// content: whoever writes an entry changes the file then. The times of the file were set
// back, or the entries carry times that are not true.
func (c *collection) touchedLog(rec *model.Record) {
	last := rec.Stamp("last")
	if rec.Kind != model.LogCoverage || rec.Source.State != model.Live || last.Time.IsZero() || twins.Elsewhere(rec) ||
		strings.Contains(last.Inferred, "year") { // the year was concluded from the file
		return
	}
	ff := c.lookup(rec.Source.Host, rec.Source.InHost())
	if ff == nil || ff.Inode == nil || !ff.Inode.Mtime.Known || ff.Inode.Inode != rec.Source.Inode {
		return
	}
	written, ahead := ff.Inode.Mtime.Time(), logAhead
	if last.Inferred != "" {
		ahead = zoneOff
	}
	if last.Time.Sub(written) <= ahead {
		return
	}
	a := logTouched()
	f := c.found(&a, rec)
	f.When = model.When{Time: ff.Inode.Ctime.Time(), Meaning: model.AtLatest, Basis: "changed"}
	f.Message = model.Msg("log_touched.title")
	f.Add("log_touched.times", "last", last.Time, "written", written)
	c.add(f)
}
