package message

// englishUnread names what is known and not read.
var englishUnread = map[string]string{
	"gap.files":  "volume {volume}, {path} and {more} more {more|file|files}",
	"why.unread": "{what}: not read by this version",

	"unread.own-auth":   "log of logins, by a name that the syslog daemon was configured to use",
	"unread.sudo":       "log of sudo",
	"unread.sudo-io":    "sessions recorded by sudo",
	"unread.remote":     "logs received from other hosts",
	"unread.pacct":      "process accounting",
	"unread.faillock":   "failed logins as PAM counts them",
	"unread.kernel":     "log of the kernel, the firewall or the boot",
	"unread.dnf":        "package log of dnf",
	"unread.yum":        "package log of yum",
	"unread.zypp":       "package log of zypper",
	"unread.pacman":     "package log of pacman",
	"unread.apk":        "package log of apk",
	"unread.apt-term":   "output of package installations",
	"unread.ftp":        "log of an FTP server",
	"unread.web":        "logs of a web server",
	"unread.panel":      "logs of a hosting panel",
	"unread.database":   "logs of a database",
	"unread.mail":       "log of a mail server",
	"unread.containers": "output of containers",
	"unread.cloud":      "log of a cloud agent",
	"unread.load":       "load statistics",
	"unread.guard":      "logs of a security tool",
	"unread.incron":     "table of incron, which runs commands when files change",
	"unread.fcron":      "table of fcron, which runs commands at given times",
}
