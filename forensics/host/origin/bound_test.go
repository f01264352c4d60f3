package origin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSeeAllocates: ordinary files cost no memory of their own.
func TestSeeAllocates(t *testing.T) {
	ix := NewIndex()
	st := Stat{Size: 1, Created: day, Modified: day}
	ix.See("/usr/share/x", "a.txt", st)
	if n := testing.AllocsPerRun(1000, func() {
		ix.See("/usr/share/x", "b.json", st)
		ix.See("/usr/share/x/", "Makefile", st)
	}); n != 0 {
		t.Errorf("%v allocations for an ordinary file", n)
	}
	ix = mem{files: map[string]string{"/srv/a/node_modules/x/package.json": "{}"}}.load(t)
	if n := testing.AllocsPerRun(1000, func() { ix.Origin("/usr/share/x/y/z/b.json", st) }); n != 0 {
		t.Errorf("%v allocations for a file without an origin", n)
	}
}

// TestDeterministic: the same files in another order give the same answers.
func TestDeterministic(t *testing.T) {
	for _, c := range cases {
		var names []string
		for n := range c.tree.files {
			names = append(names, n)
		}
		slices.Sort(names)
		first := fmt.Sprint(answers(t, c.tree, names))
		slices.Reverse(names)
		if again := fmt.Sprint(answers(t, c.tree, names)); again != first {
			t.Errorf("%s: in another order:\n%s\n%s", c.name, first, again)
		}
	}
}

func answers(t *testing.T, m mem, names []string) []string {
	ix := NewIndex()
	for _, n := range names {
		ix.See(parent(n), base(n), m.stat(n))
	}
	if err := ix.Load(t.Context(), m, nil); err != nil {
		t.Fatal(err)
	}
	out := slices.Clone(names)
	slices.Sort(out)
	for i, n := range out {
		out[i] += " " + m.ask(ix, n)
	}
	list, err := ix.Records()
	if err != nil {
		t.Fatal(err)
	}
	return append(out, fmt.Sprint(list), fmt.Sprint(ix.Problems()))
}

// TestManyProblems: manifests that cannot be read do not fill the coverage.
func TestManyProblems(t *testing.T) {
	m := mem{files: map[string]string{}}
	for i := range 1000 {
		m.files[fmt.Sprintf("/srv/a/node_modules/x%d/package.json", i)] = "{"
	}
	list := m.load(t).Problems()
	if len(list) != maxProblems+1 || list[maxProblems].Err.Error() != "900 more manifests were not read" {
		t.Errorf("%d problems, the last %v", len(list), list[len(list)-1])
	}
}

// TestBudget: what the manifests of all hosts may cost together has an end, and it is
// listed.
func TestBudget(t *testing.T) {
	m := mem{files: map[string]string{
		"/srv/a/node_modules/x/package.json": `{"version":"1"}`, site + "/a-1.dist-info/RECORD": "a.py,sha256=" + sha("x") + ",1\nb.py,,\n",
	}}
	for name, b := range map[string]Budget{
		"bytes": {bytes: 60, components: 9, listed: 9, digests: 99, nodes: 9}, "components": {bytes: 999, components: 1, listed: 9, digests: 99, nodes: 9},
		"listed": {bytes: 999, components: 9, listed: 1, digests: 99, nodes: 9}, "digests": {bytes: 999, components: 9, listed: 9, digests: 1, nodes: 9},
		"nodes": {bytes: 999, components: 9, listed: 9, digests: 99, nodes: 1}, "": {bytes: 999, components: 9, listed: 9, digests: 99, nodes: 9},
	} {
		var cut int
		for range 2 {
			ix := NewIndex()
			for _, n := range sortedKeys(m.files) {
				ix.See(parent(n), base(n), m.stat(n))
			}
			ix.Share(&b)
			if err := ix.Load(t.Context(), m, nil); err != nil {
				t.Fatal(err)
			}
			cut += len(ix.Problems())
			if name == "" {
				break
			}
		}
		if (cut == 0) != (name == "") {
			t.Errorf("%q: %d problems", name, cut)
		}
	}
}

