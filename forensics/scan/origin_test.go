package scan

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/model"
)

// TestOrigins: the manifests of a host are read; what differs from them is notable, and
// records of a file say who brought it.
func TestOrigins(t *testing.T) {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	const site = "/usr/local/lib/python3.11/site-packages/"
	elf := "\x7fELF" + strings.Repeat("x", 100)
	fsys := newTree(map[string]string{
		"/var/lib/dpkg/info/x.list": "/usr/bin/x\n/usr/local/lib/python3.11/site-packages/owned.py\n", "/usr/bin/x": elf,
		site + "a-1.0.dist-info/RECORD": "a/same.py," + digest("same") + ",4\na/edited.py," + digest("old") + ",3\n" +
			"a/size.py," + digest("old") + ",3\na/_c.so," + digest(elf) + ",\na/data.txt," + digest("old") + ",3\nowned.py," + digest("old") + ",3\n",
		site + "a/same.py":   "same",
		site + "a/edited.py": "new",
		site + "a/size.py":   "longer",
		site + "a/_c.so":     elf,
		site + "a/data.txt":  "new",
		site + "owned.py":    "new",
		site + "a/[kswapd0]": elf,
		"/opt/[kswapd0]":     elf,
	})
	var s *Scan
	r := scanOf(t, imageOf(fsys), nil, Options{}, func(x *Scan) { s = x })
	var got []string
	for i := range r.Records {
		rec := &r.Records[i]
		line := rec.Source.Path + " " + rec.Get("what") + " " + rec.Get("origin") + " " + rec.Get("origin_state")
		if rec.Kind == model.Component {
			line = rec.Source.Path + " " + rec.Get("manager") + " " + rec.Get("name") + " " + rec.Get("version") + " " + rec.Source.Host
		}
		got = append(got, line)
	}
	slices.Sort(got)
	want := []string{
		"/opt/[kswapd0] kernel_thread_name  ",
		site + "a-1.0.dist-info/RECORD python a 1.0 h1",
		site + "a/[kswapd0] kernel_thread_name python:a@1.0 unlisted",
		site + "a/edited.py component_file_changed python:a@1.0 changed",
		site + "a/size.py component_file_changed python:a@1.0 changed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, want := range map[string]string{
		site + "a/same.py": "python:a@1.0 listed", site + "a/[kswapd0]": "python:a@1.0 unlisted", "/opt/[kswapd0]": " ", site + "owned.py": " ",
	} {
		f := s.Lookup("h1", name)
		if f == nil || f.Origin+" "+f.OriginState != want {
			t.Errorf("%s: %+v, want %s", name, f, want)
		}
	}
	if n := len(scanOf(t, imageOf(fsys), nil, Options{WantedOnly: true}, nil).Records); n != 0 {
		t.Errorf("%d records where nothing is wanted", n)
	}
}
