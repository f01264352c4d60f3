// Package npm reads the life-cycle scripts of the packages that npm, yarn or pnpm installed,
// and of projects: preinstall, install and postinstall of each package.json, and prepare of
// those that stand in no node_modules, as https://docs.npmjs.com/cli/using-npm/scripts
// describes them. They ran once, as whoever
// installed the package, and run again with the next installation.
//
// Records: hook.command (event: npm), one a script, and hook.script. Bounds: 1 MiB of a package.json.
package npm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const maxPackage = 1 << 20 // bytes of a package.json

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "npm" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(installed, "**/node_modules/*/package.json", "**/node_modules/@*/*/package.json"),
		command.Files(project, "**/package.json"),
		command.Files(beside, "**/node_modules/**/preinstall.sh", "**/node_modules/**/postinstall.sh"),
	}
}

// events are the scripts that run where a package is installed that another one needs.
var events = []string{"preinstall", "install", "postinstall"}

// ownEvents are those that run besides where a project itself is installed.
var ownEvents = []string{"prepare", "preprepare", "postprepare", "prepublish"}

// beside reads a script that a package brings for its own installation, of which package.json
// names another one that starts it; only with a trait that is worth pointing at.
func beside(r *command.Reader) error { return r.Telling("npm", "") }

// project reads the package.json of a project. What lies deeper in an installed package, a
// test of its own for instance, npm does not run.
func project(r *command.Reader) error {
	if strings.Contains(r.Path, "/node_modules/") {
		return nil
	}
	return read(r, slices.Concat(events, ownEvents))
}

// installed reads the package.json of an installed package.
func installed(r *command.Reader) error { return read(r, events) }

// read reads one package.json. What is no JSON is no package to npm either.
func read(r *command.Reader, run []string) error {
	text, err := io.ReadAll(io.LimitReader(r.Content, maxPackage+1))
	if err != nil {
		return err
	}
	if len(text) > maxPackage {
		return artifact.Cut(fmt.Errorf("more than %d bytes of JSON; the file was not read", maxPackage))
	}
	if !bytes.Contains(text, []byte("install")) && !bytes.Contains(text, []byte("prep")) {
		return nil
	}
	var p struct {
		Scripts map[string]json.RawMessage `json:"scripts"`
	}
	if json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &p) != nil {
		return nil
	}
	for _, event := range run {
		var script string
		raw := p.Scripts[event]
		if json.Unmarshal(raw, &script) != nil {
			continue
		}
		var at model.Source
		if i := bytes.Index(text, raw); i >= 0 {
			at = r.Range(text, i, i+len(raw))
		}
		facts := shell.Analyze("cd " + shell.Quote(path.Dir(r.Path)) + "\n" + script)
		if err := r.Command(model.HookCommand, at, script, facts, command.Event("npm")); err != nil {
			return err
		}
	}
	return nil
}
