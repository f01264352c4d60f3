package host

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
)

// Home is an account's home directory.
type Home struct {
	User string
	UID  string // as passwd(5) has it
	Dir  string // a path of the host, links in it followed
}

const (
	maxPasswd   = 8 << 20 // bytes
	maxAccounts = 100_000
)

// homesOf reads the home directories of passwd(5). Those that do not exist are left out.
func homesOf(t filesystem.Tree) (out []Home, err error) {
	b, err := filesystem.ReadFile(t, "/etc/passwd", maxPasswd)
	if err != nil {
		if isAbsent(err) {
			err = nil
		}
		return nil, err
	}
	seen := make(map[string]bool)
	for n := 0; len(b) > 0 && n < maxAccounts; n++ {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte("\n"))
		f := strings.Split(string(line), ":")
		if len(f) < 6 || !strings.HasPrefix(f[5], "/") || len(f[5]) > 4096 {
			continue
		}
		if _, err := strconv.ParseInt(f[2], 10, 64); err != nil {
			continue
		}
		dir := path.Clean(f[5])
		if seen[dir] {
			continue
		}
		seen[dir] = true
		out = append(out, Home{User: f[0], UID: f[2], Dir: dir})
	}
	return out, nil
}

// setHomes notes the home directories, by the path that passwd(5) has and by the one
// without links.
func (h *Host) setHomes(homes []Home) {
	h.homes, h.above = make(map[string]string), make(map[string]bool)
	for _, x := range homes {
		if _, err := h.Lookup(x.Dir, true); err != nil {
			continue
		}
		h.homes[x.Dir] = x.User
		for up := path.Dir(x.Dir); up != "/"; up = path.Dir(up) {
			h.above[up] = true
		}
		h.Homes = append(h.Homes, x)
	}
}
