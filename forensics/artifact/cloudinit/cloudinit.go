// Package cloudinit reads what cloud-init runs: bootcmd and runcmd of its settings in
// YAML, and the scripts that it keeps.
//
// Records: hook.command and hook.script; the event is cloud-init for what runs at each
// boot, cloud-init-once for what the owner gave to a new server, which has run once.
package cloudinit

import (
	"bytes"
	"context"

	"gopkg.in/yaml.v3"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "cloudinit" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(config,
			"/etc/cloud/cloud.cfg",
			"/etc/cloud/cloud.cfg.d/*.cfg",
			"/var/lib/cloud/instances/*/cloud-config.txt",
		),
		command.Files(userData,
			"/var/lib/cloud/instances/*/user-data.txt",
			"/var/lib/cloud/instances/*/vendor-data.txt",
			"/var/lib/cloud/seed/*/user-data",
			"/var/lib/cloud/seed/*/vendor-data",
			"/boot/firmware/user-data",
		),
		command.Sourced("cloud-init",
			"/var/lib/cloud/scripts/per-boot/*",
			"/etc/cloud/cloud-init.d/*",
			"/var/lib/cloud/instances/*/boothooks/*",
			"/var/lib/cloud/instances/*/handlers/*",
		),
		command.Sourced("cloud-init-once",
			"/var/lib/cloud/scripts/per-once/*",
			"/var/lib/cloud/scripts/per-instance/*",
			"/var/lib/cloud/scripts/vendor/*",
			"/var/lib/cloud/instances/*/scripts/*",
		),
	}
}

// userData reads what the owner gave to a new server: settings in YAML, a script that runs
// once, or one that runs at each boot (#cloud-boothook). Parts of several are taken as a
// script.
func userData(r *command.Reader) error {
	head := make([]byte, 64)
	n, _ := r.Content.ReadAt(head, 0)
	first, _, _ := bytes.Cut(bytes.TrimSpace(head[:n]), []byte("\n"))
	switch {
	case bytes.HasPrefix(first, []byte("#cloud-config")):
		return config(r)
	case bytes.HasPrefix(first, []byte("#cloud-boothook")):
		return r.Script("cloud-init")
	}
	return r.Script("cloud-init-once")
}

// config reads bootcmd and runcmd.
func config(r *command.Reader) error {
	y, err := r.ReadYAML()
	if err != nil {
		return err
	}
	if !bytes.Contains(y.Text(), []byte("cmd")) {
		return nil
	}
	var doc struct {
		Boot yaml.Node `yaml:"bootcmd"`
		Run  yaml.Node `yaml:"runcmd"`
	}
	if err := y.Decode(&doc); err != nil {
		return err
	}
	for i, n := range append(doc.Boot.Content, doc.Run.Content...) {
		event := "cloud-init"
		if i >= len(doc.Boot.Content) {
			event = "cloud-init-once"
		}
		text := n.Value
		if n.Kind == yaml.SequenceNode {
			var words []string
			for _, w := range n.Content {
				words = append(words, w.Value)
			}
			text = command.Quoted(words)
		}
		if err := r.Command(model.HookCommand, y.At(n.Line), text, shell.Analyze(text), command.Event(event)); err != nil {
			return err
		}
	}
	return nil
}
