package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// edge is a case at the edge of what an analysis takes for its claim.
type edge struct {
	name, rule string
	scene      scene
	want       Level
}

func checkEdges(t *testing.T, list []edge) {
	t.Helper()
	for _, tt := range list {
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			inodes := make(map[string]uint64) // those of one path are of one file
			for i := range tt.scene.records {
				s := &tt.scene.records[i].Source
				if inodes[s.Path] == 0 {
					inodes[s.Path] = uint64(100 + i)
				}
				s.Inode = inodes[s.Path]
			}
			if got := level(tt.scene.run(t), tt.rule); got != tt.want {
				t.Errorf("level %s, want %s", got, tt.want)
			}
		})
	}
}

// TestEdgesLogins: which logins count, and which failures before them.
func TestEdgesLogins(t *testing.T) {
	failed := func(kind, address string, count, minute int) model.Record {
		return at(record(t, fmt.Sprintf("%s address=%s; count=%d; users=root,admin; user_count=2", kind, address, count)), "first", minute, "last", minute+5)
	}
	login := func(fields string, minute int) model.Record {
		return at(record(t, "auth.login "+fields+"; address=203.0.113.77; path=/var/log/auth.log"), "logged", minute)
	}
	const attacker = "203.0.113.77"
	spread := func(more ...model.Record) []model.Record {
		var out []model.Record
		for i := range 20 {
			out = append(out, failed("auth.failures", fmt.Sprintf("192.0.2.%d", i+1), 3, -30))
		}
		return append(out, more...)
	}
	recs := func(l ...model.Record) scene { return scene{records: l, snapshot: 6000} }
	checkEdges(t, []edge{
		{"the log and btmp state the same failures", "guessed_password", recs(failed("auth.failures", attacker, 9, -60), failed("login.failures", attacker, 9, -60), login("method=password; user=root", 0)), None},
		{"btmp states fewer of them", "guessed_password", recs(failed("auth.failures", attacker, 10, -60), failed("login.failures", attacker, 9, -60), login("method=password; user=root", 0)), High},
		{"btmp alone states them", "guessed_password", recs(failed("login.failures", attacker, 10, -60), login("method=password; user=root", 0)), High},
		{"a row stands in two states of the log", "guessed_password", recs(failed("auth.failures", attacker, 9, -60), failed("auth.failures", attacker, 9, -60), login("method=password; user=root", 0)), None},
		{"by key from a known address", "guessed_password", recs(login("method=publickey; user=root", -5000), failed("auth.failures", attacker, 100, -60), login("method=publickey; user=root", 0)), Low},
		{"by a ticket of Kerberos", "guessed_password", recs(failed("auth.failures", attacker, 100, -60), login("method=gssapi-with-mic; user=root", 0)), Medium},
		{"by the key of a host", "guessed_password", recs(failed("auth.failures", attacker, 100, -60), login("method=hostbased; user=root", 0)), Medium},
		{"wtmp alone states the login", "guessed_password", recs(failed("auth.failures", attacker, 100, -60), at(record(t, "login.session user=root; address="+attacker), "login", 0)), Critical},
		{"a login that another program wrote", "guessed_password", recs(failed("auth.failures", attacker, 100, -60), login("method=password; user=root; sender=logger", 0)), None},
		{"of many addresses, from a known one", "guessed_password_spread", recs(spread(login("method=password; user=root", -5000), login("method=password; user=root", 0))...), None},
		{"of many addresses, from one that came by key before", "guessed_password_spread", recs(spread(login("method=publickey; user=root", -5000), login("method=password; user=root", 0))...), None},
		{"of many addresses, another name", "guessed_password_spread", recs(spread(login("method=password; user=deploy", 0))...), None},
		{"one that was let in by key is no finding of guessing alone", "guessing", recs(failed("auth.failures", attacker, 100, -60), login("method=publickey; user=root", 0)), Low},
		{"one that was let in by password is another finding", "guessing", recs(failed("auth.failures", attacker, 100, -60), login("method=password; user=root", 0)), None},
	})

	// Two accounts whose passwords were guessed in one go: neither login makes the other
	// one ordinary; a second login of the same within a day is no new finding, one
	// after new failures is.
	s := recs(failed("auth.failures", attacker, 100, -60), login("method=password; user=admin", -5), login("method=password; user=root", 0), login("method=password; user=root", 60),
		failed("auth.failures", attacker, 100, 5000), login("method=password; user=root", 5100))
	var got []string
	for _, f := range s.run(t).Findings {
		got = append(got, f.Level.String()+" "+f.Title)
	}
	if want := []string{"critical Brute force: successful login as admin from 203.0.113.77", "critical Brute force: successful login as root from 203.0.113.77", "medium Successful login as root from 203.0.113.77 after many failed attempts"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	res := s.run(t)
	if l := res.Story[0]; l.Text != "Password guessing from 203.0.113.77 begins (100 failed logins before one was accepted)" || !l.When.Time.Equal(noon.Add(-time.Hour)) || l.Finding != res.Findings[0].ID || l.Phase != PhaseAccess {
		t.Errorf("the story begins with %+v", l)
	}
	if l := res.Story[1]; l.Text != res.Findings[0].Title {
		t.Errorf("the story goes on with %+v", l)
	}

	// A second account is no second finding of guesses from many addresses.
	s = recs(spread(login("method=password; user=root", 0), at(record(t, "auth.login method=password; user=root; address=203.0.113.78; path=/var/log/auth.log"), "logged", 1))...)
	if n := len(s.run(t).Findings); n != 1 {
		t.Errorf("%d findings of guesses from many addresses", n)
	}

	// The busiest address comes first, five are named.
	s = scene{snapshot: 6000}
	for i := range 7 {
		s.records = append(s.records, failed("auth.failures", fmt.Sprintf("192.0.2.%d", i+1), 10+i, -30))
	}
	f := s.run(t).Findings[0]
	if want := "91 failed logins from 2026-01-12T11:30:00Z to 2026-01-12T11:35:00Z: 192.0.2.7 (16), 192.0.2.6 (15), 192.0.2.5 (14), 192.0.2.4 (13), 192.0.2.3 (12) and 2 more."; f.Description != want || f.Title != "Password guessing from 7 addresses" {
		t.Errorf("%s: %q", f.Title, f.Description)
	}
}

// TestEdgesFiles: miners, configurations, libraries and programs.
func TestEdgesFiles(t *testing.T) {
	miner := record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/opt/a")
	job := func(fields string) model.Record {
		return record(t, "cron.job command=x; path=/etc/cron.d/a; "+fields)
	}
	config := func(fields string) scene {
		return scene{records: []model.Record{record(t, "miner.config "+fields)}}
	}
	started := func(p, owner string) scene {
		return scene{records: []model.Record{job("programs=" + p)}, files: map[string]*FileFact{p: program(p, 0o755, owner)}}
	}
	script := func(fields string, minute int) scene {
		return scene{records: []model.Record{
			at(record(t, "package.list package=a; path=/var/lib/dpkg/info/a.list"), "changed", 0),
			at(record(t, "package.script package=a; script=postinst; path=/var/lib/dpkg/info/a.postinst; "+fields), "changed", minute),
		}}
	}
	preload := func(ff *FileFact) scene {
		return scene{records: []model.Record{record(t, "preload.library library=/usr/lib/a.so; path=/etc/ld.so.preload")}, files: map[string]*FileFact{"/usr/lib/a.so": ff}}
	}
	link := scene{records: []model.Record{miner, job("programs=/usr/bin/b")}, files: map[string]*FileFact{"/usr/bin/b": program("/opt/a", 0o755, "a")}}
	unknown := program("/usr/lib/a.so", 0o644, "")
	unknown.Known = false
	stomped := func(place string) model.Record {
		return at(record(t, "file.notable what=old_mtime; file_type=elf; path=/opt/a; place="+place), "modified", -9000, "created", 0, "changed", 1)
	}
	const text = "pool=203.0.113.77:3333; wallet=4A; found_in=text; file_type=text; "
	checkEdges(t, []edge{
		{"a link to the miner", "starts_miner", link, Critical},
		{"what a rule of a low level matches", "act_pipe_to_shell", scene{records: []model.Record{miner, record(t, "hook.command event=cloud-init-once; command=x; programs=/opt/a; traits=fetch,pipe_to_shell")}}, Critical},
		{"a text with a rule of a low level", "act_fetch", scene{records: []model.Record{miner, record(t, "file.notable what=script; traits=fetch; state=deleted; programs=/opt/a; path=/tmp/a.sh")}}, Low},
		{"what does not run as it is", "starts_miner", scene{records: []model.Record{miner, job("programs=/opt/a; ignored=the name has a dot")}}, High},
		{"what does not run as it is, and a rule matches", "act_pipe_to_shell", scene{records: []model.Record{miner, job("programs=/opt/a; traits=pipe_to_shell; ignored=the name has a dot")}}, High},
		{"a weak match is no miner", "starts_miner", scene{records: []model.Record{record(t, "yara.match rule=X; level=low; technique=T1496.001; file_type=elf; path=/opt/a"), job("programs=/opt/a")}}, None},

		{"of a package as installed", "miner_configuration", config("pool=203.0.113.77:3333; wallet=4A; owner=a; package_state=intact; path=/usr/share/a/c.json"), Informational},
		{"of a package, changed", "miner_configuration", config("pool=203.0.113.77:3333; wallet=4A; owner=a; package_state=changed; path=/usr/share/a/c.json"), High},
		{"the command of a container", "miner_configuration", config("wallet=4A; program=xmrig; found_in=command; file_type=text; path=/var/lib/docker/containers/aa/config.v2.json"), High},
		{"the environment of a container", "miner_configuration", config("wallet=4A; pool=203.0.113.77:3333; found_in=assignments; file_type=text; path=/var/lib/docker/containers/aa/config.v2.json"), High},
		{"a command elsewhere", "miner_configuration", config("wallet=4A; pool=203.0.113.77:3333; found_in=command; file_type=text; path=/var/lib/docker/containers/aa/x.json"), Low},
		{"in memory", "miner_configuration", config("pool=203.0.113.77:3333; wallet=4A; found_in=text; file_type=core; path=/var/crash/core"), Medium},
		{"a pool in memory", "miner_configuration", config("pool=203.0.113.77:3333; found_in=text; file_type=core; path=/var/crash/core"), Informational},
		{"in a text of /etc", "miner_configuration", config(text + "path=/etc/x"), Medium},
		{"in a text elsewhere", "miner_configuration", config(text + "path=/srv/x"), Low},
		{"in a document of /etc", "miner_configuration", config(text + "path=/etc/x.md"), Low},
		{"in a log, packed in base64", "miner_configuration", config(text + "encoding=base64; path=/var/log/x"), Low},
		{"in a text that something runs", "miner_configuration", scene{records: []model.Record{record(t, "miner.config "+text+"path=/srv/x"), job("programs=/srv/x")}}, High},
		{"in a deleted text that something ran", "miner_configuration", scene{records: []model.Record{record(t, "miner.config "+text+"state=deleted; path=/srv/x"), job("programs=/srv/x")}}, Low},
		{"in a hidden text", "miner_configuration", config(text + "path=/srv/.x/y"), Medium},

		{"appended, and suspicious", "package_script", script("notable=nohup; trailing_code=x", 1), High},
		{"appended, and newer", "package_script", script("appended_code=x", 60), Medium},
		{"appended", "package_script", script("appended_code=x", 1), None},
		{"five minutes newer", "package_script", script("", 5), None},
		{"six minutes newer", "package_script", script("", 6), Low},

		{"missing", "preload_unowned", preload(nil), Medium},
		{"no package database", "preload_unowned", preload(unknown), Medium},

		{"straight in /", "unowned_program_started", started("/a", ""), Medium},
		{"straight in /etc", "unowned_program_started", started("/etc/a", ""), Medium},
		{"below /etc", "unowned_program_started", started("/etc/a/b", ""), Medium},
		{"the boot script", "unowned_program_started", started("/etc/rc.local", ""), None},
		{"in /lib64", "unowned_program_started", started("/lib64/a", ""), Low},
		{"in /usr/libexec", "unowned_program_started", started("/usr/libexec/a", ""), Low},
		{"a module of Python", "unowned_program_started", started("/usr/lib/python3/site-packages/a", ""), None},
		{"what does not run as it is", "unowned_program_started", scene{records: []model.Record{job("programs=/usr/bin/a; ignored=x")}, files: map[string]*FileFact{"/usr/bin/a": program("/usr/bin/a", 0o755, "")}}, None},

		{"a miner that nothing starts", "time_set_back", scene{records: []model.Record{miner, stomped("system")}}, High},
		{"hidden", "time_set_back", scene{records: []model.Record{stomped("hidden")}}, Medium},
		{"elsewhere", "time_set_back", scene{records: []model.Record{stomped("system")}}, Low},
		{"started by a job that was deleted", "time_set_back", scene{records: []model.Record{stomped("system"), job("programs=/opt/a; state=deleted")}}, Low},
		{"a name that is none of a file", "starts_miner", scene{records: []model.Record{record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/bin/updated"), job("programs=updated")}}, None},
		{"a sample's placeholder", "miner_configuration", config("program=xmrig; pool=203.0.113.77:3333; wallet=4A; user=YOUR_LOGIN; path=/srv/c.json"), Low},
		{"started by what does not run as it is", "time_set_back", scene{records: []model.Record{stomped("system"), job("programs=/opt/a; ignored=x")}}, Low},
	})

	// The strongest record of a file names its finding.
	s := scene{records: []model.Record{
		record(t, "miner.config pool=203.0.113.77:3333; path=/opt/c"), record(t, "miner.config pool=203.0.113.78:3333; wallet=4A; coin=monero; path=/opt/c"), record(t, "miner.config pool=203.0.113.79:3333; path=/opt/c"),
	}}
	f := s.run(t).Findings
	if len(f) != 1 || f[0].Level != High || f[0].Title != "Miner configuration with wallet" || f[0].Description != "Pool 203.0.113.78:3333, wallet 4A (monero, checksum valid). Pool 203.0.113.77:3333." || len(f[0].Records) != 3 {
		t.Errorf("%+v", f)
	}
	s = scene{records: []model.Record{stomped("temp")}}
	if w := s.run(t).Findings[0].When; w.Meaning != model.AtLatest || !w.Time.Equal(noon.Add(time.Minute)) || w.Basis != "changed" {
		t.Errorf("timestomping %+v", w)
	}
}

// TestEdgesLogs: what is missing of logs, and what is not.
func TestEdgesLogs(t *testing.T) {
	log := func(s string, stamps ...any) model.Record { return at(record(t, "log.coverage "+s), stamps...) }
	recs := func(l ...model.Record) scene { return scene{records: l} }
	const day = 24 * 60
	checkEdges(t, []edge{
		{"made empty long after the system was used", "log_emptied", recs(log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 0), log("path=/var/log/cron.log", "first", -day-1)), Medium},
		{"made empty a day after the system was used", "log_emptied", recs(log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 0), log("path=/var/log/cron.log", "first", -day)), None},
		{"an empty rotated part holds nothing", "log_emptied", recs(log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 600), log("empty=yes; path=/var/log/auth.log.1")), Medium},
		{"begins less than a day after it was made", "log_emptied", recs(log("path=/var/log/auth.log", "created", -day+1, "first", 0), log("path=/var/log/cron.log", "first", -9000)), None},
		{"begins a day after it was made", "log_emptied", recs(log("path=/var/log/auth.log", "created", -day, "first", 0), log("path=/var/log/cron.log", "first", -9000)), Medium},
		{"begins less than a day after other logs", "log_emptied", recs(log("path=/var/log/auth.log", "created", -9000, "first", 0), log("path=/var/log/cron.log", "first", -day+1)), None},
		{"the rotated part ends long before", "log_emptied", recs(log("path=/var/log/auth.log", "created", -9000, "first", 0), log("path=/var/log/cron.log", "first", -90000), log("path=/var/log/auth.log.1", "first", -90000, "last", -9000-6*day)), Medium},
		{"btmp whose rotated part was deleted", "log_emptied", recs(log("empty=yes; path=/var/log/btmp", "created", 0, "modified", 0), log("path=/var/log/btmp.1; state=deleted", "first", -9000)), Medium},
		{"a log of no known name", "log_emptied", recs(log("empty=yes; path=/var/log/my.log", "created", 0, "modified", 600)), None},
		{"no zeros", "login_records_zeroed", recs(log("zeroed=0; path=/var/log/wtmp")), None},
	})
	s := recs(log("empty=yes; path=/var/log/wtmp", "created", 0, "modified", 700), log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 600), log("path=/var/log/auth.log.2; state=deleted", "first", -1, "last", 1))
	s.records[2].Source.Inode = 99
	f := s.run(t).Findings[0]
	if f.Title != "2 logs cleared" || f.When != (model.When{Time: noon.Add(600 * time.Minute), Meaning: model.AtLatest, Basis: "modified"}) || f.Source.Path != "/var/log/auth.log" || len(f.Records) != 3 {
		t.Errorf("%+v", f)
	}
	if want := "/var/log/auth.log was in use and is empty; no rotated part holds what is missing. /var/log/wtmp was in use and is empty; no rotated part holds what is missing. " +
		"Deleted parts were recovered: /var/log/auth.log.2 (inode 99)."; f.Description != want {
		t.Errorf("%q", f.Description)
	}
	s = recs(log("path=/var/log/auth.log", "created", -9000, "first", 0), log("path=/var/log/cron.log", "first", -9000))
	if f := s.run(t).Findings[0]; f.Title != "Log cleared: /var/log/auth.log" || f.When.Meaning != model.AtLatest || f.When.Basis != "first" {
		t.Errorf("%+v", f)
	}
}

