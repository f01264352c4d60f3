// Package agents reads the commands that agents of monitoring run: extend, exec, pass
// and sh of snmpd.conf(5), UserParameter of Zabbix, command[...] of NRPE, the programs
// of monit(1). Records: hook.command (event: monitoring), one a setting. A setting that
// goes on in the next line is read up to the end of its line.
package agents

import (
	"context"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "agents" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	const event = "monitoring"
	return command.Formats{
		command.Files(command.Settings(event, snmp), "/etc/snmp/snmpd.conf", "/etc/snmp/snmpd.local.conf", "/etc/snmp/snmpd.conf.d/*.conf"),
		command.Files(command.Settings(event, zabbix), "/etc/zabbix/*.conf", "/etc/zabbix/*.d/*.conf", "/etc/zabbix/*.d/*/*.conf"),
		command.Files(command.Settings(event, nrpe), "/etc/nagios/nrpe.cfg", "/etc/nagios/nrpe_local.cfg", "/etc/nagios/nrpe.d/*.cfg", "/etc/nrpe.d/*.cfg"),
		command.Files(command.Settings(event, monit), "/etc/monitrc", "/etc/monit/monitrc", "/etc/monit.d/*", "/etc/monit/conf.d/*", "/etc/monit/conf-enabled/*"),
	}
}

// snmp reads "extend NAME PROG ARGS" and its kin; a numeric OID may stand before the
// name. Only those that end in sh go through a shell.
func snmp(text string) (string, bool) {
	words := strings.Fields(text)
	name := strings.ToLower(words[0])
	skip := 2 // the directive and the name or OID
	switch name {
	case "exec", "sh", "extend", "extend-sh", "extendfix":
		if len(words) > 1 && oid(words[1]) {
			skip++
		}
	case "pass", "pass_persist":
		if len(words) > 1 && strings.HasPrefix(words[1], "-p") {
			skip++
			if words[1] == "-p" {
				skip++
			}
		}
	default:
		return "", false
	}
	rest := text
	for range skip {
		i := strings.IndexAny(rest, " \t")
		if i < 0 {
			return "", false
		}
		rest = strings.TrimLeft(rest[i:], " \t")
	}
	return rest, name == "sh" || name == "extend-sh"
}

// oid says whether a word is a numeric object identifier.
func oid(word string) bool {
	return strings.Contains(word, ".") && strings.Trim(word, "0123456789.") == ""
}

// zabbix reads UserParameter=KEY,COMMAND, which a shell runs; the brackets of a key may
// hold commas.
func zabbix(text string) (string, bool) {
	v := command.Value(text, "UserParameter")
	from := 0
	if b, c := strings.IndexByte(v, '['), strings.IndexByte(v, ','); b >= 0 && b < c {
		from = max(0, strings.IndexByte(v, ']'))
	}
	_, c, _ := strings.Cut(v[from:], ",")
	return strings.TrimSpace(c), true
}

// nrpe reads command[NAME]=COMMAND, which a shell runs.
func nrpe(text string) (string, bool) {
	name, c, ok := strings.Cut(text, "=")
	if !ok || !strings.HasPrefix(name, "command[") {
		return "", false
	}
	return strings.TrimSpace(c), true
}

// monit reads the quoted program behind exec, path, or start|stop|restart program; monit
// runs it without a shell.
func monit(text string) (string, bool) {
	before, c, ok := strings.Cut(text, `"`)
	end := `"`
	if b, single, found := strings.Cut(text, "'"); found && (!ok || len(b) < len(before)) {
		before, c, end, ok = b, single, "'", true
	}
	words := strings.Fields(strings.ToLower(strings.ReplaceAll(before, "=", " ")))
	if !ok || !slices.ContainsFunc(words, func(w string) bool { return w == "exec" || w == "program" }) {
		return "", false
	}
	c, _, _ = strings.Cut(c, end)
	return strings.TrimSpace(c), false
}
