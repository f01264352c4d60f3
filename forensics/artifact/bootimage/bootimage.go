// Package bootimage reads what runs while kernels are installed and boot images are
// made, and what is built into them: kernel-install(8) and Debian's kernel hooks,
// initramfs-tools(7), dracut(8), the scripts of grub-mkconfig, and dkms.conf(8); what the
// kernel is to start in place of init (GRUB, the Boot Loader Specification); and the
// key scripts of crypttab(5).
//
// Records: hook.script (event: kernel, boot), one a script; hook.command (event: kernel,
// boot), one a command.
package bootimage

import (
	"context"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "bootimage" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return formats().Patterns() }

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	return formats().Extract(ctx, in, emit)
}

func formats() command.Formats {
	return command.Formats{
		command.Executable("kernel",
			"/etc/kernel/postinst.d/*",
			"/etc/kernel/postrm.d/*",
			"/etc/kernel/preinst.d/*",
			"/etc/kernel/install.d/*",
			"/etc/initramfs-tools/hooks/*",
			"/etc/initramfs-tools/scripts/*/*",
			"/etc/initramfs/post-update.d/*",
			"/etc/dracut.conf.d/*",
			"/usr/lib/dracut/modules.d/*/*.sh",
		),
		command.Sourced("boot",
			"/etc/grub.d/*",
			"/usr/local/share/initramfs-tools/hooks/*",
			"/usr/local/share/initramfs-tools/scripts/*/*",
		),
		command.Files(dkms, "/usr/src/*/dkms.conf", "/var/lib/dkms/*/*/source/dkms.conf", "/var/lib/dkms/*/*/build/dkms.conf", "/etc/dkms/*.conf"),
		command.Files(command.Settings("boot", kernelLine),
			"/etc/default/grub",
			"/etc/default/grub.d/*.cfg",
			"/etc/kernel/cmdline",
			"/etc/cmdline.d/*",
			"/boot/grub/grub.cfg",
			"/boot/grub/custom.cfg",
			"/boot/grub2/grub.cfg",
			"/boot/grub2/custom.cfg",
			"/boot/grub2/grubenv",
			"/boot/efi/EFI/*/grub.cfg",
			"/boot/loader/entries/*.conf",
			"/boot/extlinux/extlinux.conf",
			"/boot/syslinux/syslinux.cfg",
			"/boot/cmdline.txt",
			"/boot/firmware/cmdline.txt",
		),
		command.Files(command.Settings("boot", keyScript), "/etc/crypttab"),
	}
}

var dkmsSetting = regexp.MustCompile(`^(PRE_BUILD|POST_BUILD|PRE_INSTALL|POST_INSTALL|POST_ADD|POST_REMOVE|MAKE(?:\[[0-9]+\])?|CLEAN)\s*=\s*(.*)$`)

// dkms reads dkms.conf, which a shell sources: the scripts that run as root for each new
// kernel, which stand in the directory of the sources.
func dkms(r *command.Reader) error {
	dir := path.Dir(r.Path)
	return r.EachLine(func(l artifact.Line) error {
		m := dkmsSetting.FindStringSubmatch(strings.TrimSpace(l.Head(64 << 10)))
		if m == nil {
			return nil
		}
		value := strings.Join(command.Split(m[2]), " ")
		script := value
		if !strings.HasPrefix(m[1], "MAKE") && m[1] != "CLEAN" && value != "" && value[0] != '/' {
			script = "./" + value // DKMS runs it below that directory
		}
		return r.Command(model.HookCommand, l.Source(), value, shell.Analyze("cd "+shell.Quote(dir)+"\n"+script), command.Event("kernel"))
	})
}

var (
	initOption = regexp.MustCompile(`(?:^|[\s"'=])(?:rd)?init=(/[^\s"']+)`)
	runOption  = regexp.MustCompile(`(?:^|[\s"'])systemd\.run=(?:\\?"([^"\\]+)\\?"|([^\s"']+))`)
	usualInit  = regexp.MustCompile(`^(?:/usr)?/(?:s?bin/init|(?:usr/)?lib/systemd/systemd|bin/systemd|sbin/openrc-init|init)$`)
)

// kernelLine finds what the kernel's command line has started: init= in place of the
// usual one, systemd.run=.
func kernelLine(text string) (string, bool) {
	for _, m := range initOption.FindAllStringSubmatch(text, 10) {
		if !usualInit.MatchString(m[1]) {
			return m[1], false
		}
	}
	if m := runOption.FindStringSubmatch(text); m != nil {
		return m[1] + m[2], false
	}
	return "", false
}

// keyScript gives the keyscript= of a line of crypttab(5): target, device, key, options.
func keyScript(text string) (string, bool) {
	f := strings.Fields(text)
	if len(f) < 4 {
		return "", false
	}
	for _, o := range strings.Split(f[3], ",") {
		// A name without a directory is one of the scripts that cryptsetup brings.
		if v, ok := strings.CutPrefix(o, "keyscript="); ok && strings.HasPrefix(v, "/") {
			return v, false
		}
	}
	return "", false
}
