// Package kubernetes reads what the containers of static pods run, which kubelet and k3s
// start by themselves: the lists command and args, wherever they stand together in a
// manifest. Records: hook.command (event: container).
//
// Not read: what the API server holds in etcd. Aliases of YAML are not followed.
package kubernetes

import (
	"context"
	"fmt"

	"gopkg.in/yaml.v3"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "kubernetes" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(manifest,
			"/etc/kubernetes/manifests/*",
			"/var/lib/rancher/k3s/server/manifests/*",
			"/var/lib/rancher/k3s/agent/pod-manifests/*",
		),
	}
}

const maxDepth = 50 // of a manifest

func manifest(r *command.Reader) error {
	y, err := r.ReadYAML()
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := y.Decode(&doc); err != nil {
		return err
	}
	return containers(r, y, &doc, 0)
}

// containers looks at a node and all below it.
func containers(r *command.Reader, y *command.YAML, n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return artifact.Cut(fmt.Errorf("line %d: nested more than %d deep; the rest was not read", n.Line, maxDepth))
	}
	var words []string
	line := 0
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i].Value, n.Content[i+1]
		if k != "command" && k != "args" || v.Kind != yaml.SequenceNode {
			continue
		}
		for _, w := range v.Content {
			if line == 0 {
				line = w.Line
			}
			words = append(words, w.Value)
		}
	}
	if len(words) > 0 {
		text := command.Quoted(words)
		facts := shell.Analyze(text)
		if err := r.Command(model.HookCommand, y.At(line), text, facts, command.Event("container")); err != nil {
			return err
		}
	}
	for _, c := range n.Content { // aliases are not followed: they may nest without end
		if err := containers(r, y, c, depth+1); err != nil {
			return err
		}
	}
	return nil
}
