package scan

import (
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// nested matches the files of systems within the server by the server's own paths, too:
// whoever makes a directory look like the root of a system takes nothing out of the server.
func (v *surveyor) nested(l *jobList) {
	server, g := v.s.hosts.List[0], v.s.globs
	type seen struct {
		at   active
		path string
	}
	dirs := make(map[uint32]seen)
	for i, d := range l.dirs {
		if l.sites[i].host == server {
			continue
		}
		p, ok := server.Sees(l.v, strings.TrimSuffix(d, "/"))
		if !ok {
			continue
		}
		if a := g.at(p, server); a.leads() {
			dirs[uint32(i)] = seen{a, strings.TrimSuffix(p, "/") + "/"}
		}
	}
	if len(dirs) == 0 {
		return
	}
	for i := range l.jobs {
		j := &l.jobs[i]
		x, ok := dirs[uint32(j.dir)]
		if !ok || j.state != filesystem.Live || j.name == "" {
			continue
		}
		if j.link {
			v.consider(x.at, site{server, x.path}, j.name)
		}
		v.alias(l, j, aliased{site{server, x.path + j.name}, x.at.wants(j.name)}, x.at)
	}
}

// known gives the path by which a file is judged: that of its host, but for what lies in a
// world-writable or hidden directory of the server, which a root around it does not change.
func (s *Scan) known(vol *host.Volume, real string, at site) string {
	if at.host.Kind != host.Root {
		return at.path
	}
	if p, ok := s.hosts.List[0].Sees(vol, real); ok && (tempDirs(p) || hiddenPath(p)) {
		return p
	}
	return at.path
}
