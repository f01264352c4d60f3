package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"icecore/forensics/artifact/unitfile"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// Mount is one line of a table of filesystems: what the host mounts, and where.
type Mount struct {
	Target  string   // the mount point, an absolute path of the host
	Device  string   // as the table names it: UUID=..., /dev/vda2, a directory of a bind mount
	Type    string   // ext4, xfs, none, ...
	Options []string // ro, noexec, bind, subvol=..., ...
	File    string   // where it is stated, a path of the host; empty: nowhere, see Inferred
	Line    int
	// Inferred says what it was concluded from, where no table states it.
	Inferred string

	Volume *Volume // that holds it, nil: none, or a bind mount
	Bind   string  // the directory that a bind mount shows
}

// Option says whether a mount has an option, and gives its value.
func (m *Mount) Option(name string) (value string, ok bool) {
	for _, o := range m.Options {
		if k, v, _ := strings.Cut(o, "="); k == name {
			return v, true
		}
	}
	return "", false
}

// Bounds of what tables of filesystems may hold.
const (
	maxTable   = 1 << 20 // bytes of fstab
	maxMounts  = 2_000   // of one host
	maxMounted = 4_000   // with what bind mounts show of other mounts
	maxTarget  = 4096    // bytes of a mount point
	maxUnits   = 2_000   // mount units looked at
	maxUnit    = 64 << 10
)

// mountsOf reads what a host mounts: fstab(5) and mount units (systemd.mount(5)). What it
// cannot read is in problems, each an error that names the file.
func mountsOf(t filesystem.Tree) (mounts []Mount, problems []error) {
	b, err := filesystem.ReadFile(t, "/etc/fstab", maxTable)
	switch {
	case err == nil:
		mounts, err = parseFstab(b)
	case isAbsent(err):
		err = nil
	}
	if err != nil {
		problems = append(problems, fmt.Errorf("/etc/fstab: %w", err))
	}
	units, more := mountUnits(t)
	mounts, problems = append(mounts, units...), append(problems, more...)
	if len(mounts) > maxMounts {
		problems = append(problems, fmt.Errorf("%d mounts; the first %d are looked at", len(mounts), maxMounts))
		mounts = mounts[:maxMounts]
	}
	return mounts, problems
}

// parseFstab reads fstab(5) as libmount does: fields parted by blanks, octal escapes,
// comments in lines of their own.
func parseFstab(b []byte) (out []Mount, err error) {
	for n := 1; len(b) > 0; n++ {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte("\n"))
		f := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' })
		if len(f) < 2 || strings.HasPrefix(f[0], "#") {
			continue
		}
		m := Mount{Device: unmangle(f[0]), Target: unmangle(f[1]), File: "/etc/fstab", Line: n}
		if len(f) > 2 {
			m.Type = unmangle(f[2])
		}
		if len(f) > 3 {
			m.Options = strings.Split(unmangle(f[3]), ",")
		}
		if !m.complete() {
			continue
		}
		if len(out) >= maxMounts {
			return out, fmt.Errorf("line %d: more than %d mounts; the rest was not read", n, maxMounts)
		}
		out = append(out, m)
	}
	return out, nil
}

// complete puts a mount right that was read, and says whether it is one of files: swap
// space, and what only a running kernel has, is none.
func (m *Mount) complete() bool {
	if virtual[m.Type] || !strings.HasPrefix(m.Target, "/") || len(m.Target) > 4096 {
		return false
	}
	m.Target = path.Clean(m.Target)
	_, bind := m.Option("bind")
	_, rbind := m.Option("rbind")
	if bind || rbind {
		m.Bind = path.Clean("/" + m.Device)
	}
	return true
}

// virtual are types of filesystems of which no disk holds anything.
var virtual = map[string]bool{
	"swap": true, "proc": true, "sysfs": true, "tmpfs": true, "ramfs": true, "devtmpfs": true, "devpts": true, "debugfs": true, "tracefs": true,
	"securityfs": true, "cgroup": true, "cgroup2": true, "mqueue": true, "hugetlbfs": true, "configfs": true, "fusectl": true, "binfmt_misc": true,
	"efivarfs": true, "pstore": true, "bpf": true, "ignore": true,
}

