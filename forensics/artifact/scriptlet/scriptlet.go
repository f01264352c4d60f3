// Package scriptlet judges the scripts that packages run when they are installed,
// upgraded or removed: dpkg's maintainer scripts, rpm's scriptlets and triggers, apk's
// install scripts. Such a script is hundreds of lines long, and one of them matters.
package scriptlet

import (
	"bytes"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// notableTraits are the traits of package shell that no maintainer script of a
// clean Debian has, or few (see detect). Left out are two that match what such scripts do (sed 's/ /x/', py3compile -p
// python3-urllib3), for which there are narrower patterns below.
var notableTraits = []string{
	"account_write", "agents_off", "bind_shell", "chattr", "cron_write", "decode_exec", "dev_tcp", "encoded", "fetch", "fetch_exec", "hidden_exec", "history_off", "key_write",
	"kill_list", "log_wipe", "miner_args", "module_load", "pipe_to_shell", "preload_env", "preload_write", "process_hide", "reverse_shell", "send_secret", "sudo_write", "temp_exec", "timestomp",
}

// notableText are words that no line of code of such a script has.
var notableText = []struct {
	name string
	re   *regexp.Regexp
}{
	{"authorized_keys", regexp.MustCompile(`\bauthorized_keys`)},
	{"base64", regexp.MustCompile(`\bbase64\s+(?:-d|-D|-di|--decode)\b`)},
	{"chattr", regexp.MustCompile(`\bchattr\b`)},
	{"crontab", regexp.MustCompile(`(?m)(?:^|[|;&(\s])crontab\s+(?:-(?:\s|$)|-u|/|-r)`)},
	{"dev_tcp", regexp.MustCompile(`/dev/(?:tcp|udp)/`)},
	{"dots_dir", regexp.MustCompile(`(?m)/\.{3,}(?:/|\s|$)`)},
	{"fetch", regexp.MustCompile("(?m:^|[|;&(`]|\\b(?:then|else|do|exec|if|while)\\s)\\s*(?:/usr/bin/|/bin/)?(?:curl|wget)\\s")},
	{"interpreter_fetch", regexp.MustCompile(`(?m)(?:^|[|;&(\s/])(?:python[23]?(?:\.[0-9]+)?|perl|php|ruby)\s+-[a-z]*[cer]\s.*(?:urlopen|urllib|requests\.get|LWP|file_get_contents|b64decode)`)},
	{"ld.so.preload", regexp.MustCompile(`ld\.so\.preload`)},
	{"nohup", regexp.MustCompile(`(?m)(?:^|[|;&(\s])nohup\s`)},
	{"temp_path", regexp.MustCompile(`(?m)(?:^|[\s"'=>(])(?:/tmp|/var/tmp|/dev/shm)/`)},
}

const (
	maxShown   = 1024 // bytes of a line in a field
	maxNesting = 200
	// maxSearched are the lines of one statement that are looked at each by
	// itself.
	maxSearched = 50
)

// purging are the scripts that run when a package was removed.
var purging = map[string]bool{"postrm": true, "postun": true, "postuntrans": true, "post-deinstall": true}

// mark notes what is notable of a piece of script.
func mark(out map[string]bool, f *shell.Facts, text []byte) {
	for _, t := range notableTraits {
		if f.Has(t) {
			out[t] = true
		}
	}
	for _, n := range notableText {
		if n.re.Match(text) {
			out[n.name] = true
		}
	}
}

// withoutComments blanks the lines that are comments, so that offsets and line
// numbers stay, and counts the line ends of both kinds.
func withoutComments(b []byte) (code []byte, crlf, lf int) {
	code = bytes.Clone(b)
	_ = artifact.Lines(bytes.NewReader(b), func(l artifact.Line) error {
		start, end := int(l.Offset), int(l.Offset)+len(l.Text)
		switch {
		case end < len(b) && b[end] == '\r':
			crlf++
			code[end] = ' '
		case end < len(b):
			lf++
		}
		// The first line says in what language the others are.
		if text := bytes.TrimSpace(l.Text); len(text) > 0 && text[0] == '#' && !(start == 0 && bytes.HasPrefix(text, []byte("#!"))) {
			for i := start; i < end; i++ {
				code[i] = ' '
			}
		}
		return nil
	})
	return code, crlf, lf
}

// Judge adds to a record of a package's script what stands in it: interpreter, traits,
// programs, urls, decoded, notable, suspicious_line, trailing_code, appended_code and
// line_endings. Line, offset and length of the record's source become those of the first
// line that is notable, within the text. The field script of the record is set before.
//
// interpreter is what runs the text, where the package says so apart from it (rpm); empty
// where the first line does.
func Judge(r *model.Record, text []byte, interpreter string) {
	if interpreter == "" {
		judge(r, text, Interpreter(text))
		return
	}
	if strings.HasPrefix(interpreter, "<") { // a language that rpm has within: <lua>
		interpreter = strings.Trim(interpreter, "<>")
	}
	// So it is read as a file with that first line is.
	first := "#!" + strings.ReplaceAll(interpreter, "\n", " ") + "\n"
	judge(r, append([]byte(first), text...), interpreter)
	if r.Source.Line > 0 {
		r.Source.Line--
	}
	r.Source.Offset = max(0, r.Source.Offset-int64(len(first)))
}

func judge(r *model.Record, b []byte, kind string) {
	r.Add("interpreter", kind)
	if kind == "ELF" {
		return
	}
	code, crlf, lf := withoutComments(b)
	f := shell.Analyze(string(code))
	f.AddTo(r)
	all := make(map[string]bool)
	mark(all, &f, code)
	// A package that is purged takes the logs of its programs with it.
	purges := purging[r.Get("script")]
	if purges {
		delete(all, "log_wipe")
	}
	top := topLevel(b)
	suspicious := ""
	// Each statement on its own shows which of them it is, and finds what the
	// script as a whole does not show where it is no valid shell.
	for _, st := range shell.Statements(string(code)) {
		found := make(map[string]bool)
		mark(found, &st.Facts, []byte(st.Text))
		if purges {
			delete(found, "log_wipe")
		}
		for n := range found {
			all[n] = true
		}
		if len(found) > 0 && suspicious == "" {
			var at int
			suspicious, at = suspiciousLine(st.Text)
			r.Source.Line, r.Source.Offset, r.Source.Length = st.Line, st.Offset+int64(at), int64(len(suspicious))
			if st.Line > 0 {
				r.Source.Line += strings.Count(st.Text[:at], "\n")
			}
		}
	}
	names := make([]string, 0, len(all))
	for n := range all {
		names = append(names, n)
	}
	sort.Strings(names)
	r.AddList("notable", names)
	r.AddCut("suspicious_line", suspicious, maxShown)
	tail := tailOf(b, top)
	if tail.afterExit.line > 0 {
		r.AddCut("trailing_code", tail.afterExit.text, maxShown)
		if r.Source.Line == 0 {
			r.Source.Line, r.Source.Offset, r.Source.Length = tail.afterExit.line, tail.afterExit.offset, int64(len(tail.afterExit.text))
		}
	}
	if tail.afterGenerated.line > 0 {
		r.AddCut("appended_code", tail.afterGenerated.text, maxShown)
	}
	switch {
	case crlf > 0 && lf > 0:
		r.Add("line_endings", "mixed")
	case crlf > 0:
		r.Add("line_endings", "crlf")
	}
}

// suspiciousLine gives the line of a statement that is notable on its own, or else
// its first, and where it begins.
func suspiciousLine(text string) (line string, at int) {
	lines := strings.Split(text, "\n")
	off := 0
	for i, l := range lines {
		if len(lines) == 1 || i == maxSearched {
			break
		}
		found := make(map[string]bool)
		f := shell.Analyze(l)
		if mark(found, &f, []byte(l)); len(found) > 0 {
			t := strings.TrimSpace(l)
			return t, off + strings.Index(l, t)
		}
		off += len(l) + 1
	}
	return lines[0], 0
}

// Interpreter gives what runs a script by its first line: a program with its arguments,
// ELF for a program, none where nothing says so.
func Interpreter(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x7fELF")):
		return "ELF"
	case bytes.HasPrefix(b, []byte("#!")):
		line, _, _ := bytes.Cut(b[2:min(len(b), 256)], []byte("\n"))
		return string(bytes.TrimSpace(line))
	}
	return "none"
}

