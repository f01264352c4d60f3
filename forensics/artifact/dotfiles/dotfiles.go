// Package dotfiles reads what programs run that their users start all the time: tmux(1),
// screen(1), vim(1), gdb(1), the delivery of mail (procmailrc(5), .forward, aliases(5)),
// and the processes that pm2 keeps alive.
//
// Records: hook.command (event: terminal, editor, debugger, mail, service), one a command.
// Of vim and gdb only those with a trait that is worth pointing at: plugins run many.
package dotfiles

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
func (Extractor) Name() string { return "dotfiles" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(lines("terminal", false, tmux), "/etc/tmux.conf", "~/.tmux.conf", "~/.config/tmux/tmux.conf", "~/.byobu/.tmux.conf"),
		command.Files(lines("terminal", false, screen), "/etc/screenrc", "~/.screenrc"),
		command.Files(lines("editor", true, vim), "/etc/vim/vimrc", "/etc/vim/vimrc.local", "/etc/vimrc", "/etc/virc", "~/.vimrc", "~/.exrc", "~/.vim/vimrc", "~/.vim/plugin/*.vim", "~/.vim/after/plugin/*.vim", "~/.config/nvim/init.vim", "~/.config/nvim/plugin/*.vim"),
		command.Files(lines("debugger", true, gdb), "/etc/gdb/gdbinit", "~/.gdbinit", "~/.config/gdb/gdbinit"),
		command.Files(lines("mail", false, forward), "~/.forward", "/etc/aliases", "/etc/postfix/aliases", "/etc/mail/aliases"),
		command.Files(lines("mail", false, procmail), "~/.procmailrc", "/etc/procmailrc"),
		command.Files(pm2, "~/.pm2/dump.pm2", "~/.pm2/dump.pm2.bak", "/etc/.pm2/dump.pm2"),
	}
}

// lines is the reader of files of which each line may name commands, for a shell to read.
func lines(event string, telling bool, find func(line string) []string) func(*command.Reader) error {
	return func(r *command.Reader) error {
		return r.EachLine(func(l artifact.Line) error {
			for _, c := range find(strings.TrimSpace(l.Head(maxLine))) {
				f := facts(c)
				if telling && !f.Telling() {
					continue
				}
				if err := r.Command(model.HookCommand, l.Source(), c, f, command.Event(event)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

const maxLine = 64 << 10 // bytes

// ownDirectory matches where such programs keep their plugins: hidden, as all that belongs
// to a program in a home directory.
var ownDirectory = regexp.MustCompile(`(~|\$HOME|\$\{HOME\}|/root|/home/[^/\s]+)/\.(?:tmux|byobu|vim|config|local|fzf|oh-my-zsh|cache|nvm)/`)

// facts says what a command does; that it lies in such a directory hides nothing.
func facts(c string) shell.Facts {
	f := shell.Analyze(c)
	if f.Has("hidden_exec") && ownDirectory.MatchString(c) {
		plain := shell.Analyze(ownDirectory.ReplaceAllString(c, "$1/plugins/"))
		f.Traits = plain.Traits
	}
	return f
}

var (
	tmuxRun   = regexp.MustCompile(`(?:^|[\s;'"{])(?:run-shell|run|if-shell|if)((?:\s+-[a-zA-Z]+)*)\s+('[^']*'|"(?:[^"\\]|\\.)*"|[^\s;'"-][^\s;]*)`)
	tmuxSet   = regexp.MustCompile(`^set(?:-option|w|-window-option)?(?:\s+-[a-zA-Z]+)*\s+(?:default-command|default-shell|lock-command|copy-command|editor)\s+(.+)$`)
	tmuxInner = regexp.MustCompile(`#\(((?:[^()]|\([^()]*\))*)\)`)
)

// tmux finds the commands of a line: those of run-shell and its like, of options that name
// one, and #(COMMAND) of the status line.
func tmux(line string) []string {
	if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#(") {
		return nil
	}
	var out []string
	if m := tmuxSet.FindStringSubmatch(line); m != nil {
		return []string{unquoted(m[1])}
	}
	for _, m := range tmuxRun.FindAllStringSubmatch(line, -1) {
		out = append(out, unquoted(m[2]))
	}
	for _, m := range tmuxInner.FindAllStringSubmatch(line, -1) {
		out = append(out, m[1])
	}
	return out
}

// unquoted takes quotes off that stand around a text.
func unquoted(s string) string {
	if s = strings.TrimSpace(s); len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		inner := s[1 : len(s)-1]
		if s[0] == '"' {
			inner = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(inner)
		}
		return inner
	}
	return s
}

var screenRun = regexp.MustCompile(`^(?:screen(?:\s+-(?:t|T|h|e)\s+(?:"[^"]*"|\S+)|\s+-\S+)*(?:\s+[0-9]+)?|exec(?:\s+[.!:|]+)?|shell|backtick\s+[0-9]+\s+[0-9]+\s+[0-9]+)\s+([^0-9\s].*)$`)

func screen(line string) []string {
	if m := screenRun.FindStringSubmatch(line); m != nil {
		return []string{strings.TrimPrefix(unquoted(m[1]), "-")} // a login shell
	}
	return nil
}

var (
	vimCall = regexp.MustCompile(`\b(?:system|systemlist|job_start|jobstart|term_start)\(\s*('(?:[^']|'')*'|"(?:[^"\\]|\\.)*")`)
	vimBang = regexp.MustCompile(`(?:^|[|\s])(?:sil(?:ent)?!?\s+)?(?::\s*)?!\s*([^!=].*)$`)
)

// vim finds the commands that a line of Vim script runs.
func vim(line string) []string {
	if strings.HasPrefix(line, `"`) {
		return nil
	}
	var out []string
	for _, m := range vimCall.FindAllStringSubmatch(line, -1) {
		out = append(out, unquoted(m[1]))
	}
	if m := vimBang.FindStringSubmatch(line); m != nil {
		out = append(out, m[1])
	}
	return out
}

func gdb(line string) []string {
	for _, start := range []string{"shell ", "!", "pipe "} {
		if c, ok := strings.CutPrefix(line, start); ok {
			return []string{strings.TrimSpace(c)}
		}
	}
	return nil
}

var piped = regexp.MustCompile(`(?:^|[:,\s])(?:"\|([^"]*)"|\|("(?:[^"]*)"|[^",][^,]*))`)

// forward finds the programs to which mail is piped: |COMMAND, "|COMMAND".
func forward(line string) []string {
	if strings.HasPrefix(line, "#") {
		return nil
	}
	var out []string
	for _, m := range piped.FindAllStringSubmatch(line, -1) {
		if c := strings.TrimSpace(m[1] + unquoted(m[2])); c != "" {
			out = append(out, c)
		}
	}
	return out
}

// procmail finds the programs of recipes, of the variables that name one, and of backquotes.
func procmail(line string) []string {
	if c, ok := strings.CutPrefix(line, "|"); ok {
		return []string{strings.TrimSpace(c)}
	}
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return nil
	}
	value = strings.TrimSpace(value)
	switch name = strings.TrimSpace(name); {
	case name == "TRAP", name == "SENDMAIL":
		return []string{unquoted(value)}
	case strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == "" && strings.Count(value, "`") > 1:
		_, inner, _ := strings.Cut(value, "`")
		inner, _, _ = strings.Cut(inner, "`")
		return []string{inner}
	}
	return nil
}
