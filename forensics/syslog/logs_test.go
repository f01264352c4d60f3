package syslog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"icecore/forensics/artifact"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skip("no time zone data: ", err)
	}
	return z
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readAll(text string, written time.Time, z *time.Location) []Entry {
	r := NewReader(context.Background(), strings.NewReader(text), written, z)
	var out []Entry
	_ = artifact.Lines(strings.NewReader(text), func(l artifact.Line) error {
		e, _ := r.Read(l)
		e.Host, e.Tag, e.PID, e.Message = bytes.Clone(e.Host), bytes.Clone(e.Tag), bytes.Clone(e.PID), bytes.Clone(e.Message)
		out = append(out, e)
		return nil
	})
	return out
}

func TestYears(t *testing.T) {
	tests := []struct {
		name, zone, written string
		lines, want         []string
	}{
		{"within a year", "UTC", "2026-11-23T16:54:57Z", []string{"Nov 16 17:24:57", "Nov 23 16:54:57"}, []string{"2026-11-16T17:24:57Z", "2026-11-23T16:54:57Z"}},
		{"over new year", "UTC", "2026-01-02T00:00:00Z", []string{"Dec 30 10:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01"}, []string{"2025-12-30T10:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z"}},
		{"two new years", "UTC", "2026-03-02T00:00:00Z", []string{"Sep 30 10:00:00", "Jan  3 23:59:59", "Oct  1 00:00:01", "Mar  1 01:00:00"}, []string{"2024-09-30T10:00:00Z", "2025-01-03T23:59:59Z", "2025-10-01T00:00:01Z", "2026-03-01T01:00:00Z"}},
		{"out of order at new year", "UTC", "2026-01-02T00:00:00Z", []string{"Dec 31 23:59:58", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"}, []string{"2025-12-31T23:59:58Z", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:02Z"}},
		{"the clock was set back", "UTC", "2026-06-02T00:00:00Z", []string{"Jun  1 12:00:00", "May 22 12:00:00", "Jun  1 13:00:00"}, []string{"2026-06-01T12:00:00Z", "2026-05-22T12:00:00Z", "2026-06-01T13:00:00Z"}},
		{"written long after the last line", "UTC", "2026-02-02T00:00:00Z", []string{"Dec 24 12:00:00"}, []string{"2025-12-24T12:00:00Z"}},
		{"29 February of this year", "UTC", "2024-03-01T00:00:00Z", []string{"Feb 28 12:00:00", "Feb 29 12:00:00"}, []string{"2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z"}},
		{"29 February, file touched two years later", "UTC", "2026-03-05T00:00:00Z", []string{"Feb 29 12:00:00", "Mar  1 12:00:00"}, []string{"2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z"}},
		{"zone east", "Asia/Shanghai", "2025-12-31T16:30:00Z", []string{"Dec 31 23:59:59", "Jan  1 00:10:00"}, []string{"2025-12-31T15:59:59Z", "2025-12-31T16:10:00Z"}},
		{"zone west in summer", "America/New_York", "2026-07-01T16:30:00Z", []string{"Jan  5 12:00:00", "Jul  1 12:00:00"}, []string{"2026-01-05T17:00:00Z", "2026-07-01T16:00:00Z"}},
		{"a stamp with its year tells those above", "UTC", "2029-01-01T00:00:00Z", []string{"Dec 31 23:00:00", "Jan  1 00:10:00", "2026-01-01T00:20:00.5+00:00", "Jan  1 00:30:00"}, []string{"2025-12-31T23:00:00Z", "2026-01-01T00:10:00Z", "2026-01-01T00:20:00.5Z", "2026-01-01T00:30:00Z"}},
		{"when it was written is not known", "UTC", "", []string{"Dec 31 23:00:00"}, []string{""}},
		{"asctime(3)", "Asia/Shanghai", "", []string{"Thu Nov 12 08:00:00 2026", "Thu Nov 12 08:00:01 2026"}, []string{"2026-11-12T00:00:00Z", "2026-11-12T00:00:01Z"}},
		{"the year is in the stamp", "UTC", "", []string{"Dec 31 2024 23:00:00"}, []string{"2024-12-31T23:00:00Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Join(tt.lines, " web01 sshd[1]: x\n") + " web01 sshd[1]: x\n"
			got := readAll(text, at(t, tt.written), zone(t, tt.zone))
			if len(got) != len(tt.want) {
				t.Fatalf("%d entries, want %d", len(got), len(tt.want))
			}
			for i, e := range got {
				if !e.Time.Equal(at(t, tt.want[i])) {
					t.Errorf("line %d %q: %v, want %v", i+1, tt.lines[i], e.Time, tt.want[i])
				}
			}
		})
	}
}

