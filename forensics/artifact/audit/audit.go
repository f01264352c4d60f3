// Package audit reads the log of auditd(8): what programs were started with which arguments
// (EXECVE, with SYSCALL, PATH and CWD of the same event), where rules of the administrator's
// make the kernel say so.
//
// Records:
//
//	audit.exec    a program started whose command has a trait that an investigation
//	              cares for, or that a rule of the user's matches: command, args, exe,
//	              comm, user, uid, euid, tty, key, pwd, type, syscall, refused, count,
//	              and of the command programs, urls, traits, decoded; stamps first, last
//	audit.event   any other line, where a rule of the user's matches it; stamps as above
//	log.coverage  lines, unparsed, empty (yes), left_out; stamps first and last
//
// Events that say the same are one record with a count. A line may begin with node=NAME.
// Whatever the log, memory holds 64 events and the records kept.
package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/elastic/go-libaudit/v2/auparse"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/syslog"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "audit" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/var/log/audit/audit.log*", "/var/log/audit.log*"}
}

const (
	maxPending = 64      // events whose lines may stand among those of others
	maxLines   = 64      // of one event
	maxRecords = 10_000  // of one log
	maxArgs    = 64      // of a command
	maxCommand = 8 << 10 // bytes
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	text, member, err := syslog.Open(in.Content)
	if err != nil {
		return err
	}
	defer text.Close()
	r := &reader{wanted: in.Wanted, member: member, pending: make(map[key]*event), same: make(map[string]*counted)}
	err = artifact.Lines(text, func(l artifact.Line) error {
		if l.Number&0x3f == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r.line(l)
		return nil
	})
	for len(r.order) > 0 {
		r.flush()
	}
	r.give(emit)
	emit(r.coverage(in.Content.Size(), err))
	if r.leftOut > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("%d events over the bound are not among the records", r.leftOut)))
	}
	if err == nil {
		err = in.Odd("lines", r.unparsed, r.lines)
	}
	return err
}

// key names an event: auditd counts them, and begins anew at every boot.
type key struct {
	serial uint32
	at     int64
}

// event is what the lines of one event say.
type event struct {
	key
	time   time.Time
	source artifact.Source
	lines  []line
}

type line struct {
	kind   string
	data   map[string]string
	source artifact.Source
}

type reader struct {
	wanted  func(*artifact.Record) bool
	member  string
	pending map[key]*event
	order   []key
	same    map[string]*counted
	kept    []*counted

	lines, unparsed, leftOut int64
	first, last              time.Time
}

func (r *reader) line(l artifact.Line) {
	text := bytes.TrimSpace(l.Text)
	if len(text) == 0 {
		return
	}
	r.lines++
	if bytes.HasPrefix(text, []byte("node=")) {
		_, text, _ = bytes.Cut(text, []byte(" "))
	}
	m, err := auparse.ParseLogLine(string(text))
	if err != nil {
		r.unparsed++
		return
	}
	at := m.Timestamp.UTC()
	if r.first.IsZero() || at.Before(r.first) {
		r.first = at
	}
	if at.After(r.last) {
		r.last = at
	}
	kind := m.RecordType.String()
	if kind == "EOE" || kind == "PROCTITLE" {
		return // it says nothing that is not said before
	}
	data, err := m.Data()
	if err != nil {
		r.unparsed++
		return
	}
	k := key{m.Sequence, at.UnixNano()}
	e := r.pending[k]
	source := l.Source()
	source.Member = r.member
	if e == nil {
		if len(r.order) >= maxPending {
			r.flush()
		}
		e = &event{key: k, time: at, source: source}
		r.pending[k] = e
		r.order = append(r.order, k)
	}
	if len(e.lines) < maxLines {
		e.lines = append(e.lines, line{kind, data, source})
	}
}

// flush makes records of the oldest event.
func (r *reader) flush() {
	k := r.order[0]
	r.order = r.order[1:]
	e := r.pending[k]
	delete(r.pending, k)
	call, exec := e.find("SYSCALL"), e.find("EXECVE")
	if exec != nil || call != nil && strings.HasPrefix(call.data["syscall"], "execve") {
		r.exec(e, call, exec)
	}
	if r.wanted == nil {
		return
	}
	for i := range e.lines {
		l := &e.lines[i]
		if l.kind == "EXECVE" || l.kind == "SYSCALL" && exec != nil {
			continue
		}
		x := model.Record{Kind: model.AuditEvent, Source: l.source}
		l.describe(&x, call)
		if r.wanted(&x) {
			r.keep(x, e.time)
		}
	}
}

func (e *event) find(kind string) *line {
	for i := range e.lines {
		if e.lines[i].kind == kind {
			return &e.lines[i]
		}
	}
	return nil
}

