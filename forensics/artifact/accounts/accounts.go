// Package accounts reads who is known to the system: passwd(5), shadow(5) and
// group(5), and the copies of the state before the last change that shadow's
// tools leave (passwd-, shadow-, group-).
//
// Records (backup: yes for those of a copy; invalid: why a line is none of the
// format, in which case only some of the other fields are there):
//
//	account.user    name, password (only where it stands in passwd itself: set,
//	                empty), uid, gid, uid_written, gid_written (where the
//	                C library reads another text as that number), gecos, home, shell
//	account.shadow  name, password (set, locked, none, empty), hash (its type),
//	                changed (date of the last change, UTC), must_change (yes),
//	                expires (date)
//	account.group   name, gid, members (by commas), password (set)
//	hook.command    event: login-shell; the program that a shell of passwd names, once
//
// Fields are not trimmed: a blank behind a shell is how an intruder hides one.
// Hashes themselves are never in a record.
package accounts

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "accounts" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/passwd", "/etc/passwd-", "/etc/shadow", "/etc/shadow-",
		"/etc/group", "/etc/group-",
	}
}

const (
	maxLines = 100_000
	maxText  = 64 << 10 // bytes of a line that are looked at
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	name, isCopy := strings.CutSuffix(path.Base(in.Path), "-")
	read := map[string]func(*artifact.Record, []string){"passwd": passwd, "shadow": shadow, "group": group}[name]
	if read == nil {
		return nil
	}
	shells := make(loginShells)
	return in.Lines(ctx, func(l artifact.Line) error {
		if l.Number > maxLines {
			return fmt.Errorf("more than %d lines; the rest was not read", maxLines)
		}
		text := l.Head(maxText)
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			return nil
		}
		r := artifact.Record{Source: l.Source()}
		read(&r, strings.Split(text, ":"))
		if isCopy {
			r.AddBool("backup", true)
		}
		emit(r)
		if !isCopy && r.Kind == model.AccountUser {
			shells.add(&r, emit)
		}
		return nil
	})
}

// loginShells are the programs that passwd(5) has run as somebody logs in, each once.
type loginShells map[string]bool

const maxShells = 200 // of one file

// add emits the record of the shell of an account: what it starts at each login.
func (s loginShells) add(account *artifact.Record, emit artifact.Emit) {
	program := account.Get("shell")
	if !strings.HasPrefix(program, "/") || s[program] || len(s) == maxShells {
		return
	}
	s[program] = true
	r := artifact.Record{Kind: model.HookCommand, Source: account.Source}
	r.Add("event", "login-shell")
	r.Add("user", account.Get("name"))
	r.AddText("command", program)
	f := shell.Analyze(shell.Quote(program))
	f.AddTo(&r)
	emit(r)
}

// field gives the i-th field, empty where there is none.
func field(f []string, i int) string {
	if i < len(f) {
		return f[i]
	}
	return ""
}

// number adds a field that must be a number of 32 bits: the number that the C library
// reads, and what is written where that is another text.
func number(r *artifact.Record, name, written, value string) string {
	n, ok := parse(value)
	if !ok {
		r.Add(name, value)
		return name + " is not a number"
	}
	r.Add(name, n)
	if n != value {
		r.Add(written, value)
	}
	return ""
}

// parse reads a number as strtoul(3) does, by which the C library reads ids: behind blanks
// a sign, then digits; "00" and "+0" are 0.
func parse(s string) (string, bool) {
	digits := strings.TrimLeft(s, " \t\v\f\r")
	minus := strings.HasPrefix(digits, "-")
	if minus || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if digits == "" || err != nil && !errors.Is(err, strconv.ErrRange) || strings.ContainsAny(digits, "+-_") {
		return "", false
	}
	if minus {
		n = -n
	}
	if err != nil || minus && n != 0 || n > math.MaxUint32 {
		return "", false // the C library makes the highest id of it, which is nobody's
	}
	return strconv.FormatUint(n, 10), true
}

