package container

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/shell"
)

// TestMatch: paths that promise a state directory, and like ones that do not.
func TestMatch(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for _, tt := range []struct {
		name string
		want Root
	}{
		{"/srv/dk/containers/" + id + "/config.v2.json", Root{DockerRoot, "/srv/dk"}},
		{"/home/u/.local/share/docker/containers/" + id + "/config.v2.json", Root{DockerRoot, "/home/u/.local/share/docker"}},
		{"/srv/dk/containers/web/config.v2.json", Root{}},
		{"/containers/" + id + "/config.v2.json", Root{DockerRoot, "/"}},
		{"/" + id + "/config.v2.json", Root{}},
		{"/srv/dk/image/overlay2/repositories.json", Root{DockerRoot, "/srv/dk"}},
		{"/srv/web/repositories.json", Root{}},
		{"/data/c/io.containerd.metadata.v1.bolt/meta.db", Root{ContainerdRoot, "/data/c"}},
		{"/data/c/io.containerd.snapshotter.v1.overlayfs/metadata.db", Root{ContainerdRoot, "/data/c"}},
		{"/srv/photos/metadata.db", Root{}},
		{"/srv/meta.db", Root{}},
		{"/var/lib/containers/storage/overlay-containers/containers.json", Root{StorageRoot, "/var/lib/containers/storage"}},
		{"/var/lib/containers/storage/vfs-layers/layers.json", Root{StorageRoot, "/var/lib/containers/storage"}},
		{"/srv/containers.json", Root{}},
		{"/srv/g/storage.lock", Root{StorageRoot, "/srv/g"}},
		{"/srv/g/libpod/bolt_state.db", Root{PodmanState, "/srv/g"}},
		{"/srv/g/db.sql", Root{PodmanState, "/srv/g"}},
		{"/srv/lxc/web/config", Root{LXCContainer, "/srv/lxc/web"}},
		{"/srv/repo/.git/config", Root{}},
		{"/root/.ssh/config", Root{}},
		{"/srv/x/rootfs", Root{Bundle, "/srv/x"}},
		{"/pools/default/containers/c1/backup.yaml", Root{LXDContainer, "/pools/default/containers/c1"}},
		{"/var/lib/machines/deb", Root{MachinesDir, "/var/lib/machines"}},
		{"/var/lib/machines/.lock", Root{}},
		{"/etc/systemd/nspawn/deb.nspawn", Root{MachinesDir, "/var/lib/machines"}},
		{"/var/lib/snapd/state.json", Root{SnapDir, "/var/lib/snapd"}},
		{"/srv/state.json", Root{}},
		{"/ostree/deploy/fedora/deploy/abc.0.origin", Root{OSTreeDir, "/ostree"}},
		{"/srv/deploy/x.origin", Root{}},
		{"/", Root{}},
		{"", Root{}},
		{"config", Root{}},
		{"/rootfs", Root{Bundle, "/"}},
		{"/config.v2.json", Root{}},
	} {
		if got, ok := Match(tt.name); got != tt.want || ok != (tt.want != Root{}) {
			t.Errorf("%q: %v, %t, want %v", tt.name, got, ok, tt.want)
		}
	}
}

