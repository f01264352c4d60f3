// Package sshkeys reads who may log in by key, and how sshd is set:
// authorized_keys files (sshd(8), AUTHORIZED_KEYS FILE FORMAT) and
// sshd_config(5).
//
// Records:
//
//	ssh.key      type, fingerprint (SHA256, as ssh-keygen -l prints it), comment,
//	             options, user (whose file it is, as far as its path says),
//	             invalid (why sshd would not take it as a key), data (what stands
//	             there instead of base64); programs, urls, traits, decoded of its
//	             forced command and its variables (package shell)
//	sshd.option  option (in the spelling of the manual), value, match (the
//	             condition it stands under): those that decide who gets in;
//	             programs, urls, traits, decoded of one that runs something
//
// A line that is no key is a record too: intruders err, and what they leave
// beside the key (a database's dump, a shell's error) shows how they came in.
package sshkeys

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "sshkeys" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"**/.ssh/authorized_keys*", "/etc/ssh/*keys*", "/etc/ssh/*keys*/*", "/etc/ssh/*keys*/*/*", "/etc/dropbear/authorized_keys",
		// Where AuthorizedKeysFile points, as manuals suggest.
		"/etc/ssh/*/authorized_keys*", "/etc/authorized_keys*", "/etc/authorized_keys*/*", "/etc/openssh/*keys*/*", "/usr/local/etc/ssh/*keys*", "/usr/local/etc/ssh/*keys*/*", "/var/lib/*/authorized_keys*", "/var/ssh/*/authorized_keys*",
		"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf", "/etc/openssh/sshd_config", "/usr/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config.d/*.conf", "/usr/local/etc/ssh/sshd_config", "/usr/local/etc/ssh/sshd_config.d/*.conf",
	}
}

const (
	maxLines = 100_000
	maxText  = 64 << 10 // bytes of a line that are looked at; sshd stops earlier
	maxShown = 4096     // bytes of a field
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	config := strings.Contains(in.Path, "ssh/sshd_config")
	user, match := owner(in), ""
	return in.Lines(ctx, func(l artifact.Line) error {
		if l.Number > maxLines {
			return artifact.Cut(fmt.Errorf("more than %d lines; the rest was not read", maxLines))
		}
		text := strings.Trim(l.Head(maxText), " \t\r")
		if text == "" || text[0] == '#' {
			return nil
		}
		r := artifact.Record{Source: l.Source()}
		if !config {
			r.Kind = "ssh.key"
			opts := key(&r, text)
			r.Add("user", user)
			forced(&r, opts)
			emit(r)
			return nil
		}
		name, value := option(text)
		known, ok := options[strings.ToLower(name)]
		if known == "Match" {
			match = value
			if strings.EqualFold(value, "all") {
				match = ""
			}
			return nil
		}
		if ok {
			r.Kind = "sshd.option"
			r.Add("option", known)
			r.Add("value", value)
			r.Add("match", match)
			runs(&r, known, value)
			emit(r)
		}
		return nil
	})
}

// owner says whose keys a file holds: of ~/.ssh/authorized_keys, of
// /etc/ssh/authorized_keys.d/NAME and of /etc/ssh/NAME/authorized_keys.
func owner(in *artifact.Input) string {
	dir, name := path.Split(in.Path)
	dir = path.Clean(dir)
	if path.Base(dir) == ".ssh" {
		return in.Owner("~/.ssh/*")
	}
	for _, top := range []string{"/etc/ssh/", "/etc/openssh/", "/usr/local/etc/ssh/", "/var/ssh/", "/var/lib/"} {
		if strings.HasPrefix(dir, top) && strings.HasPrefix(name, "authorized_keys") {
			return path.Base(dir)
		}
	}
	if strings.HasPrefix(dir, "/etc/") || strings.HasPrefix(dir, "/usr/local/etc/ssh/") {
		return strings.TrimSuffix(name, ".keys")
	}
	return ""
}

