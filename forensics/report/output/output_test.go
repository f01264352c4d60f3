package output_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/report/output"
)

// names lists a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "new.csv")
	f, err := output.NewFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "a,b\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(name); err == nil {
		t.Error("the file has its name before it is complete")
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Remove()
	if b, err := os.ReadFile(name); err != nil || string(b) != "a,b\n" {
		t.Errorf("%q, %v", b, err)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left beside it: %q", got)
	}
	for _, bad := range []string{name, dir, filepath.Join(dir, "no", "such"), filepath.Join(name, "x")} {
		if _, err := output.NewFile(bad); !errors.Is(err, output.ErrRefused) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	// What comes into being meanwhile stays.
	name = filepath.Join(dir, "other.csv")
	if f, err = output.NewFile(name); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Error("another file was replaced")
	}
	f.Remove()
	if err := f.Commit(); err == nil {
		t.Error("a removed file is committed")
	}
	if b, _ := os.ReadFile(name); string(b) != "first" {
		t.Errorf("%q", b)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"new.csv", "other.csv"}) {
		t.Errorf("left behind: %q", got)
	}
}

// write adds a file to a directory.
func write(t *testing.T, d *output.Dir, name, content string) {
	t.Helper()
	f, err := d.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
}

func TestDir(t *testing.T) {
	for _, existed := range []bool{false, true} {
		top := t.TempDir()
		path := filepath.Join(top, "case")
		if existed {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		d, err := output.NewDir(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, "a", "one")
		f, err := d.Create("dropped")
		if err != nil {
			t.Fatal(err)
		}
		f.Drop()
		write(t, d, "b", "two")
		if got := names(t, top); existed && len(names(t, path)) != 1 || !existed && (len(got) != 1 || got[0] == "case") {
			t.Errorf("existed %v: before it is complete: %q", existed, got)
		}
		if err := d.Commit(context.Background()); err != nil {
			t.Fatal(err)
		}
		d.Remove()
		if got := names(t, path); !slices.Equal(got, []string{"a", "b"}) || len(names(t, top)) != 1 {
			t.Errorf("existed %v: %q", existed, got)
		}
		want := []output.Written{
			{"a", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},
			{"b", "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"},
		}
		if !slices.Equal(d.Files(), want) {
			t.Errorf("%v", d.Files())
		}
	}
}

func TestDirRefused(t *testing.T) {
	top := t.TempDir()
	file, full, link := filepath.Join(top, "file"), filepath.Join(top, "full"), filepath.Join(top, "link")
	err := errors.Join(os.WriteFile(file, nil, 0o600), os.MkdirAll(filepath.Join(full, "x"), 0o755),
		os.Symlink("nowhere", link))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: "file: exists and is not a directory", full: "full: is not empty",
		link:                             "is a link to a place that does not exist",
		filepath.Join(top, "no", "such"): "no: no such file or directory", filepath.Join(file, "x"): "not a directory",
	} {
		if _, err := output.NewDir(path); !errors.Is(err, output.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if got := names(t, top); len(got) != 3 {
		t.Errorf("left behind: %q", got)
	}
}

// TestDirTaken: what is written into an empty directory meanwhile is not mixed with ours,
// and stays; what was removed is not committed.
func TestDirTaken(t *testing.T) {
	path := t.TempDir()
	d, err := output.NewDir(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, d, "a", "one")
	if err := os.WriteFile(filepath.Join(path, "a"), []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(context.Background()); err == nil {
		t.Error("another file was replaced")
	}
	d.Remove()
	if err := d.Commit(context.Background()); err == nil {
		t.Error("a removed directory is committed")
	}
	if _, err := d.Create("b"); err == nil {
		t.Error("a removed directory gets files")
	}
	if b, _ := os.ReadFile(filepath.Join(path, "a")); string(b) != "theirs" || len(names(t, path)) != 1 {
		t.Errorf("%q, %q", b, names(t, path))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if d, err = output.NewDir(filepath.Join(path, "new")); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	d.Remove()
	if len(names(t, path)) != 1 {
		t.Errorf("left behind: %q", names(t, path))
	}
}
