// Package interpreters reads what each start of Ruby, Perl, PHP and Node runs besides the
// program asked for: sitecustomize.pl (perlrun(1)), the plugins and defaults of RubyGems,
// .irbrc and .pryrc, auto_prepend_file and the extensions of php.ini(5), also in the
// .user.ini and .htaccess of web sites, and the options that npmrc(5) gives to Node. Python's
// are those of package python.
//
// Records: hook.script and hook.command (event: ruby, perl, php, node). A script of Ruby or
// Perl is one only with a trait that is worth pointing at: packages bring many.
package interpreters

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "interpreters" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(code("perl"), "/etc/perl/sitecustomize.pl", "**/perl/**/sitecustomize.pl", "**/perl5/**/sitecustomize.pl", "**/site_perl/**/sitecustomize.pl"),
		command.Files(code("ruby"), "~/.irbrc", "~/.pryrc", "~/.config/irb/irbrc", "~/.config/pry/pryrc", "**/rubygems_plugin.rb", "**/rubygems/defaults/operating_system.rb"),
		command.Files(
			settings("php", php),
			"/etc/php.ini", "/etc/php.d/*.ini", "/etc/php/*/*/php.ini", "/etc/php/*/*/conf.d/*.ini", "/etc/php/*/php.ini", "/etc/php/*/conf.d/*.ini", "/etc/php*/php.ini", "/etc/php*/conf.d/*.ini",
			"/usr/local/etc/php/php.ini", "/usr/local/etc/php/conf.d/*.ini", "/usr/local/php/etc/php.ini", "/usr/local/lib/php.ini", "/www/server/php/*/etc/php.ini", "/opt/remi/php*/root/etc/php.ini", "/opt/cpanel/ea-php*/root/etc/php.ini",
			"/etc/php/*/fpm/pool.d/*.conf", "/etc/php-fpm.d/*.conf", "**/.user.ini", "**/.htaccess",
		),
		command.Files(settings("node", npm), "~/.npmrc", "/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc", "**/node_modules/npm/npmrc"),
	}
}

// code is the reader of scripts of a language.
func code(language string) func(*command.Reader) error {
	return func(r *command.Reader) error { return r.Telling(language, language) }
}

// settings is the reader of files of settings of which each line may name a file that is
// loaded.
func settings(event string, find func(line string) string) func(*command.Reader) error {
	return func(r *command.Reader) error {
		return r.EachLine(func(l artifact.Line) error {
			text := strings.TrimSpace(l.Head(maxLine))
			if text == "" || text[0] == '#' || text[0] == ';' {
				return nil
			}
			file := find(text)
			if file == "" {
				return nil
			}
			return r.Command(model.HookCommand, l.Source(), file, shell.Analyze(command.Quoted([]string{file})), command.Event(event))
		})
	}
}

const maxLine = 64 << 10 // bytes

// php gives the file that a line has each script load, or the extension that it has PHP
// load by a path: "auto_prepend_file = X", in a pool "php_value[auto_prepend_file] = X", in
// .htaccess "php_value auto_prepend_file X".
func php(line string) string {
	name, value, ok := strings.Cut(line, "=")
	if words := strings.Fields(line); len(words) > 2 && strings.HasPrefix(strings.ToLower(words[0]), "php_") && !strings.HasPrefix(words[1], "=") {
		name, value, ok = words[1], strings.Join(words[2:], " "), true
	}
	if !ok {
		return ""
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if inner, ok := strings.CutSuffix(name, "]"); ok {
		_, name, _ = strings.Cut(inner, "[")
	}
	value = unquoted(value)
	switch name {
	case "auto_prepend_file", "auto_append_file":
		if value != "" && !strings.EqualFold(value, "none") {
			return value
		}
	case "extension", "zend_extension", "ffi.preload", "opcache.preload":
		if strings.HasPrefix(value, "/") {
			return value
		}
	}
	return ""
}

// unquoted takes the comment and the quotes off a value.
func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if i := strings.IndexByte(s[1:], s[0]); i >= 0 {
			return s[1 : 1+i]
		}
	}
	s, _, _ = strings.Cut(s, ";")
	return strings.TrimSpace(s)
}

// npm gives the file that a line has Node load, or the shell that it has npm run scripts by.
func npm(line string) string {
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return ""
	}
	value = unquoted(value)
	switch strings.TrimSpace(strings.ToLower(name)) {
	case "node-options", "node_options":
		words := strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '=' })
		for i, w := range words {
			if (w == "--require" || w == "-r" || w == "--import" || w == "--loader" || w == "--experimental-loader") && i+1 < len(words) {
				return words[i+1]
			}
		}
	case "script-shell", "init-module", "git", "onload-script":
		if strings.Contains(value, "/") {
			return value
		}
	}
	return ""
}
