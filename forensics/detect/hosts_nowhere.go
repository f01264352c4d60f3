package detect

import (
	"strings"

	"icecore/forensics/model"
)

func hostsNowhere() Analysis {
	return Analysis{
		Name: "hosts_nowhere", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1562.001", "T1668"},
		Title:          model.Msg("hosts_nowhere.title"),
		Description:    model.Msg("hosts_nowhere.about"),
		FalsePositives: model.Msg("hosts_nowhere.benign"),
		run:            (*collection).sinkholes,
	}
}

// manyNowhere is from how many sinkholed names on a hosts file is a
// block list, of advertisements or of miners, and not the work of a rival.
const manyNowhere = 50

// pools are domains of public mining pools, matched at the border of a label.
var pools = []string{
	"supportxmr.com", "minexmr.com", "minexmr.cn", "nanopool.org", "moneroocean.stream", "c3pool.com", "c3pool.org",
	"hashvault.pro", "herominers.com",
	"2miners.com", "f2pool.com", "xmrpool.eu", "xmrpool.net", "usxmrpool.com", "moneropool.com", "crypto-pool.fr",
	"monerohash.com", "minergate.com",
	"dwarfpool.com", "prohash.net", "ppxxmr.com", "unmineable.com", "zpool.ca", "xmr.alimabi.cn", "yiluzhuanqian.com",
	"xmrig.com",
}

// guards are domains from which a system gets its updates, or its agents of
// security their orders.
var guards = []string{
	"security.debian.org", "deb.debian.org", "security.ubuntu.com", "archive.ubuntu.com", "aegis.aliyun.com",
	"mirrors.aliyun.com", "mirrors.cloud.aliyuncs.com",
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

// maxHosts is how many names a finding lists.
const maxHosts = 8

// sinkholed are the entries of one hosts file that give a name a null or loopback address.
type sinkholed struct {
	count          int
	rivals, guards []*model.Record
	names          []string
}

// sinkholes looks into hosts files for names of pools of other miners, and of the
// servers of updates and of security agents, that are given a null or loopback address.
func (c *collection) sinkholes(a *Analysis) {
	files := make(map[fileKey]*sinkholed)
	var order []fileKey
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.HostsEntry || !r.Is("nowhere") || r.Source.State != model.Live {
			continue
		}
		k := keyOf(&r.Source)
		if files[k] == nil {
			files[k] = &sinkholed{}
			order = append(order, k)
		}
		files[k].add(r)
	}
	for _, k := range order {
		h := files[k]
		all := append(append([]*model.Record(nil), h.guards...), h.rivals...)
		if len(all) == 0 {
			continue
		}
		f := c.found(a, all[0])
		switch {
		case len(h.guards) == 0:
			f.Message, f.Techniques = model.Msg("hosts_nowhere.title.pools"), []string{"T1668"}
		case len(h.rivals) == 0:
			f.Message, f.Techniques = model.Msg("hosts_nowhere.title.guards"), []string{"T1562.001"}
		default:
			f.Message = model.Msg("hosts_nowhere.title")
		}
		f.Add("hosts_nowhere.names", "names", h.names[:min(len(h.names), maxHosts)], "more",
			more(len(h.names), maxHosts))
		if h.count >= manyNowhere {
			f.Level = Low
			f.Add("hosts_nowhere.list", "count", h.count)
		}
		for _, r := range all[1:] {
			f.list(r.ID)
		}
		c.add(f)
	}
}

func (h *sinkholed) add(r *model.Record) {
	h.count++
	for _, n := range r.List("names") {
		switch {
		case inDomains(n, guards):
			h.guards = append(h.guards, r)
		case inDomains(n, pools):
			h.rivals = append(h.rivals, r)
		default:
			continue
		}
		h.names = append(h.names, n)
	}
}

// more gives how many of some things are not listed; an empty value if all are.
func more(count, listed int) model.Value {
	if count <= listed {
		return model.Value{}
	}
	return model.ValueOf(count - listed)
}
