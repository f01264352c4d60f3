// Package rclocal reads what runs at boot without a unit of systemd: rc.local of
// both families, the scripts of init.d, what stands in the directories of runlevels
// without being a link to one of them, the settings that such scripts source, and inittab
// (systemd-rc-local-generator(8), systemd-sysv-generator(8), init-d-script(5),
// openrc-run(8), inittab(5)).
//
// Records:
//
//	rc.line       command, programs, urls, traits, decoded (package shell),
//	              executable (yes, no: an rc.local that is not is not run),
//	              ignored (why it is not run), linked_to; one for each statement.
//	              What a statement above it sets or fetches is known. Of a service
//	              of OpenRC the command that it sets, of settings the statements
//	              with a trait that is worth pointing at
//	init.script   interpreter, programs (by path), urls, traits, decoded,
//	              suspicious_line, of the script as a whole; linked_to, ignored
//	inittab.line  id, runlevels, action, command, programs, urls, traits, decoded
package rclocal

import (
	"context"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "rclocal" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/rc.local", "/etc/rc.d/rc.local", "/etc/rc.modules", "/etc/rc.d/rc.modules", "/etc/rc.sysinit", "/etc/rc.d/rc.sysinit", "/etc/init.d/boot.local", "/etc/rc.local.d/*",
		"/etc/init.d/*", "/etc/rc.d/init.d/*", "/etc/rc[0-6S].d/*", "/etc/rc.d/rc[0-6S].d/*", "/etc/inittab",
		"/etc/local.d/*.start", "/etc/local.d/*.stop", "/etc/runlevels/*/*", "/etc/rc.conf", "/etc/conf.d/*", "/etc/default/*", "/etc/sysconfig/*",
	}
}

const maxLines = 10_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	dir, name := path.Split(in.Path)
	target := in.Target
	if target != "" && !strings.HasPrefix(target, "/") {
		target = path.Join(dir, target)
	}
	if target != "" && own(path.Clean(target)) {
		return nil // it is read where it leads
	}
	switch {
	case in.Path == "/etc/inittab":
		return inittab(ctx, in, emit)
	case in.Path == "/etc/rc.conf", dir == "/etc/conf.d/", dir == "/etc/default/", dir == "/etc/sysconfig/":
		return settings(ctx, in, emit)
	case strings.HasPrefix(dir, "/etc/runlevels/"), strings.HasSuffix(dir, ".d/") && name != "rc.local" && name != "boot.local" && !strings.HasPrefix(name, "rc."):
		if name == "README" || name == ".legacy-bootordering" || strings.HasPrefix(name, ".depend.") {
			return nil
		}
		r := artifact.Record{Kind: model.InitScript}
		err := shell.AddScript(&r, in.Content)
		r.Add("linked_to", in.Target)
		if in.Inode != nil && in.Target == "" && in.Inode.Mode&0o111 == 0 {
			r.Add("ignored", "not executable")
		}
		emit(r)
		if strings.HasSuffix(r.Get("interpreter"), "/openrc-run") || strings.HasSuffix(r.Get("interpreter"), "/runscript") {
			service(in, emit)
		}
		return err
	}
	return rcLocal(ctx, in, emit)
}

// own says that a path is among those that are read.
func own(p string) bool {
	switch dir, name := path.Split(p); dir {
	case "/etc/init.d/", "/etc/rc.d/init.d/":
		return true
	case "/etc/", "/etc/rc.d/":
		return strings.HasPrefix(name, "rc.")
	}
	return false
}

func rcLocal(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	list, unread := shell.ReadStatements(in.Content)
	executable := in.Inode == nil || in.Target != "" || in.Inode.Mode&0o111 != 0
	ended := false
	for n, st := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if n == maxLines {
			return artifact.Cut(fmt.Errorf("more than %d statements; the rest was not read", maxLines))
		}
		r := artifact.Record{Kind: model.RCLine, Source: artifact.Source{Line: st.Line, Offset: st.Offset, Length: st.Length}}
		r.Add("command", strings.TrimSpace(st.Text))
		st.Facts.AddTo(&r)
		switch {
		case executable:
			r.AddBool("executable", true)
		default:
			r.Add("executable", "no")
		}
		switch {
		case !executable:
			r.Add("ignored", "not executable")
		case ended:
			r.Add("ignored", "stands behind the exit")
		}
		r.Add("linked_to", in.Target)
		emit(r)
		// An exit at the beginning of a line stands in no block, as people write.
		if w := strings.Fields(st.Text); len(w) > 0 && w[0] == "exit" && len(w) < 3 && atLineStart(in, st.Offset) {
			ended = true
		}
	}
	return unread
}

func atLineStart(in *artifact.Input, off int64) bool {
	if off == 0 {
		return true
	}
	var b [1]byte
	n, _ := in.Content.ReadAt(b[:], off-1)
	return n == 1 && b[0] == '\n'
}

func inittab(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	n := 0
	return in.Lines(ctx, func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		if n++; n > maxLines {
			return artifact.Cut(fmt.Errorf("more than %d lines; the rest was not read", maxLines))
		}
		p := strings.SplitN(text, ":", 4)
		if len(p) < 4 || p[3] == "" {
			return nil
		}
		r := artifact.Record{Kind: model.InittabLine, Source: l.Source()}
		r.AddCut("id", p[0], 64)
		r.AddCut("runlevels", p[1], 64)
		r.AddCut("action", p[2], 64)
		command := strings.TrimLeft(p[3], "+-") // not logged, a login shell
		r.AddText("command", command)
		f := shell.Analyze(command)
		f.AddTo(&r)
		emit(r)
		return nil
	})
}
