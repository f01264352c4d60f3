package origin

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestComposer: what composer installed from directories of the test.
func TestComposer(t *testing.T) {
	composer := tool(t, "composer")
	root, src := t.TempDir(), t.TempDir()
	write(t, filepath.Join(src, "lib/composer.json"), `{"name":"toy/lib","version":"1.2.3","autoload":{"psr-4":{"Toy\\\\":"src/"}}}`)
	write(t, filepath.Join(src, "lib/src/A.php"), "<?php\n")
	app := filepath.Join(root, "srv/www")
	write(t, filepath.Join(app, "composer.json"), `{"repositories":[{"type":"path","url":"`+src+`/lib","options":{"symlink":false}},
		{"packagist.org":false}],"require":{"toy/lib":"1.2.3"}}`)
	env := []string{"COMPOSER_ALLOW_SUPERUSER=1", "COMPOSER_DISABLE_NETWORK=1", "COMPOSER_HOME=" + src}
	run(t, app, env, composer, "install", "--no-interaction", "--quiet", "--no-plugins")
	write(t, filepath.Join(app, "vendor/dropped.php"), "x")
	var list struct {
		Installed []struct{ Name, Version, Path string }
	}
	out := run(t, app, env, composer, "show", "--format=json", "--path", "--no-plugins")
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Installed) != 1 {
		t.Fatalf("composer show: %v\n%s", err, out)
	}
	ix, _ := indexOf(t, root)
	p := list.Installed[0]
	for name, want := range map[string]string{
		strings.TrimPrefix(p.Path, root) + "/src/A.php": "composer:toy/lib@" + ix.versionOf("toy/lib") + " inferred",
		"/srv/www/vendor/autoload.php":                  "composer:autoload listed",
		"/srv/www/vendor/composer/ClassLoader.php":      "composer:autoload inferred",
		"/srv/www/vendor/dropped.php":                   "composer unlisted",
		"/srv/www/composer.json":                        " ",
	} {
		if o := answer(t, ix, root, name); o.String()+" "+string(o.State) != want {
			t.Errorf("%s: %s %s, want %s", name, o, o.State, want)
		}
	}
	if v := run(t, app, env, composer, "show", "toy/lib", "--no-plugins"); !strings.Contains(v, ix.versionOf("toy/lib")) {
		t.Errorf("version %q, composer shows\n%s", ix.versionOf("toy/lib"), v)
	}
}

func (ix *Index) versionOf(name string) string {
	for _, c := range ix.components {
		if c.Name == name {
			return c.Version
		}
	}
	return ""
}

// TestCargo: a program that cargo installed, and crates that it vendored with digests.
func TestCargo(t *testing.T) {
	cargo, git := tool(t, "cargo"), tool(t, "git")
	root, src := t.TempDir(), t.TempDir()
	lib, app := filepath.Join(src, "lib"), filepath.Join(root, "srv/app")
	write(t, filepath.Join(lib, "Cargo.toml"), "[package]\nname = \"toylib\"\nversion = \"0.3.1\"\nedition = \"2021\"\n")
	write(t, filepath.Join(lib, "src/lib.rs"), "pub fn x() {}\n")
	env := []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x"}
	run(t, lib, env, git, "init", "-q")
	run(t, lib, env, git, "add", ".")
	run(t, lib, env, git, "commit", "-qm", "x")
	write(t, filepath.Join(app, "Cargo.toml"), "[package]\nname = \"toy\"\nversion = \"1.2.3\"\nedition = \"2021\"\n\n[dependencies]\ntoylib = { git = \"file://"+lib+"\" }\n")
	write(t, filepath.Join(app, "src/main.rs"), "fn main() { toylib::x() }\n")
	home := filepath.Join(src, "cargo")
	env = append(env, "CARGO_HOME="+home, "CARGO_TARGET_DIR="+src+"/target")
	c := exec.Command(cargo, "install", "--path", app, "--root", filepath.Join(root, "root/.cargo"), "--debug")
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("cargo builds nothing here: %v\n%s", err, out)
	}
	run(t, app, env, cargo, "vendor", "-q")
	write(t, filepath.Join(app, "vendor/toylib/src/lib.rs"), "pub fn x() { evil() }\n")
	write(t, filepath.Join(app, "vendor/toylib/build.rs"), "x")
	ix, _ := indexOf(t, root)
	for name, want := range map[string]string{
		"/root/.cargo/bin/toy":              "cargo:toy@1.2.3 listed",
		"/srv/app/vendor/toylib/Cargo.toml": "cargo:toylib@0.3.1 intact",
		"/srv/app/vendor/toylib/src/lib.rs": "cargo:toylib@0.3.1 changed",
		"/srv/app/vendor/toylib/build.rs":   "cargo:toylib@0.3.1 unlisted",
		"/srv/app/src/main.rs":              " ",
	} {
		if o := answer(t, ix, root, name); o.String()+" "+string(o.State) != want {
			t.Errorf("%s: %s %s, want %s", name, o, o.State, want)
		}
	}
}

