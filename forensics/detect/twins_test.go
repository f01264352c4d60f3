package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
	"icecore/forensics/twins"
)

const (
	textLog    = "/var/log/auth.log"
	journalLog = "/var/log/journal/0123/system.journal"
)

// logRecord makes a record of a log, seconds and microseconds from noon; those of the
// journal have whole microseconds, those of a text whole seconds.
func logRecord(where, kind string, at time.Duration, fields ...string) model.Record {
	r := model.Record{Kind: model.Kind(kind), Source: model.Source{Volume: "p1", Path: where}}
	for i := 0; i < len(fields); i += 2 {
		r.AddFields(modeltest.Fields(r.Kind, fields[i]+"="+fields[i+1]))
	}
	t := noon.Add(at)
	inferred := ""
	if where == journalLog {
		r.Source.Inode = 2
		r.Add("entry_offset", fmt.Sprint(1000+at.Milliseconds()))
	} else {
		r.Source.Inode = 1
		t, inferred = t.Truncate(time.Second), "year, zone"
	}
	if kind == "auth.failures" || kind == "cron.run" {
		r.Times = []model.Stamp{{What: "first", Time: t.Add(-4 * time.Minute), Inferred: inferred}, {What: "last", Time: t, Inferred: inferred}}
	} else {
		r.Times = []model.Stamp{{What: "logged", Time: t, Inferred: inferred}}
	}
	return r
}

const accept = 10*time.Minute + 250*time.Microsecond

func failuresIn(where, count string) model.Record {
	return logRecord(where, "auth.failures", 9*time.Minute+700*time.Millisecond, "address", "203.0.113.77", "count", count, "users", "root", "user_count", "1")
}

func loginIn(where string, more ...string) model.Record {
	return logRecord(where, "auth.login", accept, append([]string{"method", "password", "user", "root", "address", "203.0.113.77", "port", "41022", "pid", "600"}, more...)...)
}