// TestRecords: one record a component, but for the parts of another one.
func TestRecords(t *testing.T) {
	m := mem{files: map[string]string{
		site + "/six-1.16.0.dist-info/RECORD":          "six.py,,\n",
		site + "/six-1.16.0.dist-info/direct_url.json": `{"url":"file:///srv/six","dir_info":{"editable":true}}`,
		"/srv/www/.git/index":                          "DIRC\x00\x00\x00\x02\x00\x00\x00\x00",
	}}
	list, err := m.load(t).Records()
	if err != nil || len(list) != 2 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	r := list[1]
	for name, want := range map[string]string{
		"manager": "python", "name": "six", "version": "1.16.0", "directory": site, "installed_from": "file:///srv/six", "files": "1",
	} {
		if got := r.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.Source.Path != site+"/six-1.16.0.dist-info/RECORD" || r.Time("installed").Unix() != day {
		t.Errorf("%+v %v", r.Source, r.Times)
	}
}

func BenchmarkSee(b *testing.B) {
	names := make([]string, 64)
	dirs := make([]string, 4096)
	for i := range names {
		names[i] = fmt.Sprintf("file%d.json", i)
	}
	for i := range dirs {
		dirs[i] = fmt.Sprintf("/usr/share/some/directory%d", i)
	}
	ix := NewIndex()
	for i := 0; b.Loop(); i++ {
		ix.See(dirs[i/64%4096], names[i%64], Stat{Size: 1, Created: day})
	}
}

func BenchmarkOrigin(b *testing.B) {
	ix := cases[0].tree.load(b)
	for b.Loop() {
		ix.Origin("/usr/share/some/directory/file.json", Stat{Size: 1})
	}
}

// TestSeeOddNames: names that no directory should hold do no harm.
func TestSeeOddNames(t *testing.T) {
	ix := NewIndex()
	for _, dir := range []string{"", "/", "//", "x", "/\x00", strings.Repeat("/a", 3000)} {
		for _, name := range []string{"", ".", "..", "RECORD", ".gemspec", "a/b", "\xff\n"} {
			ix.See(dir, name, Stat{Created: -1 << 62, Modified: 1 << 62})
		}
	}
	if err := ix.Load(t.Context(), mem{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "/", "x", "//", "/a"} {
		ix.Origin(name, Stat{})
	}
}

// TestGive: what is noted of two volumes goes to the hosts that see it; of layers, the
// same directory is one, and what the host does not see is not read.
func TestGive(t *testing.T) {
	m := mem{files: map[string]string{
		site + "/a-1.dist-info/RECORD": "a.py,,\n", site + "/a.py": "x", site + "/b.py": "x",
		"/opt/agent-1.0/LICENSE": "x",
	}}
	for i := range 12 {
		m.files[fmt.Sprintf("/opt/agent-1.0/f%d", i)] = "x"
	}
	upper, lower := NewNames(), NewNames()
	st := Stat{Size: 1, Created: day, Modified: day}
	upper.See("/upper"+site+"/a-1.dist-info", "RECORD", st)
	upper.See("/upper/opt/agent-1.0", "LICENSE", st)
	lower.See("/lower"+site+"/a-1.dist-info", "RECORD", st)
	lower.See("/lower"+site+"/gone-1.dist-info", "RECORD", st)
	lower.See("/other"+site+"/other-1.dist-info", "RECORD", st)
	for i := range 12 {
		lower.See("/lower/opt/agent-1.0", fmt.Sprintf("f%d", i), st)
	}
	host, other := NewIndex(), NewIndex()
	at := func(dir string) (*Index, string) {
		switch {
		case isBelow(dir, "/upper"), isBelow(dir, "/lower"):
			return host, dir[len("/upper"):]
		case isBelow(dir, "/other"):
			return other, dir[len("/other"):]
		}
		return nil, ""
	}
	upper.Give(at)
	lower.Give(at)
	for _, ix := range []*Index{host, other} {
		if err := ix.Load(t.Context(), m, nil); err != nil {
			t.Fatal(err)
		}
		if p := ix.Problems(); len(p) > 0 {
			t.Errorf("problems: %v", p)
		}
	}
	if got, n := fmt.Sprint(m.ask(host, site+"/a.py"), ", ", m.ask(host, "/opt/agent-1.0/f1"), ", ", m.ask(host, site+"/b.py")), len(host.Components()); n != 2 ||
		got != "python:a@1 listed listed, vendor:agent@1.0 siblings inferred, python within unlisted" {
		t.Errorf("%d components: %s", n, got)
	}
	if n := len(other.Components()); n != 0 {
		t.Errorf("%d components of a host that sees none of the files", n)
	}
}
