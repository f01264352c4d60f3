package rpmdb

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// makeSQLite has Python's SQLite write a database with rows of many sizes, changes in the
// write-ahead log, one transaction that does not end, and what a reader must see.
const makeSQLite = `
import sqlite3, sys, hashlib, shutil, random
size, wal, out = int(sys.argv[1]), sys.argv[2] == "wal", sys.argv[3]
random.seed(size)
c = sqlite3.connect(out + "/db", isolation_level=None)
c.execute("pragma synchronous=off")
c.execute("pragma page_size=%d" % size)
c.execute("pragma auto_vacuum=%d" % (1 if size == 1024 else 0))
c.execute("create table Other (a text)")
c.execute("create table Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
c.execute("create index x on Packages (hnum)")
blob = lambda n: random.randbytes(n)
c.execute("begin")
for n in list(range(0, 40)) + [size - 40 + i for i in range(60)] + [4 * size, 200000, 3, 70000]:
    c.execute("insert into Packages (blob) values (?)", (blob(max(n, 0)),))
c.execute("commit")
if wal:
    c.execute("pragma journal_mode=wal"); c.execute("pragma wal_autocheckpoint=0")
    c.execute("delete from Packages where hnum % 7 = 0")
    for n in (1, 5000, 100000): c.execute("insert into Packages (blob) values (?)", (blob(n),))
    c.execute("update Packages set blob = ? where hnum = 3", (blob(9999),))
for r in c.execute("select hnum, blob from Packages order by hnum"):
    print(r[0], len(r[1]), hashlib.sha256(r[1]).hexdigest())
if wal:
    c.execute("pragma cache_size=1"); c.execute("begin")
    for i in range(50): c.execute("insert into Packages (blob) values (?)", (blob(20000),))
shutil.copy(out + "/db", out + "/copy")
if wal: shutil.copy(out + "/db-wal", out + "/copy-wal")
`

func sqliteFiles(t testing.TB, pageSize int, wal bool) (db, log memory, want string) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	dir := t.TempDir()
	mode := map[bool]string{true: "wal", false: "plain"}[wal]
	out, err := exec.Command("python3", "-c", makeSQLite, fmt.Sprint(pageSize), mode, dir).CombinedOutput()
	if err != nil {
		t.Skipf("python3 cannot make an SQLite database: %v: %s", err, out)
	}
	db, err = os.ReadFile(filepath.Join(dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	log, _ = os.ReadFile(filepath.Join(dir, "copy-wal"))
	return db, log, string(out)
}

func rows(t testing.TB, db, log memory) string {
	t.Helper()
	var out strings.Builder
	var wal File
	if len(log) > 0 {
		wal = log
	}
	_, err := Read(t.Context(), db, wal, func(b Blob) error {
		if b.Err != nil {
			t.Error(b.Err)
		}
		fmt.Fprintf(&out, "%d %d %x\n", b.Number, len(b.Data), sha256.Sum256(b.Data))
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return out.String()
}

func TestSQLite(t *testing.T) {
	for _, size := range []int{512, 1024, 4096, 65536} {
		for _, wal := range []bool{false, true} {
			db, log, want := sqliteFiles(t, size, wal)
			if wal && len(log) < 100_000 {
				t.Errorf("a log of %d bytes", len(log))
			}
			if got := rows(t, db, log); got != want {
				t.Errorf("pages of %d bytes, log %v: %d rows, want %d", size, wal, strings.Count(got, "\n"), strings.Count(want, "\n"))
			}
		}
	}
}

// TestSQLiteTorn: what is left of a database of which the end is missing is read, and the
// rest is said.
func TestSQLiteTorn(t *testing.T) {
	db, _, want := sqliteFiles(t, 4096, false)
	full := strings.Count(want, "\n")
	for _, part := range []int{3, 10, 60, 99} {
		blobs, bad, err := all(db[:len(db)*part/100], nil)
		if len(bad) == 0 && err == nil || len(blobs) >= full {
			t.Errorf("%d %%: %d of %d rows, %v, %v", part, len(blobs), full, bad, err)
		}
		if part == 99 && len(blobs) < full/2 {
			t.Errorf("%d %%: %d of %d rows", part, len(blobs), full)
		}
	}
	if _, _, err := all(db[:50], nil); err == nil {
		t.Error("50 bytes are a database")
	}
	// A log that is torn ends with its last whole transaction.
	db, log, _ := sqliteFiles(t, 4096, true)
	blobs, bad, err := all(db, log[:len(log)/2])
	if len(blobs) == 0 || err != nil {
		t.Errorf("torn log: %d rows, %v, %v", len(blobs), bad, err)
	}
	// One of another database is none of this one.
	other, _, want := sqliteFiles(t, 1024, false)
	if blobs, _, err := all(other, log); err == nil || len(blobs) != strings.Count(want, "\n") {
		t.Errorf("the log of another: %d rows, %v", len(blobs), err)
	}
}

// TestSQLiteDamaged changes bytes of the database: it ends, without a panic.
func TestSQLiteDamaged(t *testing.T) {
	db, log, _ := sqliteFiles(t, 512, true)
	began := time.Now()
	for i := 0; i < len(db) && time.Since(began) < time.Second; i += 97 {
		for _, v := range []byte{0, 0xff, db[i] ^ 1} {
			b := bytes.Clone(db)
			b[i] = v
			_, _, _ = all(memory(b), log)
		}
	}
}
