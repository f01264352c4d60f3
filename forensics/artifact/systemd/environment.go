package systemd

import (
	"cmp"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/unitfile"
	"icecore/forensics/shell"
	"icecore/forensics/text"
)

const (
	maxFiles = 20        // of variables, of one unit
	maxFile  = 256 << 10 // bytes of each that are read
)

// files adds the variables of the unit's EnvironmentFiles, which stand above those of
// Environment= (systemd.exec(5)). Patterns of names are not looked up.
func (u *unit) files(in *artifact.Input) {
	if in.Read == nil {
		return
	}
	var names []string
	for i := range u.list {
		if d := &u.list[i]; d.Name == "EnvironmentFile" {
			if names = append(names, strings.TrimPrefix(d.Value, "-")); d.Value == "" {
				names = nil
			}
		}
	}
	for _, name := range names[:min(len(names), maxFiles)] {
		if name = u.specifiers(name); strings.HasPrefix(name, "/") && !strings.ContainsAny(name, "*?[") {
			u.env = append(u.env, variables(in.Read(name, maxFile))...)
		}
	}
	u.env = u.env[:min(len(u.env), 2*maxVariables)]
}

// variables reads a file of variables as systemd does: NAME=VALUE, quotes of both kinds,
// comments of # and ;, a backslash keeps the next byte and joins lines.
func variables(b []byte) []string {
	var out []string
	var v strings.Builder
	for rest := string(b); rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		line = strings.TrimLeft(line, " \t\r")
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(strings.TrimPrefix(name, "export ")); !ok || line[0] == '#' || line[0] == ';' || !validName(name) {
			continue
		}
		v.Reset()
		quote := byte(0)
		value = strings.TrimLeft(value, " \t")
		for i := 0; ; i++ {
			if i == len(value) {
				if quote == 0 || rest == "" {
					break
				}
				v.WriteByte('\n') // a quoted value goes on in the next line
				value, rest, _ = strings.Cut(rest, "\n")
				i = -1
				continue
			}
			switch c := value[i]; {
			case c == '\\' && quote != '\'':
				if i+1 == len(value) {
					value, rest, _ = strings.Cut(rest, "\n")
					i = -1
					continue
				}
				if i++; quote == '"' && !strings.ContainsRune("\"\\`$", rune(value[i])) {
					v.WriteByte('\\')
				}
				v.WriteByte(value[i])
			case c == quote:
				quote = 0
			case quote == 0 && (c == '"' || c == '\'') && strings.TrimSpace(v.String()) == "":
				quote = c
			default:
				v.WriteByte(c)
			}
		}
		s := v.String()
		if len(out) == maxVariables {
			break
		}
		out = append(out, name+"="+text.Cut(strings.TrimRight(strings.ReplaceAll(s, "\\\n", ""), " \t\r"), maxFile))
	}
	return out
}

// loaded adds the libraries that the unit's variables load into the program.
func (u *unit) loaded(f *shell.Facts) {
	for _, name := range []string{"LD_PRELOAD", "LD_AUDIT"} {
		if v, ok := u.variable(name); ok {
			f.Traits = append(f.Traits, shell.Analyze("export "+name+"="+shell.Quote(v)).Traits...)
			f.Programs = append(f.Programs, libraries(v)...)
		}
	}
	slices.Sort(f.Traits)
	f.Traits = slices.Compact(f.Traits)
}

// libraries gives the paths of a value of LD_PRELOAD.
func libraries(value string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '\t' || c == ':' }) {
		if strings.HasPrefix(w, "/") && len(out) < maxVariables {
			out = append(out, w)
		}
	}
	return out
}

var printed = regexp.MustCompile(`\b(LD_PRELOAD|LD_AUDIT|BASH_ENV|ENV|PYTHONSTARTUP|PYTHONPATH|PERL5LIB|PERL5OPT|RUBYOPT|NODE_OPTIONS|PATH|LD_LIBRARY_PATH)=["']?([^\s"'\\;|&>]+)(?:\\n)?['"]?(?:\s+["']?(/[^\s"';|&>]+))?`)

