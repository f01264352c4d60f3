// Package authlog reads the logs of logins and of cron: auth.log and secure,
// syslog, messages and cron, rotated and compressed ones too. Stamps are the
// traditional ones of RFC 3164 ("Jan  2 15:04:05", no year, local time) or those
// of RFC 3339. A missing year is inferred backwards from the time at which the
// file was last written; a missing zone is that of the image.
//
// Records:
//
//	auth.login     method, user, address, port, fingerprint; one for each
//	               accepted login
//	auth.failures  address, count, users, user_count; stamps first and last: failed
//	               logins from one address with less than ten minutes between them
//	auth.sudo      user, command, pwd, tty, and of the command programs, urls, traits
//	auth.useradd   name, uid, gid, home, shell
//	auth.passwd    user: a password was changed
//	auth.userdel   name
//	cron.run       user, command, count, and of the command programs, urls,
//	               traits; stamps first and last: it ran
//	log.coverage   lines, bytes, empty (yes), unparsed; stamps first and last
package authlog

import (
	"compress/bzip2"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "authlog" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/var/log/auth.log*", "/var/log/secure*", "/var/log/syslog*", "/var/log/messages*", "/var/log/cron", "/var/log/cron.log*", "/var/log/cron-*"}
}

const (
	maxText    = 20 << 30 // bytes of unpacked text
	maxLogins  = 200_000
	maxPeers   = 4096 // addresses with an open series of failures
	maxRuns    = 4096 // different cron commands
	seriesGap  = 10 * time.Minute
	backwards  = 7 * 24 * time.Hour // how far lines may go back without a new year
	shownUsers = 10
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	name := path.Base(in.Path)
	member := ""
	for ext, m := range map[string]string{".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".zst": "zstd"} {
		if strings.HasSuffix(name, ext) {
			member = m
		}
	}
	open := func() (io.ReadCloser, error) {
		c := io.NewSectionReader(in.Content, 0, in.Content.Size())
		r, err := unpack(c, member)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.LimitReader(r, maxText), r}, nil
	}
	p := &parser{ctx: ctx, emit: emit, member: member, zone: time.UTC, peers: make(map[string]*series), runs: make(map[string]*run)}
	if in.System != nil && in.System.Zone != nil {
		p.zone = in.System.Zone
	}
	if in.Inode != nil && in.Inode.Mtime.Known {
		p.written = in.Inode.Mtime.Time()
	}
	err := p.years(open)
	if err == nil {
		var r io.ReadCloser
		if r, err = open(); err == nil {
			err = artifact.Lines(r, p.line)
			r.Close()
		}
	}
	p.finish(in.Content.Size())
	return err
}

