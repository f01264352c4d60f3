package hooks

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// commandFiles are files of settings of which single lines name a command.
func commandFiles() []format {
	line := func(event string, find func(text string) (command string, shell bool)) func(*reader) error {
		return func(r *reader) error {
			return r.lines(func(l artifact.Line) error {
				text := strings.TrimSpace(string(l.Text))
				if text == "" || text[0] == '#' {
					return nil
				}
				command, inShell := find(text)
				script := command
				if !inShell {
					script = asWords(splitWords(command))
				}
				return r.give("hook.command", l.Source(), command, shell.Analyze(script), model.Named("event", event))
			})
		}
	}
	return []format{
		{[]string{"/etc/network/interfaces", "/etc/network/interfaces.d/*"}, line("network", ifupdown)},
		{[]string{"/etc/supervisord.conf", "/etc/supervisor/supervisord.conf", "/etc/supervisor/conf.d/*.conf", "/etc/supervisord.d/*.ini", "/etc/supervisord.d/*.conf"}, line("service", supervisor)},
		{[]string{"/etc/inetd.conf", "/etc/inetd.d/*"}, line("service", inetd)},
		{[]string{"/etc/xinetd.conf", "/etc/xinetd.d/*"}, line("service", xinetd)},
		{[]string{"/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf"}, line("log", rsyslog)},
		{[]string{"/etc/binfmt.d/*.conf", "/usr/lib/binfmt.d/*.conf", "/usr/local/lib/binfmt.d/*.conf"}, line("boot", binfmt)},
		{[]string{"/etc/dpkg/dpkg.cfg", "/etc/dpkg/dpkg.cfg.d/*"}, line("package-manager", dpkgConfig)},
		{[]string{"/etc/cloud/cloud.cfg", "/etc/cloud/cloud.cfg.d/*.cfg"}, cloudConfig},
		{[]string{"/etc/kubernetes/manifests/*", "/var/lib/rancher/k3s/server/manifests/*", "/var/lib/rancher/k3s/agent/pod-manifests/*"}, manifest},
		{pythonFiles, python},
	}
}

// ifupdown reads interfaces(5): what runs as an interface goes up or down.
func ifupdown(text string) (string, bool) {
	word, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	switch word {
	case "pre-up", "up", "post-up", "down", "pre-down", "post-down":
		return strings.TrimSpace(rest), true
	}
	return "", false
}