// exec makes the record of a program that was started.
func (r *reader) exec(e *event, call, exec *line) {
	x := model.Record{Kind: model.AuditExec, Source: e.source}
	var args []string
	if exec != nil {
		x.Source = exec.source
		args = arguments(exec.data)
	}
	types := []string{}
	if call != nil {
		types = append(types, "SYSCALL")
	}
	if exec != nil {
		types = append(types, "EXECVE")
	}
	exe := ""
	if call != nil {
		exe = call.data["exe"]
	}
	if len(args) == 0 && exe != "" {
		args = []string{exe}
	}
	command := join(args)
	x.Add("command", command)
	x.AddList("args", args)
	x.AddList("type", types)
	if cwd := e.find("CWD"); cwd != nil {
		x.Add("pwd", cwd.data["cwd"])
	}
	failed := false
	if call != nil {
		x.Add("syscall", call.data["syscall"])
		who(&x, call.data)
		failed = call.data["result"] == "fail"
	}
	if failed {
		x.AddBool("refused", true)
	}
	// The name by which a program is called may be any; where it stands, the kernel knows.
	judged := command
	if exe != "" && len(args) > 0 && !standard(exe) {
		judged = join(append([]string{exe}, args[1:]...))
	}
	f := shell.Analyze(judged)
	if failed {
		f.Traits = nil // it did not run
	}
	f.AddTo(&x)
	telling := len(f.Traits) > 1 || len(f.Traits) == 1 && f.Traits[0] != "background"
	if telling || r.wanted != nil && r.wanted(&x) {
		r.keep(x, e.time)
	}
}

// standard says whether a program stands where packages put them: its path says nothing.
func standard(exe string) bool {
	switch path.Dir(exe) {
	case "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin":
		return true
	}
	return false
}

// arguments gives the arguments of EXECVE: a0, a1, ...
func arguments(data map[string]string) (out []string) {
	size := 0
	for i := 0; i < maxArgs; i++ {
		a, ok := data["a"+strconv.Itoa(i)]
		if size += len(a); !ok || size > maxCommand {
			break
		}
		out = append(out, a)
	}
	return out
}

// join writes arguments as a shell would take them.
func join(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n\"'`$&|;<>()*?[]{}#~!\\") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		out[i] = a
	}
	return strings.Join(out, " ")
}

// describe gives a record what a line says; call is the SYSCALL of the same event.
func (l *line) describe(x *model.Record, call *line) {
	x.Add("type", l.kind)
	if l.kind == "SYSCALL" {
		x.Add("syscall", l.data["syscall"])
		x.AddList("args", arguments(l.data))
	}
	for _, f := range []string{"name", "nametype", "unit", "acct"} {
		x.Add(f, l.data[f])
	}
	x.Add("result", l.data["result"])
	data := l.data
	if call != nil && l.data["exe"] == "" {
		data = call.data
	}
	who(x, data)
}

// who adds the process and its user.
func who(x *model.Record, data map[string]string) {
	if u := data["auid"]; u != "unset" {
		x.Add("user", u)
	}
	for _, f := range []string{"uid", "euid"} {
		if n, err := strconv.ParseInt(data[f], 10, 64); err == nil {
			x.AddInt(f, n)
		}
	}
	x.Add("exe", strings.Trim(data["exe"], `"`))
	x.Add("comm", strings.Trim(data["comm"], `"`))
	for _, f := range []string{"tty", "key"} {
		if v := strings.Trim(data[f], `"`); v != "(none)" && v != "(null)" {
			x.Add(f, v)
		}
	}
}

// keep counts an event with those that say the same.
func (r *reader) keep(x model.Record, at time.Time) {
	var id strings.Builder
	id.WriteString(string(x.Kind))
	for i := range x.Fields {
		id.WriteString("\x00" + x.Fields[i].Name + "\x00" + x.Fields[i].Text())
	}
	if old := r.same[id.String()]; old != nil {
		old.count++
		if at.Before(old.first) {
			old.first = at
		}
		if at.After(old.last) {
			old.last = at
		}
		return
	}
	if len(r.kept) >= maxRecords {
		r.leftOut++
		return
	}
	c := &counted{x, 1, at, at}
	r.kept = append(r.kept, c)
	r.same[id.String()] = c
}

// counted is a record of events that say the same.
type counted struct {
	rec         model.Record
	count       int64
	first, last time.Time
}

// give emits the records, in the order of the log.
func (r *reader) give(emit artifact.Emit) {
	sort.SliceStable(r.kept, func(i, j int) bool { return r.kept[i].rec.Source.Line < r.kept[j].rec.Source.Line })
	for _, c := range r.kept {
		c.rec.AddInt("count", c.count)
		c.rec.Times = []artifact.Stamp{{What: "first", Time: c.first}, {What: "last", Time: c.last}}
		emit(c.rec)
	}
}

func (r *reader) coverage(size int64, err error) artifact.Record {
	x := artifact.Record{Kind: model.LogCoverage, Source: artifact.Source{Member: r.member}}
	x.AddInt("lines", r.lines)
	x.AddInt("unparsed", r.unparsed)
	if size == 0 {
		x.AddBool("empty", true)
	}
	if r.leftOut > 0 {
		x.AddInt("left_out", r.leftOut)
	}
	if err != nil {
		x.Add("error", err.Error())
	}
	if !r.first.IsZero() {
		x.Times = []artifact.Stamp{{What: "first", Time: r.first}, {What: "last", Time: r.last}}
	}
	return x
}
