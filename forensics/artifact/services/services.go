// Package services reads the settings of services that make them run commands or load code,
// as far as no package of their own does: checks of Consul; Jenkins' init.groovy.d and jobs;
// Airflow's DAGs; hooks of Git servers; modules of nginx and Apache; Composer's autoloaded files, the code of gems and the first files of Python packages, of extensions of
// editors, and the commands of Dockerfiles.
//
// Records: hook.command and hook.script (event: monitoring, workflow, ci, git-server,
// web-server, database, npm, composer, pip). Of packages, of which there are thousands, a
// file is read only where its bytes hold a word that such a command needs.
package services

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "services" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Files(consul, "/etc/consul.d/*", "/etc/consul.d/**/*", "/etc/consul/*.json", "/etc/consul/*.hcl", "/opt/consul/config/*"),
		command.Files(groovy, "/var/lib/jenkins/init.groovy.d/*.groovy", "/var/lib/jenkins/*.groovy", "**/jenkins_home/init.groovy.d/*.groovy", "**/.jenkins/init.groovy.d/*.groovy"),
		command.Files(job, "/var/lib/jenkins/jobs/**/config.xml", "**/jenkins_home/jobs/**/config.xml", "**/.jenkins/jobs/**/config.xml"),
		command.Files(func(r *command.Reader) error { return r.Telling("workflow", "python") }, "**/airflow/dags/*.py", "**/airflow/dags/*/*.py"),
		command.Executable("git-server", "**/custom_hooks/*", "**/custom_hooks/*.d/*", "/var/opt/gitlab/**/*.git/hooks/*", "/var/lib/gitea/**/*.git/hooks/*", "/data/git/**/*.git/hooks/*"),
		command.Files(modules, "/etc/nginx/*.conf", "/etc/nginx/**/*.conf", "/usr/local/nginx/conf/*.conf", "/www/server/nginx/conf/*.conf", "/etc/apache2/*.conf", "/etc/apache2/**/*.load", "/etc/apache2/**/*.conf", "/etc/httpd/conf/*.conf", "/etc/httpd/**/*.conf"),
		command.Files(composer, "**/vendor/composer/autoload_files.php"),
		command.Files(python, "**/setup.py", "**/conftest.py"),
		command.Files(ruby, "**/gems/*/lib/*.rb", "**/gems/*/lib/**/.*.rb", "**/gems/*/ext/**/extconf.rb", "**/gems/*/ext/extconf.rb"),
		command.Files(editor, "**/extensions/*/extension.js", "**/extensions/*/main.js", "**/extensions/*/out/extension.js", "**/extensions/*/dist/extension.js"),
		command.Files(dockerfile, "**/Dockerfile"),
		command.Files(firstFile, "**/site-packages/*/__init__.py", "**/dist-packages/*/__init__.py"),
	}
}

const (
	maxFile = 1 << 20 // bytes of a file that is read whole
	maxList = 500     // commands of one such file
)

var hclRE = regexp.MustCompile(`(?s)\b(?:args|command)\s*=\s*\[(.*?)\]|\bscript\s*=\s*"((?:[^"\\]|\\.)*)"`)

// consul reads the checks and watches of Consul, in JSON or HCL.
func consul(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || b == nil {
		return err
	}
	n := 0
	add := func(words []string, script string) error {
		if n++; n > maxList {
			return nil
		}
		text, shown, at := script, script, r.At(b, script)
		switch n := len(words); {
		case n == 3 && words[1] == "-c":
			text, shown, at = command.Quoted(words), words[2], r.At(b, words[2])
		case n > 0:
			text, shown, at = command.Quoted(words), strings.Join(words, " "), model.Source{}
		}
		return r.Command(model.HookCommand, at, shown, shell.Analyze(text), command.Event("monitoring"))
	}
	var v any
	if json.Unmarshal(b, &v) == nil {
		return walk(v, 0, add)
	}
	for _, m := range hclRE.FindAllSubmatch(b, maxList) {
		if err := add(quoted(string(m[1])), string(m[2])); err != nil {
			return err
		}
	}
	return nil
}

