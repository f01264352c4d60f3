package scan

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/content/filetype"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
	"icecore/forensics/shell"
)

// notable makes the records file.notable: what is odd about a file itself,
// whatever an extractor makes of its content.
//
//	what       setuid_unowned, setgid_unowned, setuid_added (its package states that it
//	           is not setuid), kernel_thread_name, hidden_elf, temp_elf,
//	           orphan_elf, orphan_empty (an executable whose content had not
//	           reached the disk), package_file_changed,
//	           component_file_changed (of a component that no package
//	           brought), immutable,
//	           device_outside_dev, old_mtime (a program modified before it was
//	           made), script (in a world-writable directory, or deleted,
//	           with a trait that an investigation cares for), autostart_cut (a file
//	           that starts things was not read whole: see cutStart),
//	           kernel_module_unowned, pam_module_unowned,
//	           nss_module_unowned, file_capabilities (of a program that no
//	           package owns, or that runs what its caller likes)
//	file_type  elf, script, text, data, empty
//	owner      the package that owns the path
//	mode       permissions, octal
//	size       bytes
//	place      of old_mtime: temp, hidden, system
//	capabilities, effective, rootid: of file_capabilities, see capabilities(7)
//	programs, urls, traits, decoded: of a script (package shell)
func (s *Scan) notable(h *host.Host, inside string, in *filesystem.Inode, c *content, o ownership) []artifact.Record {
	var out []artifact.Record
	kind := c.kind
	add := func(what string) *artifact.Record {
		r := artifact.Record{Kind: "file.notable"}
		r.Add("what", what)
		r.Add("file_type", kind)
		r.Add("owner", o.owner)
		o.addOrigin(&r)
		r.Add("mode", fmt.Sprintf("%04o", in.Mode&0o7777))
		r.AddInt("size", in.Size)
		out = append(out, r)
		return &out[len(out)-1]
	}
	executable := in.Mode&0o111 != 0
	name := path.Base(inside)
	// Of a deleted file other data may stand in its blocks by now, a log that tells
	// of commands for instance: it must say that it is a script.
	if kind == filetype.Script && in.State != filesystem.Live && executable || (kind == filetype.Script || kind == filetype.Text) && tempDirs(inside) {
		if f := shell.Analyze(string(c.head[:min(len(c.head), maxScriptRead)])); dropper(&f, in.State) {
			r := add("script")
			f.AddTo(r)
			r.Source.Length = int64(min(len(c.head), maxScriptRead))
		}
	}
	switch in.State {
	case filesystem.Orphan:
		switch {
		case kind == filetype.ELF:
			add("orphan_elf")
		case kind == filetype.Empty && executable:
			add("orphan_empty")
		}
		return out
	case filesystem.Deleted:
		return out
	}
	if in.Mode&0o6000 != 0 && executable && o.known && o.owner == "" && kind != filetype.Text && kind != filetype.Empty {
		what := "setgid_unowned"
		if in.Mode&0o4000 != 0 {
			what = "setuid_unowned"
		}
		place := detect.PlaceOf(inside, h.HomeOf(inside))
		if s.shellCopy(h, in, c) {
			place = "shell"
		}
		add(what).Add("place", place)
	}
	if o.raised && executable && kind != filetype.Text && kind != filetype.Empty {
		add("setuid_added")
	}
	if executable && kind != filetype.Text && kind != filetype.Empty && lendsCapabilities(inside, o) {
		if caps, ok := capabilitiesOf(c.file); ok {
			addCapabilities(add("file_capabilities"), caps)
		}
	}
	if kind == filetype.ELF && o.owner == "" {
		switch {
		case kernelThreadRE.MatchString(name):
			add("kernel_thread_name")
		case executable && tempDirs(inside) && (sharedObject(c.head) || s.ownTree(h, inside, in)):
			add("temp_library")
		case executable && tempDirs(inside):
			add("temp_elf")
		case executable && o.known && (hiddenPath(inside) && detect.PlaceOf(inside, h.HomeOf(inside)) == detect.PlaceHidden || detect.Disguised(inside)):
			add("hidden_elf")
		}
	}
	if kind == filetype.ELF && o.known && o.owner == "" {
		switch {
		case strings.Contains(name, ".so") && path.Base(path.Dir(inside)) == "security" && packagedLibrary(inside):
			add("pam_module_unowned")
		case strings.HasPrefix(name, "libnss_") && strings.Contains(name, ".so") && packagedLibrary(inside) && strings.Count(inside, "/") < 5:
			add("nss_module_unowned")
		}
	}
	// A program among data, alone or nearly so, whatever starts it.
	if kind == filetype.ELF && executable && o.known && o.owner == "" && o.origin.Kind == "" && !moduleRE.MatchString(name) && !strings.Contains(name, ".so") &&
		detect.PlaceOf(inside, h.HomeOf(inside)) == detect.PlaceData && !s.near.tree(h, inside) {
		add("data_elf")
	}
	if c.whole && appendedScript(c.head) {
		add("appended_script")
	}
	if in.Flags&filesystem.FlagImmutable != 0 && inside == "/etc/resolv.conf" {
		add("immutable_resolver")
	}
	// A packed module: what is built here by DKMS stands in extra or updates.
	compiled := kind != filetype.Text && kind != filetype.Script && kind != filetype.Empty // .ko also ends texts in Korean
	switch {
	case !compiled || !o.known || o.owner != "":
	case packedModule.MatchString(inside):
		add("kernel_module_unowned")
	case moduleRE.MatchString(name) && !strings.Contains(inside, "/dkms/") && !strings.HasPrefix(inside, "/usr/src/") && !s.builtByDKMS(h, name):
		what := "kernel_module_unowned"
		if strings.Contains(inside, "/updates/") || strings.Contains(inside, "/extra/") || strings.Contains(inside, "/weak-updates/") {
			what = "kernel_module_extra"
		}
		add(what)
	}
	if at := standsIn(inside); kind == filetype.ELF && executable && o.owner == "" && o.known && at != "" &&
		in.Mtime.Known && in.Crtime.Known && in.Crtime.Sec-in.Mtime.Sec > setBackBy {
		add("old_mtime").Add("place", at)
	}
	if o.owner != "" && o.state == "changed" && (kind == filetype.ELF || kind == filetype.Script || runsAsText(inside)) {
		add("package_file_changed")
	}
	// A checkout is there to be edited.
	code := kind == filetype.ELF || kind == filetype.Script || isModule(inside)
	if from := &o.origin; code && from.State == origin.Changed && from.Kind != "git" {
		add("component_file_changed")
	}
	if in.Flags&(filesystem.FlagImmutable|filesystem.FlagAppend) != 0 && decides(inside) && !(in.Flags&filesystem.FlagImmutable == 0 && strings.HasPrefix(inside, "/var/log/")) {
		add("immutable")
	}
	return out
}

