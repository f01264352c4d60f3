package origin

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// places gives, for each format in the order of the list, where its manifest stands.
var places = []string{
	"/srv/a/lib/python3.11/site-packages/x-1.dist-info/RECORD", "/srv/a/lib/python3.11/site-packages/x-1.egg-info/PKG-INFO",
	"/usr/local/lib/python3.11/site-packages/x-1.egg-info",
	"/opt/conda/conda-meta/x-1.json", "/srv/a/node_modules/.package-lock.json", "/srv/a/node_modules/x/package.json",
	"/srv/g/specifications/x-1.gemspec", "/srv/g/extensions/p/3/x-1/gem.build_complete", "/srv/w/vendor/composer/installed.json",
	"/root/go/pkg/mod/cache/download/x.y/z/@v/v1.ziphash", "/opt/go/VERSION", "/srv/v/x-1/.cargo-checksum.json",
	"/root/.cargo/registry/src/i/x-1/.cargo-ok", "/root/.cargo/.crates2.json", "/opt/rust/lib/rustlib/components",
	"/usr/local/lib/perl/auto/X/.packlist", "/opt/sdk/.install/core.manifest", "/root/.m2/repository/g/a/1/_remote.repositories",
	"/opt/jdk/release", "/opt/node/include/node/node_version.h", "/srv/a/venv/pyvenv.cfg", "/opt/py/lib/python3.11/os.py",
	"/usr/local/lib/ruby/3.1.0/x/rbconfig.rb", "/home/linuxbrew/Cellar/jq/1/INSTALL_RECEIPT.json", "/var/lib/snapd/snaps/x_1.snap", "/snap/x/1/meta/snap.yaml",
	"/var/lib/flatpak/app/i/a/b/c/deploy", "/srv/www/.git/index",
}

// beside gives the other files that a format reads: they hold what is fuzzed, too.
var besideOf = map[string][]string{
	"/srv/a/lib/python3.11/site-packages/x-1.dist-info/RECORD":  {"/srv/a/lib/python3.11/site-packages/x-1.dist-info/direct_url.json"},
	"/srv/a/lib/python3.11/site-packages/x-1.egg-info/PKG-INFO": {"/srv/a/lib/python3.11/site-packages/x-1.egg-info/installed-files.txt"},
	"/root/go/pkg/mod/cache/download/x.y/z/@v/v1.ziphash":       {"/root/go/pkg/mod/cache/download/x.y/z/@v/v1.zip"},
	"/opt/go/VERSION":                                 {"/opt/go/pkg/tool", "/opt/go/src/runtime"},
	"/opt/rust/lib/rustlib/components":                {"/opt/rust/lib/rustlib/manifest-x", "/opt/rust/lib/rustlib/multirust-channel-manifest.toml"},
	"/opt/jdk/release":                                {"/opt/jdk/bin/java"},
	"/root/.m2/repository/g/a/1/_remote.repositories": {"/root/.m2/repository/g/a/1/x.jar.sha1"},
	"/srv/www/.git/index":                             {"/srv/www/.git/HEAD", "/srv/www/.git/config", "/srv/www/.git/packed-refs"},
}

// foreign are files of which no manifest of places may speak.
var foreign = []string{"/etc/passwd", "/etc/cron.d/x", "/usr/bin/ls", "/root/.ssh/authorized_keys", "/usr/lib/systemd/system/x.service", "/x", "/tmp/x"}

func fuzzed(t *testing.T, i int, content string) {
	at := places[i]
	m := mem{files: map[string]string{at: content}}
	for _, name := range besideOf[at] {
		m.files[name] = content
	}
	l := &loader{Index: NewIndex(), tree: m}
	l.budget = NewBudget()
	l.owned = func(string) string { return "" }
	l.at = manifest{dir: parent(at), name: base(at), came: day}
	f := &allFormats[i]
	if f.in != nil && !f.in(l.at.dir, l.at.name) {
		t.Fatalf("%s does not want %s", f.name, at)
	}
	_ = f.load(l, l.at) // without a guard: a panic fails
	for _, name := range foreign {
		if o, ok := l.Origin(name, Stat{}); ok {
			t.Fatalf("%s speaks of %s: %s %s", at, name, o, o.Basis)
		}
	}
	l.Origin(at, Stat{})
}

func FuzzManifests(f *testing.F) {
	if len(places) != len(allFormats) {
		f.Fatalf("%d places for %d formats", len(places), len(allFormats))
	}
	for i := range places {
		f.Add(uint8(i), "")
		for _, c := range cases {
			for _, content := range c.tree.files {
				if len(content) > 3 && len(content) < 5000 {
					f.Add(uint8(i), content)
				}
			}
		}
		for _, n := range foreign {
			up := strings.Repeat("../", 12) + n[1:]
			f.Add(uint8(i), n+"\n"+up+"\nfile:"+up+"\ndir:"+up+"\n")
			f.Add(uint8(i), fmt.Sprintf(`{"name":"x","files":[%q,%q],"paths_data":{"paths":[{"_path":%q}]}}`, n, up, up))
			f.Add(uint8(i), fmt.Sprintf(`{"name":"x","files":{%q:"00"},"packages":{"node_modules/%s":{}}}`, up, up))
			f.Add(uint8(i), fmt.Sprintf(`{"packages":[{"name":%q,"version":"1"},{"name":"x","install-path":%q}],"installs":{"x 1 y":{"bins":[%q]}}}`, up, "../"+up, up))
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, content string) { fuzzed(t, int(i)%len(places), content) })
}

func FuzzGitIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01" + strings.Repeat("\x00", 24) + "\x00\x00\x81\xa4" + strings.Repeat("\x00", 34) + "a\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("DIRC\x00\x00\x00\x04\xff\xff\xff\xff" + strings.Repeat("\x00", 24) + "\x00\x00\x81\xa4" + strings.Repeat("\x00", 34) + "\x00a\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = gitIndex(b, func(name []byte, _ int64, sum []byte) error {
			if len(name) > len(b)+maxPath || len(sum) != 20 {
				t.Fatalf("a name of %d bytes, a digest of %d", len(name), len(sum))
			}
			return nil
		})
	})
}

// FuzzGoBuild: a program whose headers say anything.
func FuzzGoBuild(f *testing.F) {
	self, err := os.Open(os.Args[0])
	if err != nil {
		f.Fatal(err)
	}
	defer self.Close()
	head, err := io.ReadAll(io.LimitReader(self, 4096))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head)
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(_ *testing.T, b []byte) { GoBuild(strings.NewReader(string(b)), 1<<20) })
}
