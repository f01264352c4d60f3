// Package hooks reads what else makes a system run programs by itself: when
// somebody logs in, a network comes up, a device appears, packages are installed,
// logs are rotated, a desktop or a bus starts. One file of this package is one
// format.
//
// Records, all with programs, urls, traits and decoded (package shell):
//
//	hook.command    command, event (network, service, boot, log, container,
//	                package-manager, cloud-init, python): ifupdown, supervisor,
//	                inetd, xinetd, rsyslog, binfmt, dpkg, cloud-init, kubelet and
//	                Python are told to run it
//	hook.script     event (motd, network, dhcp, ppp, ssh, kernel, acpi, power,
//	                cloud-init, python, ...), interpreter, suspicious_line, ignored: a
//	                script in a folder whose scripts all run at that event, or
//	                one that a program looks for
//	hook.udev       command, key (RUN, PROGRAM, IMPORT): udev(7)
//	hook.apt        command, event (DPkg::Post-Invoke, ...): apt.conf(5)
//	hook.dnf        command, event (the packages and their state): the plugin
//	                post-transaction-actions
//	hook.pam        command, service, type, control: pam_exec(8) of pam.d(5);
//	                module (of one that is named by a path of its own)
//	hook.logrotate  command, event (postrotate, ...): logrotate(8)
//	hook.autostart  command, name, ignored: the XDG autostart folders
//	hook.dbus       command, name, user: services of D-Bus
//	hook.modprobe   command, module, event (install, remove): modprobe.d(5)
package hooks

import (
	"context"
	"fmt"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "hooks" }

// format reads the files that match some patterns.
type format struct {
	patterns []string
	read     func(*reader) error
}

// formats is the list of all, by the event or the kind of record.
func formats() []format {
	out := []format{
		{[]string{"/etc/udev/rules.d/*.rules", "/run/udev/rules.d/*.rules", "/usr/lib/udev/rules.d/*.rules", "/lib/udev/rules.d/*.rules", "/usr/local/lib/udev/rules.d/*.rules"}, udev},
		{[]string{"/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*"}, apt},
		{[]string{"/etc/dnf/plugins/post-transaction-actions.d/*", "/etc/yum/post-actions/*.action"}, dnf},
		{[]string{"/etc/pam.conf", "/etc/pam.d/*", "/usr/lib/pam.d/*"}, pam},
		{[]string{"/etc/logrotate.conf", "/etc/logrotate.d/*"}, logrotate},
		{[]string{"/etc/xdg/autostart/*.desktop", "/usr/share/autostart/*.desktop", "/root/.config/autostart/*.desktop", "/home/*/.config/autostart/*.desktop"}, desktop},
		{[]string{"/usr/share/dbus-1/system-services/*.service", "/usr/share/dbus-1/services/*.service", "/etc/dbus-1/system-services/*.service", "/usr/local/share/dbus-1/*/*.service", "/home/*/.local/share/dbus-1/services/*.service"}, desktop},
		{[]string{"/etc/modprobe.d/*", "/run/modprobe.d/*", "/usr/lib/modprobe.d/*", "/lib/modprobe.d/*", "/etc/modprobe.conf"}, modprobe},
	}
	out = append(out, commandFiles()...)
	for _, e := range scripts {
		out = append(out, format{e.patterns, func(r *reader) error { return r.script(e.event) }})
	}
	return out
}

