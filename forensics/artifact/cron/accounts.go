package cron

import (
	"path"
	"strings"

	"icecore/forensics/artifact"
)

// maxPasswd is how many bytes of passwd(5) are read.
const maxPasswd = 1 << 20

// accounts gives the names of passwd(5): cron takes any word that is one of them, be it
// sh or 0day, for the user of a job.
func accounts(in *artifact.Input) map[string]bool {
	if in.Read == nil || path.Dir(in.Path) != "/etc/cron.d" && in.Path != "/etc/crontab" {
		return nil
	}
	out := make(map[string]bool)
	for l := range strings.SplitSeq(string(in.Read("/etc/passwd", maxPasswd)), "\n") {
		if name, _, ok := strings.Cut(l, ":"); ok && name != "" {
			out[name] = true
		}
	}
	return out
}
