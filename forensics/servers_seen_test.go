package forensics_test

import (
	"testing"

	"icecore/fixtures/servers"
	"icecore/forensics"
)

// TestServerSeen: a path of the server leads to the volume that holds the file, through
// mount points, bind mounts and links; what is on the root filesystem keeps its path.
func TestServerSeen(t *testing.T) {
	uuid := func(n int, _ string) string { return "UUID=" + servers.UUID(string(rune('0'+n))) }
	more := servers.Tree{"/srv/log": "-> /var/log", "/etc/motd": "-> /home/ana/hello", "/home/ana/hello": "hello\n", "/opt/here/x": "x\n", "/opt/there/": ""}
	image := made(t, separate(table(uuid, "defaults")+"/opt/here /opt/there none bind 0 0\n", more)(servers.Planted())...)
	img, err := forensics.Open(t.Context(), image, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	for _, tt := range []struct {
		path   string
		follow bool
		volume string
		real   string
	}{
		{"/etc/fstab", true, "p1", "/etc/fstab"},
		{"/var/log/auth.log", true, "p4", "/auth.log"},
		{"/srv/log/auth.log", true, "p4", "/auth.log"},
		{"/srv/log", false, "p1", "/srv/log"},
		{"/etc/motd", true, "p2", "/ana/hello"},
		{"/etc/motd", false, "p1", "/etc/motd"},
		{"/opt/there/x", true, "p1", "/opt/here/x"},
		{"/var/log/gone", true, "p4", "/gone"},
		{"/no/such/file", true, "p1", "/no/such/file"},
		{"/../../var/log/auth.log", true, "p4", "/auth.log"},
	} {
		v, real, err := img.Seen(t.Context(), tt.path, tt.follow)
		if err != nil || v.ID != tt.volume || real != tt.real {
			t.Errorf("%s, links followed %v: %s:%s, %v; want %s:%s", tt.path, tt.follow, v.ID, real, err, tt.volume, tt.real)
		}
	}
}
