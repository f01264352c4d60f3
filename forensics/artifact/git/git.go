// Package git reads the hooks of git repositories, and those of the template that new
// repositories are made from: githooks(5); and what git runs by its configuration, of a
// user, a repository and the system: git-config(1). Records: hook.script (event: git), one a
// script, samples left out; hook.command (event: git), one a setting.
package git

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "git" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Executable("git",
			"/usr/share/git-core/templates/hooks/*",
			"**/.git/hooks/*",
			"**/.git/modules/**/hooks/*",
			// Repositories without files beside them, that others push to.
			"~/*.git/hooks/*", "~/*/*.git/hooks/*", "/srv/*.git/hooks/*", "/srv/*/*.git/hooks/*", "/srv/*/*/*.git/hooks/*",
			"/opt/*.git/hooks/*", "/opt/*/*.git/hooks/*", "/var/lib/*/*.git/hooks/*", "/var/lib/*/*/*.git/hooks/*", "/var/www/*.git/hooks/*",
		),
		command.Files(config, "/etc/gitconfig", "~/.gitconfig", "~/.config/git/config", "**/.git/config", "**/.git/config.worktree"),
	}
}
