// Package cron reads crontabs: the system's (/etc/crontab, /etc/cron.d), those of
// users (/var/spool/cron/crontabs on Debian, /var/spool/cron on Red Hat, /etc/crontabs
// on Alpine and OpenWrt), the scripts of cron.hourly and its siblings and of
// /etc/periodic, anacrontab and the jobs of at(1).
//
// The formats are those of crontab(5) of Debian's cron, of cronie and of BusyBox,
// run-parts(8), anacrontab(5), and of at(1)'s spool. Where the two crons differ, the image's
// os-release(5) decides: Debian's skips files of other names than letters, digits,
// - and _, and all of a table that has a syntax error or no newline at its end;
// cronie skips the line, and files whose names begin with a dot or end with ~.
// What cron would not run is reported all the same, with the reason: an intruder may
// still have put it there. Schedules and settings are read as these two crons read
// them, junk and all: what makes a job look as if it did not run hides it.
//
// Records:
//
//	cron.job     schedule, description, runs_per_day (on a day on which it runs),
//	             user, command, stdin (what stands behind a %), and of the command
//	             programs, urls, traits, decoded (package shell); environment
//	             (the variables set above it), file_uid (of a user's table: who
//	             owns the file), ignored (why cron would not run it)
//	cron.script  period (15min, hourly, daily, weekly, monthly), interpreter,
//	             programs, urls, traits, decoded, suspicious_line, ignored; of
//	             jobs of at also queue, uid, gid and the stamp scheduled
//	cron.oddity  what (why the file is not an ordinary crontab)
package cron

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/text"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "cron" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/crontab", "/etc/cron.d/*", "/etc/anacrontab", "/var/spool/cron/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/tabs/*", "/var/cron/tabs/*", "/etc/crontabs/*", "/etc/periodic/*/*",
		"/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*", "/etc/cron.yearly/*",
		"/var/spool/cron/atjobs/*", "/var/spool/at/*", "/var/spool/atjobs/*",
	}
}

const (
	maxJobs  = 10_000 // records of one file
	maxEnv   = 50     // variables of one file
	maxValue = 4096   // bytes of a variable
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	dir, name := path.Split(in.Path)
	t := &table{emit: emit, family: family(in.System), accounts: accounts(in)}
	switch dir {
	case "/etc/cron.hourly/", "/etc/cron.daily/", "/etc/cron.weekly/", "/etc/cron.monthly/", "/etc/cron.yearly/":
		return script(in, strings.TrimPrefix(path.Base(dir), "cron."), name, t.family, emit)
	case "/etc/periodic/15min/", "/etc/periodic/hourly/", "/etc/periodic/daily/", "/etc/periodic/weekly/", "/etc/periodic/monthly/":
		return script(in, path.Base(dir), name, BusyBox, emit)
	case "/var/spool/cron/atjobs/", "/var/spool/at/", "/var/spool/atjobs/":
		return atJob(in, name, emit)
	}
	switch {
	case in.Path == "/etc/anacrontab":
		t.format = anacron
	case strings.HasPrefix(dir, "/var/spool/cron/"), dir == "/etc/crontabs/", dir == "/var/cron/tabs/":
		t.format, t.user = userTab, name
		if dir == "/etc/crontabs/" {
			t.family = BusyBox
		}
		if in.Inode != nil {
			t.fileUID = strconv.FormatUint(uint64(in.Inode.UID), 10)
		}
		if dir == "/var/spool/cron/" && t.family == Debian {
			if in.System != nil && in.System.OSID != "" {
				t.ignored = "Debian's cron reads the tables in /var/spool/cron/crontabs"
			}
			t.family = Cronie
		}
		if strings.HasPrefix(name, "tmp.") || strings.HasPrefix(name, ".") || strings.Contains(name, "~") {
			t.ignored = "the file does not have the name of a user"
		}
	default:
		t.format = systemTab
		if dir == "/etc/cron.d/" && !runs(name, t.family) {
			t.ignored = "cron skips a file of this name"
		}
	}
	if err := t.whole(ctx, in); err != nil {
		return err
	}
	err := in.Lines(ctx, t.line)
	if artifact.Ended(err) && t.unset > 0 {
		unset := artifact.Cut(fmt.Errorf("%d variables were not read: a crontab may set %d, of %d bytes each", t.unset, maxEnv, maxValue))
		return errors.Join(err, unset)
	}
	return err
}

