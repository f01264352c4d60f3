package container

import (
	"slices"
	"strings"
	"testing"

	"icecore/forensics/model"
)

const wallet = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD"

// TestCommandFacts: what of a container's command and environment says that it mines, and
// what honest containers have that looks like it.
func TestCommandFacts(t *testing.T) {
	for _, tt := range []struct {
		name         string
		command, env []string
		miner        bool
	}{
		{"arguments", []string{"xmrig", "-o", "stratum+tcp://pool.example:3333", "-u", wallet}, nil, true},
		{"arguments without the scheme", []string{"/app/x", "-o", "pool.example:3333", "-u", wallet, "-p", "x"}, nil, true},
		{"address in the environment", []string{"/entrypoint.sh"}, []string{"PATH=/bin", "POOL_URL=stratum+tcp://pool.example:3333"}, true},
		{"pool and wallet in the environment", []string{"/entrypoint.sh"}, []string{"MINING_POOL=pool.example:3333", "WALLET_ADDRESS=" + wallet}, true},
		{"arguments in one variable", []string{"/entrypoint.sh"}, []string{"XMRIG_ARGS=-o pool.example:3333 -u " + wallet}, true},
		{"through a shell", []string{"sh", "-c", "./x --donate-level 1 -o pool.example:3333"}, nil, true},
		{"database", []string{"docker-entrypoint.sh", "postgres"}, []string{"POSTGRES_USER=app", "DB_HOST=db.example:5432", "POSTGRES_PASSWORD=x"}, false},
		{"proxy", []string{"traefik"}, []string{"SERVER_URL=https://www.example:443", "USER=web", "ALGORITHM=sha256"}, false},
		{"a wallet alone, of a shop", []string{"node", "shop.js"}, []string{"DONATION_WALLET=" + wallet, "PORT=3000"}, false},
		{"nothing", nil, nil, false},
		{"an empty variable", []string{"x"}, []string{"A=", "", "=", "POOL="}, false},
	} {
		f := commandFacts(tt.command, tt.env)
		if f.Has("miner_args") != tt.miner || !slices.IsSorted(f.Traits) {
			t.Errorf("%s: traits %v", tt.name, f.Traits)
		}
	}
}

// TestRisky: what lets a container out, and what is like it.
func TestRisky(t *testing.T) {
	for _, tt := range []struct {
		c    Container
		want string
	}{
		{Container{}, ""},
		{Container{Privileged: true, CapAdd: []string{"SYS_ADMIN"}}, "privileged"},
		{Container{CapAdd: []string{"NET_ADMIN"}}, ""},
		{Container{CapAdd: []string{"SYS_ADMIN"}}, "strong_capability"},
		{Container{CapAdd: []string{"ALL"}}, "strong_capability"},
		{Container{NetworkMode: "host", PIDMode: "host"}, "host_pid,host_network"},
		{Container{NetworkMode: "bridge", PIDMode: "container:x"}, ""},
		{Container{Mounts: []Mount{{"/", "/host", true}}}, "host_root_mounted"},
		{Container{Mounts: []Mount{{"/srv/../", "/host", false}}}, "host_root_mounted"},
		{Container{Mounts: []Mount{{"/data", "/", false}, {"data", "/d", false}}}, ""},
		{Container{Mounts: []Mount{{"/var/run/docker.sock", "/s", true}}}, "docker_socket_mounted"},
		{Container{Mounts: []Mount{{"/run", "/run", false}}}, "docker_socket_mounted"},
		{Container{Mounts: []Mount{{"/run/containerd/containerd.sock", "/s", true}}}, "docker_socket_mounted"},
		{Container{Mounts: []Mount{{"/etc", "/e", false}, {"/root", "/r", false}}}, "host_directory_mounted"},
		{Container{Mounts: []Mount{{"/etc", "/e", true}, {"/etc/localtime", "/etc/localtime", false}}}, ""},
		{Container{Mounts: []Mount{{"/dev/sda1", "/d", false}}}, "host_disk_mounted"},
		{Container{Mounts: []Mount{{"/dev/shm", "/dev/shm", false}, {"/dev/net/tun", "/t", false}}}, ""},
	} {
		if got := strings.Join(tt.c.Risky(), ","); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.c, got, tt.want)
		}
	}
}

