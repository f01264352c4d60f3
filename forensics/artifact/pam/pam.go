// Package pam reads pam.d(5): what runs as somebody logs in, or uses su or sudo.
// Records: pam.line for each line of the authentication stacks, for an analysis to go
// through; hook.pam for each line of pam_exec(8), pam_script or a module that runs a script
// of another language (pam_python, pam_perl, pam_lua), and for each module named by a path
// of its own outside of the module directories.
//
// Not read: a changed module in its usual place; that is a matter of package integrity.
package pam

import (
	"context"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "pam" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(stack,
			"/etc/pam.conf",
			"/etc/pam.d/*",
			"/usr/lib/pam.d/*",
		),
	}
}

// stack reads the lines of pam.d(5) that run a program: pam_exec(8) and pam_script,
// and modules that are named by a path of their own.
func stack(r *command.Reader) error {
	var text string
	var at model.Source
	return r.EachLine(func(l artifact.Line) error {
		t := strings.TrimSpace(string(l.Text))
		if text == "" {
			if t == "" || t[0] == '#' {
				return nil
			}
			at = l.Source()
		}
		at.Length = l.Offset + int64(len(l.Text)) - at.Offset
		if s, more := strings.CutSuffix(t, `\`); more && len(text) < 64<<10 {
			text += s + " "
			return nil
		}
		line := text + t
		text = ""
		return module(r, line, at)
	})
}

// moduleDir are the directories in which modules stand; a name without a directory is
// looked up there, and one with .. leads from there to anywhere.
var moduleDir = regexp.MustCompile(`^/(?:usr/)?(?:local/)?lib(?:32|64|x32)?(?:/[a-z0-9_]+-linux-[a-z0-9]+)?/security$`)

// module reads one line: type, control, module, arguments.
func module(r *command.Reader, line string, at model.Source) error {
	service := path.Base(r.Path)
	// [success=1 default=ignore] is one word.
	if i, j := strings.IndexByte(line, '['), strings.IndexByte(line, ']'); i >= 0 && j > i {
		line = line[:i] + strings.ReplaceAll(line[i:j], " ", ",") + line[j:]
	}
	w := command.Split(line)
	if service == "pam.conf" && len(w) > 0 {
		service, w = w[0], w[1:]
	}
	if err := stackLine(r, service, w, at); err != nil {
		return err
	}
	if len(w) < 3 {
		return nil
	}
	lib, args := w[2], w[3:]
	fields := model.Fields{
		model.Named("service", service), model.Named("type", strings.TrimPrefix(w[0], "-")), model.Named("control", w[1]),
	}
	switch path.Base(lib) {
	case "pam_exec.so", "pam_script.so", "pam_python.so", "pam_perl.so", "pam_lua.so", "pam_ruby.so":
		if lib != path.Base(lib) && !moduleDir.MatchString(path.Dir(lib)) {
			fields = append(fields, model.Named("module", lib))
		}
		for len(args) > 0 && !strings.HasPrefix(args[0], "/") {
			args = args[1:]
		}
		if len(args) > 0 {
			return r.Command(model.HookPAM, at, strings.Join(args, " "), shell.Analyze(command.Quoted(args)), fields...)
		}
	default:
		if strings.Contains(lib, "/") && !moduleDir.MatchString(path.Dir(lib)) {
			fields = append(fields, model.Named("module", lib))
			return r.Command(model.HookPAM, at, lib, shell.Analyze(shell.Quote(lib)), fields...)
		}
	}
	return nil
}

// stackLine emits the record of a line of the authentication stack, or of one that reads
// another file into it.
func stackLine(r *command.Reader, service string, w []string, at model.Source) error {
	rec := model.Record{Kind: model.PAMLine, Source: at}
	rec.Add("service", service)
	switch {
	case len(w) > 1 && w[0] == "@include":
		rec.Add("control", "include")
		rec.AddCut("module", w[1], 1024)
	case len(w) > 2 && strings.EqualFold(strings.TrimPrefix(w[0], "-"), "auth"):
		rec.AddCut("control", strings.ToLower(w[1]), 1024)
		rec.AddCut("module", w[2], 1024)
		for _, a := range w[3:min(len(w), 3+maxArguments)] {
			rec.AddText("arguments", a)
		}
	default:
		return nil
	}
	return r.Give(rec)
}

const maxArguments = 50 // of one module
