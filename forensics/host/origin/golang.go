package origin

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"icecore/forensics/guard"
)

// The module cache (go.dev/ref/mod, "Module cache") is MOD/MODULE@VERSION, unpacked from
// MOD/cache/download/MODULE/@v/VERSION.zip, in which each file is named
// MODULE@VERSION/PATH; capitals are written !x in both trees. The directory of the zip
// file states size and CRC-32 of each: enough to see what was changed by accident or
// dropped in, not against one who computes a file to fit. A toolchain is a directory
// with VERSION, "go1.26.8", and pkg/tool. A program names its main module and its
// version in the section .go.buildinfo.

const (
	maxZipFiles = 100_000
	maxZipDir   = 32 << 20 // bytes of the directory of a zip file
	maxModule   = 600 << 20
)

func loadGoModule(l *loader, m manifest) error {
	version := strings.TrimSuffix(m.name, ".ziphash")
	mod, escaped, ok := strings.Cut(parent(m.dir), "/cache/download/")
	if !ok {
		return nil
	}
	dir := join(mod, escaped+"@"+version)
	comp, err := l.component(Component{Kind: "go", Name: unescapeGo(escaped), Version: unescapeGo(version), Dir: dir})
	if err != nil {
		return err
	}
	for _, ext := range []string{".ziphash", ".zip", ".mod", ".info", ".lock"} {
		if err := l.list(comp, join(m.dir, version+ext), -1, "", nil); err != nil {
			return err
		}
	}
	if err := l.fill(dir, comp); err != nil {
		return err
	}
	if cache := join(mod, "cache"); l.nodes[cache] == (node{}) {
		c, err := l.component(Component{Kind: "go", Name: "module cache", Dir: cache, part: true})
		if err != nil {
			return err
		}
		l.components[c].Installed = 0 // it grows with each build
		if err := l.fill(cache, c); err != nil {
			return err
		}
	}
	return l.goFiles(comp, join(m.dir, version+".zip"), mod)
}

// goFiles lists what a module's zip file holds, if it is there: it can be removed
// without any harm to builds.
func (l *loader) goFiles(comp int32, name, mod string) error {
	found, err := l.tree.Lookup(name, false)
	if err != nil {
		return nil
	}
	f, err := found.Open()
	if err != nil {
		return err
	}
	if !f.Inode().IsRegular() || f.Size() > maxModule {
		return fmt.Errorf("%s: not read: %d bytes", base(name), f.Size())
	}
	n, err := zipDirectory(f, f.Size())
	if err != nil {
		return err
	}
	if l.budget.bytes -= n; l.budget.bytes < 0 {
		return errBudget
	}
	z, err := zip.NewReader(f, f.Size())
	if err != nil {
		return err
	}
	c := &l.components[comp]
	prefix := c.Name + "@" + c.Version + "/"
	for _, file := range z.File {
		rel, ok := strings.CutPrefix(file.Name, prefix)
		if !ok || strings.HasSuffix(rel, "/") {
			continue
		}
		at, ok := below(c.Dir, rel)
		if !ok {
			return errOutside
		}
		sum := binary.BigEndian.AppendUint32(nil, file.CRC32)
		if err := l.own(comp, at, int64(file.UncompressedSize64), "crc32", sum); err != nil {
			return err
		}
	}
	c = &l.components[comp]
	c.listed = true
	return nil
}

// zipDirectory checks how large the directory of a zip file says it is, before anything
// believes it.
func zipDirectory(r io.ReaderAt, size int64) (int64, error) {
	tail := make([]byte, min(size, 22+65535))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+22 > len(tail) {
		return 0, zip.ErrFormat
	}
	files, length := binary.LittleEndian.Uint16(tail[i+10:]), binary.LittleEndian.Uint32(tail[i+12:])
	if bytes.Contains(tail[:i], []byte("PK\x06\x07")) || files == 0xffff || length > maxZipDir {
		return 0, fmt.Errorf("a directory of more than %d bytes or 65,534 files", maxZipDir)
	}
	return int64(length), nil
}

// unescapeGo undoes how the cache writes capitals: !b for B.
func unescapeGo(s string) string {
	if !strings.Contains(s, "!") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '!' && i+1 < len(s) && s[i+1] >= 'a' && s[i+1] <= 'z' {
			i++
			b = append(b, s[i]-'a'+'A')
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func loadGo(l *loader, m manifest) error {
	if standard[m.dir] || !l.has(join(m.dir, "pkg/tool")) || !l.has(join(m.dir, "src/runtime")) {
		return nil
	}
	b, err := l.read(m.path(), 4096)
	if err != nil || !bytes.HasPrefix(b, []byte("go1")) {
		return err
	}
	version, _, _ := strings.Cut(string(b), "\n")
	version = strings.TrimPrefix(version, "go")
	comp, err := l.component(Component{Kind: "toolchain", Name: "go", Version: version, Dir: m.dir})
	if err != nil {
		return err
	}
	return l.fill(m.dir, comp)
}

// GoBuild says from which module a program was built, by what the Go linker wrote into
// it. The origin has no manifest: any build of that source, also a changed one, says the
// same. It is false for what is no program of Go, or of no module. No more than limit
// bytes are read.
func GoBuild(r io.ReaderAt, limit int64) (Origin, bool) {
	var info *debug.BuildInfo
	err := guard.Do("Go build information", func() (err error) {
		info, err = buildinfo.Read(&budget{r, limit})
		return err
	})
	if err != nil || info == nil {
		return Origin{}, false
	}
	o := Origin{Kind: "go", Name: clean(info.Main.Path), Version: clean(info.Main.Version), Size: -1}
	o.Basis, o.State = ByPlace, Inferred
	if o.Name == "" {
		o.Name = clean(info.Path) // built without a module: cmd/go
	}
	if o.Version == "(devel)" {
		o.Version = ""
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				o.Version = clean(s.Value)
			}
		}
	}
	return o, o.Name != ""
}

// budget refuses to read more than it was given.
type budget struct {
	r    io.ReaderAt
	left int64
}

var errSpent = errors.New("more is asked for than may be read")

// ReadAt implements [io.ReaderAt].
func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errSpent
	}
	return b.r.ReadAt(p, off)
}
