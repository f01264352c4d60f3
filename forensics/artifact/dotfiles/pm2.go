package dotfiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const maxDump = 32 << 20 // bytes of a list of processes

// process is one that pm2 starts again with the machine, as far as it is read here.
type process struct {
	Name        string          `json:"name"`
	Path        string          `json:"pm_exec_path"`
	Interpreter string          `json:"exec_interpreter"`
	Directory   string          `json:"pm_cwd"`
	Args        json.RawMessage `json:"args"`
}

// pm2 reads the list that `pm2 save` writes and `pm2 resurrect` starts: a JSON array.
func pm2(r *command.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r.Content, maxDump+1))
	if err != nil {
		return err
	}
	if len(text) > maxDump {
		return artifact.Cut(fmt.Errorf("more than %d bytes of JSON; the file was not read", maxDump))
	}
	var list []json.RawMessage
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("no list of pm2: %w", err)
	}
	at := 0 // where the search for the next process begins
	var bad error
	for i, raw := range list {
		var p process
		if err := json.Unmarshal(raw, &p); err != nil {
			bad = errors.Join(bad, fmt.Errorf("process %d: %w", i+1, err))
			if i > 100 {
				return bad
			}
			continue
		}
		var words []string
		if p.Interpreter != "" && p.Interpreter != "none" {
			words = append(words, p.Interpreter)
		}
		words = append(words, p.Path)
		var args []string
		var one string
		if json.Unmarshal(p.Args, &args) == nil {
			words = append(words, args...)
		} else if json.Unmarshal(p.Args, &one) == nil {
			words = append(words, command.Split(one)...)
		}
		var source model.Source
		if j := bytes.Index(text[at:], raw); j >= 0 {
			source = model.Source{Offset: int64(at + j), Length: int64(len(raw))}
			at += j + len(raw)
		}
		c := command.Quoted(words)
		script := c
		if p.Directory != "" {
			script = "cd " + shell.Quote(p.Directory) + "\n" + c
		}
		f := facts(script)
		if err := r.Command(model.HookCommand, source, c, f, command.Event("service")); err != nil {
			return err
		}
	}
	return bad
}
