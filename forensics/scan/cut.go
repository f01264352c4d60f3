package scan

import (
	"fmt"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// starters are the extractors of files that make the system run something.
var starters = map[string]bool{
	"cron": true, "systemd": true, "rclocal": true, "startup": true, "dotfiles": true, "udev": true, "modprobe": true, "motd": true,
	"network": true, "inetd": true, "supervisor": true, "xdg": true, "sshrc": true, "pam": true, "kernel": true,
	"logrotate": true, "tmpfiles": true,
}

// cutStart gives the record of a file that starts things and was not read whole: a bound
// ended the reading. No such file of an honest system comes near the bounds, and what an
// intruder wants to keep unread stands behind them.
func cutStart(extractor string, in *filesystem.Inode, c *content, err error) (artifact.Record, bool) {
	if !starters[extractor] || !artifact.IsCut(err) || in.State != filesystem.Live {
		return artifact.Record{}, false
	}
	r := artifact.Record{Kind: "file.notable"}
	r.Add("what", "autostart_cut")
	r.Add("file_type", c.kind)
	r.Add("owner", c.own.owner)
	r.Add("mode", fmt.Sprintf("%04o", in.Mode&0o7777))
	r.AddInt("size", in.Size)
	return r, true
}