// passwd reads name:password:uid:gid:gecos:home:shell. Lines that begin with +
// or - are those of NIS and may lack the rest.
func passwd(r *artifact.Record, f []string) {
	r.Kind = "account.user"
	r.Add("name", f[0])
	nis := f[0] != "" && (f[0][0] == '+' || f[0][0] == '-')
	switch p := field(f, 1); {
	case nis:
	case len(f) > 1 && p == "":
		r.Add("password", "empty")
	case p != "" && p != "x" && p[0] != '*' && p[0] != '!':
		r.Add("password", "set")
	}
	var wrong []string
	for i, n := range [][2]string{{"uid", "uid_written"}, {"gid", "gid_written"}} {
		if why := number(r, n[0], n[1], field(f, 2+i)); why != "" && !nis {
			wrong = append(wrong, why)
		}
	}
	r.Add("gecos", field(f, 4))
	r.Add("home", field(f, 5))
	r.Add("shell", field(f, 6))
	if len(f) != 7 && !nis {
		wrong = append([]string{fmt.Sprintf("%d fields, not 7", len(f))}, wrong...)
	}
	r.Add("invalid", strings.Join(wrong, "; "))
}

// shadow reads name:hash:last change:min:max:warn:inactive:expires:.
func shadow(r *artifact.Record, f []string) {
	r.Kind = "account.shadow"
	r.Add("name", f[0])
	state, hash := password(field(f, 1))
	if len(f) > 1 {
		r.Add("password", state)
		r.Add("hash", hash)
	}
	if changed := field(f, 2); changed == "0" {
		r.AddBool("must_change", true)
	} else {
		r.Add("changed", date(changed))
	}
	r.Add("expires", date(field(f, 7)))
	if len(f) != 9 {
		r.Add("invalid", fmt.Sprintf("%d fields, not 9", len(f)))
	}
}

// date writes days since 1970 as a date.
func date(days string) string {
	d, err := strconv.ParseInt(days, 10, 32)
	if err != nil || d <= 0 || d > 1_000_000 {
		return ""
	}
	return time.Unix(d*86400, 0).UTC().Format("2006-01-02")
}

// password says what the second field of shadow(5) means. A hash may stand
// behind the "!" that locks it.
func password(s string) (state, hash string) {
	switch {
	case s == "":
		return "empty", ""
	case s[0] == '!':
		return "locked", hashType(strings.TrimLeft(s, "!"))
	case s[0] == '*' || s == "x":
		return "none", ""
	}
	return "set", hashType(s)
}

// hashType names the method of crypt(5).
func hashType(s string) string {
	if s == "" || s[0] == '*' {
		return ""
	}
	if s[0] == '_' {
		return "BSDi"
	}
	if s[0] != '$' {
		if len(s) == 13 {
			return "DES"
		}
		return "unknown"
	}
	method, _, ok := strings.Cut(s[1:], "$")
	if !ok {
		return "unknown"
	}
	switch method {
	case "1":
		return "MD5"
	case "2", "2a", "2b", "2x", "2y":
		return "bcrypt"
	case "5":
		return "SHA-256"
	case "6":
		return "SHA-512"
	case "7":
		return "scrypt"
	case "y":
		return "yescrypt"
	case "gy":
		return "gost-yescrypt"
	case "sha1":
		return "SHA-1"
	case "3":
		return "NT"
	}
	return "unknown"
}

// group reads name:password:gid:members.
func group(r *artifact.Record, f []string) {
	r.Kind = "account.group"
	r.Add("name", f[0])
	why := number(r, "gid", "gid_written", field(f, 2))
	if p := field(f, 1); p != "" && p != "x" && p[0] != '*' && p[0] != '!' {
		r.Add("password", "set")
	}
	r.AddList("members", strings.Split(field(f, 3), ","))
	switch nis := f[0] != "" && f[0][0] == '+'; {
	case nis:
	case len(f) != 4:
		r.Add("invalid", fmt.Sprintf("%d fields, not 4", len(f)))
	default:
		r.Add("invalid", why)
	}
}
