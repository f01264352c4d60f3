package engine

import "strings"

// RuleText is one rule as it stands in its file.
type RuleText struct {
	Name    string
	Line    int // of the word rule
	Text    string
	Private bool
	Global  bool
	start   int             // where Text begins in the file
	words   map[string]bool // the words of its condition and strings
}

// Split cuts a rule file into its rules and gives the modules that it imports. It
// reads no more of the language than is needed for that; of a file that does not
// compile it gives what it finds.
func Split(text string) (rules []RuleText, imports []string) {
	s := splitter{text: text, line: 1}
	var r RuleText
	start := -1
	for {
		word, ok := s.next()
		if !ok {
			return rules, imports
		}
		switch word {
		case "import":
			if name, ok := s.next(); ok && strings.HasPrefix(name, `"`) {
				imports = append(imports, strings.Trim(name, `"`))
			}
		case "private", "global":
			if start < 0 {
				start = s.pos - len(word)
			}
			r.Private = r.Private || word == "private"
			r.Global = r.Global || word == "global"
		case "rule":
			if start < 0 {
				start = s.pos - len(word)
			}
			r.Line = s.line
			r.Name, _ = s.next()
			r.words = s.body()
			r.Text, r.start = text[start:s.pos], start
			rules = append(rules, r)
			r, start = RuleText{}, -1
		default:
			r, start = RuleText{}, -1
		}
	}
}

// Alone gives the source of one rule of a file with what it needs to compile: the
// imports, and the rules that it names.
func Alone(rules []RuleText, imports []string, name string) string {
	at := make(map[string]int, len(rules))
	for i, r := range rules {
		at[r.Name] = i
	}
	need := make(map[int]bool)
	var want func(i int)
	want = func(i int) {
		if need[i] {
			return
		}
		need[i] = true
		for w := range rules[i].words {
			if k, ok := at[w]; ok {
				want(k)
			}
		}
	}
	i, ok := at[name]
	if !ok {
		return ""
	}
	want(i)
	var b strings.Builder
	for _, m := range imports {
		b.WriteString(`import "` + m + "\"\n")
	}
	for i, r := range rules {
		if need[i] || r.Global {
			b.WriteString(r.Text + "\n")
		}
	}
	return b.String()
}

type splitter struct {
	text string
	pos  int
	line int
	last string // the token before, which says whether a slash begins an expression
}

// next gives the next token: a word, a literal, or a single character.
func (s *splitter) next() (string, bool) {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		rest := s.text[s.pos:]
		switch {
		case c == '\n':
			s.line++
			s.pos++
		case c == ' ' || c == '\t' || c == '\r':
			s.pos++
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			s.pos += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				n = len(rest) - 4
			}
			s.take(max(n+4, 2))
		case c == '"':
			return s.token(literal(rest, '"')), true
		case c == '/' && (s.last == "=" || s.last == "matches" || s.last == "(" || s.last == ","):
			return s.token(literal(rest, '/')), true
		case isWord(c):
			n := 1
			for n < len(rest) && isWord(rest[n]) {
				n++
			}
			return s.token(n), true
		default:
			return s.token(1), true
		}
	}
	return "", false
}

func (s *splitter) token(n int) string {
	s.last = s.text[s.pos : s.pos+n]
	s.take(n)
	return s.last
}

// take goes on by n bytes.
func (s *splitter) take(n int) {
	n = min(n, len(s.text)-s.pos)
	s.line += strings.Count(s.text[s.pos:s.pos+n], "\n")
	s.pos += n
}

// literal gives the length of a text or expression with its delimiters. Both end
// with the line at the latest.
func literal(s string, end byte) int {
	class := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '\n':
			return i
		case end == '/' && s[i] == '[':
			class = true
		case end == '/' && s[i] == ']':
			class = false
		case s[i] == end && !class:
			return i + 1
		}
	}
	return len(s)
}

// body reads up to the brace that ends a rule.
func (s *splitter) body() map[string]bool {
	words := make(map[string]bool)
	depth := 0
	for {
		t, ok := s.next()
		if !ok {
			return words
		}
		switch {
		case t == "{":
			depth++
		case t == "}":
			if depth--; depth <= 0 {
				return words
			}
		case depth > 0 && isWord(t[0]):
			words[t] = true
		}
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
