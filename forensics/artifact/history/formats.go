package history

import (
	"bytes"
	"context"
	"errors"
	"io"

	"icecore/forensics/artifact"
)

// format is where one kind of history stands, and how it is read.
type format struct {
	pattern, shell string
	// read is nil for the history of a shell or client: one command a line, or what
	// the first bytes show.
	read func(*reader, context.Context, *artifact.Input) error
}

// formats are those of all programs.
func formats() []format {
	var out []format
	for _, f := range []struct {
		shell    string
		patterns []string
	}{
		{"bash", []string{".bash_history", ".bash_history[.~_\\-]*", ".bash_eternal_history", ".local/state/bash/*hist*", ".local/state/bash_history", ".local/share/bash/*hist*", ".config/bash/*hist*", ".cache/bash/*hist*"}},
		{"zsh", []string{".zsh_history", ".zsh_history[.~_\\-]*", ".zhistory", ".zhistory[.~]*", ".histfile", ".histfile[.~]*", ".zsh/*hist*", ".config/zsh/*hist*", ".cache/zsh/*hist*", ".local/share/zsh/*hist*", ".local/state/zsh/*hist*"}},
		{"ksh", []string{".sh_history", ".sh_history[.~]*", ".ksh_history", ".ksh_history[.~]*"}},
		{"mksh", []string{".mksh_history", ".mksh_history[.~]*"}},
		{"ash", []string{".ash_history", ".ash_history[.~]*"}},
		{"tcsh", []string{".history", ".history[.~]*", ".tcsh_history", ".csh_history"}},
		{"fish", []string{".local/share/fish/*_history", ".config/fish/*_history"}},
		{"powershell", []string{".local/share/powershell/PSReadLine/*_history.txt"}},
		{"python", []string{".python_history", ".local/state/python_history", ".local/share/python/history"}},
		{"mysql", []string{".mysql_history"}},
		{"mariadb", []string{".mariadb_history"}},
		{"psql", []string{".psql_history", ".psql_history-*"}},
		{"sqlite", []string{".sqlite_history"}},
		{"rediscli", []string{".rediscli_history"}},
		{"node_repl", []string{".node_repl_history"}},
		{"irb", []string{".irb_history", ".local/share/irb/history"}},
		{"php", []string{".php_history"}},
		{"mongo", []string{".dbshell", ".mongodb/mongosh/*_history"}},
	} {
		for _, p := range f.patterns {
			out = append(out, format{"~/" + p, f.shell, nil})
		}
	}
	return append(out,
		format{"~/.viminfo", "vim", (*reader).vim}, format{"~/.vim/viminfo", "vim", (*reader).vim}, format{"~/.local/state/vim/viminfo", "vim", (*reader).vim},
		format{"~/.lesshst", "less", (*reader).less}, format{"~/.local/state/lesshst", "less", (*reader).less}, format{"~/.local/share/lesshst", "less", (*reader).less},
		format{"~/.wget-hsts", "wget", (*reader).hsts}, format{"~/.local/share/wget-hsts", "wget", (*reader).hsts},
		format{"~/.ssh/known_hosts", "ssh", (*reader).knownHosts}, format{"~/.ssh/known_hosts[.2]*", "ssh", (*reader).knownHosts},
	)
}

// formatOf gives the format of a path, and the home directory above it: of several, the
// highest one, since ~/.zsh/.zsh_history lies in no home directory .zsh.
func formatOf(p string) (found format, home string) {
	found = format{shell: "sh"}
	for _, f := range formats() {
		if h, ok := artifact.HomeOf(f.pattern, p); ok && (home == "" || len(h) < len(home)) {
			found, home = f, h
		}
	}
	return found, home
}

// isShell are the shells; the histories of all others hold commands of other languages.
var isShell = map[string]bool{"bash": true, "zsh": true, "ksh": true, "mksh": true, "ash": true, "sh": true, "tcsh": true, "fish": true, "powershell": true}

// recognize gives the reader of a shell's history by its first bytes, and corrects which
// shell it is of: ksh(1) is that of OpenBSD or of AT&T, ~/.history any shell's.
func (h *reader) recognize(in *artifact.Input) (func(*reader, context.Context, *artifact.Input) error, error) {
	head := make([]byte, min(in.Content.Size(), 64))
	if _, err := in.Content.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case !isShell[h.shell]:
	case bytes.HasPrefix(head, []byte(kshMagic)):
		h.shell = "ksh"
		return (*reader).ksh, nil
	case bytes.HasPrefix(head, []byte(mkshMagic)):
		h.shell = "mksh"
		return (*reader).mksh, nil
	case bytes.HasPrefix(head, []byte(": ")):
		if stamp, _, ok := bytes.Cut(head[2:], []byte(":")); ok {
			if _, ok := seconds(stamp); ok {
				h.shell = "zsh"
			}
		}
	case bytes.HasPrefix(head, []byte("#+")):
		h.shell = "tcsh"
	case bytes.HasPrefix(head, []byte("#")) && h.shell != "zsh" && h.shell != "fish":
		if stamp, _, ok := bytes.Cut(head[1:], []byte("\n")); ok {
			if _, ok := seconds(stamp); ok {
				h.shell = "bash"
			}
		}
	}
	return (*reader).text, nil
}

// text reads the histories that are lines of text.
func (h *reader) text(ctx context.Context, in *artifact.Input) error { return in.Lines(ctx, h.line) }
