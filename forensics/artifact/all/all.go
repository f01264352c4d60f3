// Package all is the list of extractors, in the order in which they run.
package all

import (
	"icecore/forensics/artifact"
	"icecore/forensics/artifact/accounts"
	"icecore/forensics/artifact/authlog"
	"icecore/forensics/artifact/cron"
	"icecore/forensics/artifact/dpkg"
	"icecore/forensics/artifact/history"
	"icecore/forensics/artifact/hooks"
	"icecore/forensics/artifact/hosts"
	"icecore/forensics/artifact/journald"
	"icecore/forensics/artifact/kernel"
	"icecore/forensics/artifact/rclocal"
	"icecore/forensics/artifact/sshkeys"
	"icecore/forensics/artifact/startup"
	"icecore/forensics/artifact/sudoers"
	"icecore/forensics/artifact/systemd"
	"icecore/forensics/artifact/utmp"
)

// Extractors gives every extractor.
func Extractors() []artifact.Extractor {
	return []artifact.Extractor{
		cron.Extractor{},
		rclocal.Extractor{},
		systemd.Extractor{},
		dpkg.Extractor{},
		authlog.Extractor{},
		journald.Extractor{},
		accounts.Extractor{},
		sudoers.Extractor{},
		sshkeys.Extractor{},
		utmp.Extractor{},
		startup.Extractor{},
		hooks.Extractor{},
		kernel.Extractor{},
		hosts.Extractor{},
		history.Extractor{},
	}
}
