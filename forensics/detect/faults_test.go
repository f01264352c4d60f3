package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"icecore/forensics/model"
)

// TestCommas: a comma in the name of a program, or in a URL, hides neither.
func TestCommas(t *testing.T) {
	s := scene{records: []model.Record{
		record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/opt/a,b"),
		record(t, "cron.job command=/opt/a,b; path=/etc/cron.d/a"),
		record(t, "miner.config pool=203.0.113.77:3333; wallet=4A; file_type=elf; path=/opt/a,b"),
		record(t, "file.notable what=script; state=deleted; path=/tmp/a.sh"),
	}}
	s.records[1].AddList("programs", []string{"/opt/a,b"})
	s.records[3].AddList("urls", []string{"http://198.51.100.1/a,http://198.51.100.2/", "http://203.0.113.77/a,b"})
	res := s.run(t)
	if got := level(res, "starts_miner"); got != Critical {
		t.Errorf("a job starts it: %s", got)
	}
	if got := level(res, "names_intruder"); got != Medium {
		t.Errorf("a script names the pool: %s", got)
	}
	// Parts of a name are none, nor are those of a URL.
	s.records[3] = record(t, "file.notable what=script; state=deleted; path=/tmp/a.sh")
	s.records[3].AddList("urls", []string{"http://198.51.100.1/a,http://203.0.113.77/"})
	if got := level(s.run(t), "names_intruder"); got != None {
		t.Errorf("a script names another host: %s", got)
	}
	s.records[1] = record(t, "cron.job command=x; path=/etc/cron.d/a")
	s.records[1].AddList("programs", []string{"/opt/a,b,c", "/opt/a", "b"})
	if got := level(s.run(t), "starts_miner"); got != None {
		t.Errorf("a job starts another: %s", got)
	}
}

// TestIgnored: what does not run as it is counts one level less, and says why; never less
// than low.
func TestIgnored(t *testing.T) {
	for _, tt := range []struct {
		record string
		want   Level
		said   bool
	}{
		{"cron.job command=x; traits=pipe_to_shell", High, false},
		{"cron.job command=x; traits=pipe_to_shell; ignored=the name has a dot", Medium, true},
		{"cron.job command=x; traits=temp_exec; ignored=the name has a dot", Low, true},
		{"cron.job command=x; traits=miner_args; ignored=the name has a dot", High, true},
		{"profile.line command=unset HISTFILE; traits=history_off; ignored=x", Low, false},
	} {
		s := scene{records: []model.Record{record(t, tt.record)}}
		res := s.run(t)
		if len(res.Findings) != 1 || res.Findings[0].Level != tt.want {
			t.Errorf("%s: %+v", tt.record, res.Findings)
			continue
		}
		said := slices.ContainsFunc(res.Findings[0].Details, func(m model.Message) bool {
			return m.Equal(model.Msg("finding.ignored", "reason", "the name has a dot"))
		})
		if said != tt.said {
			t.Errorf("%s: %q", tt.record, res.Findings[0].Description)
		}
	}
}