// TestSingle: the engines whose state is settings beside a root.
func TestSingle(t *testing.T) {
	place := func(p string) Place { return Place{Path: p} }
	for name, tt := range map[string]struct {
		files map[string]string
		want  []Container
	}{
		"lxc": {
			map[string]string{
				// As lxc-create writes it, with what an administrator adds.
				"/srv/lxc/c1/config": `# Template used to create this container: /usr/share/lxc/templates/lxc-busybox
lxc.net.0.type = veth
lxc.apparmor.profile = generated
lxc.rootfs.path = dir:/srv/lxc/c1/rootfs
lxc.uts.name = "web"
lxc.cap.drop = sys_module mac_admin
lxc.mount.entry = shm dev/shm tmpfs defaults,create=dir 0 0
lxc.mount.entry = /lib lib none ro,bind 0 0
lxc.mount.entry = / mnt none bind 0 0
lxc.start.auto = 1
lxc.environment = A=b
lxc.init.cmd = /sbin/init quiet
`,
				"/srv/lxc/c1/rootfs/bin/": "",
			},
			[]Container{{
				Engine: LXC, ID: "c1", Name: "web", Layers: []string{"/srv/lxc/c1/rootfs"}, Autostart: true, RestartPolicy: "lxc.start.auto",
				Command: []string{"/sbin/init", "quiet"}, Env: []string{"A=b"}, Mounts: []Mount{{"/lib", "/lib", true}, {"/", "/mnt", false}},
				Source: place("/srv/lxc/c1/config"),
			}},
		},
		"lxc of the old age, elsewhere": {
			map[string]string{
				"/data/vm/config":       "lxc.rootfs = /data/vm/rootfs\nlxc.utsname = old\nlxc.aa_profile = unconfined\nlxc.network.type = none\n",
				"/data/vm/rootfs/etc/x": "",
			},
			[]Container{{Engine: LXC, ID: "vm", Name: "old", Layers: []string{"/data/vm/rootfs"}, Privileged: true, NetworkMode: "host", Source: place("/data/vm/config")}},
		},
		"lxc over another root": {
			map[string]string{"/var/lib/lxc/c2/config": "lxc.rootfs.path = overlay:/var/lib/lxc/c1/rootfs:/var/lib/lxc/c2/delta0\nlxc.idmap = u 0 100000 65536\nlxc.apparmor.profile = unconfined\n"},
			[]Container{{Engine: LXC, ID: "c2", Name: "c2", Layers: []string{"/var/lib/lxc/c2/delta0", "/var/lib/lxc/c1/rootfs"}, Source: place("/var/lib/lxc/c2/config")}},
		},
		"a directory named lxc of somebody else": {map[string]string{"/srv/lxc/repo/config": "[core]\n\tbare = false\n"}, nil},
		"lxd": {
			map[string]string{
				"/pool/containers/c1/backup.yaml": `container:
  architecture: x86_64
  config:
    image.description: ubuntu 22.04 LTS amd64
  created_at: 2026-11-01T10:00:00.5Z
  name: c1
  project: default
  status: Running
  last_used_at: 2026-11-02T10:00:00Z
  expanded_config:
    image.description: ubuntu 22.04 LTS amd64
    security.privileged: "true"
    volatile.base_image: abc
    volatile.last_state.power: RUNNING
    environment.POOL: stratum+tcp://x:1
  expanded_devices:
    host: {path: /mnt, source: /, type: disk}
    root: {path: /, pool: default, type: disk}
    sock: {path: /s, source: /run/docker.sock, type: disk, readonly: "true"}
  type: container
snapshots: []
`,
				"/pool/containers/c1/rootfs/etc/x": "",
			},
			[]Container{{
				Engine: LXD, ID: "c1", Name: "c1", Namespace: "default", Image: "ubuntu 22.04 LTS amd64", ImageID: "abc", Privileged: true, Autostart: true,
				State: "running", Env: []string{"POOL=stratum+tcp://x:1"}, Layers: []string{"/pool/containers/c1/rootfs"},
				Mounts: []Mount{{"/", "/mnt", false}, {"/run/docker.sock", "/s", true}}, Created: moment("2026-11-01T10:00:00.5Z"), Started: moment("2026-11-02T10:00:00Z"),
				Source: place("/pool/containers/c1/backup.yaml"),
			}},
		},
		"incus": {
			map[string]string{"/p/containers/c/backup.yaml": "instance:\n  name: c\n  status: Stopped\n  config: {boot.autostart: \"false\", volatile.last_state.power: RUNNING}\n"},
			[]Container{{Engine: LXD, ID: "c", Name: "c", State: "stopped", RestartPolicy: "false", Source: place("/p/containers/c/backup.yaml")}},
		},
		"nspawn": {
			map[string]string{
				"/var/lib/machines/deb/etc/x":                                           "",
				"/var/lib/machines/plain/etc/x":                                         "",
				"/var/lib/machines/image.raw":                                           "",
				"/etc/systemd/nspawn/deb.nspawn":                                        "[Exec]\nBoot=no\nParameters=/usr/bin/app --x\nEnvironment=A=b\nCapability=CAP_SYS_ADMIN\n[Files]\nBind=/srv:/data\nBindReadOnly=/\n[Network]\nPrivate=no\n",
				"/etc/systemd/system/machines.target.wants/systemd-nspawn@deb.service@": "/usr/lib/systemd/system/systemd-nspawn@.service",
			},
			[]Container{
				{
					Engine: Nspawn, ID: "deb", Name: "deb", Layers: []string{"/var/lib/machines/deb"}, Autostart: true, RestartPolicy: "machines.target", NetworkMode: "host",
					Command: []string{"/usr/bin/app", "--x"}, Env: []string{"A=b"}, CapAdd: []string{"SYS_ADMIN"}, Mounts: []Mount{{"/srv", "/data", false}, {"/", "/", true}},
					Source: place("/etc/systemd/nspawn/deb.nspawn"),
				},
				{Engine: Nspawn, ID: "plain", Name: "plain", Layers: []string{"/var/lib/machines/plain"}, Source: place("/var/lib/machines/plain")},
			},
		},
		"snap": {
			map[string]string{"/var/lib/snapd/state.json": `{"data":{"snaps":{"lxd":{"type":"app","sequence":[{"name":"lxd","revision":"24322"}],"active":true,"current":"24322","channel":"5.0/stable"},"old":{"current":"3"}}}}`},
			[]Container{
				{Engine: Snap, ID: "lxd", Name: "lxd", ImageID: "24322", Image: "/var/lib/snapd/snaps/lxd_24322.snap", State: "active", Source: place("/var/lib/snapd/state.json")},
				{Engine: Snap, ID: "old", Name: "old", ImageID: "3", Image: "/var/lib/snapd/snaps/old_3.snap", State: "disabled", Source: place("/var/lib/snapd/state.json")},
			},
		},
		"ostree": {
			map[string]string{
				"/ostree/deploy/fedora/deploy/abc.0/etc/x":  "",
				"/ostree/deploy/fedora/deploy/abc.0.origin": "[origin]\nrefspec=fedora:fedora/39/x86_64/coreos\n",
				"/ostree/deploy/fedora/var/lib/x":           "",
			},
			[]Container{{
				Engine: OSTree, ID: "abc.0", Name: "fedora", Image: "fedora:fedora/39/x86_64/coreos", Layers: []string{"/ostree/deploy/fedora/deploy/abc.0"},
				Mounts: []Mount{{"/ostree/deploy/fedora/var", "/var", false}}, Source: place("/ostree/deploy/fedora/deploy/abc.0.origin"),
			}},
		},
		"quadlet": {
			map[string]string{
				"/etc/containers/systemd/web.container": "[Unit]\nDescription=x\n[Container]\nImage=docker.io/library/nginx:1\nExec=sh -c 'a b' \\\n  c\nEntrypoint=/bin/tini --\n" +
					"Environment=A=b \"C=d e\"\nVolume=/:/host:ro,z\nVolume=data:/data\nMount=type=bind,source=/run/docker.sock,target=/s\nNetwork=host\nAddCapability=CAP_SYS_ADMIN\n" +
					"PodmanArgs=--privileged --pid host -e X=y\n[Service]\nRestart=always\n[Install]\nWantedBy=default.target\n",
				"/etc/containers/systemd/off.container": "[Container]\nImage=x\nContainerName=off\nPodmanArgs=--privileged=false\n",
				"/etc/containers/systemd/net.network":   "[Network]\n",
			},
			[]Container{
				{Engine: Podman, ID: "off.container", Name: "off", Image: "x", Source: place("/etc/containers/systemd/off.container")},
				{
					Engine: Podman, ID: "web.container", Name: "systemd-web", Image: "docker.io/library/nginx:1", Command: []string{"/bin/tini", "--", "sh", "-c", "a b", "c"},
					Env: []string{"A=b", "C=d e", "X=y"}, Mounts: []Mount{{"/", "/host", true}, {"data", "/data", false}, {"/run/docker.sock", "/s", false}},
					NetworkMode: "host", PIDMode: "host", CapAdd: []string{"SYS_ADMIN"}, Privileged: true, RestartPolicy: "always", Autostart: true,
					Source: place("/etc/containers/systemd/web.container"),
				},
			},
		},
		"bundle": {
			map[string]string{
				"/opt/run/x/config.json":   `{"ociVersion":"1.0.2","process":{"args":["sh","-c","x"],"cwd":"/w"},"root":{"path":"rootfs"},"linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/proc/1/ns/net"},{"type":"ipc"}]}}`,
				"/opt/run/x/rootfs/bin/sh": "",
			},
			[]Container{{Engine: Runc, ID: "x", Name: "x", Command: []string{"sh", "-c", "x"}, WorkDir: "/w", NetworkMode: "host", Layers: []string{"/opt/run/x/rootfs"}, Source: place("/opt/run/x/config.json")}},
		},
		"names that others use": {map[string]string{
			"/srv/app/db.sql": "CREATE TABLE t(a);\n-- a dump\n", "/srv/helm/templates/backup.yaml": "{{ .Values.x }}: [", "/home/x/lxc/notes/config/readme": "x",
			"/srv/map-layers/layers.json": "{}", "/srv/app/image/logos/repositories.json": "[]", "/srv/z/storage.lock": "", "/opt/w/rootfs/x": "", "/opt/w/config/a": "",
			"/srv/lxc/c/config": "\x00\xff", "/var/lib/x/db.sql/": "", "/srv/y/metadata.db": "x", "/srv/deploy/x/deploy/readme.origin": "x",
		}, nil},
		"config.json of a program": {map[string]string{"/opt/app/config.json": `{"port":1}`, "/opt/app/rootfs/x": ""}, nil},
	} {
		tree := files(t, tt.files)
		got := readAll(t, tree, find(t, tree)...)
		for i := range got.Containers {
			got.Containers[i].Facts, got.Containers[i].Drift, got.Containers[i].Root = shell.Facts{}, Drift{}, ""
		}
		if d := cmp.Diff(tt.want, got.Containers); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

// TestWords: what is too long is cut, and says so.
func TestWords(t *testing.T) {
	many := strings.Split(strings.Repeat("x ", 5000), " ")
	if got := words(slices.Clone(many)); len(got) != maxWords+1 || got[maxWords] != "..." {
		t.Errorf("%d words", len(got))
	}
	if got := words([]string{strings.Repeat("y", 1<<20), "z"}); len(got) != 2 || len(got[0]) != maxWord {
		t.Errorf("%d words, %d bytes", len(got), len(got[0]))
	}
	if got := words([]string{"a", ""}); !reflect.DeepEqual(got, []string{"a", ""}) {
		t.Errorf("%q", got)
	}
	for in, want := range map[string]string{"": "''", "a b": "'a b'", "it's": `'it'\''s'`, "-o": "-o", "$x": "'$x'"} {
		if got := quoted([]string{in}); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
	var c Container
	if json.Unmarshal([]byte(`{"Command":null}`), &c) != nil || quoted(c.Command) != "" {
		t.Error("a container without a command has one")
	}
}
