// Package bootimage reads what runs while kernels are installed and boot images are
// made, and what is built into them: kernel-install(8) and Debian's kernel hooks,
// initramfs-tools(7), dracut(8), and the scripts of grub-mkconfig.
//
// Records: hook.script (event: kernel, boot), one a script.
package bootimage

import (
	"context"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/command"
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
			"/etc/default/grub.d/*",
		),
	}
}
