package forensics_test

import (
	"slices"
	"strings"
	"testing"

	"icecore/fixtures/servers"
	"icecore/forensics/model"
)

// TestServerHidden: nobody takes a directory out of the server by making it look like the
// root of another system, or like a container's.
func TestServerHidden(t *testing.T) {
	const mount = "/data/dk/image/vfs/layerdb/mounts/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/mount-id"
	for name, more := range map[string]servers.Tree{
		"os-release in /var":           {"/var/etc/os-release": "ID=x\n"},
		"os-release in /etc":           {"/etc/etc/os-release": "ID=x\n"},
		"os-release in /etc/cron.d":    {"/etc/cron.d/etc/os-release": "ID=x\n"},
		"os-release among crontabs":    {"/var/spool/cron/etc/os-release": "ID=x\n"},
		"os-release in homes":          {"/home/ana/etc/os-release": "ID=x\n", "/home/ana/usr/lib/os-release": "ID=x\n", "/root/etc/os-release": "ID=x\n"},
		"passwd and a shell in /var":   {"/var/etc/passwd": "root:x:0:0::/:/bin/sh\n", "/var/bin/sh": "x"},
		"layers":                       {"/etc/overlay2/x/diff/a": "", "/var/spool/snapshots/1/fs/x": ""},
		"the root of a container":      {"/home/x/lxc/a/config": "lxc.rootfs.path = /var\nlxc.uts.name = a\n"},
		"a bundle":                     {"/home/x/b/config.json": `{"ociVersion":"1","root":{"path":"../../../var"}}`, "/home/x/b/rootfs/a": ""},
		"a machine that is a link":     {"/var/lib/machines/etc": "-> /etc"},
		"a layer's name with dots":     {"/overlay-containers/containers.json": `[{"id":"a","layer":".."}]`},
		"a layer that is a link":       docker(`{"Driver":"vfs"}`, "{}").With(servers.Tree{mount: "x", "/data/dk/vfs/dir/x": "-> /var"}),
		"a data-root that is the root": {"/containers/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/config.v2.json": `{"Driver":"vfs"}`},
	} {
		a := served(t, made(t, servers.Volume{Tree: servers.Debian().With(servers.Planted(), more)}))
		got := claims(a)
		for _, w := range plantedClaims(t) {
			if !slices.Contains(got, w) {
				t.Errorf("%s: lost: %s\n%s", name, w, gaps(a))
			}
		}
	}
}

// TestServerHiddenProgram: a program in a world-writable or hidden directory is one there,
// whatever makes that look like the root of a system of its own; one of a chroot is not.
func TestServerHiddenProgram(t *testing.T) {
	elf := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 200)
	for root, want := range map[string]string{"/tmp/x": "temp_elf", "/var/tmp/.y": "temp_elf", "/srv/jail": ""} {
		a := served(t, made(t, servers.Volume{Tree: servers.Debian().With(servers.Tree{root + "/etc/os-release": "ID=x\n", root + "/agent": elf})}))
		got := ""
		for i := range a.Records {
			if r := &a.Records[i]; r.Kind == model.FileNotable && r.Source.Path == root+"/agent" {
				got = r.Get("what")
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", root, got, want)
		}
	}
}
