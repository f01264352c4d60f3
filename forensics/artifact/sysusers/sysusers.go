// Package sysusers reads sysusers.d(5): the accounts that systemd-sysusers makes at boot and
// as packages are installed.
//
// Records: hook.sysusers for each line that makes an account with the number of root or with
// a login shell, or puts one into a group of administrators. Accounts of services, which
// have neither, give none. Bounds: those of package command.
package sysusers

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "sysusers" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{command.Files(read, "/etc/sysusers.d/*.conf", "/run/sysusers.d/*.conf", "/usr/local/lib/sysusers.d/*.conf", "/usr/lib/sysusers.d/*.conf")}
}

const maxLine = 64 << 10 // bytes

func read(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(maxLine))
		w := command.Split(text)
		if len(w) < 3 || strings.HasPrefix(w[0], "#") {
			return nil
		}
		at := func(i int) string {
			if i < len(w) && w[i] != "-" {
				return w[i]
			}
			return ""
		}
		script, login := "", at(5)
		switch kind := strings.TrimRight(w[0], "!"); {
		case kind == "u" && (isRoot(at(2)) && at(1) != "root" || logsIn(login) && at(1) != "root"):
			script = "useradd -o -u " + shell.Quote(strings.SplitN(at(2), ":", 2)[0]) + " -s " + shell.Quote(login) + " " + shell.Quote(at(1))
		case kind == "m" && slices.Contains([]string{"root", "sudo", "wheel", "admin", "shadow", "disk", "docker", "lxd"}, at(2)):
			script = "usermod -aG " + shell.Quote(at(2)) + " " + shell.Quote(at(1))
		default:
			return nil
		}
		f := shell.Analyze(script)
		f.Programs = nil // no shell runs it
		if isRoot(at(2)) && !f.Has("account_write") {
			f.Traits = append(f.Traits, "account_write")
			slices.Sort(f.Traits)
		}
		if login != "" {
			f.Programs = []string{login}
		}
		return r.Command(model.HookSysusers, l.Source(), text, f, command.Event(w[0]), model.Named("user", at(1)), model.Named("id", at(2)), model.Named("shell", login))
	})
}

// isRoot says whether an id is that of root: 0, 0:0, 00.
func isRoot(id string) bool {
	uid, _, _ := strings.Cut(id, ":")
	n, err := strconv.ParseUint(uid, 10, 32)
	return err == nil && n == 0
}

// logsIn says whether a shell takes commands; none is nologin.
func logsIn(program string) bool {
	switch path.Base(program) {
	case ".", "nologin", "false", "true", "sync":
		return false
	}
	return true
}
