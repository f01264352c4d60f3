package host

import "testing"

// TestSeeDir: directories that are named as those of layers are, and the directories above
// and beside them.
func TestSeeDir(t *testing.T) {
	v := &Volume{}
	for dir, want := range map[string]string{
		"/var/lib/docker/overlay2":                    "",
		"/var/lib/docker/overlay2/abc":                "",
		"/var/lib/docker/overlay2/abc/diff":           "/var/lib/docker/overlay2/abc/diff",
		"/var/lib/docker/overlay2/abc/diff/etc":       "/var/lib/docker/overlay2/abc/diff",
		"/srv/overlay":                                "",
		"/x/aufs/diff":                                "",
		"/x/aufs/diff/abc":                            "/x/aufs/diff/abc",
		"/c/io.containerd.snapshotter.v1.x/snapshots": "",
		"/c/snapshots/7/fs/bin":                       "/c/snapshots/7/fs",
		"/":                                           "",
		"":                                            "",
	} {
		m := &Marks{}
		m.SeeDir(v, dir)
		var got string
		if x := m.byVolume[v]; x != nil {
			for d := range x.shaped {
				got = d
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", dir, got, want)
		}
	}
}