// TestEdgesSettings: hosts, kernel, accounts.
func TestEdgesSettings(t *testing.T) {
	hosts := func(n int, names string) scene {
		s := scene{records: []model.Record{record(t, "hosts.entry address=0.0.0.0; names="+names+"; nowhere=yes; path=/etc/hosts")}}
		for i := range n - 1 {
			s.records = append(s.records, record(t, fmt.Sprintf("hosts.entry address=0.0.0.0; names=ad%d.example; nowhere=yes; path=/etc/hosts", i)))
		}
		return s
	}
	setting := func(l ...string) scene {
		var s scene
		for _, r := range l {
			s.records = append(s.records, record(t, r))
		}
		return s
	}
	const watchdog = "kernel.setting name=kernel.nmi_watchdog; value=0"
	checkEdges(t, []edge{
		{"49 entries", "hosts_nowhere", hosts(49, "pool.supportxmr.com"), Medium},
		{"50 entries", "hosts_nowhere", hosts(50, "pool.supportxmr.com"), Low},
		{"the end of another name", "hosts_nowhere", hosts(1, "notsupportxmr.com"), None},
		{"with a dot at the end, in upper case", "hosts_nowhere", hosts(1, "SupportXMR.com."), Medium},
		{"no huge pages", "tuned_for_mining", setting("kernel.setting name=vm.nr_hugepages; value=0", watchdog), None},
		{"a deleted setting", "tuned_for_mining", setting("kernel.setting name=vm.nr_hugepages; value=8; state=deleted", watchdog), None},
		{"a backup of shadow", "daemon_password", setting("account.shadow name=games; password=set; backup=yes"), None},
		{"a deleted shadow", "daemon_password", setting("account.shadow name=games; password=set; state=deleted"), None},
	})
	for names, want := range map[string]string{
		"pool.supportxmr.com":                     "Mining pools sinkholed in /etc/hosts T1668",
		"deb.debian.org":                          "Security or update hosts sinkholed in /etc/hosts T1562.001",
		"deb.debian.org,pool.supportxmr.com,x.yz": "Security, update or pool hosts sinkholed in /etc/hosts T1562.001 T1668",
	} {
		s := hosts(1, names)
		if f := s.run(t).Findings[0]; f.Title+" "+strings.Join(f.Techniques, " ") != want {
			t.Errorf("%s: %s %q", names, f.Title, f.Techniques)
		}
	}
	s := hosts(1, "a.f2pool.com,b.f2pool.com,c.f2pool.com,d.f2pool.com,e.f2pool.com,f.f2pool.com,g.f2pool.com,h.f2pool.com,i.f2pool.com")
	if f := s.run(t).Findings[0]; !strings.HasSuffix(f.Description, "g.f2pool.com, h.f2pool.com and 1 more.") {
		t.Errorf("%q", f.Description)
	}
	for password, want := range map[string]bool{"set": true, "locked": false} {
		s := setting("account.user name=x; uid=0; home=/root; shell=/bin/bash", "account.shadow name=x; changed=2026-01-12; password="+password, "account.shadow name=y; password=set")
		f := s.run(t).Findings[0]
		if got := strings.Contains(f.Description, "can log in with a password, last changed 2026-01-12"); got != want || (len(f.Records) == 2) != want {
			t.Errorf("%s: %q, %q", password, f.Description, f.Records)
		}
	}
}