// family says which cron the system has; an unknown one is taken for Debian's unless
// it says otherwise.
func family(s *artifact.System) Family {
	if s == nil {
		return Debian
	}
	switch s.OSID {
	case "centos", "rhel", "fedora", "rocky", "almalinux", "ol", "amzn", "alinux", "anolis", "openEuler", "opencloudos", "tencentos", "kylin", "virtuozzo", "scientific", "sles", "opensuse-leap", "opensuse-tumbleweed", "arch", "gentoo":
		return Cronie
	case "alpine", "postmarketos", "openwrt", "chimera":
		return BusyBox
	}
	return Debian
}

// runPartsName is what Debian's cron and run-parts(8) accept.
var runPartsName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// skippedName is what cronie, and Red Hat's run-parts, pass over.
var skippedName = regexp.MustCompile(`^[.#]|~$|\.(?:rpmsave|rpmorig|rpmnew|swp|cfsaved)$|,$`)

func runs(name string, f Family) bool {
	switch f {
	case Debian:
		return runPartsName.MatchString(name)
	case BusyBox:
		return !strings.HasPrefix(name, ".") // versions differ in which others they pass over
	}
	return !skippedName.MatchString(name)
}

func script(in *artifact.Input, period, name string, f Family, emit artifact.Emit) error {
	if name == ".placeholder" && in.Content.Size() < 1024 {
		return nil
	}
	r := artifact.Record{Kind: model.CronScript}
	r.Add("period", period)
	err := shell.AddScript(&r, in.Content)
	switch {
	case !runs(name, f):
		r.Add("ignored", "run-parts skips a file of this name")
	case in.Inode != nil && in.Inode.Mode&0o111 == 0:
		r.Add("ignored", "not executable")
	}
	emit(r)
	return err
}

// atName is a job of at(1): the queue (= while it runs), the number, and the
// minutes from 1970 on, both hex.
var atName = regexp.MustCompile(`^([a-zA-Z=])([0-9a-f]{5})([0-9a-f]{8})$`)

var atOwner = regexp.MustCompile(`(?m)^# atrun uid=([0-9]+) gid=([0-9]+)`)

func atJob(in *artifact.Input, name string, emit artifact.Emit) error {
	m := atName.FindStringSubmatch(name)
	if m == nil {
		return nil // .SEQ, .lockfile, and what at would not run
	}
	r := artifact.Record{Kind: model.AtJob}
	r.Add("queue", m[1])
	head := make([]byte, min(in.Content.Size(), 4096))
	if _, err := in.Content.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	if o := atOwner.FindSubmatch(head); o != nil {
		r.Add("uid", string(o[1]))
		r.Add("gid", string(o[2]))
	}
	if n, err := strconv.ParseInt(m[3], 16, 64); err == nil {
		r.Times = append(r.Times, artifact.Stamp{What: "scheduled", Time: time.Unix(n*60, 0).UTC()})
	}
	err := shell.AddScript(&r, in.Content)
	if in.Inode != nil && in.Inode.Mode&0o100 == 0 {
		r.Add("ignored", "not executable: done, or withdrawn")
	}
	emit(r)
	return err
}

type format int

const (
	userTab format = iota
	systemTab
	anacron
)

// table reads a crontab.
type table struct {
	emit          artifact.Emit
	format        format
	family        Family
	user, fileUID string
	ignored       string
	accounts      map[string]bool // the names of passwd(5)

	env   []variable
	unset int // variables over the bounds
	jobs  int
	odd   bool
}

// variable is one that the table sets.
type variable struct{ name, value string }

// whole finds what makes Debian's cron pass over the table as a whole: a line that is
// neither a job nor a setting, and a last line, not empty nor a comment, without an end.
func (t *table) whole(ctx context.Context, in *artifact.Input) error {
	if t.family != Debian || t.ignored != "" || t.format == anacron || in.Content.Size() == 0 {
		return nil
	}
	err := in.Lines(ctx, func(l artifact.Line) error {
		text := strings.TrimLeft(string(l.Text), " \t")
		if t.ignored != "" || text == "" || text[0] == '#' {
			return nil
		}
		if l.Offset+int64(len(l.Text)) == in.Content.Size() {
			t.ignored = "Debian's cron skips a table whose last line has no end"
			return nil
		}
		if _, _, ok := setting(text, t.family); ok {
			return nil
		}
		if j := parseJob(text, t.format, t.family, t.accounts); j.err != nil && !j.runnable() {
			t.ignored = fmt.Sprintf("Debian's cron skips a table with a syntax error (line %d: %v)", l.Number, j.err)
		}
		return nil
	})
	if artifact.Ended(err) {
		return nil // the second reading says so
	}
	return err
}

