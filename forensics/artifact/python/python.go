// Package python reads what each start of Python runs (site in Python's library
// reference): sitecustomize.py and usercustomize.py as a whole, and of a .pth file the
// lines that begin with import.
//
// Records: hook.script and hook.command (event: python).
package python

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
func (Extractor) Name() string { return "python" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(read, files()...),
	}
}

// files are those of all versions, users and virtual environments, wherever they are
// installed.
func files() []string {
	var out []string
	for _, dir := range []string{"**/site-packages", "**/dist-packages", "**/lib/python*", "**/lib64/python*", "/etc/python*"} {
		for _, name := range []string{"sitecustomize", "usercustomize"} {
			out = append(out, dir+"/"+name+".py", dir+"/"+name+"/__init__.py")
		}
	}
	return append(out, "**/site-packages/*.pth", "**/dist-packages/*.pth")
}

func read(r *command.Reader) error {
	const event = "python"
	if !strings.HasSuffix(r.Path, ".pth") {
		return r.Code(event, "python")
	}
	return r.EachLine(func(l artifact.Line) error {
		text := string(l.Text)
		if !strings.HasPrefix(text, "import ") && !strings.HasPrefix(text, "import\t") {
			return nil
		}
		return r.Command(model.HookCommand, l.Source(), text, shell.AnalyzeCode(text, "python"), command.Event(event))
	})
}