// TestEdgesIntruder: what names the intruder, and what is raised for it.
func TestEdgesIntruder(t *testing.T) {
	const known = "miner.config pool=[::ffff:203.0.113.77]:3333; wallet=4A; path=/opt/c.json"
	history := func(traits string) model.Record {
		return record(t, "history.command command=curl; traits="+traits+"; urls=http://203.0.113.77/a; path=/root/.bash_history")
	}
	recs := func(l ...model.Record) scene { return scene{records: append([]model.Record{record(t, known)}, l...)} }
	checkEdges(t, []edge{
		{"a low finding is raised", "act_pipe_to_shell", recs(history("fetch,pipe_to_shell")), Medium},
		{"a medium one, too", "act_decode_exec", recs(history("fetch,decode_exec")), High},
		{"a low one, too", "act_fetch", recs(record(t, "file.notable what=script; traits=fetch; urls=http://203.0.113.77/a; state=deleted; path=/tmp/a.sh")), Medium},
		{"a high one is not", "act_pipe_to_shell", recs(record(t, "cron.job command=x; traits=pipe_to_shell; urls=http://203.0.113.77/a")), High},
		{"and is not said twice", "names_intruder", recs(history("fetch,pipe_to_shell")), None},
		{"nothing else about it", "names_intruder", recs(history("fetch")), Medium},
		{"another host", "act_pipe_to_shell", recs(record(t, "history.command command=curl; traits=fetch,pipe_to_shell; urls=http://203.0.113.7/a; path=/root/.bash_history")), Low},
		{"an address as IPv6 writes it", "names_intruder", recs(record(t, "history.command command=curl; urls=http://[::ffff:203.0.113.77]/a; path=/root/.bash_history")), Medium},
		{"an address that sshd wrote as IPv6", "names_intruder", scene{records: []model.Record{
			at(record(t, "auth.failures address=::ffff:203.0.113.77; count=100; users=root"), "first", -60, "last", -50),
			at(record(t, "auth.login method=password; user=root; address=::ffff:203.0.113.77; path=/var/log/auth.log"), "logged", 0), history("fetch"),
		}}, Medium},
		{"the pool of a weak finding", "names_intruder", scene{records: []model.Record{record(t, "miner.config pool=203.0.113.77:3333; path=/opt/c.json"), history("fetch")}}, None},
	})
	s := recs()
	for i := range maxFindings + 50 {
		r := record(t, "file.notable what=script; urls=http://203.0.113.77/a")
		r.Source.Path = fmt.Sprintf("/tmp/%d.sh", i)
		s.records = append(s.records, r)
	}
	if n := len(s.run(t).Findings); n > maxFindings+1 {
		t.Errorf("%d findings", n)
	}
}

