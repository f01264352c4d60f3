package scan

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const (
	maxAskedScript   = 1 << 20 // bytes of a script whose commands rules of the user's see
	maxAskedCommands = 20_000  // commands of one script
	maxAskedRecords  = 200     // of one script
)

// shellNames are the interpreters of which a line is a command.
var shellNames = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"}

// named gives the record of a file whose path a rule of the user's names, nil if there is
// none. What a package brought was not created by anybody else.
func (s *Scan) named(at site, p string, in *filesystem.Inode, c *content) []artifact.Record {
	if s.wants == nil || c.again || at.path == "" || !in.IsRegular() || c.own.owner != "" {
		return nil
	}
	r := artifact.Record{Kind: model.FileNamed}
	r.Source.Path, r.Source.State = p, in.State
	if at.path != p {
		r.Source.HostPath = at.path
	}
	r.Add("file_type", c.kind)
	r.AddInt("size", in.Size)
	r.Add("mode", fmt.Sprintf("%04o", in.Mode&0o7777))
	r.AddInt("uid", int64(in.UID))
	if !s.wants(&r) {
		return nil
	}
	return []artifact.Record{r}
}

// commands gives records of the commands of a script that rules of the user's match. What a
// package brought, and its maintainer scripts, are for the distribution to answer.
func (s *Scan) commands(of *artifact.Record, at site, f io.ReaderAt, size int64, owned bool) (out []artifact.Record) {
	i := interpreterName(of.Get("interpreter"))
	if s.wants == nil || f == nil || owned || of.Kind == model.PackageScript || !of.Kind.IsAutostart() || !slices.Contains(shellNames, i) {
		return nil
	}
	if info := of.Kind.Info(); info == nil || !info.Whole {
		return nil
	}
	var whole []byte
	source := artifact.Source{}
	asked := 0
	r := io.NewSectionReader(f, 0, min(size, maxAskedScript))
	err := artifact.Lines(r, func(l artifact.Line) error {
		if len(whole) == 0 {
			source = artifact.Source{Line: l.Number, Offset: l.Offset}
		}
		source.Length = l.Offset + int64(len(l.Text)) - source.Offset
		more := bytes.HasSuffix(l.Text, []byte(`\`))
		whole = append(whole, bytes.TrimSuffix(l.Text, []byte(`\`))...)
		if more && len(whole) < 64<<10 {
			return nil
		}
		command := string(bytes.TrimSpace(whole))
		whole = whole[:0]
		if command == "" || command[0] == '#' {
			return nil
		}
		if asked++; asked > maxAskedCommands || len(out) >= maxAskedRecords {
			return io.EOF
		}
		x := artifact.Record{Kind: model.ScriptCommand, Source: source}
		x.Add("command", command)
		x.Add("interpreter", i)
		facts := shell.Analyze(command)
		x.AddList("programs", facts.Programs)
		x.AddList("urls", facts.URLs)
		x.Source.Path, x.Source.State = at.path, model.Live
		if s.wants(&x) {
			out = append(out, x)
		}
		return nil
	})
	over := asked > maxAskedCommands || len(out) >= maxAskedRecords || size > maxAskedScript
	if err == io.EOF {
		err = nil
	}
	if over && err == nil {
		err = artifact.Cut(fmt.Errorf("rules of the user's saw the first %d bytes, %d commands or %d matches alone", maxAskedScript, maxAskedCommands, maxAskedRecords))
	}
	if err != nil {
		s.problem(place{v: at.host.Volume, path: at.path}, err)
	}
	return out
}

// interpreterName gives the name of a `#!` line's program: bash of /usr/bin/env bash -e.
func interpreterName(line string) string {
	for _, w := range strings.Fields(line) {
		if b := path.Base(w); b != "env" && !strings.HasPrefix(w, "-") {
			return b
		}
	}
	return ""
}

// commandsOf is commands for a file of which a record was just read.
func (s *Scan) commandsOf(of *artifact.Record, at site, c *content) []artifact.Record {
	if c.file == nil {
		return nil
	}
	return s.commands(of, at, host.Content(c.file), c.size, c.own.owner != "")
}
