package host

import "strings"

// ownDir says whether a directory, by the server's path, is one that every system has, and
// so is not the root of another, whatever stands in it: with one file /etc/etc/os-release
// an intruder would take all of /etc out of the server.
func (h *Host) ownDir(p string) bool {
	parts := strings.Split(strings.Trim(p, "/"), "/")
	switch parts[0] {
	case "etc", "dev", "proc", "sys", "boot", "bin", "sbin", "lib", "lib32", "lib64":
		return true
	case "tmp", "root", "home", "opt", "srv", "mnt", "media":
		return len(parts) == 1 || h.IsHome(p)
	case "usr", "var", "run":
		return len(parts) <= 2 || parts[1] == "spool" || parts[1] == "log" || h.IsHome(p)
	}
	return h.IsHome(p)
}
