package hooks

import (
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// desktop reads the files of the XDG autostart folders and of D-Bus' services:
// the Exec of each section, which no shell reads.
func desktop(r *reader) error {
	kind := model.HookAutostart
	if strings.Contains(r.in.Path, "/dbus-1/") {
		kind = model.HookDBus
	}
	const off = "switched off"
	type exec struct {
		at      artifact.Source
		command string
	}
	var list []exec
	name, user, ignored := path.Base(r.in.Path), "", ""
	err := r.lines(func(l artifact.Line) error {
		key, v, ok := strings.Cut(strings.TrimSpace(string(l.Text)), "=")
		if !ok {
			return nil
		}
		v = strings.TrimSpace(v)
		switch strings.TrimSpace(key) {
		case "Exec":
			if len(list) < 1000 {
				list = append(list, exec{l.Source(), v})
			}
		case "Name":
			name = v
		case "User":
			user = v
		case "Hidden":
			if strings.EqualFold(v, "true") {
				ignored = off
			}
		case "X-GNOME-Autostart-enabled":
			if strings.EqualFold(v, "false") {
				ignored = off
			}
		}
		return nil
	})
	for _, e := range list {
		if err := r.give(kind, e.at, e.command, shell.Analyze(asWords(splitWords(e.command))), model.Named("name", name), model.Named("user", user), model.Named("ignored", ignored)); err != nil {
			return err
		}
	}
	return err
}

// modprobe reads the lines "install MODULE COMMAND" and "remove MODULE COMMAND",
// which a shell reads. "/bin/true" and "/bin/false" only keep a module out.
func modprobe(r *reader) error {
	return r.lines(func(l artifact.Line) error {
		w := strings.Fields(string(l.Text))
		if len(w) < 3 || w[0] != "install" && w[0] != "remove" {
			return nil
		}
		if p := path.Base(w[2]); len(w) == 3 && (p == "true" || p == "false") {
			return nil
		}
		_, command, _ := strings.Cut(string(l.Text), w[1])
		command = strings.TrimSpace(command)
		return r.give("hook.modprobe", l.Source(), command, shell.Analyze(command), model.Named("event", w[0]), model.Named("module", w[1]))
	})
}
