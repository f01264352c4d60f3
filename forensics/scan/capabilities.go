package scan

import (
	"path"
	"regexp"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// capable matches the programs that run what their caller likes: with a capability of
// root's on them, everybody has it, also where a package brought the program.
var capable = regexp.MustCompile(`^(?:python|perl|php|ruby|lua|node|tclsh|ksh|bash)[0-9.]*$|^(?:(?:da|z|k|mk|tc|c|fi|a)?sh|nodejs|busybox|gdb|r?vim?(?:\.[a-z]+)?|view|nano|emacs|ed|[gm]?awk|tar|cp|mv|dd|rsync|find|env|openssl|socat|nc|strace|unshare|nsenter|tee|cat|less|xxd)$`)

// lendsCapabilities says whether the capabilities of a file are worth a record: no package
// brought it, or it runs what its caller likes. Where it is not known what packages
// brought, the directories that are theirs are taken for their work.
func lendsCapabilities(inside string, o ownership) bool {
	switch {
	case capable.MatchString(path.Base(inside)):
		return true
	case o.owner != "":
		return false
	case o.known:
		return true
	}
	for _, d := range []string{"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/lib", "/lib", "/usr/libexec/", "/snap/"} {
		if strings.HasPrefix(inside, d) {
			return false
		}
	}
	return true
}

// capabilitiesOf gives those that a program has from its file; false where it has none, or
// they cannot be read.
func capabilitiesOf(f filesystem.File) (filesystem.Capabilities, bool) {
	x, ok := f.(filesystem.XattrFile)
	if !ok {
		return filesystem.Capabilities{}, false
	}
	list, err := x.Xattrs()
	if err != nil {
		return filesystem.Capabilities{}, false
	}
	for i := range list {
		if list[i].Name != "security.capability" {
			continue
		}
		if c, err := filesystem.ParseCapabilities(list[i].Value); err == nil && c.Permitted != 0 {
			return c, true
		}
	}
	return filesystem.Capabilities{}, false
}

// addCapabilities adds them to a record.
func addCapabilities(r *model.Record, c filesystem.Capabilities) {
	r.AddList("capabilities", filesystem.CapabilityNames(c.Permitted))
	r.AddBool("effective", c.Effective)
	if c.RootID != 0 {
		r.AddInt("rootid", int64(c.RootID))
	}
}
