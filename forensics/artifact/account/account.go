// Package account reads who may be on the system and as what: passwd(5),
// shadow(5), their backups, and sudoers(5).
//
// Records:
//
//	account.user    name, uid, gid, home, shell, backup (yes for passwd-)
//	account.shadow  name, password (set, locked, none, empty), hash (its type),
//	                changed (date of the last change), backup
//	sudo.rule       who, rule, nopasswd (yes)
package account

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/artifact"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "account" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"/etc/passwd", "/etc/passwd-", "/etc/shadow", "/etc/shadow-", "/etc/sudoers", "/etc/sudoers.d/*"}
}

const maxLines = 100_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	backup := ""
	if strings.HasSuffix(in.Path, "-") {
		backup = "yes"
	}
	joined, joinedAt := "", artifact.Line{}
	return artifact.Lines(in.Content, func(l artifact.Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.Number > maxLines {
			return fmt.Errorf("more than %d lines", maxLines)
		}
		text := string(l.Text)
		r := artifact.Record{Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}}
		switch {
		case strings.HasPrefix(in.Path, "/etc/passwd"):
			f := strings.Split(text, ":")
			if len(f) < 7 {
				return nil
			}
			r.Kind = "account.user"
			r.Add("name", f[0])
			r.Add("uid", f[2])
			r.Add("gid", f[3])
			r.Add("home", f[5])
			r.Add("shell", f[6])
			r.Add("backup", backup)
			emit(r)
		case strings.HasPrefix(in.Path, "/etc/shadow"):
			f := strings.Split(text, ":")
			if len(f) < 3 {
				return nil
			}
			r.Kind = "account.shadow"
			r.Add("name", f[0])
			state, hash := password(f[1])
			r.Add("password", state)
			r.Add("hash", hash)
			if d, err := strconv.Atoi(f[2]); err == nil && d > 0 && d < 1_000_000 {
				r.Add("changed", time.Unix(int64(d)*86400, 0).UTC().Format("2006-01-02"))
			}
			r.Add("backup", backup)
			emit(r)
		default:
			// A rule may go on in the next line.
			if joined == "" {
				joinedAt = artifact.Line{Number: l.Number, Offset: l.Offset}
			}
			if strings.HasSuffix(text, `\`) && len(joined) < artifact.MaxLine {
				joined += strings.TrimSuffix(text, `\`) + " "
				return nil
			}
			rule := strings.TrimSpace(joined + text)
			end := l.Offset + int64(len(l.Text))
			joined = ""
			if rule == "" || rule[0] == '#' || rule[0] == '@' || strings.HasPrefix(rule, "Defaults") || strings.Contains(strings.SplitN(rule, " ", 2)[0], "_Alias") {
				return nil
			}
			r.Kind = "sudo.rule"
			r.Source.Line, r.Source.Offset, r.Source.Length = joinedAt.Number, joinedAt.Offset, end-joinedAt.Offset
			who, _, _ := strings.Cut(strings.ReplaceAll(rule, "\t", " "), " ")
			r.Add("who", who)
			r.Add("rule", rule)
			if strings.Contains(rule, "NOPASSWD:") {
				r.Add("nopasswd", "yes")
			}
			emit(r)
		}
		return nil
	})
}

// password says what the second field of shadow(5) means.
func password(s string) (state, hash string) {
	switch {
	case s == "":
		return "empty", ""
	case strings.HasPrefix(s, "!"):
		return "locked", ""
	case s == "*" || s == "x":
		return "none", ""
	}
	types := map[string]string{"1": "MD5", "2a": "bcrypt", "2b": "bcrypt", "2y": "bcrypt", "5": "SHA-256", "6": "SHA-512", "y": "yescrypt", "gy": "gost-yescrypt", "7": "scrypt"}
	if f := strings.Split(s, "$"); len(f) > 2 {
		return "set", types[f[1]]
	}
	return "set", "DES"
}