// scripts are the folders and files whose scripts run at an event.
var scripts = []struct {
	event    string
	patterns []string
}{
	{"motd", []string{"/etc/update-motd.d/*"}},
	{"network", []string{"/etc/NetworkManager/dispatcher.d/*", "/etc/NetworkManager/dispatcher.d/*/*", "/usr/lib/NetworkManager/dispatcher.d/*", "/etc/network/if-up.d/*", "/etc/network/if-pre-up.d/*", "/etc/network/if-down.d/*", "/etc/network/if-post-down.d/*", "/etc/networkd-dispatcher/*/*", "/usr/lib/networkd-dispatcher/*/*", "/etc/sysconfig/network-scripts/ifup-local", "/sbin/ifup-local", "/usr/sbin/ifup-local", "/etc/wpa_supplicant/functions.sh"}},
	{"dhcp", []string{"/etc/dhcp/dhclient-enter-hooks.d/*", "/etc/dhcp/dhclient-exit-hooks.d/*", "/etc/dhcp/dhclient.d/*.sh", "/etc/dhcp/dhclient-up-hooks", "/etc/dhclient-enter-hooks", "/etc/dhclient-exit-hooks", "/lib/dhcpcd/dhcpcd-hooks/*"}},
	{"ppp", []string{"/etc/ppp/ip-up", "/etc/ppp/ip-down", "/etc/ppp/ip-up.d/*", "/etc/ppp/ip-down.d/*"}},
	{"ssh", []string{"/etc/ssh/sshrc", "/root/.ssh/rc", "/home/*/.ssh/rc", "/var/lib/*/.ssh/rc"}},
	{"kernel", []string{"/etc/kernel/postinst.d/*", "/etc/kernel/postrm.d/*", "/etc/kernel/preinst.d/*", "/etc/kernel/install.d/*", "/etc/initramfs-tools/hooks/*", "/etc/initramfs-tools/scripts/*/*", "/etc/initramfs/post-update.d/*", "/etc/dracut.conf.d/*", "/usr/lib/dracut/modules.d/*/*.sh"}},
	{"boot", []string{"/etc/grub.d/*", "/etc/default/grub.d/*"}},
	{"power", []string{"/usr/lib/systemd/system-sleep/*", "/lib/systemd/system-sleep/*", "/etc/systemd/system-sleep/*", "/usr/lib/systemd/system-shutdown/*", "/lib/systemd/system-shutdown/*", "/etc/pm/sleep.d/*", "/etc/acpi/*.sh", "/etc/acpi/actions/*"}},
	{"cloud-init", []string{"/var/lib/cloud/scripts/per-boot/*", "/etc/cloud/cloud-init.d/*"}},
	// What the owner gave to a new server, which has run once.
	{"cloud-init-once", []string{"/var/lib/cloud/scripts/per-once/*", "/var/lib/cloud/scripts/per-instance/*", "/var/lib/cloud/scripts/vendor/*", "/var/lib/cloud/instances/*/scripts/*", "/var/lib/cloud/instances/*/user-data.txt"}},
	{"package-manager", []string{"/etc/apt/listchanges.conf", "/etc/ca-certificates/update.d/*"}},
	{"git", []string{"/usr/share/git-core/templates/hooks/*", "/root/*/.git/hooks/*", "/home/*/*/.git/hooks/*", "/opt/*/.git/hooks/*", "/srv/*/.git/hooks/*", "/var/www/*/.git/hooks/*", "/etc/.git/hooks/*"}},
}

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	var out []string
	for _, f := range formats() {
		out = append(out, f.patterns...)
	}
	return out
}

const maxRecords = 10_000

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	for _, f := range formats() {
		for _, p := range f.patterns {
			if ok, err := path.Match(p, in.Path); err == nil && ok {
				return f.read(&reader{ctx: ctx, in: in, emit: emit})
			}
		}
	}
	return nil
}

// reader reads one file.
type reader struct {
	ctx  context.Context
	in   *artifact.Input
	emit artifact.Emit
	n    int
}

// lines calls fn for each line of the file.
func (r *reader) lines(fn func(artifact.Line) error) error {
	return r.in.Lines(r.ctx, fn)
}

// give emits the record of a command.
func (r *reader) give(kind model.Kind, at artifact.Source, command string, facts shell.Facts, fields ...model.Field) error {
	if strings.TrimSpace(command) == "" {
		return nil
	}
	if r.n++; r.n > maxRecords {
		return fmt.Errorf("more than %d commands; the rest was not told", maxRecords)
	}
	rec := artifact.Record{Kind: kind, Source: at}
	for _, f := range fields {
		rec.AddCut(f.Name, f.Text(), 1024)
	}
	rec.AddText("command", command)
	facts.AddTo(&rec)
	r.emit(rec)
	return nil
}

func (r *reader) script(event string) error {
	if name := path.Base(r.in.Path); name == "README" || name == ".placeholder" || strings.HasSuffix(name, ".sample") {
		return nil
	}
	rec := artifact.Record{Kind: "hook.script"}
	rec.Add("event", event)
	err := shell.AddScript(&rec, r.in.Content)
	rec.Add("linked_to", r.in.Target)
	if in := r.in.Inode; in != nil && r.in.Target == "" && in.Mode&0o111 == 0 && event != "ssh" && event != "dhcp" && !strings.HasPrefix(event, "cloud-init") && event != "boot" && event != "package-manager" {
		rec.Add("ignored", "not executable")
	}
	r.emit(rec)
	return err
}

// asWords gives a command that no shell reads as one that a shell would: every word
// quoted.
func asWords(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shell.Quote(w)
	}
	return strings.Join(out, " ")
}

// splitWords splits at blanks; quotes of both kinds group.
func splitWords(s string) []string {
	var out []string
	var b strings.Builder
	quote := byte(0)
	open := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && quote != '\'':
			i++
			b.WriteByte(s[i])
			open = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				out = append(out, b.String())
				b.Reset()
				open = false
			}
		default:
			b.WriteByte(c)
			open = true
		}
	}
	if open {
		out = append(out, b.String())
	}
	return out
}