// TestTwins: what a text and the journal both tell is one finding, counted once, with
// the journal's time, and both among the proof.
func TestTwins(t *testing.T) {
	with := func(r model.Record, state filesystem.State, inode uint64) model.Record {
		r.Source.State, r.Source.Inode = state, inode
		return r
	}
	tests := []struct {
		name    string
		records []model.Record
		rule    string
		want    int    // findings of the rule
		said    string // in the description
		proof   []string
		exact   bool
	}{
		{"the text alone", []model.Record{failuresIn(textLog, "60"), loginIn(textLog)}, "guessed_password", 1, "60 failed logins", []string{"R-000002", "R-000001"}, false},
		{"the journal alone", []model.Record{failuresIn(journalLog, "60"), loginIn(journalLog)}, "guessed_password", 1, "60 failed logins", []string{"R-000002", "R-000001"}, true},
		{
			"both",
			[]model.Record{failuresIn(textLog, "60"), loginIn(textLog), failuresIn(journalLog, "60"), loginIn(journalLog)},
			"guessed_password", 1, "60 failed logins",
			[]string{"R-000004", "R-000003", "R-000002", "R-000001"},
			true,
		},
		{
			"the text lost a part",
			[]model.Record{failuresIn(textLog, "12"), loginIn(textLog), failuresIn(journalLog, "60"), loginIn(journalLog)},
			"guessed_password", 1, "60 failed logins",
			[]string{"R-000004", "R-000003", "R-000002", "R-000001"},
			true,
		},
		{
			"the journal lost a part",
			[]model.Record{failuresIn(textLog, "60"), loginIn(textLog), failuresIn(journalLog, "12"), loginIn(journalLog)},
			"guessed_password", 1, "60 failed logins",
			[]string{"R-000004", "R-000001", "R-000002", "R-000003"},
			true,
		},
		{
			"each has what the other has lost",
			[]model.Record{failuresIn(textLog, "60"), loginIn(journalLog)},
			"guessed_password", 1, "60 failed logins",
			[]string{"R-000002", "R-000001"},
			true,
		},
		{
			"an older state of the journal",
			[]model.Record{failuresIn(journalLog, "60"), loginIn(journalLog), with(failuresIn(journalLog, "60"), filesystem.Deleted, 9), with(loginIn(journalLog), filesystem.Deleted, 9)},
			"guessed_password", 1, "60 failed logins",
			[]string{"R-000002", "R-000001", "R-000004"},
			true,
		},
		{
			"a journal of another machine",
			[]model.Record{logRecord(journalLog, "auth.failures", 9*time.Minute, "address", "203.0.113.77", "count", "60", "remote_host", "web03"), loginIn(journalLog, "remote_host", "web03")},
			"guessed_password", 0, "", nil, false,
		},
		{
			"a login that somebody else wrote",
			[]model.Record{failuresIn(textLog, "60"), loginIn(textLog), loginIn(journalLog, "sender", "logger (uid 33)")},
			"guessed_password", 0, "", nil, false,
		},
		{
			"guesses alone",
			[]model.Record{failuresIn(textLog, "60"), failuresIn(journalLog, "60")},
			"guessing", 1, "60 failed logins",
			[]string{"R-000002", "R-000001"},
			true,
		},
		{
			"a container's text is another system",
			[]model.Record{failuresIn("/var/lib/docker/overlay2/x/diff"+textLog, "60"), loginIn("/var/lib/docker/overlay2/x/diff" + textLog), loginIn(journalLog)},
			"guessed_password", 1, "60 failed logins", nil, false,
		},
		{
			"an account",
			[]model.Record{logRecord(textLog, "auth.useradd", accept, "name", "sysupd", "uid", "0"), logRecord(journalLog, "auth.useradd", accept, "name", "sysupd", "uid", "0")},
			"useradd_uid_0", 1, "",
			[]string{"R-000002", "R-000001"},
			true,
		},
		{
			"two accounts",
			[]model.Record{logRecord(textLog, "auth.useradd", accept, "name", "sysupd", "uid", "0"), logRecord(journalLog, "auth.useradd", accept, "name", "sysupe", "uid", "0")},
			"useradd_uid_0", 2, "", nil, false,
		},
		{
			"the same account ten seconds later",
			[]model.Record{logRecord(textLog, "auth.useradd", accept, "name", "sysupd", "uid", "0"), logRecord(journalLog, "auth.useradd", accept+10*time.Second, "name", "sysupd", "uid", "0")},
			"useradd_uid_0", 2, "", nil, false,
		},
		{
			"the same account an hour later",
			[]model.Record{logRecord(textLog, "auth.useradd", accept, "name", "sysupd", "uid", "0"), logRecord(journalLog, "auth.useradd", accept+time.Hour, "name", "sysupd", "uid", "0")},
			"useradd_uid_0", 2, "", nil, false,
		},
		{
			"cron",
			[]model.Record{
				logRecord(textLog, "cron.run", accept, "user", "root", "command", "curl x|sh", "count", "3", "traits", "fetch,pipe_to_shell"),
				logRecord(journalLog, "cron.run", accept, "user", "root", "command", "curl x|sh", "count", "4", "traits", "fetch,pipe_to_shell"),
			},
			"act_pipe_to_shell", 1, "",
			[]string{"R-000002", "R-000001"},
			true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scene{records: tt.records, snapshot: 600}
			n := 0
			for _, f := range s.run(t).Findings {
				if f.Rule != tt.rule {
					if strings.HasPrefix(f.Rule, "guess") && tt.want > 0 {
						t.Errorf("%s: %s", f.Rule, f.Description)
					}
					continue
				}
				n++
				if !strings.Contains(f.Description, tt.said) {
					t.Errorf("%q says nothing of %q", f.Description, tt.said)
				}
				if tt.proof != nil && !slices.Equal(f.Records, tt.proof) {
					t.Errorf("proved by %q, want %q", f.Records, tt.proof)
				}
				if tt.exact && f.When.Meaning != model.Exact {
					t.Errorf("at %+v", f.When)
				}
				if tt.exact && tt.rule == "guessed_password" && !f.When.Time.Equal(noon.Add(accept)) {
					t.Errorf("at %s", f.When.Time)
				}
			}
			if n != tt.want {
				t.Errorf("%d findings, want %d", n, tt.want)
			}
		})
	}
}

