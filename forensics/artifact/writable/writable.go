// Package writable looks at the permissions of files that decide who is root or what root
// runs: who may write one of them is root.
//
// Records: file.notable (what: world_writable), for each that others may write. Nothing of
// the content is read.
package writable

import (
	"context"
	"fmt"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "writable" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d/*", "/etc/doas.conf", "/etc/pam.d/*", "/etc/pam.conf",
		"/etc/crontab", "/etc/anacrontab", "/etc/cron.d/*", "/etc/cron.hourly/*", "/etc/cron.daily/*", "/etc/cron.weekly/*", "/etc/cron.monthly/*", "/var/spool/cron/*", "/var/spool/cron/crontabs/*", "/var/spool/cron/tabs/*",
		"/etc/systemd/system/*.service", "/etc/systemd/system/*.timer", "/etc/systemd/system/*.d/*.conf", "/etc/rc.local", "/etc/rc.d/rc.local", "/etc/init.d/*", "/etc/inittab",
		"/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/*", "/etc/profile", "/etc/profile.d/*", "/etc/bash.bashrc", "/etc/environment",
		"/root/.bashrc", "/root/.profile", "/root/.bash_profile", "/root/.ssh/authorized_keys", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*", "/etc/nsswitch.conf", "/etc/udev/rules.d/*", "/etc/polkit-1/rules.d/*",
	}
}

const othersWrite = 0o002

// Extract implements artifact.Extractor.
func (Extractor) Extract(_ context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Target != "" || in.Inode == nil || !in.Inode.IsRegular() || in.Inode.Mode&othersWrite == 0 {
		return nil
	}
	r := model.Record{Kind: model.FileNotable}
	r.Add("what", "world_writable")
	r.Add("mode", fmt.Sprintf("%04o", in.Inode.Mode&0o7777))
	r.AddInt("size", in.Inode.Size)
	emit(r)
	return nil
}
