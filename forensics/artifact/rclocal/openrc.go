package rclocal

import (
	"context"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const maxVariables = 64 << 10 // bytes of a service's settings

// service reads the command of a service of OpenRC, which names it in variables:
// openrc-run(8) starts $command with $command_args.
func service(in *artifact.Input, emit artifact.Emit) {
	list, _ := shell.ReadStatements(in.Content) // what was not read, the script's record says
	var script strings.Builder
	var r *model.Record
	for _, st := range list {
		text := strings.TrimSpace(st.Text)
		name, _, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.ContainsAny(name, " \t\n(") || script.Len()+len(text) > maxVariables {
			continue
		}
		script.WriteString(text + "\n")
		if name == "command" {
			r = &model.Record{Kind: model.RCLine, Source: artifact.Source{Line: st.Line, Offset: st.Offset, Length: st.Length}}
			r.AddText("command", text)
		}
	}
	if r == nil {
		return
	}
	f := shell.Analyze(script.String() + "$command $command_args\n")
	f.AddTo(r)
	r.AddBool("executable", true)
	r.Add("linked_to", in.Target)
	emit(*r)
}

// settings reads what scripts of init.d source: the statements that are more than a
// setting.
func settings(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if path.Base(in.Path) == "locale" {
		return nil // variables of logins, which no shell reads
	}
	list, unread := shell.ReadStatements(in.Content)
	n := 0
	for _, st := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !st.Facts.Telling() {
			continue
		}
		if n++; n > maxLines {
			return artifact.Cut(fmt.Errorf("more than %d notable statements; the rest was not read", maxLines))
		}
		r := model.Record{Kind: model.RCLine, Source: artifact.Source{Line: st.Line, Offset: st.Offset, Length: st.Length}}
		r.AddText("command", strings.TrimSpace(st.Text))
		st.Facts.AddTo(&r)
		r.AddBool("executable", true)
		r.Add("linked_to", in.Target)
		emit(r)
	}
	return unread
}
