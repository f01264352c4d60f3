package forensics_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"icecore/forensics"
	"icecore/forensics/detect"
)

func gunzip(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inText writes what journalctl said of a journal as rsyslog writes a log: whole
// seconds, no year.
func inText(t *testing.T, said []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	d := json.NewDecoder(bytes.NewReader(said))
	for d.More() {
		var e map[string]any
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		tag, _ := e["SYSLOG_IDENTIFIER"].(string)
		message, _ := e["MESSAGE"].(string)
		us, err := strconv.ParseInt(fmt.Sprint(e["__REALTIME_TIMESTAMP"]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if tag == "" || message == "" || len(message) > 4096 {
			continue
		}
		fmt.Fprintf(&out, "%s web02 %s[%v]: %s\n", time.UnixMicro(us).UTC().Format(time.Stamp), tag, e["_PID"], message)
	}
	return out.Bytes()
}

// TestJournalAlone: a server whose only record of logins is the journal; the same
// server with a log in text besides; and the text alone. The findings are the same,
// one for each event, and with the journal their times are exact.
func TestJournalAlone(t *testing.T) {
	if _, err := exec.LookPath("mke2fs"); err != nil {
		t.Skip("needs mke2fs")
	}
	const made = "artifact/journald/journals/compact1-keyed1-zstd1"
	journal, said := gunzip(t, made+".journal.gz"), gunzip(t, made+".json.gz")
	const journalPath, textPath = "/var/log/journal/fedcba9876543210fedcba9876543210/system.journal", "/var/log/auth.log"
	rules := map[string][]string{}
	for _, tt := range []struct {
		name  string
		files map[string][]byte
		exact bool
		proof []string // the paths of the records that prove the login
	}{
		{"journal", map[string][]byte{journalPath: journal}, true, []string{journalPath, journalPath}},
		{"both", map[string][]byte{journalPath: journal, textPath: inText(t, said)}, true, []string{journalPath, journalPath, textPath, textPath}},
		{"text", map[string][]byte{textPath: inText(t, said)}, false, []string{textPath, textPath}},
	} {
		dir := t.TempDir()
		tt.files["/etc/os-release"] = []byte("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
		tt.files["/etc/hostname"] = []byte("web02\n")
		for name, b := range tt.files {
			p := filepath.Join(dir, "root", name)
			if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, b, 0o644); err != nil {
				t.Fatal(err)
			}
			written := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
			if err := os.Chtimes(p, written, written); err != nil {
				t.Fatal(err)
			}
		}
		disk := filepath.Join(dir, "disk.img")
		if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-d", filepath.Join(dir, "root"), disk, "16M").CombinedOutput(); err != nil {
			t.Fatalf("mke2fs: %v: %s", err, out)
		}
		a, err := forensics.Analyze(t.Context(), disk, forensics.Options{Scan: forensics.ScanOptions{NoYARA: true}})
		if err != nil {
			t.Fatal(err)
		}
		if !t.Run(tt.name, func(t *testing.T) {
			checkSources(t, disk, a)
			checkRecords(t, disk, a)
			since, inferred := "2026-11-21T07:50:47.999766Z", ""
			if !tt.exact {
				since, inferred = "2026-11-21T07:50:48Z", "year, zone"
			}
			if a.Verdict.State != detect.Compromised || a.Verdict.Since.Time.Format(time.RFC3339Nano) != since || a.Verdict.Since.Inferred != inferred {
				t.Errorf("%+v", a.Verdict)
			}
			paths := make(map[string]string)
			for _, r := range a.Records {
				paths[r.ID] = r.Source.Path
			}
			for i := range a.Findings {
				f := &a.Findings[i]
				rules[tt.name] = append(rules[tt.name], f.Rule)
				if f.Rule != "guessed_password" {
					continue
				}
				if !strings.HasPrefix(f.Description, "40 failed logins from 203.0.113.77 ") {
					t.Errorf("%q", f.Description)
				}
				var proof []string
				for _, id := range f.Records {
					proof = append(proof, paths[id])
				}
				if strings.Join(proof, " ") != strings.Join(tt.proof, " ") {
					t.Errorf("proved by %q", proof)
				}
				if want := "Accepted password for root from 203.0.113.77 port 41022 ssh2"; !strings.HasSuffix(f.Excerpt, want) {
					t.Errorf("it shows %q", f.Excerpt)
				}
			}
		}) {
			t.Log(tt.name)
		}
	}
	// A text does not tell of programs.
	want := "guessed_password act_pipe_to_shell useradd_uid_0"
	for name, add := range map[string]string{"journal": " ran_from_odd_place", "both": " ran_from_odd_place", "text": ""} {
		if got := strings.Join(rules[name], " "); got != want+add+" login_key_gone" && got != "guessed_password useradd_uid_0 act_pipe_to_shell"+add+" login_key_gone" {
			t.Errorf("%s: findings %q", name, got)
		}
	}
}