// TestGit: what git itself lists, in each version of its index.
func TestGit(t *testing.T) {
	git := tool(t, "git")
	env := []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x"}
	for _, version := range []string{"2", "3", "4"} {
		t.Run("version "+version, func(t *testing.T) {
			root := t.TempDir()
			app := filepath.Join(root, "srv/www")
			for _, n := range []string{"index.php", "lib/a.php", "lib/ab.php", "lib/deep/er/x.php", "empty", "über.txt"} {
				write(t, filepath.Join(app, n), strings.Repeat(n, len(n)%3))
			}
			run(t, app, env, git, "init", "-q", "-b", "main")
			run(t, app, env, git, "remote", "add", "origin", "https://user:secret@example.org/team/shop.git")
			run(t, app, env, git, "add", ".")
			run(t, app, env, git, "commit", "-qm", "x")
			if version == "3" {
				write(t, filepath.Join(app, "later.php"), "x")
				run(t, app, env, git, "add", "--intent-to-add", "later.php")
			}
			run(t, app, env, git, "update-index", "--index-version", version)
			head := strings.TrimSpace(run(t, app, env, git, "rev-parse", "HEAD"))
			write(t, filepath.Join(app, "lib/a.php"), "<?php system($_GET[0]);")
			write(t, filepath.Join(app, "lib/dropped.php"), "x")
			ix, files := indexOf(t, root)
			status := run(t, app, env, git, "-c", "core.quotePath=off", "status", "--porcelain", "-uall")
			want := make(map[string]State)
			for line := range strings.Lines(status) {
				line = strings.TrimSuffix(line, "\n")
				want[line[3:]] = map[string]State{" M": Changed, "??": Unlisted, " A": Changed}[line[:2]]
			}
			if len(want) != map[string]int{"2": 2, "3": 3, "4": 2}[version] {
				t.Fatalf("git status:\n%s", status)
			}
			for _, f := range files {
				name := join(f.dir, f.name)
				rel := strings.TrimPrefix(name, "/srv/www/")
				if strings.HasPrefix(rel, ".git/") {
					continue
				}
				state := want[rel]
				if state == "" {
					state = Intact
				}
				if o := answer(t, ix, root, name); o.String() != "git:shop@"+head || o.State != state {
					t.Errorf("%s: %s %s, want %s of %s", name, o, o.State, state, head)
				}
			}
			if o := answer(t, ix, root, "/srv/www/.git/hooks/pre-commit.sample"); o.Kind != "" {
				t.Errorf("a hook: %s", o)
			}
			for _, c := range ix.Components() {
				if strings.Contains(c.From, "secret") {
					t.Errorf("a password in %q", c.From)
				}
			}
		})
	}
}

