package scan

import (
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// capTree is a tree whose programs have capabilities, by path.
type capTree struct {
	*tree
	caps map[string]string
}

func (t *capTree) Xattrs(r filesystem.Ref) ([]filesystem.Xattr, error) {
	f, err := t.at(r)
	if err != nil || t.caps[f.name] == "" {
		return nil, err
	}
	return []filesystem.Xattr{{Name: "security.capability", Value: []byte(t.caps[f.name])}, {Name: "user.x"}}, nil
}

// TestFileCapabilities: those of programs that no package owns, and of interpreters; not
// those of what a package brought, nor those that give nothing.
func TestFileCapabilities(t *testing.T) {
	const (
		setuid  = "\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		netRaw  = "\x00\x00\x00\x03\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xe8\x03\x00\x00"
		inherit = "\x01\x00\x00\x02\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		broken  = "\x01\x00\x00\x02\x80"
		status  = "Package: tools\nStatus: install ok installed\nVersion: 1\n\n"
		list    = "/usr/bin/newuidmap\n/usr/bin/python3.11\n"
		elf     = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00"
	)
	caps := map[string]string{"/usr/local/bin/py": setuid, "/usr/bin/newuidmap": setuid, "/usr/bin/python3.11": setuid, "/usr/bin/x": netRaw, "/usr/local/bin/i": inherit, "/usr/local/bin/b": broken, "/usr/local/share/x.txt": setuid}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"packages", map[string]string{"/var/lib/dpkg/status": status, "/var/lib/dpkg/info/tools.list": list}, "/usr/bin/python3.11=cap_setuid,yes, /usr/bin/x=cap_net_raw,no,1000 /usr/local/bin/py=cap_setuid,yes,"},
		{"none", map[string]string{}, "/usr/bin/python3.11=cap_setuid,yes, /usr/local/bin/py=cap_setuid,yes,"},
	} {
		for p := range caps {
			tt.files[p] = elf
		}
		tt.files["/usr/local/share/x.txt"] = "a text\n"
		r := scanOf(t, imageOf(&capTree{newTree(tt.files), caps}), nil, Options{}, nil)
		var got []string
		for i := range r.Records {
			if rec := &r.Records[i]; rec.Get("what") == "file_capabilities" {
				got = append(got, rec.Source.Path+"="+strings.Join(append(rec.List("capabilities"), rec.Get("effective"), rec.Get("rootid")), ","))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