func (t *table) oddity(l artifact.Line, what string) {
	if t.odd {
		return
	}
	t.odd = true
	r := artifact.Record{Kind: model.CronOddity, Source: l.Source()}
	r.Add("what", what)
	t.emit(r)
}

func (t *table) line(l artifact.Line) error {
	if l.Number == 1 && bytes.HasPrefix(l.Text, []byte("REDIS0")) {
		t.oddity(l, "begins like a dump of the Redis database: written through an open Redis server")
	}
	if l.Cut {
		t.oddity(l, fmt.Sprintf("line %d is longer than %d bytes", l.Number, artifact.MaxLine))
	}
	text := strings.TrimLeft(string(l.Text), " \t")
	if text == "" || text[0] == '#' {
		return nil
	}
	if name, value, ok := setting(text, t.family); ok {
		t.set(name, value)
		return nil
	}
	j := parseJob(text, t.format, t.family, t.accounts)
	if j.command == "" {
		if bytes.IndexByte(l.Text, 0) >= 0 {
			t.oddity(l, "binary data between the lines")
		}
		return nil
	}
	if t.jobs++; t.jobs > maxJobs {
		return artifact.Cut(fmt.Errorf("more than %d jobs; the rest was not read", maxJobs))
	}
	t.emit(t.job(j, l))
	return nil
}

var validName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// set keeps a variable that a command may name.
func (t *table) set(name, value string) {
	if !validName.MatchString(name) {
		return
	}
	i := slices.IndexFunc(t.env, func(v variable) bool { return v.name == name })
	switch {
	case len(value) > maxValue || i < 0 && len(t.env) == maxEnv:
		t.unset++
	case i < 0:
		t.env = append(t.env, variable{name, value})
	default:
		t.env[i].value = value
	}
}

func (t *table) job(j job, l artifact.Line) artifact.Record {
	r := artifact.Record{Kind: model.CronJob, Source: l.Source()}
	r.Add("schedule", j.schedule)
	r.Add("description", j.description)
	if j.perDay > 0 {
		r.AddInt("runs_per_day", int64(j.perDay))
	}
	user := j.user
	if user == "" && t.format == userTab {
		user = t.user
	}
	r.Add("user", user)
	r.AddText("command", j.command)
	r.AddText("stdin", j.stdin)
	var env []string
	for _, v := range t.env {
		env = append(env, v.name+"="+v.value)
	}
	r.AddList("environment", env)
	r.Add("file_uid", t.fileUID)
	switch {
	case t.ignored != "":
		r.Add("ignored", t.ignored)
	case j.err != nil:
		r.Add("ignored", j.err.Error())
	}
	command := j.command
	if j.stdin != "" { // it may be what a shell is to run
		command = "{ " + command + "\n} <<'END OF INPUT'\n" + j.stdin + "\nEND OF INPUT\n"
	}
	f := shell.Analyze(t.prelude(j.command) + command)
	f.AddTo(&r)
	return r
}

// prelude sets the variables of the table that the command names, and those that
// work without being named.
func (t *table) prelude(command string) string {
	var b strings.Builder
	for _, e := range t.env {
		name, v := e.name, e.value
		switch {
		case name == "LD_PRELOAD" || name == "LD_AUDIT" || name == "PATH" || name == "BASH_ENV":
			b.WriteString("export ")
		case name == "SHELL" && !usualShell.MatchString(v):
			b.WriteString(shell.Quote(v) + " </dev/null\n") // it reads the command
			continue
		case !strings.Contains(command, "$"+name) && !strings.Contains(command, "${"+name):
			continue
		}
		b.WriteString(name + "='" + strings.ReplaceAll(v, "'", `'\''`) + "'\n")
	}
	return b.String()
}

// usualShell are the shells of systems, and what keeps a user from having one.
var usualShell = regexp.MustCompile(`^(?:|/(?:usr/)?(?:local/)?s?bin/(?:[a-z]*sh|nologin|false|true))$`)