// TestEdgesJudge: where a file hides, and what only seems to.
func TestEdgesJudge(t *testing.T) {
	for p, want := range map[string]bool{
		"/opt/.x/a": true, "/home/a/.x/b": false, "/root/.x/b": false, "/opt/a/.git/b": false, "/usr/lib/debug/.build-id/a": false, "/var/www/.well-known/a": false,
		"/home/a/.../b": true, "/opt/.. /b": true, "/opt/a.b/c": false,
	} {
		if got := hiddenPlace(p); got != want {
			t.Errorf("%s: hidden %v", p, got)
		}
	}
	checkEdges(t, []edge{
		{"a text that mines is judged by its keys", "X", scene{records: []model.Record{record(t, "yara.match rule=X; level=high; technique=T1496.001; file_type=text; path=/root/a.md")}}, High},
		{"a program of a package that hides", "X", scene{records: []model.Record{record(t, "yara.match rule=X; level=medium; technique=T1027; file_type=elf; owner=a; package_state=changed; path=/tmp/a")}}, Medium},
		{"a program of nobody that hides", "X", scene{records: []model.Record{record(t, "yara.match rule=X; level=low; technique=T1027; file_type=elf; path=/tmp/a")}}, Medium},
		{"what is only mentioned", "X", scene{records: []model.Record{record(t, "yara.match rule=X; level=informational; technique=T1027; file_type=elf; path=/tmp/a")}}, Informational},
		{"what was deleted", "X", scene{records: []model.Record{record(t, "yara.match rule=X; level=low; technique=T1027; file_type=elf; state=deleted; path=/tmp/a")}}, Low},
		{"a text in a mailbox", "X", scene{records: []model.Record{record(t, "yara.match rule=X; level=high; technique=T1105; file_type=text; path=/var/mail/root")}}, Low},
		{"a rule without a level", "X", scene{records: []model.Record{record(t, "yara.match rule=X; technique=T1027; file_type=script; path=/opt/a")}}, Medium},
	})
	// The strongest rule names the file; members of an archive, and older states of a file,
	// are files of their own.
	match := func(rule, level string, version uint32, member string) model.Record {
		r := record(t, "yara.match rule="+rule+"; level="+level+"; file_type=script; technique=T1105; path=/opt/a")
		r.Source.Inode, r.Source.Version, r.Source.Member = 5, version, member
		return r
	}
	s := scene{records: []model.Record{match("Weak", "low", 0, ""), match("Strong", "high", 0, ""), match("Strong", "high", 0, "b"), match("Strong", "high", 7, "")}}
	var got []string
	for _, f := range s.run(t).Findings {
		got = append(got, fmt.Sprintf("%s%d%s %d", f.Rule, f.Source.Version, f.Source.Member, len(f.Records)))
	}
	slices.Sort(got)
	if want := []string{"Strong0 2", "Strong0b 1", "Strong7 1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for technique, want := range map[string]model.Phase{"T1496": PhaseMining, "T1574.006": PhasePersistence, "T1505.003": PhasePersistence, "T1014": PhaseEvasion, "T1027.002": PhaseEvasion, "T1105": PhaseExecution} {
		s := scene{records: []model.Record{record(t, "yara.match rule=X; level=medium; file_type=script; path=/opt/a; technique="+technique)}}
		if got := s.run(t).Findings[0].Phase; got != want {
			t.Errorf("%s: %s", technique, got)
		}
	}
}