// packedModule matches a compressed kernel module in the tree that the kernel's package brings.
var packedModule = regexp.MustCompile(`^(?:/usr)?/lib/modules/[^/]+/(?:kernel/.*|[^/]*)\.ko\.(?:xz|zst|gz)$`)

const (
	setBackBy     = 24 * 3600 // seconds by which a file must be older than itself
	maxScriptRead = 256 << 10 // bytes of a script that are judged
)

func packagedLibrary(p string) bool {
	return strings.HasPrefix(p, "/lib") || strings.HasPrefix(p, "/usr/lib")
}

// dropper says whether a script does what those that bring a miner do. Of a deleted
// one an address is enough: whose it is, other records may tell.
func dropper(f *shell.Facts, st filesystem.State) bool {
	for _, t := range []string{"pipe_to_shell", "fetch_exec", "decode_exec", "dev_tcp", "reverse_shell", "miner_args", "preload_write", "preload_env", "key_write", "cron_write", "kill_list", "log_wipe", "interpreter_fetch", "bind_shell", "account_write", "sudo_write", "agents_off", "process_hide", "module_load", "send_secret", "setuid_set", "timestomp"} {
		if f.Has(t) {
			return true
		}
	}
	return st != filesystem.Live && (f.Has("fetch") || len(f.URLs) > 0)
}

// standsIn says what kind of directory a program stands in, empty for those into which
// software is copied by hand with its times.
func standsIn(p string) string {
	switch {
	case tempDirs(p):
		return "temp"
	case strings.HasPrefix(p, "/home/"), strings.HasPrefix(p, "/opt/"), strings.HasPrefix(p, "/srv/"), strings.HasPrefix(p, "/usr/local/"), strings.HasPrefix(p, "/usr/src/"):
		return ""
	case hiddenPath(p):
		return "hidden"
	}
	for _, d := range []string{"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/etc/", "/boot/", "/var/spool/"} {
		if strings.HasPrefix(p, d) && !strings.Contains(p, "/site-packages/") && !strings.Contains(p, "/node_modules/") {
			return "system"
		}
	}
	return ""
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
	return strings.Contains(p, "/.") && shell.Hidden(p)
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

// quotaDrivers are the directories of storage drivers that make a node of their device.
var quotaDrivers = map[string]bool{"overlay2": true, "overlay": true, "vfs": true}

// deviceOutsideDev says whether a device node stands where none is expected: not
// below a dev directory (of a chroot), and none of overlayfs' whiteouts.
func deviceOutsideDev(h *host.Host, inside string) bool {
	if driver, name := path.Split(inside); name == "backingFsBlockDev" && quotaDrivers[path.Base(driver)] {
		return false // by which Docker and Podman set quotas on the filesystem below them
	}
	return (h.Kind == host.Server || h.Kind == host.Other) && !strings.Contains(inside, "/dev/") && !strings.HasPrefix(inside, "/lib/udev/devices/")
}
