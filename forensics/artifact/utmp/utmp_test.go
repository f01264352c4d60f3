package utmp

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

// wtmpText is a wtmp as utmpdump(1) writes it: two boots, a login that ends, one
// that the shutdown ends, one that is open, an IPv6 address.
const wtmpText = `[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-03T17:19:57,000001+00:00]
[1] [00053] [~~  ] [runlevel] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-03T17:20:05,000000+00:00]
[7] [00349] [ts/0] [deploy  ] [pts/0       ] [192.0.2.10          ] [192.0.2.10     ] [2026-11-06T06:45:31,200174+00:00]
[8] [00349] [    ] [        ] [pts/0       ] [                    ] [0.0.0.0        ] [2026-11-06T06:45:34,344891+00:00]
[7] [00400] [ts/1] [root    ] [pts/1       ] [host.example        ] [2001:db8::7    ] [2026-11-06T07:00:00,000000+00:00]
[1] [00000] [~~  ] [shutdown] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-07T08:00:37,258317+00:00]
[2] [00000] [~~  ] [reboot  ] [~           ] [6.1.0-56-amd64      ] [0.0.0.0        ] [2026-11-13T08:20:07,000000+00:00]
[6] [00500] [tty1] [LOGIN   ] [tty1        ] [                    ] [0.0.0.0        ] [2026-11-13T08:20:09,000000+00:00]
[7] [00673] [ts/0] [root    ] [pts/0       ] [203.0.113.77        ] [203.0.113.77   ] [2026-11-20T07:53:07,941216+00:00]
`

// pack makes a binary file of the text with utmpdump(1).
func pack(t *testing.T, text string) []byte {
	t.Helper()
	if _, err := exec.LookPath("utmpdump"); err != nil {
		t.Skip("no utmpdump (util-linux)")
	}
	cmd := exec.Command("utmpdump", "-r")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil || len(out) != EntrySize*strings.Count(text, "\n") {
		t.Fatalf("utmpdump -r: %d bytes, %v", len(out), err)
	}
	return out
}

func extract(t testing.TB, name string, b []byte) ([]artifact.Record, error) {
	t.Helper()
	in := &artifact.Input{Path: name, Content: io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))}
	var out []artifact.Record
	err := Extractor{}.Extract(context.Background(), in, func(r artifact.Record) { out = append(out, r) })
	return out, err
}

func TestWtmp(t *testing.T) {
	b := pack(t, wtmpText)
	torn := append(append(bytes.Clone(b), make([]byte, EntrySize)...), b[:100]...)
	got, err := extract(t, "/var/log/wtmp", torn)
	if err != nil {
		t.Fatal(err)
	}
	want := `1 login.boot logged=2026-11-03T17:19:57.000001Z event=boot kernel=6.1.0-56-amd64
2 login.boot logged=2026-11-03T17:20:05Z event=runlevel kernel=6.1.0-56-amd64 runlevel=5
3 login.session login=2026-11-06T06:45:31.200174Z logout=2026-11-06T06:45:34.344891Z user=deploy line=pts/0 host=192.0.2.10 address=192.0.2.10 pid=349 ended=logout
5 login.session login=2026-11-06T07:00:00Z user=root line=pts/1 host=host.example address=2001:db8::7 pid=400 ended=shutdown
6 login.boot logged=2026-11-07T08:00:37.258317Z event=shutdown kernel=6.1.0-56-amd64
7 login.boot logged=2026-11-13T08:20:07Z event=boot kernel=6.1.0-56-amd64
9 login.session login=2026-11-20T07:53:07.941216Z user=root line=pts/0 host=203.0.113.77 address=203.0.113.77 pid=673 ended=open
0 log.coverage first=2026-11-03T17:19:57.000001Z last=2026-11-20T07:53:07.941216Z entries=10 bytes=3940 zeroed=1 torn=100
`
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
}