// TestGoModule: a module of the cache of this machine, downloaded into one of the test's
// own, against what the go command says of it.
func TestGoModule(t *testing.T) {
	tool(t, "go")
	cache := strings.TrimSpace(run(t, ".", nil, "go", "env", "GOMODCACHE"))
	version := strings.TrimSpace(run(t, ".", nil, "go", "list", "-m", "-f", "{{.Version}}", "golang.org/x/sync"))
	root := t.TempDir()
	mod := filepath.Join(root, "root/go/pkg/mod")
	c := exec.Command("go", "mod", "download", "-modcacherw", "golang.org/x/sync@"+version, "github.com/!masterminds/none@v0.0.0")
	c.Args = slices.Delete(c.Args, 5, 6)
	c.Dir = t.TempDir()
	c.Env = append(os.Environ(), "GOMODCACHE="+mod, "GOPROXY=file://"+filepath.Join(cache, "cache/download"), "GONOSUMDB=*", "GONOSUMCHECK=1", "GOFLAGS=-modcacherw", "GONOSUMDB=*", "GOSUMDB=off")
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("the module cache holds no golang.org/x/sync to download: %v\n%s", err, out)
	}
	dir := "/root/go/pkg/mod/golang.org/x/sync@" + version
	write(t, filepath.Join(root, dir, "errgroup/errgroup.go"), "package errgroup\n")
	write(t, filepath.Join(root, dir, "errgroup/dropped.go"), "package errgroup\n")
	ix, files := indexOf(t, root)
	n := 0
	for _, f := range files {
		name := join(f.dir, f.name)
		if !isBelow(name, dir) {
			continue
		}
		n++
		want := Intact
		switch f.name {
		case "errgroup.go":
			want = Changed
		case "dropped.go":
			want = Unlisted
		}
		if o := answer(t, ix, root, name); o.String() != "go:golang.org/x/sync@"+version || o.State != want {
			t.Errorf("%s: %s %s, want %s", name, o, o.State, want)
		}
	}
	if n < 10 {
		t.Errorf("%d files of the module", n)
	}
}

// TestGoBuild: the module of a program, as go version -m prints it.
func TestGoBuild(t *testing.T) {
	tool(t, "go")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	gofmt := strings.TrimSpace(run(t, ".", nil, "go", "env", "GOROOT")) + "/bin/gofmt"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.org/toy\n\ngo 1.20\n")
	write(t, filepath.Join(dir, "main.go"), "package main\n\nfunc main() {}\n")
	toy := filepath.Join(dir, "toy")
	run(t, dir, []string{"GOFLAGS=-buildvcs=false"}, "go", "build", "-ldflags=-s -w", "-o", toy, ".")
	for _, at := range []string{self, gofmt, toy} {
		var name, version string
		for line := range strings.Lines(run(t, ".", nil, "go", "version", "-m", at)) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if len(f) > 3 && f[1] == "mod" || len(f) > 2 && f[1] == "path" {
				name, version = f[2], strings.TrimPrefix(strings.Join(f[3:min(len(f), 4)], ""), "(devel)")
			}
		}
		f, err := os.Open(at)
		if err != nil {
			t.Fatal(err)
		}
		o, ok := GoBuild(f, 1<<30)
		if !ok || o.Kind != "go" || o.Name != name || o.Version != version {
			t.Errorf("%s: %s %v, want go:%s@%s", at, o, ok, name, version)
		}
		if _, ok := GoBuild(f, 100); ok {
			t.Errorf("%s: an answer of 100 bytes", at)
		}
		f.Close()
	}
	if _, ok := GoBuild(strings.NewReader("#!/bin/sh\n"), 1<<20); ok {
		t.Error("a script is a program of Go")
	}
}

func TestHex(t *testing.T) {
	if got := hex.EncodeToString(unhex("00ff")); got != "00ff" {
		t.Error(got)
	}
	if unhex("0g") != nil {
		t.Error("what is no hex has a value")
	}
}
