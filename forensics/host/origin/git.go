package origin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
)

// .git/index (gitformat-index(5)) names every tracked file of a checkout with the
// SHA-1 of its blob; versions 2 to 4 are read:
//
//	"DIRC" u32 version u32 entries
//	entry  10 u32 of stat, of which the last is the size
//	       20 bytes of SHA-1 (32 in repositories of SHA-256: those are not read)
//	       u16 flags: 0x4000 two more bytes of flags follow, 0x0fff length of the name
//	       name, NUL, and up to 7 more NUL to a multiple of 8 bytes; in version 4, how many
//	       bytes of the name before to drop, the rest, NUL
//
// What a checkout does with line ends and filters changes the content: the digest of
// such a file differs without anyone having touched it.

const maxIndex = 128 << 20

var errIndex = errors.New("git index: corrupt")

func loadGit(l *loader, m manifest) error {
	root := parent(m.dir)
	b, err := l.read(m.path(), maxIndex)
	if err != nil {
		return err
	}
	url := l.remote(join(m.dir, "config"))
	name := strings.TrimSuffix(base(strings.TrimSuffix(url, "/")), ".git")
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	if name == "" {
		name = base(root)
	}
	c := Component{Kind: "git", Name: name, Version: l.commit(m.dir), Dir: root, From: url, listed: true}
	comp, err := l.component(c)
	if err != nil {
		return err
	}
	tools, err := l.component(Component{Kind: "git", Name: name, Dir: m.dir, part: true})
	if err != nil {
		return err
	}
	l.components[tools].Installed = 0 // git writes there at each command
	if err := l.fill(m.dir, tools); err != nil {
		return err
	}
	if err := l.region(join(m.dir, "hooks"), unknown); err != nil { // git runs them
		return err
	}
	if d := l.dirs[root]; d == nil || !d.home { // not all in a home is of its checkout
		if err := l.fill(root, comp); err != nil {
			return err
		}
	}
	err = gitIndex(b, func(name []byte, size int64, sum []byte) error {
		at, ok := below(root, string(name))
		if !ok || isBelow(at, m.dir) {
			return errOutside
		}
		if size == 0 {
			size = -1 // git's mark for a file whose times say nothing
		}
		if parent(at) == root {
			return l.list(comp, at, size, "git", sum)
		}
		return l.own(comp, at, size, "git", sum)
	})
	if err != nil {
		l.components[comp].listed = false
	}
	return err
}

// gitIndex gives the regular files of an index.
func gitIndex(b []byte, fn func(name []byte, size int64, sum []byte) error) error {
	if len(b) < 12 || !bytes.HasPrefix(b, []byte("DIRC")) {
		return errIndex
	}
	version, count := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	if version < 2 || version > 4 {
		return errors.New("git index: of a version that is not known")
	}
	var name []byte
	at := 12
	for range count {
		if at+62 > len(b) {
			return errIndex
		}
		e := b[at:]
		mode, size := binary.BigEndian.Uint32(e[24:]), binary.BigEndian.Uint32(e[36:])
		sum, flags := e[40:60], binary.BigEndian.Uint16(e[60:])
		head := 62
		if flags&0x4000 != 0 {
			head += 2
		}
		if head > len(e) {
			return errIndex
		}
		rest := e[head:]
		if version == 4 {
			drop, n := gitVarint(rest)
			if n <= 0 || drop > uint64(len(name)) {
				return errIndex
			}
			end := bytes.IndexByte(rest[n:], 0)
			if end < 0 || end > maxPath {
				return errIndex
			}
			name = append(name[:len(name)-int(drop)], rest[n:n+end]...)
			if len(name) > maxPath {
				return errIndex
			}
			at += head + n + end + 1
		} else {
			end := bytes.IndexByte(rest, 0)
			if end < 0 {
				return errIndex
			}
			name = append(name[:0], rest[:end]...)
			at += (head + end + 8) &^ 7
		}
		if mode>>12 != 8 { // links and modules
			continue
		}
		if err := fn(name, int64(size), sum); err != nil {
			return err
		}
	}
	return nil
}

// gitVarint reads the number of version 4: seven bits a byte, the highest first, and one
// added for each byte that follows.
func gitVarint(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i > 4 {
			return 0, 0
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, i + 1
		}
		v++
	}
	return 0, 0
}

// remote returns the URL of origin in a git config, without a password.
func (l *loader) remote(name string) string {
	b, err := l.read(name, 1<<20)
	if err != nil {
		return ""
	}
	section := ""
	for line := range strings.SplitSeq(string(b), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && section == `[remote "origin"]` && strings.TrimSpace(key) == "url" {
			return withoutPassword(strings.TrimSpace(value))
		}
	}
	return ""
}

// withoutPassword drops user and password of an URL: a report is shown to others.
func withoutPassword(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, path, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if slash {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// commit returns the commit that is checked out.
func (l *loader) commit(dir string) string {
	b, err := l.read(join(dir, "HEAD"), 4096)
	if err != nil {
		return ""
	}
	head := strings.TrimSpace(string(b))
	ref, ok := strings.CutPrefix(head, "ref: ")
	if !ok {
		return hash40(head)
	}
	name, ok := below(dir, ref)
	if !ok {
		return ""
	}
	if b, err := l.read(name, 4096); err == nil {
		return hash40(strings.TrimSpace(string(b)))
	}
	b, err = l.read(join(dir, "packed-refs"), 8<<20)
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if sum, of, ok := strings.Cut(line, " "); ok && of == ref {
			return hash40(sum)
		}
	}
	return ""
}

func hash40(s string) string {
	if len(s) == 40 && unhex(s) != nil {
		return s
	}
	return ""
}
