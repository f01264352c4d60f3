package scan

import (
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/accounts"
	"icecore/forensics/artifact/sshkeys"
	"icecore/forensics/artifact/sudoers"
	"icecore/forensics/model"
)

// TestFollow: what sudoers, sshd and AuthorizedKeysFile name elsewhere is read, in turn, and
// once; what an extractor reads anyway is not read twice.
func TestFollow(t *testing.T) {
	key := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGkq+7e6S2y1Y1Yq0dX0c0gX4m8QX8X2vRfW5h0m1w0T "
	r := scanOf(t, imageOf(newTree(map[string]string{
		"/etc/passwd":                "root:x:0:0::/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/bash\n",
		"/etc/sudoers":               "@includedir /etc/sudoers.d\n",
		"/etc/sudoers.d/a":           "#includedir /var/lib/sudo/inc\n@include /var/lib/sudo/more\n",
		"/var/lib/sudo/inc/b":        "www-data ALL=(ALL) NOPASSWD: ALL\n",
		"/var/lib/sudo/inc/c~":       "off ALL=(ALL) NOPASSWD: ALL\n",
		"/var/lib/sudo/more":         "@include more2\n@include more\n",
		"/var/lib/sudo/more2":        "deep ALL=(ALL) NOPASSWD: ALL\n",
		"/etc/ssh/sshd_config":       "AuthorizedKeysFile .ssh/authorized_keys /var/lib/.k/%u /var/lib/all\nInclude /var/lib/s*.cnf\n",
		"/var/lib/.k/ana":            key + "of ana\n",
		"/var/lib/all":               key + "of all\n",
		"/var/lib/ssh.cnf":           "ForceCommand /var/lib/x\n",
		"/root/.ssh/authorized_keys": key + "of root\n",
	})), []artifact.Extractor{accounts.Extractor{}, sudoers.Extractor{}, sshkeys.Extractor{}}, Options{}, nil)
	var got []string
	for _, x := range r.Records {
		switch x.Kind {
		case model.SudoRule:
			got = append(got, x.Source.Path+" "+strings.Join(x.List("who"), ","))
		case model.SSHKey:
			got = append(got, x.Source.Path+" "+x.Get("user")+" "+x.Get("comment"))
		case model.SSHDOption:
			if x.Get("option") == "ForceCommand" {
				got = append(got, x.Source.Path+" "+x.Get("value"))
			}
		}
	}
	want := []string{
		"/root/.ssh/authorized_keys root of root", "/var/lib/.k/ana ana of ana", "/var/lib/all all of all", "/var/lib/ssh.cnf /var/lib/x",
		"/var/lib/sudo/inc/b www-data", "/var/lib/sudo/more2 deep",
	}
	if s := strings.Join(got, "\n"); s != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", s, strings.Join(want, "\n"))
	}
}
