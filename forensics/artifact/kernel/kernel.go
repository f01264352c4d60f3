// Package kernel reads how the kernel is set up at boot: the modules that are
// loaded (modules-load.d(5), modules(5)) and its settings (sysctl.d(5)), among
// them those that miners ask for: huge pages, no watchdog, the msr module.
//
// Records:
//
//	kernel.module   module, options: loaded at boot
//	kernel.setting  name (with dots), value; command and its programs, urls and
//	                traits where the value is one (kernel.core_pattern = |...)
package kernel

import (
	"context"
	"fmt"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "kernel" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/modules", "/etc/modules-load.d/*.conf", "/run/modules-load.d/*.conf", "/usr/lib/modules-load.d/*.conf", "/lib/modules-load.d/*.conf",
		"/etc/sysctl.conf", "/etc/sysctl.d/*.conf", "/run/sysctl.d/*.conf", "/usr/lib/sysctl.d/*.conf", "/lib/sysctl.d/*.conf", "/usr/local/lib/sysctl.d/*.conf",
	}
}

const maxRecords = 10_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	n := 0
	return in.Lines(ctx, func(l artifact.Line) error {
		text := strings.TrimSpace(l.Head(64 << 10))
		if text == "" || text[0] == '#' || text[0] == ';' {
			return nil
		}
		if n++; n > maxRecords {
			return artifact.Cut(fmt.Errorf("more than %d lines; the rest was not read", maxRecords))
		}
		r := artifact.Record{Source: l.Source()}
		if strings.Contains(in.Path, "modules") {
			r.Kind = "kernel.module"
			name, options, _ := strings.Cut(text, " ")
			r.Add("module", name)
			r.Add("options", strings.TrimSpace(options))
			emit(r)
			return nil
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil
		}
		r.Kind = "kernel.setting"
		name = strings.TrimPrefix(strings.TrimSpace(name), "-")
		// A slash may stand for the dot, and then the dot for a slash.
		if i := strings.IndexAny(name, "./"); i >= 0 && name[i] == '/' {
			name = strings.NewReplacer("/", ".", ".", "/").Replace(name)
		}
		value = strings.TrimSpace(value)
		r.Add("name", name)
		r.Add("value", value)
		command := ""
		switch {
		case name == "kernel.core_pattern" && strings.HasPrefix(value, "|"):
			command = strings.TrimSpace(value[1:])
		case name == "kernel.modprobe", name == "kernel.hotplug", name == "kernel.poweroff_cmd":
			command = value
		}
		if command != "" {
			r.Add("command", command)
			f := shell.Analyze(command)
			f.AddTo(&r)
		}
		emit(r)
		return nil
	})
}
