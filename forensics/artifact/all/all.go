// Package all is the list of extractors, in the order in which they run.
package all

import (
	"icecore/forensics/artifact"
	"icecore/forensics/artifact/accounts"
	"icecore/forensics/artifact/agents"
	"icecore/forensics/artifact/apk"
	"icecore/forensics/artifact/apt"
	"icecore/forensics/artifact/audit"
	"icecore/forensics/artifact/authlog"
	"icecore/forensics/artifact/binfmt"
	"icecore/forensics/artifact/bootimage"
	"icecore/forensics/artifact/cloudinit"
	"icecore/forensics/artifact/cron"
	"icecore/forensics/artifact/databases"
	"icecore/forensics/artifact/dbus"
	"icecore/forensics/artifact/dnf"
	"icecore/forensics/artifact/dotfiles"
	"icecore/forensics/artifact/dpkg"
	"icecore/forensics/artifact/git"
	"icecore/forensics/artifact/guards"
	"icecore/forensics/artifact/history"
	"icecore/forensics/artifact/hosts"
	"icecore/forensics/artifact/inetd"
	"icecore/forensics/artifact/interpreters"
	"icecore/forensics/artifact/journald"
	"icecore/forensics/artifact/kernel"
	"icecore/forensics/artifact/kubernetes"
	"icecore/forensics/artifact/listeners"
	"icecore/forensics/artifact/logrotate"
	"icecore/forensics/artifact/modprobe"
	"icecore/forensics/artifact/motd"
	"icecore/forensics/artifact/network"
	"icecore/forensics/artifact/npm"
	"icecore/forensics/artifact/pam"
	"icecore/forensics/artifact/polkit"
	"icecore/forensics/artifact/postgresql"
	"icecore/forensics/artifact/power"
	"icecore/forensics/artifact/python"
	"icecore/forensics/artifact/rclocal"
	"icecore/forensics/artifact/rsyslog"
	"icecore/forensics/artifact/services"
	"icecore/forensics/artifact/sshkeys"
	"icecore/forensics/artifact/sshrc"
	"icecore/forensics/artifact/startup"
	"icecore/forensics/artifact/sudoers"
	"icecore/forensics/artifact/supervisor"
	"icecore/forensics/artifact/systemd"
	"icecore/forensics/artifact/sysusers"
	"icecore/forensics/artifact/tmpfiles"
	"icecore/forensics/artifact/udev"
	"icecore/forensics/artifact/unread"
	"icecore/forensics/artifact/utmp"
	"icecore/forensics/artifact/vsftpd"
	"icecore/forensics/artifact/writable"
	"icecore/forensics/artifact/wtmpdb"
	"icecore/forensics/artifact/xdg"
)

// Extractors gives every extractor; the last one names what none of the others reads.
func Extractors() []artifact.Extractor {
	list := readers()
	return append(list, unread.New(list))
}

// readers gives the extractors that make records.
func readers() []artifact.Extractor {
	return []artifact.Extractor{
		cron.Extractor{},
		rclocal.Extractor{},
		systemd.Extractor{},
		dpkg.Extractor{},
		authlog.Extractor{},
		audit.Extractor{},
		journald.Extractor{},
		accounts.Extractor{},
		sudoers.Extractor{},
		polkit.Extractor{},
		writable.Extractor{},
		sshkeys.Extractor{},
		utmp.Extractor{},
		vsftpd.Extractor{},
		postgresql.Extractor{},
		databases.Extractor{},
		wtmpdb.Extractor{},
		startup.Extractor{},
		udev.Extractor{},
		apt.Extractor{},
		dnf.Extractor{},
		apk.Extractor{},
		npm.Extractor{},
		pam.Extractor{},
		logrotate.Extractor{},
		xdg.Extractor{},
		dbus.Extractor{},
		modprobe.Extractor{},
		motd.Extractor{},
		network.Extractor{},
		cloudinit.Extractor{},
		supervisor.Extractor{},
		agents.Extractor{},
		inetd.Extractor{},
		rsyslog.Extractor{},
		binfmt.Extractor{},
		python.Extractor{},
		services.Extractor{},
		interpreters.Extractor{},
		kubernetes.Extractor{},
		git.Extractor{},
		sshrc.Extractor{},
		dotfiles.Extractor{},
		tmpfiles.Extractor{},
		sysusers.Extractor{},
		guards.Extractor{},
		bootimage.Extractor{},
		power.Extractor{},
		kernel.Extractor{},
		hosts.Extractor{},
		listeners.Extractor{},
		history.Extractor{},
	}
}