// TestLast compares the sessions with what last(1) prints of the same file.
func TestLast(t *testing.T) {
	b := pack(t, wtmpText)
	if _, err := exec.LookPath("last"); err != nil {
		t.Skip("no last(1)")
	}
	name := filepath.Join(t.TempDir(), "wtmp")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("last", "-F", "-i", "-w", "-f", name)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^(\S+)\s+(pts/\d+)\s+(\S+)\s+\w{3} (\w{3}\s+\d+ [\d:]{8} \d{4})(?: - \w{3} (\w{3}\s+\d+ [\d:]{8} \d{4}))?`)
	want := make(map[string]bool)
	for _, m := range row.FindAllStringSubmatch(string(out), -1) {
		want[strings.Join(strings.Fields(strings.Join([]string{m[1], m[2], m[3], m[4]}, " ")), " ")] = true
	}
	records, err := extract(t, "/var/log/wtmp", b)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range records {
		if r.Kind != "login.session" {
			continue
		}
		n++
		got := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", r.Get("user"), r.Get("line"), r.Get("address"), r.Time("login").Format("Jan _2 15:04:05 2006"))), " ")
		if !want[got] {
			t.Errorf("%q is not what last says:\n%s", got, out)
		}
	}
	if n != len(want) || n != 3 {
		t.Errorf("%d sessions, last has %d:\n%s", n, len(want), out)
	}
	t.Logf("%d sessions as last has them", n)
}

func TestBtmp(t *testing.T) {
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, "[6] [%05d] [    ] [%-8s] [ssh:notty   ] [203.0.113.77        ] [203.0.113.77   ] [2026-11-20T07:50:%02d,000000+00:00]\n", 7000+i, []string{"root", "root", "admin"}[i%3], i)
	}
	text.WriteString("[6] [07100] [    ] [pi      ] [ssh:notty   ] [192.0.2.201         ] [192.0.2.201    ] [2026-11-20T07:50:30,000000+00:00]\n")
	text.WriteString("[6] [07101] [    ] [root    ] [ssh:notty   ] [203.0.113.77        ] [203.0.113.77   ] [2026-11-20T08:30:00,000000+00:00]\n")
	got, err := extract(t, "/var/log/btmp.1", pack(t, text.String()))
	if err != nil {
		t.Fatal(err)
	}
	want := `1 login.failures first=2026-11-20T07:50:00Z last=2026-11-20T07:50:19Z address=203.0.113.77 count=20 users=root,admin user_count=2 line=ssh:notty
21 login.failures first=2026-11-20T07:50:30Z last=2026-11-20T07:50:30Z address=192.0.2.201 count=1 users=pi user_count=1 line=ssh:notty
22 login.failures first=2026-11-20T08:30:00Z last=2026-11-20T08:30:00Z address=203.0.113.77 count=1 users=root user_count=1 line=ssh:notty
0 log.coverage first=2026-11-20T07:50:00Z last=2026-11-20T08:30:00Z entries=22 bytes=8448
`
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
}

func TestLastlog(t *testing.T) {
	b := make([]byte, 1001*lastlogSize+7)
	put := func(uid int, sec uint32, line, host string) {
		e := b[uid*lastlogSize:]
		binary.LittleEndian.PutUint32(e, sec)
		copy(e[4:], line)
		copy(e[36:], host)
	}
	put(0, 1795161187, "pts/0", "203.0.113.77")
	put(1000, 1795150818, "pts/1", "192.0.2.10")
	got, err := extract(t, "/var/log/lastlog", b)
	if err != nil {
		t.Fatal(err)
	}
	// The times as `date -u -d @1795161187` gives them.
	want := `1 login.last logged=2026-11-20T07:53:07Z uid=0 line=pts/0 host=203.0.113.77
1001 login.last logged=2026-11-20T05:00:18Z uid=1000 line=pts/1 host=192.0.2.10
0 log.coverage first=2026-11-20T05:00:18Z last=2026-11-20T07:53:07Z entries=2 bytes=292292 torn=7
`
	if d := cmp.Diff(want, artifacttest.Lines(got)); d != "" {
		t.Error(d)
	}
}

// hole reads as zeros but for its last entry: a user of a very high number.
type hole struct{ last []byte }

const holeUsers = 4_000_000_000

func (h hole) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if at := (holeUsers-1)*lastlogSize - off; at >= 0 && at < int64(len(p)) {
		copy(p[at:], h.last)
	}
	return len(p), nil
}

func TestSparseLastlog(t *testing.T) {
	e := make([]byte, lastlogSize)
	binary.LittleEndian.PutUint32(e, 1795161187)
	in := &artifact.Input{Path: "/var/log/lastlog", Content: io.NewSectionReader(hole{e}, 0, holeUsers*lastlogSize)}
	var got []artifact.Record
	if err := (Extractor{}).Extract(context.Background(), in, func(r artifact.Record) { got = append(got, r) }); err == nil {
		t.Error("nothing is said of the users that were not read")
	}
	if len(got) != 2 || got[0].Get("uid") != fmt.Sprint(holeUsers-1) || got[1].Get("unread") != fmt.Sprint(holeUsers-lastlogTail-lastlogHead) {
		t.Error(artifacttest.Lines(got))
	}
}

func TestOther(t *testing.T) {
	got, err := extract(t, "/var/log/wtmp", nil)
	if want := "0 log.coverage entries=0 bytes=0 empty=yes\n"; err != nil || artifacttest.Lines(got) != want {
		t.Errorf("%v %q", err, artifacttest.Lines(got))
	}
	b := append([]byte("SQLite format 3\x00"), make([]byte, 4080)...)
	if _, err := extract(t, "/var/log/wtmp", b); err == nil {
		t.Error("a database was read as entries")
	}
	odd := make([]byte, 10*EntrySize)
	for i := range 10 {
		odd[i*EntrySize], odd[i*EntrySize+44] = byte(20+i), 'x'
	}
	if _, err := extract(t, "/var/log/wtmp", odd); !artifact.IsCut(err) || err.Error() != "10 of 10 entries were not understood" {
		t.Errorf("entries of unknown types: %v", err)
	}
	if _, err := extract(t, "/var/log/wtmp", odd[:5*EntrySize+100]); !artifact.IsCut(err) {
		t.Errorf("a cut one: %v", err)
	}
	for i := range 5 {
		odd[i*EntrySize] = DeadProcess
	}
	if _, err := extract(t, "/var/log/wtmp", odd); err != nil {
		t.Errorf("half of them: %v", err)
	}
	if _, err := extract(t, "/var/log/wtmp", odd[:300]); !artifact.IsCut(err) || err.Error() != "300 of 300 bytes were not understood" {
		t.Errorf("less than an entry: %v", err)
	}
}

func FuzzExtract(f *testing.F) {
	e := make([]byte, 2*EntrySize)
	e[0], e[EntrySize] = UserProcess, DeadProcess
	copy(e[8:], "pts/0")
	copy(e[44:], "root")
	copy(e[EntrySize+8:], "pts/0")
	binary.LittleEndian.PutUint32(e[340:], 1795161187)
	f.Add(byte(0), e)
	f.Add(byte(1), e[:500])
	f.Add(byte(2), e)
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		records, _ := extract(t, []string{"/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog"}[which%3], b)
		for _, r := range records {
			if r.Source.Member == "" && (r.Source.Offset < 0 || r.Source.Offset+r.Source.Length > int64(len(b))) {
				t.Fatalf("source outside of the file: %s", artifacttest.Lines(records))
			}
		}
	})
}
