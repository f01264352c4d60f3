package command

import (
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const maxExecs = 1000 // of one entry

// Entry is the reader of files in the form of the Desktop Entry Specification: the Exec
// of each section, which no shell reads, with the names that the file gives itself.
func Entry(kind model.Kind) func(*Reader) error {
	return func(r *Reader) error {
		const off = "switched off"
		type exec struct {
			at      model.Source
			command string
		}
		var list []exec
		name, user, ignored := path.Base(r.Path), "", ""
		err := r.EachLine(func(l artifact.Line) error {
			key, v, ok := strings.Cut(strings.TrimSpace(string(l.Text)), "=")
			if !ok {
				return nil
			}
			v = strings.TrimSpace(v)
			switch strings.TrimSpace(key) {
			case "Exec":
				if len(list) == maxExecs {
					return artifact.Cut(fmt.Errorf("more than %d Exec lines; the rest was not read", maxExecs))
				}
				list = append(list, exec{l.Source(), v})
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
			facts := shell.Analyze(Quoted(Split(e.command)))
			fields := model.Fields{model.Named("name", name), model.Named("user", user), model.Named("ignored", ignored)}
			if err := r.Command(kind, e.at, e.command, facts, fields...); err != nil {
				return err
			}
		}
		return err
	}
}
