// Package all is the list of extractors, in the order in which they run.
package all

import (
	"icecore/forensics/artifact"
	"icecore/forensics/artifact/account"
	"icecore/forensics/artifact/authlog"
	"icecore/forensics/artifact/cron"
	"icecore/forensics/artifact/dpkg"
	"icecore/forensics/artifact/rclocal"
	"icecore/forensics/artifact/sshkey"
	"icecore/forensics/artifact/startup"
	"icecore/forensics/artifact/systemd"
)

// Extractors gives every extractor.
func Extractors() []artifact.Extractor {
	return []artifact.Extractor{
		cron.Extractor{},
		rclocal.Extractor{},
		systemd.Extractor{},
		dpkg.Extractor{},
		authlog.Extractor{},
		account.Extractor{},
		sshkey.Extractor{},
		startup.Extractor{},
	}
}