// key reads "[options] type base64 [comment]"; options may hold quoted blanks.
// It gives the options.
func key(r *artifact.Record, text string) (opts string) {
	rest := text
	if !isType(rest) {
		i := optionsEnd(rest)
		opts, rest = rest[:i], strings.TrimLeft(rest[i:], " \t")
		if !isType(rest) {
			r.Add("invalid", "no key type")
			r.AddCut("comment", text, maxShown)
			return ""
		}
	}
	kind, rest := word(rest)
	data, comment := word(rest)
	r.Add("type", kind)
	switch blob, err := decode(data); {
	case isNumber(kind): // protocol 1: bits exponent modulus
		r.Add("invalid", "a key of protocol 1")
	case data == "":
		r.Add("invalid", "no key data")
	case err != nil:
		r.Add("invalid", "the key data is not base64")
		r.AddCut("data", data, maxShown)
	default:
		sum := sha256.Sum256(blob)
		r.Add("fingerprint", "SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:]))
		if why := check(kind, blob); why != "" {
			r.Add("invalid", why)
		}
	}
	r.AddCut("comment", comment, maxShown)
	r.AddCut("options", opts, maxShown)
	return opts
}

// forced says what the options of a key run, and what variables they set.
func forced(r *artifact.Record, opts string) {
	var b, value strings.Builder
	for opts != "" {
		name, rest, _ := strings.Cut(opts, "=\"")
		name = name[strings.LastIndexByte(name, ',')+1:]
		value.Reset()
		i := 0
		for ; i < len(rest) && rest[i] != '"'; i++ {
			if rest[i] == '\\' && i+1 < len(rest) && rest[i+1] == '"' {
				i++
			}
			value.WriteByte(rest[i])
		}
		opts = rest[min(i+1, len(rest)):]
		switch strings.ToLower(name) {
		case "command":
			b.WriteString(value.String() + "\n")
		case "environment":
			if n, v, ok := strings.Cut(value.String(), "="); ok && n != "" && strings.Trim(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" {
				b.WriteString("export " + n + "=" + shell.Quote(v) + "\n")
			}
		}
	}
	if b.Len() > 0 {
		f := shell.Analyze(b.String())
		f.AddTo(r)
	}
}

// runs says what an option of sshd runs.
func runs(r *artifact.Record, option, value string) {
	switch option {
	case "Subsystem":
		_, value = word(value)
	case "AuthorizedKeysCommand", "AuthorizedPrincipalsCommand", "ForceCommand":
	default:
		return
	}
	if value != "" && value != "none" {
		f := shell.Analyze(value)
		f.AddTo(r)
	}
}

// word cuts the first word off.
func word(s string) (first, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// decode reads base64 as sshd does, and where the padding is missing.
func decode(s string) ([]byte, error) {
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b, nil
	}
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
}

// check looks at the fields of a key (RFC 4253, 6.6): each has its length in
// front, and the first repeats the type.
func check(kind string, blob []byte) string {
	for first := true; len(blob) > 0; first = false {
		if len(blob) < 4 {
			return "the key data is cut short"
		}
		n := binary.BigEndian.Uint32(blob)
		if uint64(n) > uint64(len(blob)-4) {
			return "the key data is cut short"
		}
		if first && string(blob[4:4+n]) != kind {
			return "the key data is of another type"
		}
		blob = blob[4+n:]
	}
	return ""
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// isType says whether text begins with the type of a key.
func isType(s string) bool {
	t, rest := word(s)
	for _, p := range []string{"ssh-rsa", "ssh-dss", "ssh-ed25519", "ssh-ed448", "ssh-xmss", "ecdsa-sha2-", "rsa-sha2-", "sk-ssh-", "sk-ecdsa-"} {
		if strings.HasPrefix(t, p) {
			return true
		}
	}
	second, _ := word(rest)
	return isNumber(t) && isNumber(second)
}

// optionsEnd finds the first blank outside of quotes.
func optionsEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) && s[i+1] == '"' {
				i++
			}
		case '"':
			quoted = !quoted
		case ' ', '\t':
			if !quoted {
				return i
			}
		}
	}
	return len(s)
}

// options are those of sshd_config that decide who gets in and what runs then,
// by their names in lower case.
var options = optionNames(
	"PermitRootLogin", "PasswordAuthentication", "PubkeyAuthentication", "KbdInteractiveAuthentication",
	"ChallengeResponseAuthentication", "PermitEmptyPasswords", "AuthenticationMethods", "UsePAM",
	"AuthorizedKeysFile", "AuthorizedKeysCommand", "AuthorizedKeysCommandUser", "AuthorizedPrincipalsFile",
	"AuthorizedPrincipalsCommand", "TrustedUserCAKeys", "HostbasedAuthentication", "IgnoreRhosts", "StrictModes",
	"AllowUsers", "AllowGroups", "DenyUsers", "DenyGroups", "MaxAuthTries", "LoginGraceTime",
	"Port", "ListenAddress", "ForceCommand", "PermitUserEnvironment", "PermitUserRC", "PermitTunnel", "GatewayPorts",
	"AllowTcpForwarding", "Subsystem", "LogLevel", "SyslogFacility", "Include", "Match",
)

func optionNames(names ...string) map[string]string {
	m := make(map[string]string, len(names))
	for _, n := range names {
		m[strings.ToLower(n)] = n
	}
	return m
}

// option reads "Name value", "Name=value" and "Name "value"".
func option(text string) (name, value string) {
	i := strings.IndexAny(text, " \t=")
	if i < 0 {
		return text, ""
	}
	name, value = text[:i], strings.TrimLeft(text[i:], " \t")
	value = strings.TrimSpace(strings.TrimPrefix(value, "="))
	if n := len(value); n > 1 && value[0] == '"' && strings.IndexByte(value[1:], '"') == n-2 {
		value = value[1 : n-1]
	}
	return name, value
}