// TestRan: that a program or a unit ran is proof for the finding about it; a program
// that ran where none belongs is a finding, though its file is gone.
func TestRan(t *testing.T) {
	program := func(path, count string, at time.Duration) model.Record {
		r := logRecord(journalLog, "journal.program", at, "program", path, "uid", "0", "count", count)
		r.Times = []model.Stamp{{What: "first", Time: noon.Add(at)}, {What: "last", Time: noon.Add(at + time.Hour)}}
		return r
	}
	started := func(where, unit string) model.Record {
		r := logRecord(where, "unit.started", time.Minute, "unit", unit, "count", "1")
		r.Times = []model.Stamp{{What: "first", Time: noon}, {What: "last", Time: noon}}
		return r
	}
	record := func(kind, path string, fields ...string) model.Record {
		r := model.Record{Kind: model.Kind(kind), Source: model.Source{Volume: "p1", Path: path, Inode: 77}}
		for i := 0; i < len(fields); i += 2 {
			r.AddFields(modeltest.Fields(r.Kind, fields[i]+"="+fields[i+1]))
		}
		return r
	}
	unit := record("systemd.exec", "/etc/systemd/system/a.service", "unit", "a.service", "directive", "ExecStart", "command", "/tmp/.x/a", "programs", "/tmp/.x/a", "traits", "temp_exec,hidden_exec")
	tests := []struct {
		name    string
		records []model.Record
		level   Level // of ran_from_odd_place
		said    string
		proof   string
	}{
		{"a system's program", []model.Record{program("/usr/sbin/sshd", "5", 0)}, None, "", ""},
		{"one of a home", []model.Record{program("/home/deploy/.nvm/versions/node/bin/node", "5", 0)}, None, "", ""},
		{"in /tmp", []model.Record{program("/tmp/install-1/setup", "5", 0)}, Low, "", "R-000001"},
		{"in a hidden directory", []model.Record{program("/opt/app/.venv/bin/python3", "5", 0)}, Low, "", "R-000001"},
		{"an AppImage", []model.Record{program("/tmp/.mount_abc/usr/bin/x", "5", 0)}, Low, "", "R-000001"},
		{"in a hidden directory of /tmp", []model.Record{program("/tmp/.x/kswapd0", "2", 0), program("/tmp/.x/kswapd0", "3", time.Hour)}, Medium, "5 journal entries from 2026-01-12T12:00:00Z to 2026-01-12T14:00:00Z.", "R-000001,R-000002"},
		{"the finding about the file says it", []model.Record{
			program("/tmp/.x/kswapd0", "2", 0),
			record("yara.match", "/tmp/.x/kswapd0", "rule", "XMRig_Binary", "title", "Program matches YARA rule XMRig_Binary", "level", "critical", "technique", "T1496.001", "file_type", "elf"),
		}, None, "Proof of execution: 2 journal entries from 2026-01-12T12:00:00Z to 2026-01-12T13:00:00Z", "R-000002,R-000001"},
		{"a unit, by the journal and a text", []model.Record{unit, started(textLog, "a.service"), started(journalLog, "a.service")}, None, "systemd logged its start, 2026-01-12T12:00:00Z.", "R-000001,R-000003"},
		{"a unit, by a text", []model.Record{unit, started(textLog, "a.service")}, None, "systemd logged its start", "R-000001,R-000002"},
		{"another unit", []model.Record{unit, started(textLog, "b.service")}, None, "", "R-000001"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scene{records: tt.records}
			res := s.run(t)
			if got := level(res, "ran_from_odd_place"); got != tt.level {
				t.Errorf("level %s, want %s", got, tt.level)
			}
			if tt.proof == "" {
				if len(res.Findings) > 0 {
					t.Errorf("%d findings", len(res.Findings))
				}
				return
			}
			if len(res.Findings) != 1 || strings.Join(res.Findings[0].Records, ",") != tt.proof || !strings.Contains(res.Findings[0].Description, tt.said) {
				t.Errorf("%+v", res.Findings)
			}
		})
	}
}

// TestOlderText: where a text goes further back than the journal does, the finding about a
// command of cron begins with it.
func TestOlderText(t *testing.T) {
	for _, tt := range []struct {
		earlier time.Duration
		want    time.Duration
	}{{time.Hour, -time.Hour}, {twins.SameMoment, 0}} {
		var s scene
		for _, where := range []string{textLog, journalLog} {
			r := logRecord(where, "cron.run", time.Hour, "user", "root", "command", "curl x|sh", "count", "3", "traits", "fetch,pipe_to_shell")
			r.Times[0].Time = noon
			if where == textLog {
				r.Times[0].Time = noon.Add(-tt.earlier)
			}
			s.records = append(s.records, r)
		}
		f := s.run(t).Findings
		if len(f) != 1 || !f[0].When.Time.Equal(noon.Add(tt.want)) || len(f[0].Records) != 2 {
			t.Errorf("%s earlier: %+v", tt.earlier, f)
		}
	}
}
