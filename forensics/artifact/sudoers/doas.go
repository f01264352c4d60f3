package sudoers

import (
	"context"
	"fmt"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
)

func doasFiles() []string {
	return []string{"/etc/doas.conf", "/etc/doas.d/*.conf", "/usr/local/etc/doas.conf"}
}

// doas reads doas.conf(5): permit [nopass ...] identity [as target] [cmd command [args ...]].
func doas(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	n := 0
	return in.Lines(ctx, func(l artifact.Line) error {
		w := command.Split(l.Head(maxText))
		if len(w) < 2 || w[0] != "permit" {
			return nil
		}
		if n++; n > maxLines {
			return artifact.Cut(fmt.Errorf("more than %d rules; the rest was not read", maxLines))
		}
		r := model.Record{Kind: model.SudoRule, Source: l.Source()}
		w = w[1:]
		nopass := false
		for len(w) > 0 {
			switch w[0] {
			case "nopass":
				nopass = true
			case "persist", "keepenv", "nolog":
			case "setenv":
				for len(w) > 1 && w[0] != "}" && !strings.HasSuffix(w[0], "}") {
					w = w[1:]
				}
			default:
				goto identity
			}
			w = w[1:]
		}
	identity:
		if len(w) == 0 || w[0][0] == '#' {
			return nil
		}
		who := w[0]
		if group, ok := strings.CutPrefix(who, ":"); ok {
			who = "%" + group
		}
		r.AddText("who", who)
		r.Add("hosts", "ALL")
		runas, commands := "ALL", "ALL"
		for w = w[1:]; len(w) > 1 && w[0][0] != '#'; w = w[1:] {
			switch w[0] {
			case "as":
				runas = w[1]
			case "cmd":
				commands = w[1]
				if len(w) > 2 && w[2] == "args" {
					commands = strings.Join(append([]string{w[1]}, w[3:]...), " ")
				}
				w = w[:1]
			}
		}
		r.AddText("runas", runas)
		if nopass {
			r.AddList("tags", []string{"NOPASSWD"})
		}
		r.AddText("commands", commands)
		if nopass {
			r.AddBool("nopasswd", true)
		}
		emit(r)
		return nil
	})
}
