package cron

import "strings"

// setting reads a line that sets a variable, as cron does: NAME = VALUE, either of them
// in quotes or not. The line begins with no blank. It is false for any other line, which
// cron then takes for a job.
func setting(line string, family Family) (name, value string, ok bool) {
	name, rest, ok := word(line, true)
	if !ok {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, blanks), "=")
	if !ok {
		return "", "", false
	}
	rest = strings.TrimLeft(rest, blanks)
	if rest == "" {
		// Debian's takes "NAME=" for a bad job.
		return name, "", family != Debian
	}
	if rest[0] != '"' && rest[0] != '\'' {
		return name, strings.TrimRight(rest, blanks), true
	}
	value, rest, ok = word(rest, false)
	return name, value, ok && strings.Trim(rest, blanks) == ""
}

const blanks = " \t\r\v\f" // of isspace(3), in a line

// word takes a word in quotes, or one up to a blank or an equals sign, from the beginning
// of a text. A name in quotes holds no equals sign. It is false where a quote is open.
func word(s string, isName bool) (w, rest string, ok bool) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		i := strings.IndexByte(s[1:], s[0])
		if i < 0 || isName && strings.Contains(s[1:i+1], "=") {
			return "", "", false
		}
		return s[1 : i+1], s[i+2:], true
	}
	i := strings.IndexAny(s, blanks+"=")
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i:], true
}