// TestEdgesJoin: what is joined, and what the joined finding says.
func TestEdgesJoin(t *testing.T) {
	// The same line in three states of a file: once for each state that says something.
	line := func(state filesystem.State, inode uint64, version uint32) model.Record {
		r := at(record(t, "cron.job command=curl x|sh; traits=pipe_to_shell; path=/etc/cron.d/a"), "changed", int(inode))
		r.Source.State, r.Source.Inode, r.Source.Version = state, inode, version
		return r
	}
	s := scene{records: []model.Record{line(filesystem.Deleted, 6, 0), line(filesystem.Live, 5, 0), line(filesystem.Live, 5, 7), line(filesystem.Live, 5, 8)}}
	f := s.run(t).Findings
	if len(f) != 1 || len(f[0].Records) != 4 || f[0].Source.State != filesystem.Live {
		t.Fatalf("%+v", f)
	}
	if n := strings.Count(f[0].Description, "another state of the file"); n != 1 || !strings.Contains(f[0].Description, "older state of the file (inode 6)") {
		t.Errorf("%q", f[0].Description)
	}
	// The earliest time of what is at least medium.
	file := func(what string, minute int) model.Record {
		r := at(record(t, "file.notable what="+what+"; path=/tmp/a"), "created", minute)
		r.Source.Inode = 5
		return r
	}
	for _, tt := range []struct {
		second string
		minute int
		want   int
	}{{"hidden_elf", -5, -5}, {"hidden_elf", 5, 0}, {"orphan_elf", -5, 0}} {
		s := scene{records: []model.Record{file("kernel_thread_name", 0), file(tt.second, tt.minute)}}
		f := s.run(t).Findings
		if len(f) != 1 || f[0].Rule != "file_kernel_thread_name" || !f[0].When.Time.Equal(noon.Add(time.Duration(tt.want)*time.Minute)) {
			t.Errorf("%s: %+v", tt.second, f)
		}
	}
	// The strongest names the file, wherever it stands among the records.
	s = scene{records: []model.Record{file("hidden_elf", 0), file("kernel_thread_name", 1)}}
	if f := s.run(t).Findings; len(f) != 1 || f[0].Rule != "file_kernel_thread_name" || f[0].Level != High {
		t.Errorf("%+v", f)
	}
	// Each rule that matches a record adds its techniques.
	s = scene{records: []model.Record{record(t, "account.user name=x; uid=0; home=/opt/.x; shell=/bin/bash; path=/etc/passwd")}}
	if f := s.run(t).Findings; len(f) != 1 || !slices.Equal(f[0].Techniques, []string{"T1136.001", "T1564.001"}) {
		t.Errorf("%+v", f)
	}
	// A YARA rule names a file before a rule of the same level does.
	y := record(t, "yara.match rule=X; level=high; file_type=elf; technique=T1105; path=/tmp/a")
	y.Source.Inode = 5
	s = scene{records: []model.Record{file("kernel_thread_name", 0), y}}
	if f := s.run(t).Findings; len(f) != 1 || f[0].Rule != "X" || !strings.Contains(f[0].Description, "Also: Executable Named Like a Kernel Thread.") {
		t.Errorf("%+v", f)
	}
	// Of two claims about one record, a rule names that of its own level.
	s = scene{records: []model.Record{record(t, "cron.job command=a; programs=/usr/bin/a; traits=temp_exec; path=/etc/cron.d/a")}, files: map[string]*FileFact{"/usr/bin/a": program("/usr/bin/a", 0o755, "")}}
	if f := s.run(t).Findings; len(f) != 1 || f[0].Rule != "act_temp_exec" || !strings.Contains(f[0].Description, "Also: Executable owned by no package started from a package directory. It starts /usr/bin/a (inode 77), owned by no package.") {
		t.Errorf("%+v", f)
	}
	// Rows of rows are counted whole.
	s = scene{}
	for i := range 30 {
		r := record(t, fmt.Sprintf("history.command command=curl %d|sh; traits=fetch,pipe_to_shell; path=/root/.bash_history", i))
		r.Source.Inode = 5
		s.records = append(s.records, r)
	}
	if f := s.run(t).Findings; len(f) != 1 || !strings.Contains(f[0].Description, "29 more such lines in this file.") {
		t.Errorf("%+v", f)
	}
	// All lines are listed: nothing is said of a first part.
	s = scene{}
	for i := range maxListed {
		r := record(t, fmt.Sprintf("history.command command=curl %d|sh; traits=fetch,pipe_to_shell; path=/root/.bash_history", i))
		r.Source.Inode = 5
		s.records = append(s.records, r)
	}
	if f := s.run(t).Findings; len(f) != 1 || !strings.Contains(f[0].Description, "49 more such lines in this file.") {
		t.Errorf("%+v", f)
	}
	// More links enable it than are named.
	s = scene{records: []model.Record{record(t, "systemd.exec unit=a.service; command=/tmp/a; programs=/tmp/a; traits=temp_exec; path=/etc/systemd/system/a.service")}}
	for i := range maxUnits + 3 {
		s.records = append(s.records, record(t, fmt.Sprintf("systemd.enabled unit=a.service; path=/etc/systemd/system/%d.wants/a.service", i)))
	}
	if f := s.run(t).Findings; len(f) != 1 || len(f[0].Records) != 1+maxUnits || strings.Contains(f[0].Description, "/5.wants") {
		t.Errorf("%+v", f)
	}
	// More units start it than are named.
	s = scene{records: []model.Record{record(t, "systemd.exec unit=a.service; command=/tmp/a; programs=/tmp/a; traits=temp_exec; path=/etc/systemd/system/a.service")}}
	for i := range maxUnits + 3 {
		s.records = append(s.records, record(t, fmt.Sprintf("systemd.unit unit=%d.path; triggers=a.service; watches=/a; path=/etc/systemd/system/%d.path", i, i)))
	}
	if f := s.run(t).Findings; len(f) != 1 || strings.Count(f[0].Description, "Started by ") != maxUnits || !slices.Equal(f[0].Techniques, []string{"T1543.002", "T1059.004"}) {
		t.Errorf("%+v", f)
	}
}