// TestDate compares stamps with what date(1) makes of them.
func TestDate(t *testing.T) {
	if _, err := exec.LookPath("date"); err != nil {
		t.Skip("no date(1)")
	}
	for _, tt := range []struct{ stamp, date, inferred string }{
		{"2026-11-20T07:52:30.087353+00:00", "2026-11-20T07:52:30.087353+00:00", ""},
		{"2026-11-20T07:52:30+0530", "2026-11-20T07:52:30+0530", ""},
		{"2026-11-20T07:52:30-03:30", "2026-11-20T07:52:30-03:30", ""},
		{"2026-11-20T07:52:30Z", "2026-11-20T07:52:30Z", ""},
		{"Fri 2026-11-20 07:52:30 UTC", "2026-11-20T07:52:30Z", ""},
		{"2026-11-20 07:52:30", `TZ="Europe/Berlin" 2026-11-20 07:52:30`, "zone"},
		{"2026-07-20T07:52:30", `TZ="Europe/Berlin" 2026-07-20 07:52:30`, "zone"},
		{"Jul 20 07:52:30", `TZ="Europe/Berlin" 2026-07-20 07:52:30`, "year, zone"},
		{"Jul 20 07:52:30.250", `TZ="Europe/Berlin" 2026-07-20 07:52:30.250`, "year, zone"},
		{"<86>Jul 20 07:52:30", `TZ="Europe/Berlin" 2026-07-20 07:52:30`, "year, zone"},
	} {
		out, err := exec.Command("date", "-u", "-d", tt.date, "+%Y-%m-%dT%H:%M:%S.%NZ").Output()
		if err != nil {
			t.Skip("date(1) is not GNU's: ", err)
		}
		want := at(t, strings.TrimSpace(string(out)))
		got := readAll(tt.stamp+" web01 sshd[7]: hello\n", at(t, "2026-12-01T00:00:00Z"), zone(t, "Europe/Berlin"))[0]
		if !got.Time.Equal(want) || got.Inferred != tt.inferred {
			t.Errorf("%q: %v (%s), want %v (%s)", tt.stamp, got.Time, got.Inferred, want, tt.inferred)
		}
		if string(got.Host) != "web01" || string(got.Tag) != "sshd" || string(got.PID) != "7" || string(got.Message) != "hello" {
			t.Errorf("%q: host %q tag %q pid %q message %q", tt.stamp, got.Host, got.Tag, got.PID, got.Message)
		}
	}
}

