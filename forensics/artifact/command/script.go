package command

import (
	"path"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Executable is the format of directories whose executable scripts all run at an event.
func Executable(event string, patterns ...string) Format {
	return Format{patterns, func(r *Reader) error { return r.script(event, true) }}
}

// Sourced is the format of scripts that run at an event whatever their mode.
func Sourced(event string, patterns ...string) Format {
	return Format{patterns, func(r *Reader) error { return r.script(event, false) }}
}

// Script emits the record of a whole file that is run whatever its mode.
func (r *Reader) Script(event string) error { return r.script(event, false) }

// script emits the record of a whole file.
func (r *Reader) script(event string, executable bool) error {
	if name := path.Base(r.Path); name == "README" || name == ".placeholder" || strings.HasSuffix(name, ".sample") {
		return nil
	}
	rec := model.Record{Kind: model.HookScript}
	rec.Add("event", event)
	err := shell.AddScript(&rec, r.Content)
	rec.Add("linked_to", r.Target)
	if executable && r.Target == "" && !isExecutable(r.Inode) {
		rec.Add("ignored", "not executable")
	}
	r.emit(rec)
	return err
}

// isExecutable says whether a file may be run, and yes of one whose mode is unknown.
func isExecutable(in *filesystem.Inode) bool { return in == nil || in.Mode&0o111 != 0 }

// Code emits the record of a whole file that an interpreter reads which no first line
// names.
func (r *Reader) Code(event, interpreter string) error {
	rec := model.Record{Kind: model.HookScript}
	rec.Add("event", event)
	err := shell.AddCode(&rec, r.Content, interpreter)
	rec.Add("linked_to", r.Target)
	r.emit(rec)
	return err
}

// Telling emits the record of a whole file that an interpreter reads (empty: a shell, or what
// its first line names), only where it has a trait that is worth pointing at: packages bring
// many.
func (r *Reader) Telling(event, interpreter string) error {
	rec := model.Record{Kind: model.HookScript}
	rec.Add("event", event)
	var err error
	if interpreter == "" {
		err = shell.AddScript(&rec, r.Content)
	} else {
		err = shell.AddCode(&rec, r.Content, interpreter)
	}
	rec.Add("linked_to", r.Target)
	if rec.Has("traits") && rec.Has("suspicious_line") {
		r.emit(rec)
	}
	return err
}
