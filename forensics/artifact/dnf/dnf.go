// Package dnf reads what dnf, yum and zypper run: the commands of the plugins
// post-transaction-actions(8) and libdnf5-actions(8), and the plugins themselves. Records:
// hook.dnf, one a command, the event of which is the package and the state, or the
// callback; hook.script (event: package-manager) for each plugin.
package dnf

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "dnf" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(actions,
			"/etc/dnf/plugins/post-transaction-actions.d/*",
			"/etc/yum/post-actions/*.action",
		),
		command.Files(python,
			"/usr/lib/python*/site-packages/dnf-plugins/*.py",
			"/usr/lib64/python*/site-packages/dnf-plugins/*.py",
			"/usr/local/lib/python*/site-packages/dnf-plugins/*.py",
			"/usr/lib/yum-plugins/*.py",
			"/usr/share/yum-plugins/*.py",
		),
		command.Executable("package-manager", "/usr/lib/zypp/plugins/*/*", "/usr/libexec/dnf-utils/*"),
		command.Files(libdnf, "/etc/dnf/libdnf5-plugins/actions.d/*.actions"),
	}
}

// python reads a plugin of dnf or yum, which each run of it loads.
func python(r *command.Reader) error { return r.Code("package-manager", "python") }

// libdnf reads the actions of libdnf5-actions(8):
// callback:filter:direction:options:command.
func libdnf(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		p := strings.SplitN(strings.TrimSpace(string(l.Text)), ":", 5)
		if len(p) != 5 || strings.HasPrefix(p[0], "#") {
			return nil
		}
		return r.Command(model.HookDnf, l.Source(), p[4], shell.Analyze(command.Quoted(command.Split(p[4]))), command.Event(p[0]))
	})
}

// actions reads "package:state:command".
func actions(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		p := strings.SplitN(text, ":", 3)
		if len(p) != 3 {
			return nil
		}
		return r.Command(model.HookDnf, l.Source(), p[2], shell.Analyze(p[2]), command.Event(p[0]+":"+p[1]))
	})
}
