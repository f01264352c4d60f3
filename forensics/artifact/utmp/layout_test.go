package utmp

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact/artifacttest"
)

// layoutC writes the same log as the C libraries of other machines lay it out: the
// compiler places the fields, and turns the numbers of big-endian ones.
const layoutC = `
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef BIG
#define ORDER __attribute__((scalar_storage_order("big-endian")))
#else
#define ORDER
#endif
#ifdef WIDE
typedef int64_t num;
#else
typedef int32_t num;
#endif
struct ORDER exit_status { int16_t termination, exit; };
struct ORDER tv { num sec, usec; };
struct ORDER utmp {
	int16_t type; int32_t pid; char line[32], id[4], user[32], host[256];
	struct exit_status exit; num session; struct tv tv; uint8_t addr[16]; char unused[20];
};
struct ORDER lastlog { num time; char line[32], host[256]; };
static void put(FILE *f, int type, int pid, const char *line, const char *user, const char *host, num sec) {
	struct utmp u;
	memset(&u, 0, sizeof u);
	u.type = type; u.pid = pid; u.tv.sec = sec; u.tv.usec = 250000; u.session = pid;
	strcpy(u.line, line); strcpy(u.user, user); strcpy(u.host, host);
	if (strchr(host, ':') || strncmp(host, "198", 3) == 0) { u.addr[0] = 198; u.addr[1] = 51; u.addr[2] = 100; u.addr[3] = 7; }
	fwrite(&u, sizeof u, 1, f);
}
int main(int argc, char **argv) {
	FILE *f = fopen("wtmp", "w");
	put(f, 2, 0, "~", "reboot", "6.1.0", 1794460000);
	put(f, 7, 900, "pts/0", "root", "198.51.100.7", 1794470400);
	put(f, 8, 900, "pts/0", "", "", 1794474000);
	fclose(f);
	f = fopen("btmp", "w");
	for (int i = 0; i < 60; i++) put(f, 6, 100 + i, "ssh:notty", "root", "198.51.100.7", 1794460000 + 5 * i);
	fclose(f);
	f = fopen("lastlog", "w");
	struct lastlog l;
	for (int i = 0; i < 1001; i++) {
		memset(&l, 0, sizeof l);
		if (i % 1000 == 0) { l.time = 1794470400 + i; strcpy(l.line, "pts/0"); strcpy(l.host, "198.51.100.7"); }
		fwrite(&l, sizeof l, 1, f);
	}
	fclose(f);
	return 0;
}
`

// TestLayouts: the log of any machine gives the same records.
func TestLayouts(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc: apt-get install gcc libc6-dev")
	}
	const want = `1 login.boot logged=2026-11-12T05:06:40.25Z event=boot kernel=6.1.0
2 login.session login=2026-11-12T08:00:00.25Z logout=2026-11-12T09:00:00.25Z user=root line=pts/0 host=198.51.100.7 address=198.51.100.7 pid=900 ended=logout
1 login.failures first=2026-11-12T05:06:40.25Z last=2026-11-12T05:11:35.25Z address=198.51.100.7 count=60 users=root user_count=1 line=ssh:notty
1 login.last logged=2026-11-12T08:00:00Z uid=0 line=pts/0 host=198.51.100.7
1001 login.last logged=2026-11-12T08:16:40Z uid=1000 line=pts/0 host=198.51.100.7
`
	for _, flags := range [][]string{{}, {"-DWIDE"}, {"-DWIDE", "-DBIG"}, {"-DBIG"}} {
		dir := t.TempDir()
		source := filepath.Join(dir, "x.c")
		if err := os.WriteFile(source, []byte(layoutC), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("gcc", append(flags, "-o", filepath.Join(dir, "x"), source)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		run := exec.Command(filepath.Join(dir, "x"))
		run.Dir = dir
		if err := run.Run(); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, name := range []string{"wtmp", "btmp", "lastlog"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			records, err := extract(t, "/var/log/"+name, b)
			if err != nil {
				t.Errorf("%v: %s: %v", flags, name, err)
			}
			for _, r := range records {
				switch {
				case r.Kind != "log.coverage":
					got.WriteString(artifacttest.Plain(r) + "\n")
				case r.Has("torn") || r.Has("odd") || r.Number("bytes") != int64(len(b)):
					t.Errorf("%v: %s", flags, artifacttest.Plain(r))
				}
			}
			if name == "lastlog" {
				continue
			}
			// A packed one, and one with a hole of zeros before it.
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, _ = w.Write(b)
			_ = w.Close()
			inGzip, err := extract(t, "/var/log/"+name+".1.gz", packed.Bytes())
			if err != nil || len(inGzip) != len(records) || inGzip[0].Get("address") != records[0].Get("address") || inGzip[0].Source.Offset != records[0].Source.Offset {
				t.Errorf("%v: packed: %v\n%s", flags, err, artifacttest.Lines(inGzip))
			}
			size := len(b) / map[string]int{"wtmp": 3, "btmp": 60}[name]
			behind, err := extract(t, "/var/log/"+name, append(make([]byte, 300*size), b...))
			if err != nil || len(behind) != len(records) || behind[0].Source.Line != records[0].Source.Line+300 {
				t.Errorf("%v: behind zeros: %v\n%s", flags, err, artifacttest.Lines(behind))
			}
		}
		if d := cmp.Diff(want, got.String()); d != "" {
			t.Errorf("%v: %s", flags, d)
		}
	}
}

// TestForged: entries of another layout in front do not hide those of a log.
func TestForged(t *testing.T) {
	var b bytes.Buffer
	for range 3 {
		e := make([]byte, 400)
		e[0] = UserProcess
		binary.LittleEndian.PutUint64(e[344:], 1_700_000_000)
		b.Write(e)
	}
	b.Write(make([]byte, 384-b.Len()%384))
	for i := range 20 {
		b.Write(failedEntry("192.0.2.1", uint32(1_700_000_000+i)))
	}
	records, err := extract(t, "/var/log/btmp", b.Bytes())
	total := int64(0)
	for _, r := range records {
		if r.Get("address") == "192.0.2.1" {
			total += r.Number("count")
		}
	}
	if err != nil || total != 20 {
		t.Errorf("%v\n%s", err, artifacttest.Lines(records))
	}
}