func unpack(r io.Reader, member string) (io.ReadCloser, error) {
	switch member {
	case "gzip":
		return gzip.NewReader(r)
	case "bzip2":
		return io.NopCloser(bzip2.NewReader(r)), nil
	case "xz":
		x, err := xz.ReaderConfig{DictCap: 64 << 20}.NewReader(r)
		return io.NopCloser(x), err
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// series are failed logins from one address in a row.
type series struct {
	address     string
	first, last time.Time
	inferred    string
	count       int
	users       map[string]int
	line        int
	offset      int64
	length      int64
	lastPID     string
	lastKind    string
}

type run struct {
	user, command string
	first, last   time.Time
	inferred      string
	count         int
	line          int
	offset        int64
	length        int64
}

type parser struct {
	ctx     context.Context
	emit    artifact.Emit
	member  string
	zone    *time.Location
	written time.Time

	year    int // of the line being read, for traditional stamps
	prev    time.Time
	peers   map[string]*series
	runs    map[string]*run
	logins  int
	lines   int
	bytes   int64
	odd     int
	first   time.Time
	last    time.Time
	anyText bool
	stampIn string
}

// years reads the file once to count the turns of the year, so that the first
// line's year follows from that of the last. The last line is not later than the
// time at which the file was written.
func (p *parser) years(open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	turns := 0
	var prev, last time.Time
	err = artifact.Lines(r, func(l artifact.Line) error {
		if l.Number&0xffff == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		t, n := traditional(l.Text)
		if n == 0 {
			return nil
		}
		// Within a leap year, so that 29 February is a day.
		if !prev.IsZero() && prev.Sub(t) > backwards {
			turns++
		}
		prev, last = t, t
		return nil
	})
	if last.IsZero() {
		return err
	}
	end := p.written
	if end.IsZero() {
		end = time.Now()
	}
	year := end.In(p.zone).Year()
	if inYear(last, year, p.zone).After(end.Add(24 * time.Hour)) {
		year--
	}
	p.year = year - turns
	return err
}

var months = map[string]time.Month{"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12}

// traditional reads "Jan  2 15:04:05" and gives the moment in the leap year 2000,
// UTC, and the length of the stamp, or 0.
func traditional(b []byte) (time.Time, int) {
	if len(b) < 15 || b[3] != ' ' || b[6] != ' ' || b[9] != ':' || b[12] != ':' {
		return time.Time{}, 0
	}
	m, ok := months[string(b[:3])]
	if !ok {
		return time.Time{}, 0
	}
	num := func(s []byte) int {
		n := 0
		for _, c := range s {
			if c == ' ' && n == 0 {
				continue
			}
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	d, h, mi, s := num(b[4:6]), num(b[7:9]), num(b[10:12]), num(b[13:15])
	if d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60 {
		return time.Time{}, 0
	}
	return time.Date(2000, m, d, h, mi, s, 0, time.UTC), 15
}

func inYear(t time.Time, year int, zone *time.Location) time.Time {
	return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone).UTC()
}

// stamp reads the time at the beginning of a line.
func (p *parser) stamp(b []byte) (t time.Time, rest []byte, inferred string, ok bool) {
	if len(b) > 3 && b[0] == '<' { // a priority that was kept
		for i := 1; i < 5 && i < len(b); i++ {
			if b[i] == '>' {
				b = b[i+1:]
				break
			}
		}
	}
	if m, n := traditional(b); n > 0 {
		if !p.prev.IsZero() && p.prev.Sub(m) > backwards {
			p.year++
		}
		p.prev = m
		inferred = "year, zone"
		return inYear(m, p.year, p.zone), b[n:], inferred, true
	}
	i := strings.IndexByte(string(b[:min(len(b), 48)]), ' ')
	if i >= 19 {
		if t, err := time.Parse(time.RFC3339Nano, string(b[:i])); err == nil {
			return t.UTC(), b[i:], "", true
		}
		if t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", string(b[:i]), p.zone); err == nil {
			return t.UTC(), b[i:], "zone", true
		}
	}
	return time.Time{}, nil, "", false
}

func (p *parser) line(l artifact.Line) error {
	if l.Number&0xfff == 0 && p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	p.lines++
	p.bytes = l.Offset + int64(len(l.Text)) + 1
	t, rest, inferred, ok := p.stamp(l.Text)
	if !ok {
		p.odd++
		return nil
	}
	if p.first.IsZero() {
		p.first = t
	}
	p.last, p.stampIn = t, inferred
	// " host tag[pid]: message"
	s := string(rest)
	s = strings.TrimPrefix(s, " ")
	_, s, ok = strings.Cut(s, " ")
	if !ok {
		return nil
	}
	tag, msg, ok := strings.Cut(s, ": ")
	if !ok {
		return nil
	}
	pid := ""
	if i := strings.IndexByte(tag, '['); i >= 0 {
		pid = strings.TrimSuffix(tag[i+1:], "]")
		tag = tag[:i]
	}
	e := event{t: t, inferred: inferred, tag: strings.TrimSpace(tag), pid: pid, msg: msg, line: l}
	return p.event(&e)
}

type event struct {
	t             time.Time
	inferred      string
	tag, pid, msg string
	line          artifact.Line
}

func (p *parser) record(e *event, kind string) artifact.Record {
	return artifact.Record{
		Kind:   kind,
		Source: artifact.Source{Line: e.line.Number, Offset: e.line.Offset, Length: int64(len(e.line.Text)), Member: p.member},
		Times:  []artifact.Stamp{{What: "logged", Time: e.t, Inferred: e.inferred}},
	}
}

func (p *parser) event(e *event) error {
	switch e.tag {
	case "sshd", "sshd-session", "sshd-auth":
		return p.ssh(e)
	case "sudo":
		return p.sudo(e)
	case "useradd", "adduser", "groupadd", "usermod":
		if name, ok := strings.CutPrefix(e.msg, "new user: "); ok {
			r := p.record(e, "auth.useradd")
			for _, kv := range strings.Split(name, ", ") {
				if k, v, ok := strings.Cut(kv, "="); ok && len(r.Fields) < 8 {
					r.Add(strings.ToLower(k), v)
				}
			}
			return p.give(r)
		}
	case "userdel", "deluser":
		if name, ok := strings.CutPrefix(e.msg, "delete user '"); ok {
			r := p.record(e, "auth.userdel")
			r.Add("name", strings.TrimSuffix(name, "'"))
			return p.give(r)
		}
	case "passwd", "chpasswd":
		if _, user, ok := strings.Cut(e.msg, "password changed for "); ok {
			r := p.record(e, "auth.passwd")
			r.Add("user", user)
			return p.give(r)
		}
	case "CRON", "crond", "cron", "/usr/sbin/cron", "/USR/SBIN/CRON", "CROND":
		p.cron(e)
	}
	return nil
}

func (p *parser) give(r artifact.Record) error {
	if p.logins++; p.logins > maxLogins {
		return fmt.Errorf("more than %d records from one log", maxLogins)
	}
	p.emit(r)
	return nil
}

// ssh reads the messages of OpenSSH's auth.c and auth2.c.
func (p *parser) ssh(e *event) error {
	msg := e.msg
	times := 1
	if rest, ok := strings.CutPrefix(msg, "message repeated "); ok {
		n, text, ok := strings.Cut(rest, " times: [ ")
		if !ok {
			return nil
		}
		times, _ = strconv.Atoi(n)
		times = max(1, min(times, 1_000_000))
		msg = strings.TrimSuffix(text, "]")
	}
	switch {
	case strings.HasPrefix(msg, "Accepted "):
		// Accepted METHOD for USER from ADDRESS port PORT ssh2[: TYPE FINGERPRINT]
		f := strings.Fields(msg)
		from := lastIndex(f, "from")
		if len(f) < 7 || f[2] != "for" || from < 4 || from+1 >= len(f) {
			return nil
		}
		r := p.record(e, "auth.login")
		r.Add("method", f[1])
		r.Add("user", strings.Join(f[3:from], " "))
		r.Add("address", f[from+1])
		if from+3 < len(f) {
			r.Add("port", f[from+3])
		}
		if i := strings.Index(msg, "SHA256:"); i >= 0 {
			r.Add("fingerprint", strings.Fields(msg[i:])[0])
		}
		r.Add("pid", e.pid)
		return p.give(r)
	case strings.HasPrefix(msg, "Failed password for "), strings.HasPrefix(msg, "Failed keyboard-interactive"), strings.HasPrefix(msg, "Failed none for "):
		rest := msg[strings.Index(msg, " for ")+5:]
		rest = strings.TrimPrefix(rest, "invalid user ")
		user, address := userFrom(rest)
		p.failure(e, user, address, "failed", times)
	case strings.HasPrefix(msg, "Invalid user "):
		user, address := userFrom(strings.TrimPrefix(msg, "Invalid user "))
		p.failure(e, user, address, "invalid", 1)
	}
	return nil
}

func lastIndex(f []string, w string) int {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i] == w {
			return i
		}
	}
	return -1
}

// userFrom reads "USER from ADDRESS port ..."; the user's name was chosen by the
// peer and may hold anything, so the last "from" counts.
func userFrom(s string) (user, address string) {
	i := strings.LastIndex(s, " from ")
	if i < 0 {
		return "", ""
	}
	user = s[:i]
	address, _, _ = strings.Cut(s[i+6:], " ")
	return user, address
}

func (p *parser) failure(e *event, user, address, kind string, times int) {
	if address == "" || len(address) > 64 {
		return
	}
	s := p.peers[address]
	if s != nil && e.t.Sub(s.last) > seriesGap {
		p.close(s)
		s = nil
	}
	if s == nil {
		if len(p.peers) >= maxPeers {
			var oldest *series
			for _, c := range p.peers {
				if oldest == nil || c.last.Before(oldest.last) || c.last.Equal(oldest.last) && c.address < oldest.address {
					oldest = c
				}
			}
			p.close(oldest)
		}
		s = &series{address: address, first: e.t, inferred: e.inferred, users: make(map[string]int), line: e.line.Number, offset: e.line.Offset, length: int64(len(e.line.Text))}
		p.peers[address] = s
	}
	s.last = e.t
	// "Invalid user x" and the "Failed password for invalid user x" after it are
	// one attempt.
	if !(kind == "failed" && s.lastKind == "invalid" && s.lastPID == e.pid) {
		s.count += times
	} else {
		s.count += times - 1
	}
	s.lastKind, s.lastPID = kind, e.pid
	if len(s.users) < 1000 {
		s.users[user] += times
	}
}

func (p *parser) close(s *series) {
	delete(p.peers, s.address)
	names := make([]string, 0, len(s.users))
	for u := range s.users {
		names = append(names, u)
	}
	sort.Slice(names, func(i, j int) bool {
		if s.users[names[i]] != s.users[names[j]] {
			return s.users[names[i]] > s.users[names[j]]
		}
		return names[i] < names[j]
	})
	r := artifact.Record{
		Kind:   "auth.failures",
		Source: artifact.Source{Line: s.line, Offset: s.offset, Length: s.length, Member: p.member},
		Times:  []artifact.Stamp{{What: "first", Time: s.first, Inferred: s.inferred}, {What: "last", Time: s.last, Inferred: s.inferred}},
	}
	r.Add("address", s.address)
	r.AddInt("count", int64(s.count))
	r.Add("users", strings.Join(names[:min(len(names), shownUsers)], ","))
	r.AddInt("user_count", int64(len(names)))
	if p.logins++; p.logins <= maxLogins {
		p.emit(r)
	}
}

// sudo reads "USER : TTY=x ; PWD=x ; USER=x ; COMMAND=x".
func (p *parser) sudo(e *event) error {
	user, rest, ok := strings.Cut(e.msg, " : ")
	if !ok {
		return nil
	}
	i := strings.Index(rest, "COMMAND=")
	if i < 0 {
		return nil
	}
	r := p.record(e, "auth.sudo")
	r.Add("user", strings.TrimSpace(user))
	command := rest[i+len("COMMAND="):]
	r.Add("command", command)
	for _, kv := range strings.Split(rest[:i], " ; ") {
		if k, v, ok := strings.Cut(strings.TrimSpace(kv), "="); ok && (k == "TTY" || k == "PWD" || k == "USER") {
			name := map[string]string{"TTY": "tty", "PWD": "pwd", "USER": "as"}[k]
			r.Add(name, v)
		}
	}
	f := shell.Analyze(command)
	f.AddTo(&r)
	return p.give(r)
}

// cron reads "(user) CMD (command)".
func (p *parser) cron(e *event) {
	user, rest, ok := strings.Cut(strings.TrimPrefix(e.msg, "("), ") CMD (")
	if !ok || !strings.HasPrefix(e.msg, "(") {
		return
	}
	command := strings.TrimSpace(strings.TrimSuffix(rest, ")"))
	key := user + "\x00" + command
	r := p.runs[key]
	if r == nil {
		if len(p.runs) >= maxRuns {
			return
		}
		r = &run{user: user, command: command, first: e.t, inferred: e.inferred, line: e.line.Number, offset: e.line.Offset, length: int64(len(e.line.Text))}
		p.runs[key] = r
	}
	r.last = e.t
	r.count++
}

func (p *parser) finish(size int64) {
	for len(p.peers) > 0 {
		keys := make([]string, 0, len(p.peers))
		for k := range p.peers {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			p.close(p.peers[k])
		}
	}
	keys := make([]string, 0, len(p.runs))
	for k := range p.runs {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		c := p.runs[k]
		r := artifact.Record{
			Kind:   "cron.run",
			Source: artifact.Source{Line: c.line, Offset: c.offset, Length: c.length, Member: p.member},
			Times:  []artifact.Stamp{{What: "first", Time: c.first, Inferred: c.inferred}, {What: "last", Time: c.last, Inferred: c.inferred}},
		}
		r.Add("user", c.user)
		r.Add("command", c.command)
		r.AddInt("count", int64(c.count))
		f := shell.Analyze(c.command)
		f.AddTo(&r)
		p.emit(r)
	}
	r := artifact.Record{Kind: "log.coverage", Source: artifact.Source{Member: p.member}}
	r.AddInt("lines", int64(p.lines))
	r.AddInt("bytes", p.bytes)
	if p.odd > 0 {
		r.AddInt("unparsed", int64(p.odd))
	}
	if size == 0 {
		r.Add("empty", "yes")
	}
	if !p.first.IsZero() {
		r.Times = []artifact.Stamp{{What: "first", Time: p.first, Inferred: p.stampIn}, {What: "last", Time: p.last, Inferred: p.stampIn}}
	}
	p.emit(r)
}
