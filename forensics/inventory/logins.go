package inventory

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"icecore/forensics/model"
)

func loginList() List {
	return List{
		Name: "logins", Doc: "Log-ins and boots of wtmp and wtmpdb, rotated too, as last(1) shows them: the latest first.",
		Extractors: []string{"utmp", "wtmpdb"},
		Columns: []Column{
			{Name: "user", Doc: "the account; reboot for a boot"},
			{Name: "line", Doc: "the terminal; system boot for a boot"},
			{Name: "from", Doc: "the remote address, else the host as recorded; of a boot the kernel"},
			{Name: "login", Doc: "the log-in, or the boot, UTC"},
			{Name: "logout", Doc: "the log-out; of a session that a shutdown or crash ended, the time of the shutdown, or of the boot after the crash"},
			{Name: "ended", Doc: "logout; relogin: the next log-in at the same terminal; down: shutdown; crash: a boot without a shutdown; still logged in, " +
				"still running: at the end of the newest file; gone: its file does not say"},
			{Name: "duration", Doc: "from log-in to log-out, DAYS+HH:MM:SS"},
			{Name: "pid", Type: model.Number, Doc: "the process of the log-in", Hidden: true},
		},
		rows: loginRows,
	}
}

func loginRows(in *Input) []Row {
	var out []Row
	for _, l := range logs(in) {
		out = append(out, l.rows()...)
	}
	slices.SortStableFunc(out, func(a, b Row) int {
		return cmp.Or(strings.Compare(first(b.Cells[3]), first(a.Cells[3])), cmp.Compare(b.Source.Line, a.Source.Line))
	})
	return out
}

func first(c Cell) string {
	if len(c) == 0 {
		return ""
	}
	return c[0]
}

// loginLog is the wtmp of a host, all of its files.
type loginLog struct {
	sessions []*model.Record
	boots    []*model.Record // boots and shutdowns, in order of time
	newest   string          // the file with the latest entry
}

// logs gives the logs of all hosts. utmp says who is logged in now, which wtmp says, too.
func logs(in *Input) []*loginLog {
	type key struct{ host, dir string }
	byKey := make(map[key]*loginLog)
	var out []*loginLog
	latest := make(map[*loginLog]time.Time)
	for _, r := range in.live(model.LoginSession, model.LoginBoot) {
		dir, name := path.Split(r.Source.InHost())
		if !strings.HasPrefix(name, "wtmp") {
			continue
		}
		k := key{r.Source.Host, dir}
		l := byKey[k]
		if l == nil {
			l = &loginLog{}
			byKey[k] = l
			out = append(out, l)
		}
		at := r.Time("login")
		if r.Kind == model.LoginBoot {
			at = r.Time("logged")
			if e := r.Get("event"); e == "boot" || e == "shutdown" {
				l.boots = append(l.boots, r)
			}
		} else {
			l.sessions = append(l.sessions, r)
		}
		if l.newest == "" || at.After(latest[l]) {
			l.newest, latest[l] = r.Source.Path, at
		}
	}
	for _, l := range out {
		slices.SortStableFunc(l.boots, func(a, b *model.Record) int { return a.Time("logged").Compare(b.Time("logged")) })
		slices.SortStableFunc(l.sessions, func(a, b *model.Record) int { return a.Time("login").Compare(b.Time("login")) })
	}
	return out
}

func (l *loginLog) rows() []Row {
	var out []Row
	next := make(map[string]time.Time) // the next log-in at a terminal
	for _, r := range slices.Backward(l.sessions) {
		line := r.Get("line")
		from := cmp.Or(r.Get("address"), r.Get("host"))
		in := r.Time("login")
		end, how := l.end(r, next[line])
		next[line] = in
		out = append(out, Row{[]Cell{
			one(r.Get("user")), one(line), one(from), moment(in), moment(end), one(how), span(in, end), one(r.Get("pid")),
		}, r.Source})
	}
	for i, r := range l.boots {
		if r.Get("event") != "boot" {
			continue
		}
		in := r.Time("logged")
		var end time.Time
		how := "still running"
		if i+1 < len(l.boots) {
			end, how = l.boots[i+1].Time("logged"), ended(l.boots[i+1])
		}
		out = append(out, Row{[]Cell{
			{"reboot"}, {"system boot"}, one(r.Get("kernel")), moment(in), moment(end), one(how), span(in, end), nil,
		}, r.Source})
	}
	return out
}

// end says when and how a session ended. What its file does not say, a boot or shutdown
// of a later file may.
func (l *loginLog) end(r *model.Record, next time.Time) (time.Time, string) {
	in := r.Time("login")
	switch r.Get("ended") {
	case "logout":
		return r.Time("logout"), "logout"
	case "unknown":
		return next, "relogin"
	}
	for _, b := range l.boots {
		// Entries of one second are in the order of the file.
		at := b.Time("logged")
		if at.After(in) || at.Equal(in) && b.Source.Path == r.Source.Path && b.Source.Line > r.Source.Line {
			return at, ended(b)
		}
	}
	if r.Source.Path == l.newest {
		return time.Time{}, "still logged in"
	}
	return time.Time{}, "gone"
}

func ended(boot *model.Record) string {
	if boot.Get("event") == "shutdown" {
		return "down"
	}
	return "crash"
}

// span writes how long something took.
func span(from, to time.Time) Cell {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	// As last(1) has it: between whole seconds.
	n := to.Unix() - from.Unix()
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	days := ""
	if d := n / 86400; d > 0 {
		days = fmt.Sprintf("%d+", d)
	}
	return Cell{fmt.Sprintf("%s%s%02d:%02d:%02d", sign, days, n/3600%24, n/60%60, n%60)}
}
