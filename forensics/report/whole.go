package report

import (
	"strings"
)

// unbreakable is a space within what must stay in one line. No text has one of its
// own: what comes from an image is escaped.
const unbreakable = "\u00a0"

// keep marks a command, so that it is not broken across lines.
func keep(command string) string { return strings.ReplaceAll(command, " ", unbreakable) }

// commandsOf gives, for findings, the command that they are about.
func commandsOf(a *view) map[string]string {
	findings := make(map[string][]string) // by record
	for i := range a.Findings {
		for _, id := range a.Findings[i].Records {
			findings[id] = append(findings[id], a.Findings[i].ID)
		}
	}
	out := make(map[string]string)
	for i := range a.Records {
		r := &a.Records[i]
		if findings[r.ID] == nil {
			continue
		}
		for _, name := range []string{"command", "suspicious_line"} {
			if c := strings.Join(strings.Fields(field(r, name)), " "); c != "" {
				for _, id := range findings[r.ID] {
					if out[id] == "" {
						out[id] = c
					}
				}
			}
		}
	}
	return out
}

// keepCommand marks the command in an excerpt of one line, or, where it is written
// otherwise there, all from its first word on.
func keepCommand(excerpt, command string) string {
	if command == "" {
		return excerpt
	}
	if before, behind, ok := strings.Cut(excerpt, command); ok {
		return before + keep(command) + behind
	}
	first, _, _ := strings.Cut(command, " ")
	for at := 0; at < len(excerpt); {
		i := strings.Index(excerpt[at:], first)
		if i < 0 {
			break
		}
		if at += i; at == 0 || strings.IndexByte(` ="'`, excerpt[at-1]) >= 0 {
			return excerpt[:at] + keep(excerpt[at:])
		}
		at += len(first)
	}
	return excerpt
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// whole gives the parts of a text that are not broken across lines, since they are
// there to be copied: URLs, fingerprints of keys, what [keep] marks, and between
// slashes and commas whatever looks like a hash, a wallet or a UUID.
func whole(s string) []span {
	var out []span
	for at := 0; at < len(s); {
		if s[at] == ' ' {
			at++
			continue
		}
		word, _, _ := strings.Cut(s[at:], " ")
		if strings.Contains(word, "://") || strings.Contains(word, "SHA256:") || strings.Contains(word, unbreakable) {
			out = append(out, span{at, at + len(word)})
		} else {
			for from := 0; from < len(word); {
				n := strings.IndexAny(word[from:], "/,;&?") + 1
				if n == 0 {
					n = len(word) - from
				}
				if random(word[from : from+n]) {
					out = append(out, span{at + from, at + from + n})
				}
				from += n
			}
		}
		at += len(word)
	}
	return out
}

// random says whether a word holds 26 letters and digits in a row, of both: the
// shortest address of bitcoin has that many.
func random(word string) bool {
	const least = 26
	letters, digits := 0, 0
	for i := range len(word) {
		switch c := word[i]; {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
			letters++
		default:
			letters, digits = 0, 0
		}
		if letters+digits >= least && letters > 0 && digits > 0 {
			return true
		}
	}
	return false
}

// word is a line of a cell that is wider than the cell.
type word struct {
	column int
	text   string
}

// arrange gives the lines of a row: for each column as many as there are in all, and,
// by the number of the line, what is wider than its column and has the line for
// itself. A column waits with it until the others have nothing more for lines of
// their width.
func arrange(cells [][]string, widths []int) (row [][]string, long map[int]word) {
	row = make([][]string, len(cells))
	next := make([]int, len(cells))
	wide := func(j int) bool { return cellWidth(cells[j][next[j]]) > max(widths[j], 4) }
	for n := 0; ; n++ {
		waiting, some := -1, false
		for j := range cells {
			line := ""
			switch {
			case next[j] == len(cells[j]):
			case wide(j):
				if waiting < 0 {
					waiting = j
				}
			default:
				line, some = cells[j][next[j]], true
				next[j]++
			}
			row[j] = append(row[j], line)
		}
		if some {
			continue
		}
		if waiting < 0 {
			for j := range row {
				row[j] = row[j][:n]
			}
			return row, long
		}
		if long == nil {
			long = make(map[int]word)
		}
		long[n] = word{waiting, cells[waiting][next[waiting]]}
		next[waiting]++
	}
}

// left gives the column of the screen at which a column of a table begins.
func left(widths []int, column int) int {
	at := 0
	for _, w := range widths[:column] {
		at += w + gap
	}
	return at
}

// indent gives where a word of n columns begins that should stand at a column: further
// left, if the screen is not wide enough.
func indent(at, n, width int) int {
	for _, i := range []int{at, 2} {
		if i+n <= width {
			return i
		}
	}
	return 0
}
