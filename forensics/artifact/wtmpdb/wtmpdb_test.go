package wtmpdb

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

// TestGolden: databases that sqlite3 wrote with the tables of wtmpdb 0.13 and liblastlog2.
func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/var/lib/wtmpdb/wtmp.db", "/var/lib/lastlog/lastlog2.db")
}

func content(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func extract(t *testing.T, in *artifact.Input) (string, error) {
	t.Helper()
	var out []artifact.Record
	err := Extractor{}.Extract(t.Context(), in, func(r artifact.Record) { out = append(out, r) })
	return artifacttest.Lines(out), err
}

// TestLog: the last log-in stands in the write-ahead log alone, as long as no program has
// closed the database.
func TestLog(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("needs sqlite3: apt-get install sqlite3")
	}
	dir := t.TempDir()
	c := exec.Command("sqlite3", "a.db")
	c.Dir = dir
	c.Stdin = strings.NewReader("PRAGMA journal_mode=wal;\nCREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT;\n" +
		"INSERT INTO wtmp VALUES(1,3,'ana',1794460600000000,1794461600000000,'pts/0','192.0.2.10','sshd');\nPRAGMA wal_checkpoint;\n" +
		"INSERT INTO wtmp VALUES(2,3,'root',1794470400000000,NULL,'pts/0','198.51.100.7','sshd');\n.shell cp a.db b.db; cp a.db-wal b.db-wal\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	db, err := os.ReadFile(filepath.Join(dir, "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(filepath.Join(dir, "b.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	const root = "login.session login=2026-11-12T08:00:00Z user=root line=pts/0 host=198.51.100.7 address=198.51.100.7 service=sshd ended=open"
	for _, tt := range []struct {
		name    string
		sibling func(string) (*io.SectionReader, error)
		want    bool
		err     string
	}{
		{"log", func(name string) (*io.SectionReader, error) {
			if name != "wtmp.db-wal" {
				t.Errorf("asks for %s", name)
			}
			return content(wal), nil
		}, true, ""},
		{"none", func(string) (*io.SectionReader, error) { return nil, nil }, false, ""},
		{"damaged", func(string) (*io.SectionReader, error) { return content([]byte(strings.Repeat("x", 4096))), nil }, false, "sqlite write-ahead log: begins with 0x78787878"},
		{"not asked for", nil, false, "its write-ahead log was not read"},
	} {
		in := &artifact.Input{Path: "/var/lib/wtmpdb/wtmp.db", Content: content(db), Sibling: tt.sibling, Exists: func(p string) bool { return p == "/var/lib/wtmpdb/wtmp.db-wal" }}
		got, err := extract(t, in)
		if strings.Contains(got, root) != tt.want || !strings.Contains(got, "user=ana") || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %v\n%s", tt.name, err, got)
		}
	}
}

// TestDeleted: rows between others that are gone were deleted; the oldest ones were rotated
// away. Both are done here as wtmpdb rotate(8) and an intruder do it.
func TestDeleted(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("needs sqlite3: apt-get install sqlite3")
	}
	for sql, want := range map[string]string{
		"DELETE FROM wtmp WHERE Login <= 1794460600000000": "",
		"DELETE FROM wtmp WHERE User = 'root'":             "deleted_rows=1",
		"DELETE FROM wtmp WHERE ID IN (3, 4, 6)":           "deleted_rows=3",
	} {
		b, err := os.ReadFile("testdata/var/lib/wtmpdb/wtmp.db")
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "wtmp.db")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("sqlite3", name, sql).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if b, err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		got, err := extract(t, &artifact.Input{Path: "/var/lib/wtmpdb/wtmp.db", Content: content(b)})
		if err != nil || !strings.Contains(got, want) || want == "" && strings.Contains(got, "deleted_rows") {
			t.Errorf("%s: %v\n%s", sql, err, got)
		}
	}
}

// TestOther: what is no such database is an error; one that was never written is empty.
func TestOther(t *testing.T) {
	for name, text := range map[string]string{"a text": "x\n", "a page of zeros": strings.Repeat("\x00", 4096)} {
		if got, err := extract(t, &artifact.Input{Path: "/var/lib/wtmpdb/wtmp.db", Content: content([]byte(text))}); err == nil || !strings.Contains(got, "log.coverage") {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	if got, err := extract(t, &artifact.Input{Path: "/var/lib/wtmpdb/wtmp.db", Content: content(nil)}); err != nil || !strings.Contains(got, "empty=yes") {
		t.Errorf("%v\n%s", err, got)
	}
}