func TestNoStamp(t *testing.T) {
	for _, s := range []string{
		"", "x", "Nov", "Nov 31 10:00:00 h t: m", "Feb 30 10:00:00 h t: m", "Foo 12 10:00:00 h t: m", "Nov 12 24:00:00 h t: m",
		"Nov 12 10:00:00x h t: m", "2026-13-01T00:00:00Z h t: m", "2026-11-20T07:52:3", "Nov  0 10:00:00 h t: m", "<999999>Nov 12 10:00:00 h", "Nov 12 1 :00:00 h t: m",
	} {
		if _, ok := NewReader(context.Background(), strings.NewReader(""), time.Time{}, nil).Read(artifact.Line{Text: []byte(s)}); ok {
			t.Errorf("%q has a stamp", s)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct{ line, host, tag, pid, message string }{
		{"Nov 12 10:00:00 web01 sshd[12]: Accepted x", "web01", "sshd", "12", "Accepted x"},
		{"Nov 12 10:00:00 web01 sudo:   deploy : TTY=x", "web01", "sudo", "", "deploy : TTY=x"},
		{"Nov 12 10:00:00 web01 /usr/sbin/cron[9]: (root) CMD (x)", "web01", "/usr/sbin/cron", "9", "(root) CMD (x)"},
		{"Nov 12 10:00:00 sshd[12]: no host", "", "sshd", "12", "no host"},
		{"Nov 12 10:00:00 web01 last message repeated 2 times", "web01", "", "", "last message repeated 2 times"},
		{"Nov 12 10:00:00 web01 a b c: not a tag", "web01", "", "", "a b c: not a tag"},
		{"Nov 12 10:00:00 fe80::1 sshd[12]: v6 host", "fe80::1", "sshd", "12", "v6 host"},
		{"Nov 12 10:00:00 vm auth.info sshd[12]: of BusyBox", "vm", "sshd", "12", "of BusyBox"},
		{"Nov 12 10:00:00 vm local7.notice root: no pid", "vm", "root", "", "no pid"},
		{"Nov 12 10:00:00 vm cron.info crond[1]: USER root pid 2 cmd a", "vm", "crond", "1", "USER root pid 2 cmd a"},
		{"Nov 12 10:00:00 vm auth.info: a tag like that", "vm", "auth.info", "", "a tag like that"},
		{"Nov 12 10:00:00 web.info sshd[1]: a host like that", "web.info", "sshd", "1", "a host like that"},
		{"Thu Nov 12 10:00:00 2026 authpriv.info dropbear[12]: of OpenWrt", "", "dropbear", "12", "of OpenWrt"},
		{"Thu Nov 12 10:00:00 2026 kern.warn kernel: [   11.0] x", "", "kernel", "", "[   11.0] x"},
		{"\x00\x00\x00Nov 12 10:00:00 web01 sshd[12]: behind zeros", "web01", "sshd", "12", "behind zeros"},
		{`<86>1 2026-11-12T10:00:00Z web01 sshd 12 - - Accepted x`, "web01", "sshd", "12", "Accepted x"},
		{`<86>1 2026-11-12T10:00:00Z web01 sshd - ID1 [a b="] \" "][c] Accepted x`, "web01", "sshd", "", "Accepted x"},
	} {
		e := readAll(tt.line, time.Unix(1e9, 0), nil)[0]
		if string(e.Host) != tt.host || string(e.Tag) != tt.tag || string(e.PID) != tt.pid || string(e.Message) != tt.message {
			t.Errorf("%q: host %q tag %q pid %q message %q", tt.line, e.Host, e.Tag, e.PID, e.Message)
		}
	}
}

// TestPacked packs with the real programs.
func TestPacked(t *testing.T) {
	text := strings.Repeat("Nov 12 10:00:00 web01 sshd[12]: Accepted x\n", 5000)
	for _, tt := range []struct{ tool, member string }{{"cat", ""}, {"gzip", "gzip"}, {"bzip2", "bzip2"}, {"xz", "xz"}, {"zstd", "zstd"}, {"lz4", "lz4"}} {
		t.Run(tt.tool, func(t *testing.T) {
			if _, err := exec.LookPath(tt.tool); err != nil {
				t.Skip("no ", tt.tool)
			}
			cmd := exec.Command(tt.tool)
			cmd.Stdin = strings.NewReader(text)
			packed, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			r, member, err := Open(section(packed))
			if err != nil || member != tt.member {
				t.Fatalf("member %q, %v; want %q", member, err, tt.member)
			}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != text {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, len(text))
			}
			r.Close()
			if tt.member == "" {
				return
			}
			r, _, err = Open(section(packed[:len(packed)*2/3]))
			if err == nil {
				got, err = io.ReadAll(r)
				r.Close()
			}
			if err == nil {
				t.Fatalf("cut short: %d bytes and no error", len(got))
			}
		})
	}
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func TestBound(t *testing.T) {
	for _, tt := range []struct {
		have, limit int
		cut         bool
	}{{10, 9, true}, {10, 10, false}, {10, 11, false}, {0, 0, false}} {
		got, err := io.ReadAll(&bounded{r: io.NopCloser(strings.NewReader(strings.Repeat("x", tt.have))), name: "gzip", left: int64(tt.limit)})
		if len(got) != min(tt.have, tt.limit) || errors.Is(err, ErrTooLong) != tt.cut {
			t.Errorf("%d bytes, limit %d: %d, %v", tt.have, tt.limit, len(got), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Dec 31 23:59:59 web01 sshd[12]: Accepted x\nJan  1 00:00:00 h t: m\n"), int64(1767225600))
	f.Add([]byte("<86>1 2026-11-12T10:00:00Z web01 sshd - ID1 [a b=\"] \\\" \"][c] Accepted x\nFri 2026-11-20 07:52:30 UTC h t: m"), int64(0))
	f.Add([]byte("Feb 29 00:00:00 h t: m\n2026-11-20T07:52:30.1+05:30 h t[1]: m"), int64(1e9))
	f.Fuzz(func(t *testing.T, b []byte, written int64) {
		for _, e := range readAll(string(b), time.Unix(written%(1<<36), 0), time.FixedZone("x", 3600)) {
			if n := len(e.Host) + len(e.Tag) + len(e.PID) + len(e.Message); n > len(e.Text) {
				t.Fatalf("%d bytes from a line of %d", n, len(e.Text))
			}
		}
	})
}

// TestUnpackedBound: what a packed log may hold grows with its size, up to a bound that
// no size passes, and Open keeps to it.
func TestUnpackedBound(t *testing.T) {
	for packed, want := range map[int64]int64{
		0: 256 << 20, 1: 256<<20 + 5000, 1 << 20: 256<<20 + 5000<<20, 4_241_280: 268_435_456 + 21_206_400_000,
		4_241_281: MaxText, 1 << 62: MaxText,
	} {
		if got := maxUnpacked(packed); got != want {
			t.Errorf("%d bytes: %d, want %d", packed, got, want)
		}
	}
	var bomb bytes.Buffer
	w, err := zstd.NewWriter(&bomb, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 600 {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	limit := maxUnpacked(int64(bomb.Len()))
	if limit >= 600<<20 {
		t.Fatalf("%d bytes are no bomb", bomb.Len())
	}
	r, _, err := Open(section(bomb.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); n != limit || !errors.Is(err, ErrTooLong) {
		t.Errorf("%d bytes, want %d; %v", n, limit, err)
	}
}