// remote says whether a mount is of another machine, or of a program: no disk of this
// server holds it.
func (m *Mount) remote() bool {
	switch t := m.Type; {
	case strings.HasPrefix(t, "nfs"), strings.HasPrefix(t, "fuse"), t == "cifs", t == "smb3", t == "smbfs", t == "9p", t == "virtiofs", t == "ceph",
		t == "glusterfs", t == "lustre", t == "davfs", t == "autofs", t == "overlay", t == "afs":
		return true
	}
	_, net := m.Option("_netdev")
	return net && !strings.HasPrefix(m.Device, "/dev/") && !strings.Contains(m.Device, "=")
}

// unmangle undoes the octal escapes of fstab(5).
func unmangle(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

// unitDirs are where systemd looks for units, the first of a name wins (systemd.unit(5)).
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// mountUnits reads the mount units of the administrator, and those of packages that are
// wanted by another unit.
func mountUnits(t filesystem.Tree) (out []Mount, problems []error) {
	seen := make(map[string]bool)
	read := 0
	for _, dir := range unitDirs {
		names, err := t.ReadDir(dir)
		if err != nil {
			if !isAbsent(err) {
				problems = append(problems, fmt.Errorf("%s: %w", dir, err))
			}
			continue
		}
		for _, e := range names {
			if !strings.HasSuffix(e.Name, ".mount") || seen[e.Name] {
				continue
			}
			seen[e.Name] = true
			if read++; read > maxUnits {
				return out, append(problems, fmt.Errorf("%s: more than %d mount units; the rest was not read", dir, maxUnits))
			}
			if dir != unitDirs[0] && !wanted(t, e.Name) {
				continue
			}
			file := dir + "/" + e.Name
			b, err := filesystem.ReadFile(t, file, maxUnit)
			if err != nil {
				if !isAbsent(err) { // a link to /dev/null masks the unit
					problems = append(problems, err)
				}
				continue
			}
			m := Mount{File: file}
			err = unitfile.Parse(bytes.NewReader(b), func(d unitfile.Directive) error {
				if d.Section != "Mount" {
					return nil
				}
				switch d.Name {
				case "What":
					m.Device, m.Line = d.Value, d.Line
				case "Where":
					m.Target = d.Value
				case "Type":
					m.Type = d.Value
				case "Options":
					m.Options = strings.Split(d.Value, ",")
				}
				return nil
			})
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", file, err))
				continue
			}
			if m.Target != "" && m.complete() {
				out = append(out, m)
			}
		}
	}
	return out, problems
}

// wanted says whether a unit is started with the usual targets.
func wanted(t filesystem.Tree, unit string) bool {
	for _, dir := range unitDirs {
		for _, by := range []string{"local-fs.target.wants", "local-fs.target.requires", "multi-user.target.wants", "remote-fs.target.wants"} {
			if _, err := t.Lookup(dir+"/"+by+"/"+unit, false); err == nil {
				return true
			}
		}
	}
	return false
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) }

// byDepth sorts mounts as they can be made: what lies above first, bind mounts last.
func byDepth(mounts []Mount) {
	sort.SliceStable(mounts, func(i, j int) bool {
		a, b := &mounts[i], &mounts[j]
		if (a.Bind != "") != (b.Bind != "") {
			return b.Bind != ""
		}
		return depth(a.Target) < depth(b.Target)
	})
}

func depth(p string) int {
	if p == "/" {
		return 0
	}
	return strings.Count(p, "/")
}

// system says whether what is mounted is a part of the system, or where people and services
// keep what runs. Elsewhere it is data.
func (m *Mount) system() bool {
	if _, ok := m.Option("noauto"); ok {
		return false
	}
	in := func(places ...string) bool {
		return slices.ContainsFunc(places, func(p string) bool { return below(m.Target, p) })
	}
	_, nofail := m.Option("nofail")
	return m.Target == "/" || m.Target == "/usr" || in("/etc", "/var", "/home", "/root", "/opt") ||
		!nofail && in("/srv", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/tmp")
}

// weight says how much it matters that no volume holds what is mounted.
func (m *Mount) weight() model.Weight {
	_, nofail := m.Option("nofail")
	_, noauto := m.Option("noauto")
	switch {
	case m.remote(), below(m.Target, "/boot"), below(m.Target, "/efi"), below(m.Target, "/media"),
		below(m.Target, "/cdrom"):
		return model.Minor
	case noauto, nofail: // the server runs without it
		return model.Partial
	case m.system():
		return model.Decisive
	}
	return model.Partial
}
