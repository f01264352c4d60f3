package pkgdb

import (
	"strings"

	"icecore/forensics/filesystem"
)

// linked are the directories that distributions replaced by links, and what they are
// links to. A package may state a path by the one name or the other. No other link
// counts: an intruder's must not make a package's what lies behind it.
var linked = [...]struct{ from, to string }{
	{"/bin", "/usr/bin"},
	{"/sbin", "/usr/sbin"},
	{"/lib", "/usr/lib"},
	{"/lib32", "/usr/lib32"},
	{"/lib64", "/usr/lib64"},
	{"/libx32", "/usr/libx32"},
	{"/usr/sbin", "/usr/bin"}, // Fedora 42, Arch
	{"/sbin", "/usr/bin"},
	{"/lib64", "/usr/lib"}, // Arch
	{"/usr/lib64", "/usr/lib"},
	{"/var/run", "/run"},
	{"/var/lock", "/run/lock"},
	{"/var/mail", "/var/spool/mail"},
	{"/etc/init.d", "/etc/rc.d/init.d"},
	{"/etc/rc0.d", "/etc/rc.d/rc0.d"},
	{"/etc/rc1.d", "/etc/rc.d/rc1.d"},
	{"/etc/rc2.d", "/etc/rc.d/rc2.d"},
	{"/etc/rc3.d", "/etc/rc.d/rc3.d"},
	{"/etc/rc4.d", "/etc/rc.d/rc4.d"},
	{"/etc/rc5.d", "/etc/rc.d/rc5.d"},
	{"/etc/rc6.d", "/etc/rc.d/rc6.d"},
	// ostree
	{"/home", "/var/home"},
	{"/opt", "/var/opt"},
	{"/srv", "/var/srv"},
	{"/root", "/var/roothome"},
	{"/usr/local", "/var/usrlocal"},
}

// links knows which of the linked directories are links in a tree.
type links struct{ list []struct{ from, to string } }

// standardLinks looks them up.
func standardLinks(tree filesystem.Tree) *links {
	l := &links{}
	for _, d := range linked {
		found, err := tree.Lookup(d.from, true)
		if err != nil || found.Path != d.to {
			continue
		}
		l.list = append(l.list, struct{ from, to string }{d.from + "/", d.to + "/"})
	}
	return l
}

// canonical writes a path as it is without these links.
func (l *links) canonical(p string) string {
	for i := range l.list {
		if d := &l.list[i]; strings.HasPrefix(p, d.from) {
			return d.to + p[len(d.from):]
		}
	}
	return p
}
