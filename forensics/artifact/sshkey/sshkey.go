// Package sshkey reads who may log in by key, and how sshd is set: authorized_keys
// files (sshd(8)) and sshd_config(5).
//
// Records:
//
//	ssh.key      type, fingerprint (SHA256, as ssh-keygen -l prints it), comment,
//	             options, user (whose folder it is), invalid (why it is no key)
//	sshd.option  option, value, for options that decide who gets in
package sshkey

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "sshkey" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{"**/.ssh/authorized_keys", "**/.ssh/authorized_keys2", "/etc/ssh/authorized_keys*", "/etc/ssh/authorized_keys/*", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"}
}

const maxLines = 100_000

var options = map[string]bool{"permitrootlogin": true, "passwordauthentication": true, "authorizedkeysfile": true, "authorizedkeyscommand": true, "permitemptypasswords": true, "port": true, "trustedusercakeys": true, "forcecommand": true, "allowusers": true, "denyusers": true, "pubkeyauthentication": true, "match": true}

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	config := strings.Contains(in.Path, "sshd_config")
	user := ""
	if dir := path.Dir(in.Path); path.Base(dir) == ".ssh" {
		user = path.Base(path.Dir(dir))
	}
	return artifact.Lines(in.Content, func(l artifact.Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.Number > maxLines {
			return fmt.Errorf("more than %d lines", maxLines)
		}
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		r := artifact.Record{Kind: "ssh.key", Source: artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}}
		if config {
			name, value, _ := strings.Cut(strings.NewReplacer("\t", " ", "=", " ").Replace(text), " ")
			if !options[strings.ToLower(name)] {
				return nil
			}
			r.Kind = "sshd.option"
			r.Add("option", name)
			r.Add("value", strings.TrimSpace(value))
			emit(r)
			return nil
		}
		key(&r, text)
		r.Add("user", user)
		emit(r)
		return nil
	})
}

var keyTypes = []string{"ssh-", "ecdsa-", "sk-"}

// key reads "[options] type base64 [comment]"; options may hold quoted blanks.
func key(r *artifact.Record, text string) {
	rest := text
	var opts string
	for !isType(rest) {
		i := unquotedSpace(rest)
		if i < 0 {
			r.Add("invalid", "no key type")
			r.Add("comment", text)
			return
		}
		opts = strings.TrimSpace(opts + " " + rest[:i])
		rest = strings.TrimLeft(rest[i:], " \t")
	}
	f := strings.Fields(rest)
	r.Add("type", f[0])
	if len(f) < 2 {
		r.Add("invalid", "no key data")
	} else if b, err := base64.StdEncoding.DecodeString(f[1]); err != nil {
		if b, err = base64.RawStdEncoding.DecodeString(f[1]); err != nil {
			r.Add("invalid", "the key data is not base64")
		} else {
			r.Add("fingerprint", fingerprint(b))
		}
	} else {
		r.Add("fingerprint", fingerprint(b))
	}
	if len(f) > 2 {
		r.Add("comment", strings.Join(f[2:], " "))
	}
	r.Add("options", opts)
}

func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

func isType(s string) bool {
	for _, t := range keyTypes {
		if strings.HasPrefix(s, t) {
			return true
		}
	}
	return false
}

func unquotedSpace(s string) int {
	quoted := false
	for i := range len(s) {
		switch s[i] {
		case '"':
			quoted = !quoted
		case ' ', '\t':
			if !quoted {
				return i
			}
		}
	}
	return -1
}
