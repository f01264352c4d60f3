package detect

import (
	"fmt"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// manyNowhere is from how many names on that are led nowhere a hosts file is a
// block list, of advertisements or of miners, and not the work of a rival.
const manyNowhere = 50

// pools are domains of public mining pools, matched at the border of a label.
var pools = []string{
	"supportxmr.com", "minexmr.com", "minexmr.cn", "nanopool.org", "moneroocean.stream", "c3pool.com", "c3pool.org", "hashvault.pro", "herominers.com",
	"2miners.com", "f2pool.com", "xmrpool.eu", "xmrpool.net", "usxmrpool.com", "moneropool.com", "crypto-pool.fr", "monerohash.com", "minergate.com",
	"dwarfpool.com", "prohash.net", "ppxxmr.com", "unmineable.com", "zpool.ca", "xmr.alimabi.cn", "yiluzhuanqian.com", "xmrig.com",
}

// guards are domains from which a system gets its updates, or its agents of
// security their orders.
var guards = []string{
	"security.debian.org", "deb.debian.org", "security.ubuntu.com", "archive.ubuntu.com", "aegis.aliyun.com", "mirrors.aliyun.com", "mirrors.cloud.aliyuncs.com",
	"yd.tencentyun.com", "mirrors.tencentyun.com", "clamav.net", "virustotal.com",
}

func inDomains(name string, list []string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, d := range list {
		if name == d || strings.HasSuffix(name, "."+d) {
			return true
		}
	}
	return false
}

// sinkholes looks into hosts files for names that are led nowhere: pools of other
// miners, and the servers of updates and of security agents.
func (c *collection) sinkholes() {
	type file struct {
		recs, rivals, guards []*artifact.Record
		names                []string
	}
	files := make(map[fileKey]*file)
	var order []fileKey
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != "hosts.entry" || r.Get("nowhere") != "yes" || r.Source.State != filesystem.Live {
			continue
		}
		k := fileKey{r.Source.Volume, r.Source.Path}
		f := files[k]
		if f == nil {
			f = &file{}
			files[k] = f
			order = append(order, k)
		}
		f.recs = append(f.recs, r)
		for _, n := range r.List("names") {
			switch {
			case inDomains(n, guards):
				f.guards = append(f.guards, r)
			case inDomains(n, pools):
				f.rivals = append(f.rivals, r)
			default:
				continue
			}
			f.names = append(f.names, n)
		}
	}
	for _, k := range order {
		h := files[k]
		all := append(append([]*artifact.Record(nil), h.guards...), h.rivals...)
		if len(all) == 0 {
			continue
		}
		f := c.finding(all[0])
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "hosts_nowhere", Medium, PhaseEvasion
		f.Techniques = []string{"T1562.001"}
		f.Title = "Servers of updates or of security agents are led nowhere"
		if len(h.guards) == 0 {
			f.Title, f.Techniques = "Pools of other miners are led nowhere", []string{"T1668"}
		}
		f.Description = fmt.Sprintf("The file gives a null or loopback address for %s.", strings.Join(h.names[:min(len(h.names), 8)], ", "))
		if len(h.recs) >= manyNowhere {
			f.Level = Low
			f.Description += fmt.Sprintf(" It does so for %d entries, as a block list does.", len(h.recs))
		}
		for _, r := range all[1:] {
			if len(f.Records) < maxListed {
				f.Records = union(f.Records, []string{r.ID})
			}
		}
		c.add(f)
	}
}

// tuned looks for settings of the kernel that miners ask for. Databases ask for
// huge pages, and virtual machines have no watchdog: only together do they count.
func (c *collection) tuned() {
	var pages, watchdog, msr *artifact.Record
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Source.State != filesystem.Live {
			continue
		}
		switch {
		case r.Kind == "kernel.setting" && r.Get("name") == "vm.nr_hugepages" && number(r.Get("value")) > 0:
			pages = r
		case r.Kind == "kernel.setting" && r.Get("name") == "kernel.nmi_watchdog" && r.Get("value") == "0":
			watchdog = r
		case r.Kind == "kernel.module" && r.Get("module") == "msr":
			msr = r
		}
	}
	other := watchdog
	if other == nil {
		other = msr
	}
	if pages == nil || other == nil {
		return
	}
	f := c.finding(pages)
	f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "tuned_for_mining", Medium, PhaseMining
	f.Techniques = []string{"T1496.001"}
	f.Title = "The kernel is set up as miners ask for"
	what := "turns its watchdog off"
	if watchdog == nil {
		what = "loads the module msr at boot"
	}
	f.Description = fmt.Sprintf("It keeps %s huge pages and %s (%s).", pages.Get("value"), what, other.Source.Path)
	f.Records = append(f.Records, other.ID)
	c.add(f)
}

// daemons are accounts that come with a system and that nobody logs in to.
var daemons = map[string]bool{
	"daemon": true, "bin": true, "sys": true, "sync": true, "games": true, "man": true, "lp": true, "mail": true, "news": true, "uucp": true, "proxy": true,
	"www-data": true, "backup": true, "list": true, "irc": true, "gnats": true, "nobody": true, "sshd": true, "apache": true, "nginx": true, "redis": true,
	"messagebus": true, "systemd-network": true, "systemd-resolve": true, "adm": true, "halt": true, "shutdown": true, "operator": true, "ftp": true,
}

// daemonPasswords looks for accounts of daemons that have a password.
func (c *collection) daemonPasswords() {
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != "account.shadow" || r.Has("backup") || r.Get("password") != "set" || !daemons[r.Get("name")] || r.Source.State != filesystem.Live {
			continue
		}
		f := c.finding(r)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "daemon_password", Medium, PhasePersistence
		f.Techniques = []string{"T1098", "T1078.003"}
		f.Title = "The account " + r.Get("name") + ", which only daemons use, has a password"
		f.Description = "Such accounts come without one."
		if d := r.Get("changed"); d != "" {
			f.Description += " It was last set " + d + "."
		}
		c.add(f)
	}
}
