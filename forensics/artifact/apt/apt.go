// Package apt reads what apt and dpkg run by their settings: the lists of commands of
// apt.conf(5), the hooks of dpkg.cfg(5), and the scripts that packages run by themselves
// on each update of the certificates.
//
// Records: hook.apt (event: DPkg::Post-Invoke and the like), hook.command and
// hook.script (event: package-manager).
package apt

import (
	"context"
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
func (Extractor) Name() string { return "apt" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(conf,
			"/etc/apt/apt.conf",
			"/etc/apt/apt.conf.d/*",
		),
		command.Files(command.Settings("package-manager", dpkg),
			"/etc/dpkg/dpkg.cfg",
			"/etc/dpkg/dpkg.cfg.d/*",
		),
		command.Sourced("package-manager",
			"/etc/apt/listchanges.conf",
			"/etc/ca-certificates/update.d/*",
		),
		command.Files(perl,
			"/etc/needrestart/needrestart.conf",
			"/etc/needrestart/conf.d/*.conf",
		),
		command.Executable("package-manager",
			"/etc/needrestart/hook.d/*",
			"/etc/needrestart/notify.d/*",
			"/etc/needrestart/restart.d/*",
			"/etc/apt/apt.conf.d/hooks/*",
			"/usr/lib/dpkg/methods/*/*",
		),
	}
}

// perl reads the settings of needrestart(1), which are Perl and run after each upgrade.
func perl(r *command.Reader) error { return r.Code("package-manager", "perl") }

// eventRE is the name of a list of commands in apt.conf(5), as one word or within
// the braces of its parent.
var eventRE = regexp.MustCompile(`(?i)^(?:[A-Za-z-]+::)*((?:Pre|Post)-(?:Invoke|Install-Pkgs)(?:-Success)?|Post-Invoke-Stats` +
	`|AptCli::Hooks::[A-Za-z]+|AuthenticationCommand|ProxyAutoDetect|Proxy-Auto-Detect)(?:::)?$`)

// conf reads apt.conf(5): words, quoted strings, braces and semicolons, comments of
// C++ and of shell.
func conf(r *command.Reader) error {
	event := ""
	depth, eventDepth := 0, 0
	comment := false // of C, over several lines
	return r.EachLine(func(l artifact.Line) error {
		text := string(l.Text)
		for i := 0; i < len(text); {
			switch c := text[i]; {
			case comment:
				if strings.HasPrefix(text[i:], "*/") {
					comment = false
					i++
				}
				i++
			case strings.HasPrefix(text[i:], "//"):
				return nil
			case c == '#' && !strings.HasPrefix(text[i:], "#clear") && !strings.HasPrefix(text[i:], "#include"):
				return nil
			case strings.HasPrefix(text[i:], "/*"):
				comment = true
				i += 2
			case c == '"':
				end := i + 1
				for end < len(text) && text[end] != '"' {
					if text[end] == '\\' {
						end++
					}
					end++
				}
				end = min(end, len(text))
				value := strings.ReplaceAll(text[i+1:end], `\"`, `"`)
				if event != "" {
					at := model.Source{Line: l.Number, Offset: l.Offset + int64(i), Length: int64(min(end+1, len(text)) - i)}
					if err := r.Command(model.HookApt, at, value, shell.Analyze(value), command.Event(event)); err != nil {
						return err
					}
				}
				i = end + 1
			case c == '{':
				depth++
				i++
			case c == '}':
				depth--
				if depth <= eventDepth {
					event = ""
				}
				i++
			case c == ';':
				if depth <= eventDepth {
					event = ""
				}
				i++
			case c == ' ' || c == '\t' || c == '\r':
				i++
			default:
				end := i
				for end < len(text) && strings.IndexByte(" \t\r\"{};", text[end]) < 0 {
					end++
				}
				if w := text[i:end]; eventRE.MatchString(w) {
					event, eventDepth = strings.TrimSuffix(w, "::"), depth
				}
				i = end
			}
		}
		return nil
	})
}

// dpkg reads dpkg.cfg(5): pre-invoke, post-invoke and status-logger.
func dpkg(text string) (string, bool) {
	text = strings.TrimPrefix(text, "--")
	c := command.Value(text, "pre-invoke", "post-invoke", "status-logger")
	if n := len(c); n > 1 && (c[0] == '"' || c[0] == '\'') && c[n-1] == c[0] {
		c = c[1 : n-1]
	}
	return c, true
}