type job struct {
	schedule, description, user, command, stdin string
	perDay                                      int
	err                                         error // why cron would not run it
}

// looksLikeField separates the fields of a schedule, right or wrong, from other text.
var looksLikeField = regexp.MustCompile(`^(?:[0-9*~][0-9*,/~A-Za-z-]*|[A-Za-z]{3}(?:[-,/][A-Za-z0-9,/-]*)?|L)$`)

var userName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*\$?$`)

// programNames are words that stand where the user should by mistake.
var programNames = map[string]bool{"curl": true, "wget": true, "bash": true, "sh": true, "python": true, "python3": true, "perl": true, "php": true, "nohup": true, "sudo": true, "test": true, "cd": true, "echo": true, "env": true, "flock": true, "timeout": true, "rm": true, "find": true}

// runnable says of a line with an error that it, and the rest of its table, may run all
// the same: whether a word is a user's name is not for a crontab to know, and Debian's
// cron takes a user's job without a command.
func (j *job) runnable() bool {
	return errors.Is(j.err, errNoUser) || errors.Is(j.err, errNever) || errors.Is(j.err, errNoCommand) && j.user == ""
}

var (
	errNoUser    = errors.New("names no user")
	errNoCommand = errors.New("has no command")
	errNever     = errors.New("its schedule matches no time")
)

// parseJob reads one line. A job of a user's table has no user column; one of the
// system's tables has. Without a command the line is none of a job at all.
func parseJob(text string, f format, family Family, accounts map[string]bool) job {
	var j job
	text = strings.TrimPrefix(text, "-") // cronie, SuSE: do not log
	take := func() string {
		text = strings.TrimLeft(text, " \t")
		i := strings.IndexAny(text, " \t")
		if i < 0 {
			i = len(text)
		}
		w := text[:i]
		text = strings.TrimLeft(text[i:], " \t")
		return w
	}
	switch {
	case f == anacron:
		j.schedule = take()
		switch {
		case strings.HasPrefix(j.schedule, "@"):
		case j.schedule != "" && strings.Trim(j.schedule, "0123456789") == "":
			j.schedule += " days"
		default:
			return job{err: fmt.Errorf("%q is no period", shortened(j.schedule))}
		}
		j.description = "once in " + strings.TrimPrefix(j.schedule, "@")
		take() // delay, minutes
		take() // name
		j.user = "root"
	case strings.HasPrefix(text, "@"):
		j.schedule = take()
	default:
		var parts []string
		odd := ""
		for range 5 {
			w := take()
			if odd == "" && !looksLikeField.MatchString(w) {
				odd = w + " " // also of an empty one
			}
			parts = append(parts, w)
		}
		j.schedule = strings.Join(parts, " ")
		// What cron takes is a job, whatever it looks like.
		if _, err := ParseSchedule(j.schedule, family); err != nil && odd != "" {
			return job{err: fmt.Errorf("%q is no part of a schedule", shortened(strings.TrimSuffix(odd, " ")))}
		}
	}
	if f != anacron {
		s, err := ParseSchedule(j.schedule, family)
		j.err = err
		if err == nil {
			j.description, j.perDay = s.Describe(), s.RunsPerDay()
			if s.Never() {
				j.err = errNever
			}
		}
	}
	if f == systemTab {
		rest := text
		j.user = take()
		if !accounts[j.user] && (!userName.MatchString(j.user) || programNames[j.user]) {
			j.user, text = "", rest
			if j.err == nil {
				j.err = errNoUser
			}
		}
	}
	if j.command = strings.TrimSpace(text); family != BusyBox {
		j.command, j.stdin = splitPercent(text)
	}
	if j.command == "" && j.err == nil {
		j.err = errNoCommand
	}
	return j
}

func shortened(s string) string { return text.Cut(s, 20) }

// splitPercent cuts a command at the first % that is not escaped: what follows is
// its standard input, and further ones are line ends.
func splitPercent(s string) (command, stdin string) {
	var out [2]strings.Builder
	to := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '%':
			out[to].WriteByte('%')
			i++
		case s[i] == '%' && to == 0:
			to = 1
		case s[i] == '%':
			out[to].WriteByte('\n')
		default:
			out[to].WriteByte(s[i])
		}
	}
	return strings.TrimSpace(out[0].String()), out[1].String()
}