// assigned gives the value of a line NAME = VALUE.
func assigned(text string, names ...string) string {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return ""
	}
	name = strings.TrimSpace(strings.TrimRight(name, "+ "))
	for _, n := range names {
		if strings.EqualFold(name, n) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func supervisor(text string) (string, bool) {
	c, _, _ := strings.Cut(assigned(text, "command", "process_name_command"), " ;")
	return c, false
}

// inetd reads inetd.conf(5): service, type, protocol, wait, user, program, argv.
func inetd(text string) (string, bool) {
	f := strings.Fields(text)
	if len(f) < 6 || f[5] == "internal" {
		return "", false
	}
	args := f[5:6]
	if len(f) > 7 {
		args = append(args, f[7:]...) // the first is the name that it is given
	}
	return strings.Join(args, " "), false
}

func xinetd(text string) (string, bool) { return assigned(text, "server"), false }

// rsyslog reads the action ^program, and the programs of omprog and mmexternal.
func rsyslog(text string) (string, bool) {
	if i := strings.Index(text, "binary=\""); i >= 0 {
		c, _, _ := strings.Cut(text[i+len("binary=\""):], "\"")
		return c, false
	}
	i := strings.IndexByte(text, '^')
	if i < 1 || text[0] == '$' || strings.HasPrefix(text, "module(") || text[i-1] != ' ' && text[i-1] != '\t' || i+1 == len(text) || text[i+1] != '/' {
		return "", false
	}
	c, _, _ := strings.Cut(text[i+1:], ";")
	return c, false
}

// binfmt reads binfmt.d(5): ":name:type:offset:magic:mask:interpreter:flags", where
// the first character is what separates.
func binfmt(text string) (string, bool) {
	f := strings.Split(text[1:], text[:1])
	if len(f) < 6 || strings.IndexByte("0123456789/;", text[0]) >= 0 {
		return "", false
	}
	return f[5], false
}

func dpkgConfig(text string) (string, bool) {
	text = strings.TrimPrefix(text, "--")
	c := assigned(text, "pre-invoke", "post-invoke", "status-logger")
	if n := len(c); n > 1 && (c[0] == '"' || c[0] == '\'') && c[n-1] == c[0] {
		c = c[1 : n-1]
	}
	return c, true
}

const maxYAML = 1 << 20 // bytes of a file of settings

// cloudConfig reads bootcmd and runcmd of cloud-init's own settings, which are run at
// each boot, and once on each new instance.
func cloudConfig(r *reader) error {
	b, err := io.ReadAll(io.LimitReader(r.in.Content, maxYAML+1))
	if err != nil {
		return err
	}
	if len(b) > maxYAML {
		return fmt.Errorf("more than %d bytes of settings; they were not read", maxYAML)
	}
	if !strings.Contains(string(b), "cmd") {
		return nil
	}
	var doc struct {
		Boot yaml.Node `yaml:"bootcmd"`
		Run  yaml.Node `yaml:"runcmd"`
	}
	if err := parseYAML(b, &doc); err != nil {
		return err
	}
	starts := lineStarts(b)
	for i, n := range append(doc.Boot.Content, doc.Run.Content...) {
		event := "cloud-init"
		if i >= len(doc.Boot.Content) {
			event = "cloud-init-once"
		}
		command := n.Value
		if n.Kind == yaml.SequenceNode {
			var words []string
			for _, w := range n.Content {
				words = append(words, w.Value)
			}
			command = asWords(words)
		}
		if err := r.give("hook.command", atLine(b, starts, n.Line), command, shell.Analyze(command), model.Named("event", event)); err != nil {
			return err
		}
	}
	return nil
}

// lineStarts gives the offset of each line.
func lineStarts(b []byte) []int64 {
	starts := []int64{0}
	for i, c := range b {
		if c == '\n' {
			starts = append(starts, int64(i)+1)
		}
	}
	return starts
}

// atLine gives the source of a line.
func atLine(b []byte, starts []int64, line int) artifact.Source {
	at := artifact.Source{Line: line}
	if line < 1 || line > len(starts) {
		return at
	}
	at.Offset = starts[line-1]
	end := int64(len(b))
	if line < len(starts) {
		end = starts[line] - 1
	}
	at.Length = end - at.Offset
	return at
}

// manifest reads what the containers of static pods run: the lists command and args,
// wherever they stand together.
func manifest(r *reader) error {
	b, err := io.ReadAll(io.LimitReader(r.in.Content, maxYAML+1))
	if err != nil {
		return err
	}
	if len(b) > maxYAML {
		return fmt.Errorf("more than %d bytes of settings; they were not read", maxYAML)
	}
	var doc yaml.Node
	if err := parseYAML(b, &doc); err != nil {
		return err
	}
	starts := lineStarts(b)
	var visit func(n *yaml.Node, depth int) error
	visit = func(n *yaml.Node, depth int) error {
		if depth > maxYAMLDepth {
			return nil
		}
		var words []string
		line := 0
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if k, v := n.Content[i].Value, n.Content[i+1]; (k == "command" || k == "args") && v.Kind == yaml.SequenceNode {
				for _, w := range v.Content {
					if line == 0 {
						line = w.Line
					}
					words = append(words, w.Value)
				}
			}
		}
		if len(words) > 0 {
			command := asWords(words)
			if err := r.give("hook.command", atLine(b, starts, line), command, shell.Analyze(command), model.Named("event", "container")); err != nil {
				return err
			}
		}
		for _, c := range n.Content { // aliases are not followed: they may nest without end
			if err := visit(c, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return visit(&doc, 0)
}

const maxYAMLDepth = 50

// parseYAML reads YAML that an intruder may have written.
func parseYAML(b []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil { // the parser is not ours
			err = errors.New("the settings are no YAML")
		}
	}()
	if err := yaml.Unmarshal(b, into); err != nil {
		return fmt.Errorf("the settings are no YAML: %w", err)
	}
	return nil
}

// pythonFiles are those that each start of Python runs (site(3) of Python).
var pythonFiles = func() (out []string) {
	for _, dir := range []string{"/usr/lib/python3/dist-packages", "/usr/lib/python*/dist-packages", "/usr/lib/python*/site-packages", "/usr/lib64/python*/site-packages", "/usr/local/lib/python*/dist-packages", "/usr/local/lib/python*/site-packages", "/root/.local/lib/python*/site-packages", "/home/*/.local/lib/python*/site-packages"} {
		out = append(out, dir+"/sitecustomize.py", dir+"/usercustomize.py", dir+"/*.pth")
	}
	return append(out, "/usr/lib/python*/sitecustomize.py", "/usr/lib64/python*/sitecustomize.py", "/etc/python*/sitecustomize.py")
}()

// python reads sitecustomize.py as a whole, and of a .pth file the lines that are
// run: those that begin with import.
func python(r *reader) error {
	if !strings.HasSuffix(r.in.Path, ".pth") {
		rec := artifact.Record{Kind: "hook.script"}
		rec.Add("event", "python")
		err := shell.AddCode(&rec, r.in.Content, "python")
		rec.Add("linked_to", r.in.Target)
		r.emit(rec)
		return err
	}
	return r.lines(func(l artifact.Line) error {
		text := string(l.Text)
		if !strings.HasPrefix(text, "import ") && !strings.HasPrefix(text, "import\t") {
			return nil
		}
		return r.give("hook.command", l.Source(), text, shell.AnalyzeCode(text, "python"), model.Named("event", "python"))
	})
}
