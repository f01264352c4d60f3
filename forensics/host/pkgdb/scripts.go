package pkgdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/filesystem"
)

// Script is what a package runs when it, or another, is installed, upgraded, removed or
// verified.
type Script struct {
	Package *Package
	// Name is what the manager calls it: postinst, config, triggers (dpkg); post, preun,
	// verify, triggerin, filetriggerin, transfiletriggerin (rpm); post-install (apk).
	Name string
	// Interpreter is the program that reads the text, with its arguments; ELF for a
	// program; none where nothing says so; empty for what is not run (dpkg's triggers).
	Interpreter string
	// On is what it waits for, of a trigger: packages with their versions, or paths.
	On   []string
	Text []byte // at most MaxScript bytes
	// Size is that of the whole script, in bytes. Of a longer one than MaxScript, Text is
	// its first and last half of that.
	Size  int64
	Place Place
}

// MaxScript is how much of a script is kept, in bytes. The longest that distributions ship
// have some ten thousand.
const MaxScript = 256 << 10

// Cut says whether Text has a gap in the middle.
func (s *Script) Cut() bool { return s.Size > int64(len(s.Text)) }

// Scripts calls fn for each script of all packages. It reads the databases again. The
// problems are those of this reading; an error of fn ends it, and is among them.
func (db *DB) Scripts(ctx context.Context, fn func(*Script) error) []Problem {
	var p problems
	db.each(ctx, parts{scripts: true}, &p, func(e *entry) error {
		for i := range e.scripts {
			s := &e.scripts[i]
			s.Package = &e.Package
			if err := fn(s); err != nil {
				return err
			}
		}
		return nil
	})
	return p.done()
}

// readScript reads a script that is a file of its own.
func readScript(tree filesystem.Tree, path string) (Script, error) {
	f, err := open(tree, path)
	if err != nil {
		return Script{}, err
	}
	s := Script{Size: f.Size(), Place: Place{Path: path, Length: f.Size()}}
	s.Text = make([]byte, min(s.Size, MaxScript))
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, s.Size), s.Text); err != nil {
		return Script{}, fmt.Errorf("%s: %w", path, err)
	}
	if s.Cut() { // the end is where things are appended
		if _, err := f.ReadAt(s.Text[MaxScript/2:], s.Size-MaxScript/2); err != nil && !errors.Is(err, io.EOF) {
			return Script{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return s, nil
}

// cutText gives what is kept of a script's text.
func cutText(b []byte) []byte {
	if len(b) <= MaxScript {
		return bytes.Clone(b)
	}
	return append(bytes.Clone(b[:MaxScript/2]), b[len(b)-MaxScript/2:]...)
}

// interpreter gives what runs a script by its first line.
func interpreter(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x7fELF")):
		return "ELF"
	case bytes.HasPrefix(b, []byte("#!")):
		line, _, _ := bytes.Cut(b[2:min(len(b), 256)], []byte("\n"))
		return string(bytes.TrimSpace(line))
	}
	return "none"
}
