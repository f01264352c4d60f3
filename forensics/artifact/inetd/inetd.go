// Package inetd reads what inetd and xinetd run for each connection: inetd.conf(5) and
// xinetd.conf(5). Records: hook.command (event: service), with the user; none of a service
// of xinetd that is disabled.
package inetd

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "inetd" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(services,
			"/etc/inetd.conf",
			"/etc/inetd.d/*",
		),
		command.Files(blocks,
			"/etc/xinetd.conf",
			"/etc/xinetd.d/*",
		),
	}
}

// services reads inetd.conf(5): service, type, protocol, wait, user, program, argv.
func services(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		f := strings.Fields(l.Head(maxLine))
		if len(f) < 6 || f[0][0] == '#' || f[5] == "internal" {
			return nil
		}
		args := f[5:6]
		if len(f) > 7 {
			args = append(args, f[7:]...) // the first is argv[0]
		}
		user, _, _ := strings.Cut(f[4], ".")
		return give(r, l.Source(), user, args)
	})
}

const maxLine = 64 << 10 // bytes

// blocks reads xinetd.conf(5): the server of each service that is not disabled, with its
// arguments. What disables it may stand behind the server.
func blocks(r *command.Reader) error {
	var at model.Source
	var server, args, user string
	off := false
	flush := func() error {
		defer func() { server, args, user, off = "", "", "", false }()
		if server == "" || off {
			return nil
		}
		return give(r, at, user, append([]string{server}, strings.Fields(args)...))
	}
	err := r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(maxLine))
		switch {
		case text == "}":
			return flush()
		case strings.HasPrefix(text, "#"):
			return nil
		}
		if v := command.Value(text, "server"); v != "" {
			server, at = v, l.Source()
		}
		if v := command.Value(text, "server_args"); v != "" {
			args = strings.TrimSpace(args + " " + v)
		}
		if v := command.Value(text, "user"); v != "" {
			user = v
		}
		if v := command.Value(text, "disable"); v != "" {
			off = strings.EqualFold(v, "yes")
		}
		return nil
	})
	if artifact.Ended(err) {
		if e := flush(); e != nil {
			return e
		}
	}
	return err
}

var shells = regexp.MustCompile(`^/(?:usr/)?(?:local/)?bin/(?:ba|da|z|k|a|c|tc|fi)?sh$`)

// give emits the record of a server. One that is a shell gives it to whoever connects,
// unless it is given a script or a command to run.
func give(r *command.Reader, at model.Source, user string, args []string) error {
	text := strings.Join(args, " ")
	args = command.Split(text) // no server knows quotes: what is meant counts
	if len(args) == 0 {
		return nil
	}
	f := shell.Analyze(command.Quoted(args))
	script := slices.ContainsFunc(args[1:], func(a string) bool { return a == "-c" || !strings.HasPrefix(a, "-") })
	if shells.MatchString(args[0]) && !script && !f.Has("bind_shell") {
		f.Traits = append(f.Traits, "bind_shell")
		slices.Sort(f.Traits)
	}
	return r.Command(model.HookCommand, at, text, f, command.Event("service"), model.Named("user", user))
}
