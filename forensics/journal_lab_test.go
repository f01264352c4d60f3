package forensics_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"icecore/forensics"
	"icecore/forensics/artifact/journald"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// toldByJournalctl reads what journalctl said of a replayed copy of a snapshot.
func toldByJournalctl(t *testing.T, name string, fn func(entry map[string]any)) {
	t.Helper()
	f, err := os.Open(lab(t, "booted/truth/"+name+".journal.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var e map[string]any
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		fn(e)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
}

// jsonBytes gives a value of journalctl's JSON, which writes bytes that are no text
// as a list of numbers.
func jsonBytes(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	var b []byte
	for _, x := range list {
		n, ok := x.(float64)
		if !ok {
			return fmt.Sprint(v)
		}
		b = append(b, byte(n))
	}
	return string(b)
}

// TestBootedJournal: the entries of the journals of a running server, as they stand in
// its snapshots, with all their fields, are those that journalctl read from replayed
// copies.
func TestBootedJournal(t *testing.T) {
	for _, name := range []string{"s1", "s2", "s3", "s4", "s5"} {
		t.Run(name, func(t *testing.T) {
			want := make(map[string]int)
			n := 0
			toldByJournalctl(t, name, func(e map[string]any) {
				n++
				var fields []string
				for k, v := range e {
					if k != "__CURSOR" && v != nil {
						fields = append(fields, k+"="+jsonBytes(v))
					}
				}
				slices.Sort(fields)
				want[strings.Join(fields, "\n")]++
			})
			img, err := forensics.Open(t.Context(), lab(t, "booted/"+name+".raw"), forensics.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer img.Close()
			v, err := img.Volume("")
			if err != nil {
				t.Fatal(err)
			}
			got, loose, files := 0, int64(0), 0
			err = v.FS.Walk(t.Context(), filesystem.WalkOptions{}, func(e *filesystem.Entry) error {
				if !strings.HasPrefix(e.Path, "/var/log/journal/") || !strings.HasSuffix(e.Path, ".journal") {
					return nil
				}
				files++
				file, err := v.FS.Open(e.Inode.Ref)
				if err != nil {
					return err
				}
				f, err := journald.Open(forensics.Content(file), file.Size())
				if err != nil {
					return err
				}
				w, err := f.Walk(t.Context(), func(x *journald.Entry) error {
					if x.Loose {
						return nil // journalctl does not show it
					}
					got++
					fields := []string{fmt.Sprint("__REALTIME_TIMESTAMP=", x.Realtime), fmt.Sprint("__MONOTONIC_TIMESTAMP=", x.Monotonic)}
					if err := f.Fields(t.Context(), x, 1<<20, func(name string, value []byte) { fields = append(fields, name+"="+string(value)) }); err != nil {
						return err
					}
					slices.Sort(fields)
					k := strings.Join(fields, "\n")
					if want[k]--; want[k] == -1 {
						t.Errorf("%s, byte %d: journalctl has no %s", e.Path, x.At, k)
					}
					return nil
				})
				if w.Damaged+w.Missing > 0 {
					t.Errorf("%s: %+v", e.Path, w)
				}
				loose += w.Loose
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			missing := 0
			for k, n := range want {
				if n > 0 {
					if missing++; missing < 5 {
						t.Errorf("not read: %s", k)
					}
				}
			}
			if got != n || n < 1000 || missing > 0 {
				t.Errorf("%d entries in %d files, journalctl read %d; %d are not the same", got, files, n, missing)
			}
			t.Logf("%d entries in %d files, and %d that journalctl does not show", got, files, loose)
		})
	}
}

// TestBootedSince: the verdict counts since the journal's own time of the login, to the
// microsecond, whether the logs in text stand or were emptied; and what was guessed is
// counted once.
func TestBootedSince(t *testing.T) {
	e := expected(t)
	for _, name := range []string{"s4", "s5"} {
		t.Run(name, func(t *testing.T) {
			var accepted time.Time
			guesses := 0
			toldByJournalctl(t, name, func(x map[string]any) {
				m, _ := x["MESSAGE"].(string)
				if x["SYSLOG_IDENTIFIER"] != "sshd" || !strings.Contains(m, " from "+e.Addresses.Intruder+" ") {
					return
				}
				us, err := strconv.ParseInt(fmt.Sprint(x["_SOURCE_REALTIME_TIMESTAMP"]), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case strings.HasPrefix(m, "Failed password for "):
					guesses++
				case strings.HasPrefix(m, "Accepted password for root ") && accepted.IsZero():
					accepted = time.UnixMicro(us).UTC()
				}
			})
			a := analysisOf(t, "booted/"+name+".raw")
			if s := a.Verdict.Since; accepted.IsZero() || !s.Time.Equal(accepted) || s.Meaning != model.Exact {
				t.Errorf("since %+v, sshd accepted the password %s", s, accepted)
			}
			if d := accepted.Sub(e.Intrusion).Abs(); d > 5*time.Second {
				t.Errorf("accepted %s, the driver saw it %s", accepted, e.Intrusion)
			}
			logins, inText := 0, false
			for i := range a.Findings {
				f := &a.Findings[i]
				if f.Rule != "guessed_password" || !strings.Contains(f.Title, " root ") {
					continue
				}
				logins++
				if want := fmt.Sprintf("%d failed logins from %s ", guesses, e.Addresses.Intruder); !strings.HasPrefix(f.Description, want) {
					t.Errorf("%q, want %q", f.Description, want)
				}
				for _, id := range f.Records {
					for _, r := range a.Records {
						inText = inText || r.ID == id && r.Source.Path == "/var/log/auth.log"
					}
				}
			}
			if logins != 1 || inText != (name == "s4") {
				t.Errorf("%d findings on the login; the log in text is among the proof: %v", logins, inText)
			}
		})
	}
}
