package detect

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// document is one YAML document of a rule file.
type document struct {
	text []byte
	line int // of the file, at which the text begins
}

// documents cuts a YAML file at its document marks. The text behind a mark begins with
// the rest of its line.
func documents(b []byte) []document {
	var out []document
	line := 0 // the first text begins with a line end that the file does not have
	for _, d := range strings.Split("\n"+string(b), "\n---") {
		if strings.TrimSpace(d) != "" {
			out = append(out, document{[]byte(d), line})
		}
		line += strings.Count(d, "\n") + 1
	}
	return out
}

// fieldError says that a rule asks for fields that no record of its log source has.
type fieldError struct {
	what, source string
	fields       []string
}

func (e *fieldError) Error() string {
	quoted := make([]string, len(e.fields))
	for i, f := range e.fields {
		quoted[i] = fmt.Sprintf("%q", f)
	}
	return fmt.Sprintf("%s: no %s has the field %s", e.what, e.source, strings.Join(quoted, ", "))
}

// yamlLineRE finds the line in what the YAML package says of a text.
var yamlLineRE = regexp.MustCompile(`\bline (\d+)`)

// lineOf gives the line of the file that an error is about, or that at which the document
// begins.
func (d document) lineOf(err error) int {
	lines := strings.Split(string(d.text), "\n")
	var unknown *fieldError
	if errors.As(err, &unknown) {
		names := make([]string, len(unknown.fields))
		for i, f := range unknown.fields {
			names[i] = regexp.QuoteMeta(f)
		}
		key := regexp.MustCompile(`(?:^|[\s{,'"-])(?:` + strings.Join(names, "|") + `)['"]?\s*[|:]`)
		for i, l := range lines {
			if key.MatchString(l) {
				return d.line + i
			}
		}
	} else if m := yamlLineRE.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 && n <= len(lines) {
			return d.line + n - 1
		}
	}
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			return d.line + i
		}
	}
	return d.line
}