// walk calls fn for each list args and each text script of a JSON value.
func walk(v any, depth int, fn func(words []string, script string) error) error {
	if depth > 32 {
		return nil
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := walk(x, depth+1, fn); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(keys(v)) {
			switch x := v[k].(type) {
			case []any:
				var words []string
				for _, w := range x {
					if s, ok := w.(string); ok {
						words = append(words, s)
					}
				}
				if (k == "args" || k == "command" || k == "Args") && len(words) == len(x) && len(words) > 0 {
					if err := fn(words, ""); err != nil {
						return err
					}
					continue
				}
			case string:
				if (k == "script" || k == "handler") && x != "" {
					if err := fn(nil, x); err != nil {
						return err
					}
				}
			}
			if err := walk(v[k], depth+1, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

func keys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

var quotedRE = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'`)

// quoted gives the texts in quotes.
func quoted(s string) []string {
	var out []string
	for _, m := range quotedRE.FindAllStringSubmatch(s, 64) {
		out = append(out, strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`).Replace(m[1]+m[2]))
	}
	return out
}

var groovyRE = regexp.MustCompile(`\.execute\s*\(|ProcessBuilder|Runtime\.|\bsh\s*\(?\s*["']`)

// groovy reads the scripts that Jenkins runs at its start.
func groovy(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		text := l.Head(maxFile)
		if !groovyRE.MatchString(text) {
			return nil
		}
		words := quoted(text)
		if len(words) == 0 {
			return nil
		}
		script := command.Quoted(words)
		if len(words) == 1 {
			script = words[0]
		}
		return r.Command(model.HookCommand, l.Source(), strings.TrimSpace(text), shell.Analyze(script), command.Event("jenkins"))
	})
}

var (
	jobRE    = regexp.MustCompile(`(?s)<command>(.*?)</command>|<script>(.*?)</script>`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#13;", "", "&#10;", "\n", "&amp;", "&")
)

// job reads the shell steps of a job of Jenkins.
func job(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || b == nil {
		return err
	}
	for _, m := range jobRE.FindAllSubmatchIndex(b, maxList) {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		text := entities.Replace(string(b[from:to]))
		if err := r.Command(model.HookCommand, r.Range(b, from, to), text, shell.Analyze(text), command.Event("ci")); err != nil {
			return err
		}
	}
	return nil
}

// modules reads the modules that nginx and Apache load.
func modules(r *command.Reader) error {
	return r.EachLine(func(l artifact.Line) error {
		f := strings.Fields(strings.TrimRight(strings.TrimSpace(l.Head(maxFile)), ";"))
		file := ""
		switch {
		case len(f) == 2 && f[0] == "load_module":
			file = strings.Trim(f[1], `"'`)
			if strings.HasPrefix(file, "modules/") {
				file = "/usr/lib/nginx/" + file
			}
		case len(f) == 3 && strings.EqualFold(f[0], "LoadModule"):
			file = strings.Trim(f[2], `"'`)
			if strings.HasPrefix(file, "modules/") {
				file = "/usr/lib64/httpd/" + file
			}
		}
		return r.Load(l, file, "web-server")
	})
}

var autoloadRE = regexp.MustCompile(`\$(vendorDir|baseDir)\s*\.\s*'([^']+)'|\$(vendorDir|baseDir)\s*\.\s*"([^"]+)"`)

// composer reads the files that Composer's autoloader loads with every request.
func composer(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || b == nil {
		return err
	}
	vendor := path.Dir(path.Dir(r.Path))
	for _, m := range autoloadRE.FindAllSubmatchIndex(b, maxList) {
		group := 2
		if m[2] < 0 {
			group = 6
		}
		dir := vendor
		if string(b[m[group]:m[group+1]]) == "baseDir" {
			dir = path.Dir(vendor)
		}
		file := path.Join(dir, string(b[m[group+2]:m[group+3]]))
		if err := r.Command(model.HookCommand, r.Range(b, m[0], m[1]), string(b[m[0]:m[1]]), shell.Facts{Programs: []string{file}}, command.Event("composer")); err != nil {
			return err
		}
	}
	return nil
}

var decodes = regexp.MustCompile(`b64decode|fromhex|unhexlify|decompress|urlopen|requests\.get|os\.system|subprocess`)

// firstFile reads the first file of a Python package, which runs when it is imported.
func firstFile(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || !decodes.Match(b) || !bytes.Contains(b, []byte("exec(")) && !bytes.Contains(b, []byte("eval(")) && !bytes.Contains(b, []byte("system")) && !bytes.Contains(b, []byte("subprocess")) {
		return err
	}
	return r.Telling("pip", "python")
}

var rubyRuns = regexp.MustCompile("\\b(?:system|exec|eval|spawn|instance_eval)\\b|%x|`")

// ruby reads the files that are loaded with a gem, or built with it.
func ruby(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || !rubyRuns.Match(b) || !fetches.Match(b) {
		return err
	}
	return r.Telling("gem", "ruby")
}

var fetches = regexp.MustCompile(`curl|wget|Net::HTTP|open-uri|URI\.open|base64|/dev/tcp|urlopen|requests\.get|https?\.get|fetch\(`)

// python reads what runs when a Python project is installed or tested.
func python(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || !fetches.Match(b) {
		return err
	}
	return r.Telling("pip", "python")
}

// editor reads the first file of an extension of VS Code and its kin.
func editor(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil || !bytes.Contains(b, []byte("child_process")) || !fetches.Match(b) {
		return err
	}
	return r.Telling("editor-extension", "node")
}

var runRE = regexp.MustCompile(`(?im)^\s*RUN\s+((?:[^\n\\]|\\\n|\\[^\n])+)`)

// dockerfile reads the commands that build an image, those that are worth pointing at.
func dockerfile(r *command.Reader) error {
	b, err := r.Whole(maxFile)
	if err != nil {
		return err
	}
	for _, m := range runRE.FindAllSubmatchIndex(b, maxList) {
		text := string(b[m[2]:m[3]])
		f := shell.Analyze(text)
		if !f.Telling() {
			continue
		}
		if err := r.Command(model.HookCommand, r.Range(b, m[2], m[3]), text, f, command.Event("build")); err != nil {
			return err
		}
	}
	return nil
}
