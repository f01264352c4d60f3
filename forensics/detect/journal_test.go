package detect

import (
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// TestJournalCut: what is missing of a journal that journald would not have removed,
// beside what it does remove.
func TestJournalCut(t *testing.T) {
	const dir = "/var/log/journal/0123/"
	inode := uint64(10)
	// file makes what is known of a file of the journal; times are hours from noon.
	file := func(name string, state filesystem.State, first, last, entries, uptime, begin int) model.Record {
		inode++
		r := model.Record{Kind: "log.coverage", Source: model.Source{Volume: "p1", Path: dir + name, Inode: inode, State: state}}
		r.AddInt("entries", int64(entries))
		r.AddInt("first_number", int64(first))
		r.AddInt("last_number", int64(last))
		r.AddInt("uptime", int64(uptime))
		r.Times = []model.Stamp{{What: "first", Time: noon.Add(time.Duration(begin) * time.Hour)}, {What: "last", Time: noon}}
		return r
	}
	wtmp := func(begin int) model.Record {
		return model.Record{
			Kind: "log.coverage", Source: model.Source{Volume: "p1", Path: "/var/log/wtmp", Inode: 5},
			Times: []model.Stamp{{What: "first", Time: noon.Add(time.Duration(begin) * time.Hour)}, {What: "last", Time: noon}},
		}
	}
	live, orphan, deleted := filesystem.Live, filesystem.Orphan, filesystem.Deleted
	const month = -30 * 24
	tests := []struct {
		name    string
		records []model.Record
		want    Level
		said    string
	}{
		{"whole", []model.Record{wtmp(month), file("system@a-1.journal", live, 1, 50_000, 49_000, 5, month), file("system.journal", live, 50_001, 60_000, 9000, 80, -48), file("user-1000.journal", live, 700, 59_000, 2000, 60, month)}, None, ""},
		{"the oldest are gone", []model.Record{wtmp(month), file("system@a-1.journal", live, 30_001, 50_000, 20_000, 5, -300), file("system.journal", live, 50_001, 60_000, 10_000, 80, -48), file("user-1000.journal", live, 700, 2000, 900, 60, month)}, None, ""},
		{"one in the middle is gone", []model.Record{wtmp(month), file("system@a-1.journal", live, 1, 20_000, 20_000, 5, month), file("system.journal", live, 50_001, 60_000, 10_000, 80, -48)}, Low, "30000 entries before 2026-01-10T12:00:00Z are missing"},
		{"users wrote what seems missing", []model.Record{wtmp(month), file("system@a-1.journal", live, 1, 20_000, 20_000, 5, month), file("system.journal", live, 50_001, 60_000, 10_000, 80, -48), file("user-1000.journal", live, 19_000, 50_100, 29_500, 80, -48)}, None, ""},
		{"a few are missing", []model.Record{wtmp(month), file("system@a-1.journal", live, 1, 20_000, 20_000, 5, month), file("system.journal", live, 20_900, 60_000, 39_000, 80, -48)}, None, ""},
		{"begun anew long after the boot", []model.Record{wtmp(month), file("system.journal", live, 1, 900, 900, 7200, -3)}, Low, "120 minutes after a boot"},
		{"begun with the boot of a new server", []model.Record{wtmp(-3), file("system.journal", live, 1, 900, 900, 5, -3)}, None, ""},
		{"begun anew on a server that is two days old", []model.Record{wtmp(-48 - 3), file("system.journal", live, 1, 900, 900, 7200, -3)}, None, ""},
		{"begun anew on a server that is older", []model.Record{wtmp(-48 - 4), file("system.journal", live, 1, 900, 900, 7200, -3)}, Low, "120 minutes after a boot"},
		{"begun with a boot", []model.Record{wtmp(month), file("system.journal", live, 1, 900, 900, 5, -3)}, None, ""},
		{"nothing older than a day", []model.Record{wtmp(month), file("system.journal", live, 40_001, 41_000, 1000, 7200, -3)}, Low, "nothing older than a day is left"},
		{"deleted while it was open", []model.Record{wtmp(month), file("system.journal", orphan, 1, 900, 900, 5, month), file("system@a-1.journal", deleted, 1, 900, 900, 5, month)}, Medium, "was deleted while journald wrote to it. Deleted parts were recovered: /var/log/journal/0123/system@a-1.journal (inode "},
		{"an old one deleted", []model.Record{wtmp(month), file("system.journal", live, 901, 1800, 900, 5, -48), file("system@a-1.journal", deleted, 1, 900, 900, 5, month)}, None, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scene{records: tt.records}
			res := s.run(t)
			if got := level(res, "journal_cut"); got != tt.want {
				t.Errorf("level %s, want %s: %+v", got, tt.want, res.Findings)
			}
			if tt.want != None && !strings.Contains(res.Findings[0].Description, tt.said) {
				t.Errorf("%q", res.Findings[0].Description)
			}
			// A log server's own journals of others are none of this system's.
			for i := range s.records {
				s.records[i].Source.Path = strings.Replace(s.records[i].Source.Path, "/0123/", "/remote/", 1)
			}
			if got := level(s.run(t), "journal_cut"); got != None {
				t.Errorf("of another machine: %s", got)
			}
		})
	}
}

// TestJournalAltered: a message that does not fit its hash is a finding, in a file that
// stands.
func TestJournalAltered(t *testing.T) {
	for _, tt := range []struct {
		name  string
		field string
		state filesystem.State
		want  Level
	}{{"altered", "altered", filesystem.Live, Medium}, {"unreadable", "unreadable", filesystem.Live, None}, {"what is left of a deleted file", "altered", filesystem.Deleted, None}} {
		coverage := model.Record{Kind: "log.coverage", Source: model.Source{Volume: "p1", Path: journalLog, Inode: 2, State: tt.state}}
		coverage.AddInt("entries", 10)
		coverage.AddInt(tt.field, 1)
		s := scene{records: []model.Record{loginIn(journalLog, tt.field, "yes"), loginIn(journalLog), coverage}}
		res := s.run(t)
		if got := level(res, "journal_altered"); got != tt.want {
			t.Errorf("%s: level %s, want %s", tt.name, got, tt.want)
		}
		if tt.want != None && strings.Join(res.Findings[0].Records, ",") != "R-000003,R-000001" {
			t.Errorf("%s: proved by %q", tt.name, res.Findings[0].Records)
		}
	}
}