// TestRecord: a record has what the engine says, and each field is one of its kind.
func TestRecord(t *testing.T) {
	tree, top := engines(t)
	got := readAll(t, tree, Root{DockerRoot, top + "/docker-overlay2"}, Root{ContainerdRoot, top + "/containerd"}, Root{StorageRoot, top + "/podman-overlay"})
	kinds := make(map[model.Kind]int)
	for i := range got.Containers {
		c := &got.Containers[i]
		r := c.Record()
		kinds[r.Kind]++
		for _, f := range r.Fields {
			if row := r.Kind.Info().Field(f.Name); row == nil || row.Type != f.Type() {
				t.Errorf("%s: the table of kinds has no such field %s", c.Name, f.Name)
			}
		}
		for _, s := range r.Times {
			if !r.Kind.Info().HasTime(s.What) {
				t.Errorf("%s: the table of kinds has no time %s", c.Name, s.What)
			}
		}
		if c.Name != "web" || c.Engine != Docker {
			continue
		}
		for name, want := range map[string]string{
			"engine": "docker", "container": "web", "image": "example/tiny:2.0", "restart_policy": "always", "privileged": "no", "network_mode": "host",
			"command":           "sh -c 'echo x >/bin/dropped; chmod 755 /bin/dropped; sleep 10000'",
			"environment":       "FOO=bar,PATH=/bin,COLOR=blue",
			"mounts":            "/:/host:ro",
			"risky":             "host_network,host_root_mounted",
			"drift_files":       "1",
			"drift_executables": "/bin/dropped",
		} {
			if r.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, r.Get(name), want)
			}
		}
		if r.Kind != model.ContainerAutostart || r.Source.HostPath != c.Source.Path || r.Time("container_started").IsZero() || len(r.List("layers")) != 4 {
			t.Errorf("%+v", r)
		}
	}
	if kinds[model.ContainerAutostart] == 0 || kinds[model.ContainerManual] == 0 {
		t.Error(kinds)
	}
}

// TestPrograms: the programs of a command are those of the container's root: in the
// uppermost layer that has them, through its links, and not where they were removed.
func TestPrograms(t *testing.T) {
	tree := files(t, map[string]string{
		"/d/top/usr/bin/tool":    "new",
		"/d/low/usr/bin/tool":    "old",
		"/d/low/usr/bin/other":   "",
		"/d/low/bin@":            "usr/bin",
		"/d/low/usr/bin/sh@":     "/usr/bin/busybox", // absolute: of the container
		"/d/top/usr/bin/busybox": "", "/usr/bin/busybox": "the host's",
		"/usr/bin/secret":   "the host's",
		"/d/low/app/up@":    "../../../../usr/bin/secret",
		"/d/low/app/run.sh": "",
		"/d/low/app/loop@":  "loop",
		"/d/top/etc/x/":     "",
		"/d/low/app/out@":   "/etc",
		"/etc/passwd":       "",
		"/d/low/etc/hosts":  "",
		"/d/top/over/":      "", "/d/low/over@": "/etc", // a directory over a link
		"/d/low/opt@":        "/srv/opt",
		"/srv/opt/host-only": "",
	})
	for _, tt := range []struct{ command, want string }{
		{"tool", "/d/top/usr/bin/tool"},
		{"other", "/d/low/usr/bin/other"},
		{"/bin/other", "/d/low/usr/bin/other"},
		{"sh", "/d/top/usr/bin/busybox"},
		{"./run.sh", "/d/low/app/run.sh"},
		{"/app/up", "/d/top/app/up"},
		{"/app/loop", "/d/top/app/loop"},
		{"/app/out/passwd", "/d/top/app/out/passwd"},
		{"/app/out/hosts", "/d/low/etc/hosts"},
		{"/opt/host-only", "/d/top/opt/host-only"},
		{"/over/passwd", "/d/top/over/passwd"},
		{"nowhere", "nowhere"},
		{"/usr/bin/secret", "/d/top/usr/bin/secret"},
	} {
		c := Container{WorkDir: "/app", Layers: []string{"/d/top", "/d/low"}, Command: []string{tt.command}}
		budget := 10_000
		c.Facts = commandFacts(c.Command, nil)
		c.programs(&rootfs{tree, c.Layers, &budget})
		if got := strings.Join(c.Facts.Programs, ","); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.command, got, tt.want)
		}
	}
}