// place is a line of a script.
type place struct {
	line   int
	offset int64
	text   string
}

// tail is what stands at a script's end where its packager ends it.
type tail struct{ afterExit, afterGenerated place }

var (
	exitRE = regexp.MustCompile(`^exit(?:\s+[0-9]+)?\s*;?\s*(?:#.*)?$`)
	// ordinaryRE is what ends, or goes on in, scripts of many packages.
	ordinaryRE  = regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z0-9_]*=|(?:\[|test|set|true|:|db_\w+|\.|dpkg-[a-z-]+|deb-systemd-[a-z]+|update-[a-z-]+|invoke-rc\.d|ldconfig|exec)(?:\s|$))`)
	generatedRE = regexp.MustCompile(`^# End automatically added section`)
)

// tailOf finds commands behind the last exit at top level, and commands behind
// the last part that debhelper made. Ends of blocks are no commands.
func tailOf(b []byte, top map[int]bool) tail {
	var lines []place
	_ = artifact.Lines(bytes.NewReader(b), func(l artifact.Line) error {
		lines = append(lines, place{l.Number, l.Offset, strings.TrimSpace(l.Head(maxShown))})
		return nil
	})
	var t tail
	exitAt, generatedAt := -1, -1
	for i, l := range lines {
		switch {
		case exitRE.MatchString(l.text) && (top == nil || top[l.line]):
			if exitAt < 0 {
				exitAt = i
			}
		case generatedRE.MatchString(l.text):
			generatedAt = i
		}
	}
	if exitAt >= 0 {
		for _, l := range lines[exitAt+1:] {
			if isCommand(l.text) {
				t.afterExit = l
				break
			}
		}
	}
	// Packagers too write behind that part, but whole blocks.
	if generatedAt > exitAt && top != nil {
		for _, l := range lines[generatedAt+1:] {
			if !isCommand(l.text) {
				continue
			}
			if !top[l.line] || ordinaryRE.MatchString(l.text) {
				t.afterGenerated = place{}
				break
			}
			if t.afterGenerated.line == 0 {
				t.afterGenerated = l
			}
		}
	}
	return t
}

