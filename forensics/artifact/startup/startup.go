// Package startup reads what runs, or is loaded, whenever somebody logs in or any
// program starts: the shells' start-up files (bash(1), zsh(1), ksh93, mksh(1), tcsh(1), fish), the variables of
// /etc/environment and its like (pam_env(8), environment.d(5)), ld.so.preload and
// the directories of the dynamic linker (ld.so(8), ldconfig(8)).
//
// Records:
//
//	profile.line      command, programs, urls, traits, decoded (package shell);
//	                  one for each statement with a trait that is worth pointing
//	                  at, and for each that starts or sources a file that none
//	                  above it does. What statements above it set is known
//	preload.library   library: loaded into every program
//	library.path      directory: one that the dynamic linker searches; shadows: the
//	                  names in it of libraries that nearly all programs load
package startup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/unitfile"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "startup" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	out := []string{
		"/etc/profile", "/etc/profile.d/*", "/etc/bash.bashrc", "/etc/bashrc", "/etc/bash.bash_logout", "/etc/zsh/*", "/etc/zshrc", "/etc/zshenv", "/etc/zprofile", "/etc/zlogin", "/etc/zlogout", "/etc/csh.cshrc", "/etc/csh.login", "/etc/csh.logout", "/etc/ksh.kshrc", "/etc/mkshrc", "/etc/suid_profile", "/etc/fish/config.fish", "/etc/fish/conf.d/*.fish",
		"/etc/X11/Xsession.d/*", "/etc/X11/xinit/xinitrc.d/*",
		"/etc/environment", "/etc/environment.d/*.conf", "/usr/lib/environment.d/*.conf", "/usr/local/lib/environment.d/*.conf", "/run/environment.d/*.conf", "/etc/security/pam_env.conf", "/etc/default/locale", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/*",
		"/etc/bash_completion.d/*", "/etc/systemd/system.conf", "/etc/systemd/user.conf", "/etc/systemd/system.conf.d/*.conf", "/etc/systemd/user.conf.d/*.conf", "/usr/lib/systemd/system.conf.d/*.conf", "/usr/lib/systemd/user.conf.d/*.conf",
	}
	for _, home := range []string{"~", "/etc/skel", "/var/lib/*", "/var/www"} {
		for _, f := range ofUsers() {
			out = append(out, home+"/"+f)
		}
	}
	return out
}

// ofUsers are the files of each home directory.
func ofUsers() []string {
	return []string{
		".bashrc", ".bashrc.d/*", ".bash_profile", ".bash_login", ".bash_aliases", ".profile", ".bash_logout", ".bash_completion", ".config/bash/*rc", ".config/bash_completion", ".local/share/bash-completion/completions/*",
		".zshrc", ".zshrc.d/*", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".config/zsh/.zshrc", ".config/zsh/.zshenv", ".config/zsh/.zprofile", ".config/zsh/.zlogin", ".config/zsh/.zlogout", ".zsh/.zshrc", ".zsh/.zprofile", ".zsh/.zlogin",
		".kshrc", ".mkshrc", ".shrc", ".shinit", ".cshrc", ".tcshrc", ".login", ".logout", ".config/fish/config.fish", ".config/fish/conf.d/*.fish",
		".xprofile", ".xsession", ".xsessionrc", ".xinitrc", ".config/plasma-workspace/env/*.sh", ".config/openbox/autostart",
		".pam_environment", ".config/environment.d/*.conf",
	}
}

const maxRecords = 10_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	name := path.Base(in.Path)
	switch {
	case name == "ld.so.preload":
		return preload(ctx, in, emit)
	case name == "ld.so.conf" || path.Dir(in.Path) == "/etc/ld.so.conf.d":
		return linker(ctx, in, emit)
	case strings.HasPrefix(in.Path, "/etc/systemd/"), strings.HasPrefix(in.Path, "/usr/lib/systemd/"):
		return manager(ctx, in, emit)
	case name == "environment" || name == "pam_env.conf" || name == ".pam_environment" || name == "locale" || strings.HasSuffix(path.Dir(in.Path), "environment.d"):
		return environment(ctx, in, emit)
	}
	list, unread := shell.ReadStatements(in.Content)
	n, seen := 0, make(map[string]bool)
	for _, st := range list {
		if !st.Facts.Telling() && !starts(st.Facts.Programs, seen) {
			continue
		}
		if n++; n > maxRecords {
			return artifact.Cut(fmt.Errorf("more than %d notable statements; the rest was not read", maxRecords))
		}
		r := artifact.Record{Kind: model.ProfileLine, Source: artifact.Source{Line: st.Line, Offset: st.Offset, Length: st.Length}}
		r.Add("command", strings.TrimSpace(st.Text))
		st.Facts.AddTo(&r)
		emit(r)
	}
	return unread
}

// builtins are words that start no program.
var builtins = map[string]bool{
	"": true, "[": true, "[[": true, ":": true, ".": true, "alias": true, "bind": true, "builtin": true, "case": true, "cd": true, "command": true, "compdef": true, "complete": true, "compopt": true, "declare": true, "echo": true, "eval": true, "exec": true, "exit": true, "export": true,
	"false": true, "fi": true, "hash": true, "if": true, "let": true, "local": true, "mesg": true, "printf": true, "pwd": true, "read": true, "readonly": true, "return": true, "set": true, "setopt": true, "shopt": true, "source": true, "test": true, "then": true, "true": true, "type": true, "typeset": true, "ulimit": true,
	"umask": true, "unalias": true, "unset": true, "unsetopt": true, "wait": true, "autoload": true, "zstyle": true, "abbr": true, "function": true, "status": true, "trap": true, "shift": true, "emulate": true, "else": true, "elif": true, "done": true, "do": true, "for": true, "while": true, "esac": true,
}

// starts says whether a statement starts or sources a file that none above it in the same
// start-up file does.
func starts(programs []string, seen map[string]bool) bool {
	first := false
	for _, p := range programs {
		if !builtins[p] && !seen[p] && !strings.HasPrefix(p, "$") && !strings.HasPrefix(p, "-") {
			seen[p], first = true, true
		}
	}
	return first
}

// lines calls fn for each line that is no comment, and bounds the records.
func lines(ctx context.Context, in *artifact.Input, emit artifact.Emit, fn func(l artifact.Line, text string, give artifact.Emit)) error {
	n := 0
	return in.Lines(ctx, func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		fn(l, text, func(r artifact.Record) {
			if n++; n <= maxRecords {
				emit(r)
			}
		})
		if n > maxRecords {
			return artifact.Cut(fmt.Errorf("more than %d records; the rest was not read", maxRecords))
		}
		return nil
	})
}

// preload reads ld.so.preload: names separated by blanks or colons, comments from
// a # on.
func preload(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return lines(ctx, in, emit, func(l artifact.Line, _ string, give artifact.Emit) {
		text := l.Text
		if i := bytes.IndexByte(text, '#'); i >= 0 {
			text = text[:i]
		}
		for i := 0; i < len(text); {
			end := i
			for end < len(text) && bytes.IndexByte([]byte(" \t:\r\v\f"), text[end]) < 0 {
				end++
			}
			if end > i {
				r := artifact.Record{Kind: model.PreloadLibrary, Source: artifact.Source{Line: l.Number, Offset: l.Offset + int64(i), Length: int64(end - i)}}
				r.Add("library", string(text[i:min(end, i+4096)]))
				give(r)
			}
			i = end + 1
		}
	})
}

// usual are the directories that the linker searches by itself.
var usual = regexp.MustCompile(`^/(?:usr/)?lib(?:32|64|x32)?(?:/[a-z0-9_]+-linux-[a-z0-9]+)?/?$`)

// common are libraries of the system that programs of many packages load: in a directory of
// ld.so.conf, which is searched first, one of that name takes their place.
var common = []string{
	"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libresolv.so.2", "libcrypt.so.1", "libcrypt.so.2", "libnss_files.so.2", "libpam.so.0", "libpam_misc.so.0", "libselinux.so.1", "libaudit.so.1", "libcap.so.2", "libcap-ng.so.0", "libsystemd.so.0", "libwrap.so.0",
	"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so.1.0.0", "libcrypto.so.10", "libssl.so.3", "libssl.so.1.1", "libssl.so.10", "libz.so.1", "liblzma.so.5", "libzstd.so.1", "libgssapi_krb5.so.2", "libkrb5.so.3", "libcom_err.so.2", "libkeyutils.so.1", "libtinfo.so.6", "libproc2.so.0", "libprocps.so.8",
}

func linker(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return lines(ctx, in, emit, func(l artifact.Line, text string, give artifact.Emit) {
		if strings.HasPrefix(text, "include ") || strings.HasPrefix(text, "hwcap ") {
			return
		}
		text, _, _ = strings.Cut(text, "#")
		for _, d := range strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == '\t' || c == ':' || c == ',' }) {
			if !strings.HasPrefix(d, "/") {
				continue
			}
			r := artifact.Record{Kind: model.LibraryPath, Source: l.Source()}
			r.AddCut("directory", d, 4096)
			if in.Exists != nil && !usual.MatchString(d) {
				for _, name := range common {
					if in.Exists(path.Join(d, name)) {
						r.Add("shadows", name)
					}
				}
			}
			give(r)
		}
	})
}

// environment reads NAME=VALUE lines, and those of pam_env.conf(5): NAME DEFAULT=v
// OVERRIDE=v.
func environment(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return lines(ctx, in, emit, func(l artifact.Line, text string, give artifact.Emit) {
		text = strings.TrimPrefix(text, "export ")
		name, value, ok := strings.Cut(text, "=")
		if f := strings.Fields(name); len(f) == 2 { // NAME DEFAULT=
			name = f[0]
		}
		if !ok || !isName(name) {
			return
		}
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		variables(l.Source(), text, "export "+name+"="+shell.Quote(value), give)
	})
}

// manager reads the variables that systemd gives to all that it starts
// (systemd-system.conf(5)).
func manager(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	n := 0
	err := unitfile.Parse(io.NewSectionReader(in.Content, 0, in.Content.Size()), func(d unitfile.Directive) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.Name != "DefaultEnvironment" && d.Name != "ManagerEnvironment" {
			return nil
		}
		if n++; n > maxRecords {
			return artifact.Cut(fmt.Errorf("more than %d lines of variables; the rest was not read", maxRecords))
		}
		var b strings.Builder
		for _, w := range unitfile.Words(d.Value) {
			if n, v, ok := strings.Cut(w, "="); ok && isName(n) {
				b.WriteString("export " + n + "=" + shell.Quote(v) + "\n")
			}
		}
		at := model.Source{Line: d.Line, Offset: d.Offset, Length: d.Length}
		variables(at, d.Name+"="+d.Value, b.String(), emit)
		return nil
	})
	if errors.Is(err, unitfile.ErrBadSection) {
		return nil // systemd takes the rest
	}
	return err
}

// isName says whether a word can be the name of a variable.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// variables emits the record of a line that sets variables, if what it sets is worth
// pointing at.
func variables(at model.Source, text, script string, give artifact.Emit) {
	f := shell.Analyze(script)
	f.Programs = append(f.Programs, libraries(script)...)
	if !f.Telling() && len(f.Programs) == 0 {
		return
	}
	r := artifact.Record{Kind: model.ProfileLine, Source: at}
	r.AddText("command", text)
	f.AddTo(&r)
	give(r)
}

var preloaded = regexp.MustCompile(`^export (?:LD_PRELOAD|LD_AUDIT)='([^']*)'`)

// libraries gives the paths that a script of exports loads into every program.
func libraries(script string) []string {
	var out []string
	for _, line := range strings.Split(script, "\n") {
		if m := preloaded.FindStringSubmatch(line); m != nil {
			for _, p := range strings.FieldsFunc(m[1], func(c rune) bool { return c == ' ' || c == ':' }) {
				if strings.HasPrefix(p, "/") && len(out) < 50 {
					out = append(out, p)
				}
			}
		}
	}
	return out
}
