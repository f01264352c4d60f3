package forensics

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// notable makes the records file.notable: what is odd about a file itself,
// whatever an extractor makes of its content.
//
//	what       setuid_unowned, kernel_thread_name, hidden_elf, temp_elf,
//	           orphan_elf, package_file_changed, immutable, device_outside_dev
//	file_type  elf, script, text, data
//	owner      the package that owns the path
//	mode       permissions, octal
//	size       bytes
func (s *scan) notable(p string, in *filesystem.Inode, kind string, o ownership) []artifact.Record {
	var out []artifact.Record
	add := func(what string) {
		r := artifact.Record{Kind: "file.notable"}
		r.Add("what", what)
		r.Add("file_type", kind)
		r.Add("owner", o.owner)
		r.Add("mode", fmt.Sprintf("%04o", in.Mode&0o7777))
		r.AddInt("size", in.Size)
		out = append(out, r)
	}
	executable := in.Mode&0o111 != 0
	name := path.Base(p)
	switch in.State {
	case filesystem.Orphan:
		if kind == typeELF {
			add("orphan_elf")
		}
		return out
	case filesystem.Deleted:
		return out
	}
	root, inside := splitRoot(p)
	if in.Mode&0o4000 != 0 && executable && o.known && o.owner == "" && root == "" && kind != typeText && kind != typeEmpty {
		add("setuid_unowned")
	}
	if kind == typeELF && o.owner == "" {
		switch {
		case kernelThreadRE.MatchString(name):
			add("kernel_thread_name")
		case executable && tempDirs(inside):
			add("temp_elf")
		case executable && o.known && hiddenPath(inside):
			add("hidden_elf")
		}
	}
	if o.owner != "" && o.state == "changed" && (kind == typeELF || kind == typeScript) {
		add("package_file_changed")
	}
	if in.Flags&filesystem.FlagImmutable != 0 && decides(inside) {
		add("immutable")
	}
	return out
}

// kernelThreadRE matches the names of kernel threads, none of which is a file.
var kernelThreadRE = regexp.MustCompile(`^\[?(?:kworker(?:[/:][0-9a-zA-Z:+_-]*)?|ksoftirqd(?:/[0-9]+)?|kswapd[0-9]*|kthreadd|kdevtmpfs|kdevtmpfsi|kauditd|khugepaged|kcompactd[0-9]*|khungtaskd|kintegrityd|kblockd|migration(?:/[0-9]+)?|rcu_sched|rcu_preempt|rcu_par_gp|watchdogd|writeback|netns|jbd2|cpuhp|ksmd|oom_reaper|kthrotld|scsi_eh_[0-9]+|kinsing)\]?$`)

func tempDirs(p string) bool {
	for _, d := range []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/dev/mqueue/"} {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return false
}

// hiddenPath says whether a path outside of homes has a hidden component.
func hiddenPath(p string) bool {
	if strings.HasPrefix(p, "/home/") || strings.HasPrefix(p, "/root/") || strings.Contains(p, "/node_modules/") || strings.Contains(p, "/site-packages/") || strings.Contains(p, "/.git/") || strings.Contains(p, "/.build-id/") {
		return false
	}
	return strings.Contains(p, "/.")
}

// decides says whether a file decides who gets in or what runs.
func decides(p string) bool {
	switch {
	case p == "/etc/resolv.conf":
		return false
	case strings.HasPrefix(p, "/etc/"), strings.HasPrefix(p, "/var/spool/cron/"), strings.HasSuffix(p, "/authorized_keys"), strings.HasPrefix(p, "/usr/bin/"), strings.HasPrefix(p, "/usr/sbin/"), strings.HasPrefix(p, "/usr/lib/"), strings.HasPrefix(p, "/usr/local/"), strings.HasPrefix(p, "/root/"):
		return true
	}
	return tempDirs(p)
}

// deviceOutsideDev says whether a device node stands where none is expected: not
// below a dev folder (of a chroot), and none of overlayfs' whiteouts.
func deviceOutsideDev(e *filesystem.Entry) bool {
	if t := e.Inode.Mode & filesystem.ModeType; t != filesystem.ModeBlock && t != filesystem.ModeChar {
		return false
	}
	root, inside := splitRoot(e.Path)
	return root == "" && e.Inode.State == filesystem.Live && !(e.Inode.Major == 0 && e.Inode.Minor == 0) && !strings.Contains(inside, "/dev/") && !strings.HasPrefix(inside, "/lib/udev/devices/")
}
