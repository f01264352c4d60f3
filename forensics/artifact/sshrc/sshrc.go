// Package sshrc reads what sshd(8) runs at each login: /etc/ssh/sshrc, and ~/.ssh/rc of
// each account; and what ssh(1) runs or loads when its user connects somewhere, by
// ssh_config(5). Records: hook.script and hook.command (event: ssh).
package sshrc

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "sshrc" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Sourced("ssh",
			"/etc/ssh/sshrc",
			"/usr/local/etc/ssh/sshrc",
			"~/.ssh/rc",
			"/var/lib/*/.ssh/rc",
		),
		command.Files(command.Settings("ssh", client),
			"/etc/ssh/ssh_config",
			"/etc/ssh/ssh_config.d/*.conf",
			"/usr/etc/ssh/ssh_config",
			"~/.ssh/config",
			"~/.ssh/config.d/*",
			"/var/lib/*/.ssh/config",
		),
	}
}

// client gives the command that a line of ssh_config(5) has ssh run, or the library that
// it has it load.
func client(line string) (string, bool) {
	name, value := cut(line)
	switch strings.ToLower(name) {
	case "proxycommand", "localcommand":
		if !strings.EqualFold(value, "none") {
			return value, true // by the user's shell
		}
	case "knownhostscommand", "pkcs11provider", "securitykeyprovider", "smartcarddevice":
		if value != "" && value[0] == '/' {
			return value, false
		}
	case "match":
		for value != "" {
			var criterion string
			criterion, value = cut(value)
			if strings.EqualFold(strings.TrimPrefix(criterion, "!"), "exec") {
				return strings.Trim(value, `"`), true
			}
		}
	}
	return "", false
}

// cut splits a line at the first blanks or "=".
func cut(s string) (name, value string) {
	i := strings.IndexAny(s, " \t=")
	if i < 0 {
		return s, ""
	}
	value = strings.TrimLeft(s[i:], " \t")
	return s[:i], strings.TrimLeft(strings.TrimPrefix(value, "="), " \t")
}
