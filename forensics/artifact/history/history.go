// Package history reads what was typed, and where that led: the histories of shells
// (bash(1), zsh(1), ksh93, mksh(1), tcsh(1), fish, BusyBox ash, PowerShell), of Python and
// of database clients, of vim(1) and less(1), the servers that wget(1) and ssh(1) remember.
//
// Records:
//
//	history.file     shell (bash, zsh, ...), user, lines, size (bytes), empty (yes),
//	                 link_target (where it is a link: /dev/null keeps nothing),
//	                 left_out (commands over a bound);
//	                 stamps first and last, where the history has times
//	history.command  command, user, shell, and of the command programs, urls,
//	                 traits, decoded (package shell); stamp typed, where the
//	                 history has times: only commands with a trait that an
//	                 investigation cares for, and those that a rule of the user's
//	                 matches
//	history.path     path (of a file), user, shell (vim, less); stamp opened
//	history.host     host, port, user, shell (wget, ssh); stamp contacted
//
// Times are bash's "#1700000000" lines (HISTTIMEFORMAT), tcsh's "#+1700000000" and zsh's
// ": 1700000000:0;" (EXTENDED_HISTORY), seconds UTC. What ksh93 and mksh write is binary:
// commands that end with NUL. Of Python's and the databases' histories only the file is
// recorded, and commands that reach out to the shell; of vim's and less's commands those
// that they ran in one. Whose a history is, passwd(5) says, else the name of the directory.
package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
	"icecore/forensics/text"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "history" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	var out []string
	for _, f := range formats() {
		out = append(out, f.pattern)
		if below, ok := strings.CutPrefix(f.pattern, "~/"); ok {
			out = append(out, "/var/lib/*/"+below)
		}
	}
	return out
}

const (
	maxRecords = 10_000
	maxCommand = 64 << 10 // bytes of a command that are looked at
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	f, home := formatOf(in.Path)
	h := &reader{emit: emit, wanted: in.Wanted, shell: f.shell, home: home, user: in.Owner(f.pattern)}
	if f.read != nil && in.Content == nil {
		return nil
	}
	file := artifact.Record{Kind: model.HistoryFile}
	if in.Content == nil {
		file.Add("shell", h.shell)
		file.Add("user", h.user)
		file.Add("link_target", in.Target)
		emit(file)
		return nil
	}
	read, err := f.read, error(nil)
	if read == nil {
		read, err = h.recognize(in)
	}
	if err == nil {
		err = read(h, ctx, in)
	}
	h.flush()
	file.Add("shell", h.shell)
	file.Add("user", h.user)
	file.AddInt("lines", h.lines)
	file.AddInt("size", in.Content.Size())
	if in.Content.Size() == 0 {
		file.AddBool("empty", true)
	}
	file.Add("link_target", in.Target)
	if h.leftOut > 0 {
		file.AddInt("left_out", h.leftOut)
	}
	if !h.first.IsZero() {
		file.Times = []artifact.Stamp{{What: "first", Time: h.first}, {What: "last", Time: h.last}}
	}
	emit(file)
	if h.leftOut > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("%d notable commands over the bound are not among the records", h.leftOut)))
	}
	if h.long > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("the ends of %d commands longer than %d bytes were not read", h.long, maxCommand)))
	}
	return err
}

type reader struct {
	emit        artifact.Emit
	shell, user string
	home        string // the directory, empty where that is unknown

	lines, given, leftOut int64
	asked                 int64 // commands that a rule of the user's wants, and nothing else
	wanted                func(*artifact.Record) bool
	long                  int64 // commands that were cut
	cut                   bool  // the one at hand is
	typed, first, last    time.Time
	command               []byte // of zsh: it may go on in the next line
	source                artifact.Source
}

func (h *reader) line(l artifact.Line) error {
	h.lines++
	text := l.Text
	if h.shell == "fish" {
		h.fish(l)
		return nil
	}
	if stamp, ok := bytes.CutPrefix(text, []byte(stampBefore[h.shell])); ok && stampBefore[h.shell] != "" {
		if t, ok := seconds(stamp); ok {
			h.at(t)
			return nil
		}
	}
	if len(h.command) == 0 {
		h.source = artifact.Source{Line: l.Number, Offset: l.Offset}
		if h.shell == "zsh" && bytes.HasPrefix(text, []byte(": ")) {
			// ": 1700000000:0;command"
			if head, command, ok := bytes.Cut(text[2:], []byte(";")); ok {
				begun, _, _ := bytes.Cut(head, []byte(":"))
				if t, ok := seconds(begun); ok {
					h.at(t)
					text = command
				}
			}
		}
	}
	h.source.Length = l.Offset + int64(len(l.Text)) - h.source.Offset
	more := continued[h.shell] != "" && bytes.HasSuffix(text, []byte(continued[h.shell]))
	if more {
		text = append(text[:len(text)-1:len(text)-1], '\n')
	}
	h.add(text)
	if more {
		return nil
	}
	h.flush()
	return nil
}

