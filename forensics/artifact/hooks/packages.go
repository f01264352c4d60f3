package hooks

import (
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// aptEvent is the name of a list of commands in apt.conf(5), as one word or within
// the braces of its parent.
var aptEvent = regexp.MustCompile(`(?i)^(?:[A-Za-z-]+::)*((?:Pre|Post)-(?:Invoke|Install-Pkgs)(?:-Success)?|Post-Invoke-Stats|AptCli::Hooks::[A-Za-z]+|AuthenticationCommand|ProxyAutoDetect|Proxy-Auto-Detect)(?:::)?$`)

// apt reads apt.conf(5): words, quoted strings, braces and semicolons, comments of
// C++ and of shell.
func apt(r *reader) error {
	event := ""
	depth, eventDepth := 0, 0
	comment := false // of C, over several lines
	return r.lines(func(l artifact.Line) error {
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
					at := artifact.Source{Line: l.Number, Offset: l.Offset + int64(i), Length: int64(min(end+1, len(text)) - i)}
					if err := r.give("hook.apt", at, value, shell.Analyze(value), model.Named("event", event)); err != nil {
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
				if w := text[i:end]; aptEvent.MatchString(w) {
					event, eventDepth = strings.TrimSuffix(w, "::"), depth
				}
				i = end
			}
		}
		return nil
	})
}

// dnf reads "package:state:command".
func dnf(r *reader) error {
	return r.lines(func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		p := strings.SplitN(text, ":", 3)
		if len(p) != 3 {
			return nil
		}
		return r.give("hook.dnf", l.Source(), p[2], shell.Analyze(p[2]), model.Named("event", p[0]+":"+p[1]))
	})
}
