package origin

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool gives a command of the machine in a clean environment, or skips.
func tool(t *testing.T, name string) string {
	t.Helper()
	at, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here: %v", name, err)
	}
	return at
}

func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// indexOf makes an index of what lies below a directory, which is seen as the root.
func indexOf(t *testing.T, root string) (*Index, []seen) {
	t.Helper()
	files := walk(t, root, "/")
	ix := NewIndex()
	for _, f := range files {
		ix.See(f.dir, f.name, f.st)
	}
	if err := ix.Load(context.Background(), dirTree{root}, nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range ix.Problems() {
		t.Errorf("%s: %v", p.Path, p.Err)
	}
	return ix, files
}

// answer gives what an index says of a file below root, compared with its content.
func answer(t *testing.T, ix *Index, root, name string) Origin {
	t.Helper()
	in, err := inode(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	o, ok := ix.Origin(name, StatOf(in))
	if !ok {
		return Origin{}
	}
	if h := o.NewHash(in.Size); h != nil {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		h.Write(b)
		o = o.Verify(h.Sum(nil))
	}
	return o
}

// wheel makes the package of a Python distribution with a program.
func wheel(t *testing.T, dir string) string {
	t.Helper()
	files := map[string]string{
		"toy/__init__.py": "def main(): pass\n", "toy/data, \"odd\".txt": "x", "toy_one.py": "x = 1\n",
		"toy-1.0.dist-info/METADATA":         "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
		"toy-1.0.dist-info/WHEEL":            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"toy-1.0.dist-info/entry_points.txt": "[console_scripts]\ntoy = toy:main\n",
		"toy-1.0.data/data/share/toy/x.txt":  "x",
	}
	var record strings.Builder
	for _, n := range sortedKeys(files) {
		record.WriteString(`"` + strings.ReplaceAll(n, `"`, `""`) + `",sha256=` + sha(files[n]) + ",\n")
	}
	record.WriteString("toy-1.0.dist-info/RECORD,,\n")
	files["toy-1.0.dist-info/RECORD"] = record.String()
	name := filepath.Join(dir, "toy-1.0-py3-none-any.whl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, n := range sortedKeys(files) {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[n]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPip: what pip installed into a virtual environment, as importlib.metadata, another
// reader of RECORD, lists it.
func TestPip(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a virtual environment")
	}
	python := tool(t, "python3")
	root := t.TempDir()
	venv := filepath.Join(root, "srv/app/venv")
	if out, err := exec.Command(python, "-m", "venv", venv).CombinedOutput(); err != nil {
		t.Skipf("python3 -m venv does not work here: %v\n%s", err, out)
	}
	own := filepath.Join(venv, "bin/python")
	run(t, root, nil, own, "-m", "pip", "install", "--no-index", "--no-deps", "-q", wheel(t, t.TempDir()))
	list := run(t, root, nil, own, "-c", `
import importlib.metadata as m, json, os
out = []
for d in m.distributions():
    for f in d.files or []:
        out.append([d.metadata["Name"], d.version, os.path.realpath(f.locate()), f.hash.mode if f.hash else ""])
print(json.dumps(out))`)
	var want [][]string
	if err := json.Unmarshal([]byte(list), &want); err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 100 {
		t.Fatalf("importlib.metadata lists %d files", len(want))
	}
	site := ""
	for _, w := range want {
		if strings.HasSuffix(w[2], "/toy_one.py") {
			site = filepath.Dir(w[2])
		}
	}
	write(t, filepath.Join(site, "toy/dropped.py"), "x")
	write(t, filepath.Join(site, "dropped.pth"), "import os\n")
	write(t, filepath.Join(venv, "bin/dropped"), "x")
	write(t, filepath.Join(site, "toy_one.py"), "x = 2\n")
	ix, files := indexOf(t, root)
	listed := make(map[string]bool)
	for _, w := range want {
		name := strings.TrimPrefix(w[2], real)
		listed[name] = true
		o := answer(t, ix, root, name)
		state := Intact
		if w[3] == "" {
			state = Listed
		}
		if strings.HasSuffix(name, "/toy_one.py") {
			state = Changed
		}
		if o.String() != "python:"+w[0]+"@"+w[1] || o.Basis != ByList || o.State != state || o.Algorithm != w[3] {
			t.Errorf("%s: %s %s %s %s, want %v %s", name, o, o.Basis, o.State, o.Algorithm, w, state)
		}
	}
	unlisted := 0
	for _, f := range files {
		name := join(f.dir, f.name)
		if listed[name] || base(f.dir) == "__pycache__" {
			continue
		}
		o := answer(t, ix, root, name)
		switch dropped := strings.HasPrefix(f.name, "dropped"); {
		case dropped && o.State != Unlisted, !dropped && o.State == Unlisted:
			t.Errorf("%s: %s %s", name, o, o.State)
		case dropped:
			unlisted++
		}
	}
	if unlisted != 3 {
		t.Errorf("%d of the 3 dropped files are unlisted", unlisted)
	}
}

// TestPipTarget: pip install --target moves programs, and leaves RECORD as it was.
func TestPipTarget(t *testing.T) {
	python := tool(t, "python3")
	root := t.TempDir()
	c := exec.Command(python, "-m", "pip", "install", "--no-index", "--no-deps", "-q", "--target", filepath.Join(root, "opt/app/lib"), wheel(t, t.TempDir()))
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("pip does not work here: %v\n%s", err, out)
	}
	write(t, filepath.Join(root, "opt/app/lib/main.py"), "x")
	write(t, filepath.Join(root, "opt/app/lib/toy/dropped.py"), "x")
	ix, _ := indexOf(t, root)
	for name, want := range map[string]State{
		"/opt/app/lib/toy/__init__.py": Intact, "/opt/app/lib/bin/toy": Intact, "/opt/app/lib/toy/dropped.py": Unlisted, "/opt/app/lib/main.py": "",
	} {
		if o := answer(t, ix, root, name); o.State != want {
			t.Errorf("%s: %s %q, want %q", name, o, o.State, want)
		}
	}
}

// npmPackage makes a package as npm pack does.
func npmPackage(t *testing.T, dir, name string, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, n := range sortedKeys(files) {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + n, Mode: 0o644, Size: int64(len(files[n]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[n]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, name+".tgz")
	write(t, at, b.String())
	return at
}

// TestNPM: the packages that npm itself lists, and what it calls extraneous.
func TestNPM(t *testing.T) {
	npm := tool(t, "npm")
	root, packs := t.TempDir(), t.TempDir()
	app := filepath.Join(root, "srv/app")
	a := npmPackage(t, packs, "a", map[string]string{
		"package.json": `{"name":"toy-a","version":"1.2.3","bin":{"toy":"cli.js"}}`, "cli.js": "#!/usr/bin/env node\n", "lib/x.js": "x",
	})
	b := npmPackage(t, packs, "b", map[string]string{"package.json": `{"name":"@toys/b","version":"2.0.0"}`, "index.js": "x"})
	write(t, filepath.Join(app, "package.json"), `{"name":"app","version":"0.1.0"}`)
	run(t, app, []string{"HOME=" + packs}, npm, "install", "--offline", "--no-audit", "--no-fund", a, b)
	write(t, filepath.Join(app, "node_modules/extra/package.json"), `{"name":"extra","version":"9.9.9"}`)
	write(t, filepath.Join(app, "node_modules/dropped.js"), "x")
	c := exec.Command(npm, "ls", "--all", "--json")
	c.Dir, c.Env = app, append(os.Environ(), "HOME="+packs)
	out, _ := c.Output() // it fails for what is extraneous
	var ls struct {
		Dependencies map[string]struct {
			Version    string
			Extraneous bool
		}
	}
	if err := json.Unmarshal(out, &ls); err != nil || len(ls.Dependencies) < 3 {
		t.Fatalf("npm ls: %v\n%s", err, out)
	}
	ix, _ := indexOf(t, root)
	for name, d := range ls.Dependencies {
		if d.Version == "" { // to npm, a file is a package, too
			continue
		}
		o := answer(t, ix, root, "/srv/app/node_modules/"+name+"/package.json")
		want := Inferred
		if d.Extraneous {
			want = Unlisted
		}
		if o.String() != "npm:"+name+"@"+d.Version || o.State != want {
			t.Errorf("%s: %s %s, want %s of %s", name, o, o.State, want, d.Version)
		}
	}
	if o := answer(t, ix, root, "/srv/app/node_modules/dropped.js"); o.State != Unlisted {
		t.Errorf("a dropped file: %s %s", o, o.State)
	}
}

// TestGem: what gem built and installed.
func TestGem(t *testing.T) {
	gem := tool(t, "gem")
	root, src := t.TempDir(), t.TempDir()
	write(t, filepath.Join(src, "toy-gem.gemspec"), `Gem::Specification.new do |s|
  s.name = "toy-gem"; s.version = "1.2.3"; s.summary = "x"; s.authors = ["x"]
  s.files = ["lib/toy.rb", "exe/toy"]; s.bindir = "exe"; s.executables = ["toy"]
end
`)
	write(t, filepath.Join(src, "lib/toy.rb"), "x = 1\n")
	write(t, filepath.Join(src, "exe/toy"), "#!/usr/bin/env ruby\n")
	run(t, src, nil, gem, "build", "toy-gem.gemspec")
	home := filepath.Join(root, "srv/app/vendor/bundle/ruby/3.1.0")
	run(t, src, nil, gem, "install", "--local", "--no-document", "--install-dir", home, "toy-gem-1.2.3.gem")
	write(t, filepath.Join(home, "gems/dropped/x.rb"), "x")
	list := run(t, src, []string{"GEM_HOME=" + home, "GEM_PATH=" + home}, gem, "contents", "toy-gem")
	ix, _ := indexOf(t, root)
	n := 0
	for line := range strings.FieldsSeq(list) {
		n++
		if o := answer(t, ix, root, strings.TrimPrefix(line, root)); o.String() != "gem:toy-gem@1.2.3" || o.State != Inferred {
			t.Errorf("%s: %s %s", line, o, o.State)
		}
	}
	if n < 2 {
		t.Errorf("gem contents lists %d files", n)
	}
	if o := answer(t, ix, root, strings.TrimPrefix(home, root)+"/bin/toy"); o.String() != "gem:toy-gem@1.2.3" || o.Basis != ByList {
		t.Errorf("the program: %s %s", o, o.Basis)
	}
	if o := answer(t, ix, root, strings.TrimPrefix(home, root)+"/gems/dropped/x.rb"); o.State != Unlisted {
		t.Errorf("a dropped file: %s %s", o, o.State)
	}
}