// prints adds to the record of an environment generator (systemd.environment-generator(7))
// the variables that it prints and that load or start something: they are set for all that
// the manager starts.
func prints(r *artifact.Record, in *artifact.Input) {
	b := make([]byte, min(in.Content.Size(), maxFile))
	n, err := in.Content.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return
	}
	if strings.HasPrefix(string(b[:n]), "\x7fELF") {
		return
	}
	traits, programs := r.List("traits"), r.List("programs")
	for _, m := range printed.FindAllStringSubmatch(string(b[:n]), maxVariables) {
		value := m[2]
		if strings.HasPrefix(value, "%s") && m[3] != "" { // of printf
			value = m[3]
		}
		f := shell.Analyze("export " + m[1] + "=" + shell.Quote(value))
		traits = append(traits, f.Traits...)
		programs = append(programs, f.Programs...)
		if strings.HasPrefix(m[1], "LD_") && m[1] != "LD_LIBRARY_PATH" {
			programs = append(programs, libraries(value)...)
		}
	}
	add := func(name string, list []string) {
		had := r.List(name)
		slices.Sort(list)
		for _, v := range slices.Compact(list) {
			if !slices.Contains(had, v) {
				r.AddText(name, v)
			}
		}
	}
	add("traits", slices.Clone(traits))
	add("programs", slices.Clone(programs))
}

// homeOf gives the home directory that a user's own unit lies in; "~" where the path does
// not say whose it is.
func homeOf(p string) string {
	for _, d := range []string{"/.config/systemd/", "/.local/share/systemd/"} {
		if i := strings.Index(p, d); i > 0 {
			return p[:i]
		}
	}
	return "~"
}

// instance is what stands between @ and the type of a unit; empty for one that is none.
func instance(name string) string {
	_, i, ok := strings.Cut(strings.TrimSuffix(name, path.Ext(name)), "@")
	if !ok {
		return ""
	}
	return i
}

// namesInstance finds specifiers that stand for the name of a unit.
var namesInstance = regexp.MustCompile(`%[iInNjJ]`)

// specifiers puts those of systemd.unit(5) in their place that matter for a path or a
// command. Of a template that is read itself no instance is known: %i stays.
func (u *unit) specifiers(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	prefix, home := strings.TrimSuffix(u.name, path.Ext(u.name)), cmp.Or(u.home, "~")
	pairs := []string{
		"%%", "%", "%h", home, "%T", "/tmp", "%V", "/var/tmp", "%S", "/var/lib", "%C", "/var/cache", "%L", "/var/log", "%E", "/etc", "%t", "/run",
		"%n", u.name, "%N", prefix,
	}
	if u.scope == "user" {
		pairs = append([]string{"%S", home + "/.local/state", "%C", home + "/.cache", "%E", home + "/.config"}, pairs...)
	}
	before, i, ok := strings.Cut(prefix, "@")
	pairs = append(pairs, "%p", before, "%P", unescape(before))
	if ok && i != "" {
		pairs = append(pairs, "%i", i, "%I", unescape(i), "%j", i[strings.LastIndexByte(i, '-')+1:], "%J", unescape(i[strings.LastIndexByte(i, '-')+1:]))
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// unescape undoes systemd-escape(1): - is a slash, \xNN a byte.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '-':
			b.WriteByte('/')
		case strings.HasPrefix(s[i:], `\x`) && i+3 < len(s):
			w := unitfile.Words(s[i : i+4])
			b.WriteString(strings.Join(w, ""))
			i += 3
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// directories are those of the system's units that are read, see [Extractor.Patterns].
var directories = []string{
	"/etc/systemd/", "/run/systemd/", "/usr/local/lib/systemd/", "/usr/lib/systemd/", "/lib/systemd/", "/var/lib/systemd/", "/usr/local/share/systemd/", "/usr/share/systemd/",
}

// known says that a link's target is a unit that is read anyway: one in a directory of
// units, of the system or the one that the link itself lies in.
func known(link, p string) bool {
	p = path.Clean(p)
	if !unitTypes[path.Ext(p)] {
		return false
	}
	if own := homeOf(link); own != "~" && strings.HasPrefix(p, own+"/") && homeOf(p) == own {
		return matches(p)
	}
	return slices.ContainsFunc(directories, func(d string) bool { return strings.HasPrefix(p, d) }) && matches(p)
}

// matches says whether a pattern matches the path, and its directory is one whose units are
// read.
func matches(p string) bool {
	parent := path.Base(path.Dir(p))
	if strings.HasSuffix(parent, ".d") || strings.HasSuffix(parent, "-generators") {
		return false
	}
	return slices.ContainsFunc(Extractor{}.Patterns(), func(pattern string) bool { return artifact.Match(pattern, p) })
}