// stampBefore is what stands before the time of a command, in a line of its own.
var stampBefore = map[string]string{"bash": "#", "sh": "#", "tcsh": "#+"}

// continued is the end of a line of a command that goes on in the next one.
var continued = map[string]string{"zsh": `\`, "powershell": "`"}

// fish reads fish's history: "- cmd: COMMAND", then "  when: SECONDS" and the paths
// that it named. Of a command in several lines their ends are written "\n".
func (h *reader) fish(l artifact.Line) {
	if when, ok := bytes.CutPrefix(l.Text, []byte("  when: ")); ok {
		if t, ok := seconds(when); ok {
			h.at(t)
		}
		return
	}
	command, ok := bytes.CutPrefix(l.Text, []byte("- cmd: "))
	if !ok {
		return
	}
	h.flush()
	h.source = l.Source()
	h.add([]byte(strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(string(command))))
}

// add adds a part of a command, as far as there is room for it.
func (h *reader) add(part []byte) {
	room := maxCommand - len(h.command)
	if len(part) > room {
		part = text.Cut(part, room)
		h.cut = true
	}
	h.command = append(h.command, part...)
}

// at notes the time of the next command.
func (h *reader) at(t time.Time) {
	h.typed = t
	if h.first.IsZero() || t.Before(h.first) {
		h.first = t
	}
	if t.After(h.last) {
		h.last = t
	}
}

// seconds reads a time of a history: all digits, between 1990 and 2100.
func seconds(b []byte) (time.Time, bool) {
	if len(b) < 9 || len(b) > 10 {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 631152000 || n > 4102444800 {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// flush judges the command that was read.
func (h *reader) flush() {
	command := strings.TrimSpace(string(unmeta(h.command, h.shell)))
	typed := h.typed
	if h.cut {
		h.long++
	}
	h.command, h.typed, h.cut = h.command[:0], time.Time{}, false
	if command == "" || command[0] == '#' {
		return
	}
	if !isShell[h.shell] {
		outside := false
		for _, w := range []string{`\!`, "os.system", "subprocess", "FROM PROGRAM", "from program", "TO PROGRAM", ".shell", "system ", "LOAD_FILE", "OUTFILE", "CONFIG SET", "config set", "MODULE LOAD", "SLAVEOF"} {
			outside = outside || strings.Contains(command, w)
		}
		if !outside {
			return
		}
	}
	h.give(command, typed)
}

// give emits the record of a command, if there is something to it.
func (h *reader) give(command string, typed time.Time) {
	f := shell.Analyze(strings.TrimPrefix(command, `\!`)) // a database client's way out
	telling := notable(f.Traits)
	if !telling && h.wanted == nil {
		return
	}
	r := artifact.Record{Kind: model.HistoryCommand, Source: h.source}
	if !typed.IsZero() {
		r.Times = []artifact.Stamp{{What: "typed", Time: typed}}
	}
	r.Add("command", command)
	r.Add("user", h.user)
	r.Add("shell", h.shell)
	f.AddTo(&r)
	count := &h.given
	if !telling {
		// They have a bound of their own: what a rule matches must not push out what tells.
		if count = &h.asked; !h.wanted(&r) {
			return
		}
	}
	if *count++; *count > maxRecords {
		h.leftOut++
		return
	}
	h.emit(r)
}

// notable says whether there is more to a command than a program left running.
func notable(traits []string) bool {
	return len(traits) > 1 || len(traits) == 1 && traits[0] != "background"
}

// unmeta undoes zsh's way of writing the bytes 0x83 to 0xa2: 0x83 and the byte
// with its sixth bit turned.
func unmeta(b []byte, shell string) []byte {
	if shell != "zsh" || bytes.IndexByte(b, 0x83) < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == 0x83 && i+1 < len(b) {
			i++
			out = append(out, b[i]^32)
			continue
		}
		out = append(out, b[i])
	}
	return out
}
