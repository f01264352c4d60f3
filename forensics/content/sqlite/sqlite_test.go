package sqlite

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// memory is a file in memory.
type memory []byte

func (m memory) Size() int64 { return int64(len(m)) }
func (m memory) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m).ReadAt(p, off)
}

// made makes a database with sqlite3(1): the files, the log nil if there is none, and what
// sqlite3 says that the table t holds. The script may name the table t alone.
func made(t testing.TB, script string) (db, wal memory, says string) {
	t.Helper()
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("needs sqlite3: apt-get install sqlite3")
	}
	dir := t.TempDir()
	// The log is gone once the last program closes the database: a copy is made before.
	c := exec.Command("sqlite3", filepath.Join(dir, "a.db"))
	c.Stdin = strings.NewReader(script + "\n.shell cp a.db b.db; cp a.db-wal b.db-wal 2>/dev/null || true\n.print ---\n.mode quote\nSELECT rowid, * FROM t ORDER BY rowid;\n")
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if db, err = os.ReadFile(filepath.Join(dir, "b.db")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "b.db-wal")); err == nil {
		wal = b
	}
	_, says, _ = strings.Cut(string(out), "---\n")
	return db, wal, says
}

// dump writes a table as sqlite3 does, in its mode quote.
func dump(t testing.TB, db, wal memory) (string, *DB) {
	t.Helper()
	var log File
	if wal != nil {
		log = wal
	}
	d, err := Open(t.Context(), db, log)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = d.Table(t.Context(), "t", 1<<20, func(r Row) error {
		if r.Err != nil {
			return r.Err
		}
		v, err := r.Values(3)
		if err != nil {
			return err
		}
		fmt.Fprint(&b, r.ID)
		for _, x := range v {
			switch {
			case x.Null:
				b.WriteString(",NULL")
			case x.Bytes != nil:
				b.WriteString(",'" + strings.ReplaceAll(string(x.Bytes), "'", "''") + "'")
				if r.Offset >= 0 && len(r.Data) < 400 && string(db[r.Offset+int64(x.At):][:len(x.Bytes)]) != string(x.Bytes) {
					t.Errorf("row %d: %.40q does not stand at %d", r.ID, x.Bytes, r.Offset+int64(x.At))
				}
			default:
				fmt.Fprintf(&b, ",%d", x.Number)
			}
		}
		b.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), d
}

// TestAsSQLite reads what sqlite3(1) reads: pages of all sizes, long rows, the write-ahead
// log, deleted rows.
func TestAsSQLite(t *testing.T) {
	const fill = "CREATE TABLE x(y);\nCREATE TABLE t(a INTEGER, \"B\" TEXT, c TEXT, PRIMARY KEY(a, \"B\"));\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500) INSERT INTO t SELECT i*i*i*i*i-1000, 'r' || i, CASE WHEN i%7=0 THEN NULL ELSE printf('%.*c', (i*37)%3000, 'x') END FROM n;\n"
	for _, size := range []int{512, 1024, 4096, 65536} {
		for name, script := range map[string]string{
			"plain":   "PRAGMA page_size=%d;\n" + fill,
			"deleted": "PRAGMA page_size=%d;\n" + fill + "DELETE FROM t WHERE rowid % 3 = 0; INSERT INTO t VALUES(9, 'it''s', 'ü');\n",
			"log":     "PRAGMA page_size=%d;\nPRAGMA journal_mode=wal;\nPRAGMA wal_autocheckpoint=0;\n" + fill + "DELETE FROM t WHERE rowid % 5 = 0;\n",
			"both":    "PRAGMA page_size=%d;\n" + fill + "PRAGMA journal_mode=wal;\nPRAGMA wal_autocheckpoint=0;\nUPDATE t SET c='new' WHERE rowid % 4 = 0;\nINSERT INTO t VALUES(10, 'in the log', '');\n",
		} {
			db, wal, want := made(t, strings.Replace(script, "%d", fmt.Sprint(size), 1))
			got, d := dump(t, db, wal)
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s, pages of %d: %.2000s", name, size, diff)
			}
			if cols := strings.Join(d.Columns("t"), " "); cols != "a b c" || d.LogErr != nil || strings.Count(got, "\n") < 300 {
				t.Errorf("%s: columns %q, %v, %d rows", name, cols, d.LogErr, strings.Count(got, "\n"))
			}
			if (name == "log" || name == "both") && wal == nil {
				t.Errorf("%s: sqlite3 left no log", name)
			}
		}
	}
}

// TestDamaged: a page that is cut, a tree that bites its tail, a row that leaves its page.
func TestDamaged(t *testing.T) {
	db, _, _ := made(t, "PRAGMA page_size=512;\nCREATE TABLE t(a,b,c);\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200) INSERT INTO t SELECT i, 'r' || i, '' FROM n;\n")
	count := func(db memory) (rows, bad int, err error) {
		d, err := Open(t.Context(), db, nil)
		if err != nil {
			return 0, 0, err
		}
		err = d.Table(t.Context(), "t", 1<<10, func(r Row) error {
			if r.Err != nil {
				bad++
			} else {
				rows++
			}
			return nil
		})
		return rows, bad, err
	}
	whole, bad, err := count(db)
	if whole != 200 || bad != 0 || err != nil {
		t.Fatalf("%d rows, %d bad, %v", whole, bad, err)
	}
	for name, change := range map[string]func(memory) memory{
		"cut":        func(b memory) memory { return b[:len(b)-512] },
		"a loop":     func(b memory) memory { copy(b[512+8:], []byte{0, 0, 0, 2}); return b },
		"a bad page": func(b memory) memory { b[3*512] = 77; return b },
		"no cells":   func(b memory) memory { copy(b[3*512+3:], []byte{255, 255}); return b },
	} {
		rows, bad, err := count(change(bytes.Clone(db)))
		if rows >= 200 || rows < 100 || bad == 0 || err != nil {
			t.Errorf("%s: %d rows, %d bad, %v", name, rows, bad, err)
		}
	}
	for name, b := range map[string]memory{"empty": nil, "a text": memory(strings.Repeat("x", 4096)), "a header": db[:100], "odd pages": append(append(memory(Magic), 1, 1), make([]byte, 400)...)} {
		if rows, _, err := count(b); err == nil {
			t.Errorf("%s: %d rows", name, rows)
		}
	}
}

func FuzzDB(f *testing.F) {
	db, wal, _ := made(f, "PRAGMA page_size=512;\nPRAGMA journal_mode=wal;\nCREATE TABLE t(a,b,c);\nINSERT INTO t VALUES(1,'b',1.5);\nPRAGMA wal_checkpoint;\nINSERT INTO t VALUES(2,printf('%.*c',900,'x'),NULL);\n")
	f.Add([]byte(db), []byte(wal))
	f.Fuzz(func(t *testing.T, db, wal []byte) {
		d, err := Open(t.Context(), memory(db), memory(wal))
		if err != nil {
			return
		}
		rows := 0
		for name := range d.tables {
			_ = d.Columns(name)
			_ = d.Table(t.Context(), name, 1<<16, func(r Row) error {
				if rows++; rows > 100_000 {
					return io.EOF
				}
				_, _ = r.Values(8)
				return nil
			})
		}
	})
}