func isCommand(line string) bool {
	return line != "" && line[0] != '#' && !exitRE.MatchString(line)
}

// topLevel gives the lines on which a plain command, a pipeline or list of them, or
// a subshell begins that is in no block; nil where the script is not one that can be read as shell.
func topLevel(b []byte) map[int]bool {
	if !utf8.Valid(b) || deep(b) {
		return nil
	}
	lines := make(map[int]bool)
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	for s, err := range parser.StmtsSeq(bytes.NewReader(b)) {
		if err != nil {
			return nil
		}
		switch cmd := s.Cmd.(type) {
		case *syntax.CallExpr:
			lines[int(s.Pos().Line())] = len(cmd.Args) > 0 && !s.Negated
		case *syntax.BinaryCmd, *syntax.Subshell:
			lines[int(s.Pos().Line())] = true
		}
	}
	return lines
}

// deep says that text nests so far that the parser would take long over it.
func deep(b []byte) bool {
	depth := 0
	for _, c := range b {
		switch c {
		case '(', '{':
			if depth++; depth > maxNesting {
				return true
			}
		case ')', '}':
			depth = max(0, depth-1)
		}
	}
	return bytes.Count(b, []byte("if ")) > 10*maxNesting || bytes.Count(b, []byte("`")) > 10*maxNesting
}