// TestGuessThresholds: each side of each number that decides over a guessed password.
func TestGuessThresholds(t *testing.T) {
	failed := func(count, users, first, last int) model.Record {
		return at(record(t, fmt.Sprintf("auth.failures address=203.0.113.77; count=%d; users=root; user_count=%d", count, users)), "first", first, "last", last)
	}
	login := at(record(t, "auth.login method=password; user=root; address=203.0.113.77; path=/var/log/auth.log"), "logged", 0)
	day := int(guessWindow / time.Minute)
	for _, tt := range []struct {
		name    string
		records []model.Record
		want    Level
	}{
		{"9 failures", []model.Record{failed(9, 1, -60, -1), login}, None},
		{"10 failures", []model.Record{failed(10, 1, -60, -1), login}, High},
		{"5 and 5 failures", []model.Record{failed(5, 1, -90, -70), failed(5, 1, -60, -1), login}, High},
		{"49 failures", []model.Record{failed(49, 2, -60, -1), login}, High},
		{"50 failures", []model.Record{failed(50, 1, -60, -1), login}, Critical},
		{"10 failures of two names", []model.Record{failed(10, 2, -60, -1), login}, High},
		{"10 failures of three names", []model.Record{failed(10, 3, -60, -1), login}, Critical},
		{"a day before", []model.Record{failed(10, 1, -day-60, -day), login}, High},
		{"more than a day before", []model.Record{failed(10, 1, -day-60, -day-1), login}, None},
		{"begun at the login", []model.Record{failed(10, 1, 0, 5), login}, High},
		{"begun after the login", []model.Record{failed(10, 1, 1, 5), login}, None},
	} {
		s := scene{records: tt.records, snapshot: 6000}
		if got := level(s.run(t), "guessed_password"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct {
		name                  string
		count, last, snapshot int
		want                  Level
	}{
		{"9, under way", 9, -1, 0, None},
		{"10, under way", 10, -1, 0, Low},
		{"99, under way", 99, -1, 0, Low},
		{"100, under way", 100, -1, 0, Low},
		{"100, 59 minutes before", 100, -59, 0, Low},
		{"100, an hour before", 100, -60, 0, Low},
	} {
		s := scene{records: []model.Record{failed(tt.count, 1, tt.last-5, tt.last)}, snapshot: tt.snapshot}
		if got := level(s.run(t), "guessing"); got != tt.want {
			t.Errorf("guessing, %s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestSpreadThresholds: each side of each number that decides over guesses from many
// addresses.
func TestSpreadThresholds(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		addresses, each, minutes int
		want                     Level
	}{
		{"50 from 10", 10, 5, 30, Medium},
		{"50 from 5", 5, 10, 30, Medium}, // of the address that logs in there is none
		{"48 from 8", 8, 6, 30, None},
		{"52 from 4", 4, 13, 30, None},
		{"an hour before", 10, 5, 60, Medium},
		{"more than an hour before", 10, 5, 61, None},
	} {
		var s scene
		for i := range tt.addresses {
			r := record(t, fmt.Sprintf("auth.failures address=192.0.2.%d; count=%d; users=root; user_count=1", i+1, tt.each))
			s.records = append(s.records, at(r, "first", -tt.minutes-1, "last", -tt.minutes))
		}
		s.records = append(s.records, at(record(t, "auth.login method=password; user=root; address=203.0.113.77; path=/var/log/auth.log"), "logged", 0))
		if got := level(s.run(t), "guessed_password_spread"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestContainers: what a file of a container names is looked for in the container, and who
// owns it there is what counts.
func TestContainers(t *testing.T) {
	job := record(t, "cron.job command=updated; programs=updated; path=/etc/cron.d/a")
	job.Source.Host = "h2"
	for _, tt := range []struct {
		name  string
		files map[string]*FileFact
		want  Level
	}{
		{"nobody's in the container", map[string]*FileFact{"h2/usr/bin/updated": program("/usr/bin/updated", 0o755, ""), "h1/usr/bin/updated": program("/usr/bin/updated", 0o755, "a")}, Low},
		{"a package's in the container", map[string]*FileFact{"h2/usr/bin/updated": program("/usr/bin/updated", 0o755, "a"), "h1/usr/bin/updated": program("/usr/bin/updated", 0o755, "")}, None},
		{"the server's alone", map[string]*FileFact{"h1/usr/bin/updated": program("/usr/bin/updated", 0o755, "")}, None},
	} {
		in := &Input{
			Records: []model.Record{job}, SnapshotTime: noon,
			Lookup: func(host, p string) *FileFact { return tt.files[host+p] },
		}
		in.Records[0].ID = "R-000001"
		r, err := Load(Options{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := level(res, "unowned_program_started"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	// A miner in a container is started by the container's job, not by the server's.
	for _, tt := range []struct {
		host string
		want Level
	}{{"h2", Critical}, {"h1", None}} {
		recs := []model.Record{
			record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/opt/a"),
			record(t, "cron.job command=/opt/a; programs=/opt/a; path=/etc/cron.d/a"),
		}
		for i := range recs {
			recs[i].ID = fmt.Sprintf("R-%06d", i+1)
		}
		recs[0].Source.Host, recs[1].Source.Host = "h2", tt.host
		res, err := (&Rules{}).Run(t.Context(), &Input{Records: recs})
		if err != nil {
			t.Fatal(err)
		}
		if got := level(res, "starts_miner"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.host, got, tt.want)
		}
	}
}

// TestWhen: what the time of a finding is, and what it means.
func TestWhen(t *testing.T) {
	stamps := []any{"modified", 1, "changed", 2, "created", 3}
	log := func(r model.Record, inferred string) model.Record {
		r.Times = append(r.Times, model.Stamp{What: "logged", Time: noon, Inferred: inferred})
		return r
	}
	for _, tt := range []struct {
		name    string
		rec     model.Record
		minute  int
		meaning model.Meaning
		basis   string
	}{
		{"a log with a year", log(record(t, "auth.login user=root"), ""), 0, model.Exact, ""},
		{"a log without a year", log(record(t, "auth.login user=root"), "year"), 0, model.Inferred, ""},
		{"a line of a file", at(record(t, "cron.job command=x"), stamps...), 2, model.Inferred, "changed"},
		{"a file that nobody owns", at(record(t, "yara.match rule=X"), stamps...), 3, model.Inferred, "created"},
		{"a file of a package", at(record(t, "yara.match rule=X; owner=a"), stamps...), 2, model.Inferred, "changed"},
		{"a configuration", at(record(t, "miner.config pool=x"), stamps...), 3, model.Inferred, "created"},
		{"what is notable of a file", at(record(t, "file.notable what=temp_elf"), stamps...), 3, model.Inferred, "created"},
		{"its attributes", at(record(t, "file.notable what=immutable"), stamps...), 2, model.Inferred, "changed"},
		{"a history without times", at(record(t, "history.command command=x"), stamps...), 2, model.AtLatest, "changed"},
		{"one whose file was created later", at(record(t, "history.command command=x"), "created", 3, "modified", 1), 1, model.AtLatest, "modified"},
		{"a file that only says when it was modified", at(record(t, "cron.job command=x"), "modified", 1), 1, model.Inferred, "modified"},
	} {
		w := tt.rec.When()
		if !w.Time.Equal(noon.Add(time.Duration(tt.minute)*time.Minute)) || w.Meaning != tt.meaning || w.Basis != tt.basis {
			t.Errorf("%s: %+v", tt.name, w)
		}
	}
	if w := (&model.Record{Kind: model.HistoryCommand}).When(); !w.IsZero() {
		t.Errorf("nothing says when: %+v", w)
	}
}

// TestAtJob: a job of at(1) has its own technique, the time of its file, and says for when
// it was scheduled.
func TestAtJob(t *testing.T) {
	job := at(record(t, "at.job queue=a; traits=fetch,pipe_to_shell; path=/var/spool/cron/atjobs/a0001"), "scheduled", 600, "modified", 1, "changed", 2)
	s := scene{records: []model.Record{job}}
	f := s.run(t).Findings[0]
	if f.Rule != "act_pipe_to_shell" || !slices.Equal(f.Techniques, []string{"T1053.002", "T1059.004", "T1105"}) {
		t.Errorf("%s %q", f.Rule, f.Techniques)
	}
	if !f.When.Time.Equal(noon.Add(2 * time.Minute)) {
		t.Errorf("at %s", f.When.Time)
	}
	if !strings.Contains(f.Description, "Scheduled for 2026-01-12T22:00:00Z.") || strings.Contains(f.Description, "cron") {
		t.Errorf("%q", f.Description)
	}
	// Rules on the scripts of cron are not about it.
	r := load(t, strings.Replace(cronRule("Own", "high", "x"), "category: cron.job", "category: cron.script", 1))
	if len(r.Problems) == 0 { // a script has no field command
		t.Error("a rule that can never match is in force")
	}
	r = load(t, "title: Own\nlogsource: {category: cron.script}\ndetection:\n  selection:\n    traits: fetch\n  condition: selection\n")
	if got := r.matcher().match(&job); len(got) != 0 {
		t.Errorf("a rule on scripts of cron matches: %s", got[0].Name)
	}
}

// TestCutExcerpts: what is shown of the image ends between characters.
func TestCutExcerpts(t *testing.T) {
	long := strings.Repeat("矿", 300)
	for shift := range 4 {
		rec := record(t, "cron.job traits=pipe_to_shell; command="+strings.Repeat("x", shift)+long)
		rec.ID, rec.Source.Length = "R-000001", int64(len(rec.Get("command")))
		r, err := Load(Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, read := range []func(model.Source, int) []byte{nil, func(_ model.Source, n int) []byte { return []byte(rec.Get("command")[:n]) }} {
			res, err := r.Run(t.Context(), &Input{Records: []model.Record{rec}, Read: read})
			if err != nil || len(res.Findings) != 1 {
				t.Fatal(err, res)
			}
			if e := res.Findings[0].Excerpt; !utf8.ValidString(e) || len(e) > maxExcerpt || len(e) < maxExcerpt-utf8.UTFMax {
				t.Errorf("shifted by %d: %d bytes, %q", shift, len(e), e[max(0, len(e)-8):])
			}
		}
	}
	fields := record(t, "account.user name="+long+"; gecos=x"+long)
	if e := excerpt(&fields); !utf8.ValidString(e) || !strings.HasPrefix(e, "name=矿") || !strings.Contains(e, "… gecos=x矿") {
		t.Errorf("%q", e)
	}
	timer := record(t, "systemd.unit unit=a.timer; on_calendar="+long)
	if v := occasion(&timer).Param("value"); !utf8.ValidString(v) || !strings.HasSuffix(v, "矿…") || len(v) > maxOccasion+len("…") {
		t.Errorf("%q", v)
	}
	match := record(t, "yara.match rule=X; level=high; file_type=elf; description=заметка; path=/opt/x")
	s := scene{records: []model.Record{match}}
	if d := s.run(t).Findings[0].Description; d != "Заметка." {
		t.Errorf("%q", d)
	}
}

// TestStates: a deleted file says so; what a log says of the past does not need it.
func TestStates(t *testing.T) {
	for _, tt := range []struct {
		record string
		want   bool
	}{
		{"cron.job command=x; traits=pipe_to_shell; state=deleted", true},
		{"cron.job command=x; traits=pipe_to_shell", false},
		{"cron.job command=x; traits=pipe_to_shell; state=orphan", false},
		{"history.command command=x; traits=pipe_to_shell; state=deleted", false},
		{"file.notable what=script; traits=fetch; state=deleted", false}, // low
	} {
		s := scene{records: []model.Record{record(t, tt.record)}}
		res := s.run(t)
		if len(res.Findings) != 1 {
			t.Errorf("%s: %d findings", tt.record, len(res.Findings))
			continue
		}
		got := slices.ContainsFunc(res.Findings[0].Details, func(m model.Message) bool { return m.ID == "finding.deleted" })
		if got != tt.want {
			t.Errorf("%s: %q", tt.record, res.Findings[0].Description)
		}
	}
}
