package pkgdb

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// apkDirs are where apk keeps its database: until Alpine 3.22, and since.
var apkDirs = []string{"/lib/apk/db", "/usr/lib/apk/db"}

const (
	maxInstalled  = 1 << 30   // bytes of the database
	maxAPKScripts = 256 << 20 // bytes of all scripts, unpacked
)

// apkDB is the database of apk.
type apkDB struct {
	tree filesystem.Tree
	dir  string
}

// findAPK finds the databases of apk. One directory may be a link to the other.
func findAPK(tree filesystem.Tree, p *problems) []backend {
	var out []backend
	seen := make(map[string]bool)
	for _, dir := range apkDirs {
		found, err := tree.Lookup(dir+"/installed", true)
		if err != nil {
			if !absent(err) {
				p.add(dir+"/installed", err)
			}
			continue
		}
		if !seen[found.Path] {
			seen[found.Path] = true
			out = append(out, &apkDB{tree, path.Dir(found.Path)})
		}
	}
	return out
}

func (d *apkDB) manager() Manager { return APK }
func (d *apkDB) place() string    { return d.dir + "/installed" }

// apkFiles are the files of one package, while they are read: each is below the directory
// of the last F line.
type apkFiles struct {
	dir   string
	files []File
}

// each implements backend. A package is a paragraph, of lines with a letter, a colon and
// a value.
func (d *apkDB) each(ctx context.Context, want parts, fn func(*entry) error) error {
	var scripts map[string][]Script
	var bad []error
	if want.scripts {
		var err error
		if scripts, err = d.scripts(ctx); err != nil {
			bad = append(bad, err)
		}
	}
	e, list := &entry{}, apkFiles{}
	identity := ""
	flush := func() error {
		defer func() { e, list, identity = &entry{}, apkFiles{}, "" }()
		if e.Name == "" {
			return nil
		}
		e.files = list.files
		key := e.Name + "-" + e.Version + "."
		if e.scripts = scripts[key+identity]; e.scripts == nil {
			e.scripts = scripts[key+apkDigest(identity).Hex()]
		}
		return fn(e)
	}
	err := eachLine(d.tree, d.place(), maxInstalled, func(l artifact.Line) error {
		if l.Number&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(l.Text) == 0 {
			return flush()
		}
		if len(l.Text) < 2 || l.Text[1] != ':' {
			return nil
		}
		if e.Manager == "" {
			e.Manager = APK
			e.Place = Place{Path: d.place(), Line: l.Number, Offset: l.Offset}
		}
		e.Place.Length = l.Offset + int64(len(l.Text)) - e.Place.Offset
		value := l.Head(maxValue)[2:]
		switch l.Text[0] {
		case 'C':
			identity = value
		case 'P':
			e.Name = value
		case 'V':
			e.Version = value
		case 'A':
			e.Arch = value
		case 'L':
			e.License = value
		case 'o':
			e.Source = value
		case 'm':
			e.Maintainer = value
		case 't':
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 && n < 1<<33 {
				e.Built = time.Unix(n, 0).UTC()
			}
		default:
			if want.files {
				return list.line(l.Text[0], value)
			}
		}
		return nil
	})
	if artifact.Ended(err) {
		bad = append(bad, flush())
	}
	return errors.Join(append(bad, err)...)
}

// line takes a line about files.
func (a *apkFiles) line(letter byte, value string) error {
	switch letter {
	case 'F', 'R':
		if len(a.files) >= maxPaths {
			return fmt.Errorf("more than %d paths", maxPaths)
		}
		// What is root's with the usual mode has no line that says so.
		f := File{Mode: filesystem.ModeDir | 0o755, Owner: "0", Group: "0", Known: PermKnown | OwnerKnown}
		if letter == 'F' {
			a.dir = "/" + value
			f.Path = a.dir
			if value == "" {
				return nil // the root
			}
		} else {
			f.Mode = 0o644 // of a file or a link: that is not stated
			f.Path = strings.TrimSuffix(a.dir, "/") + "/" + value
		}
		if protected(f.Path) && letter == 'R' {
			f.Flags |= Config
		}
		a.files = append(a.files, f)
	case 'M', 'a': // mode and owner of the directory, or of the file, before it
		if len(a.files) == 0 {
			return nil
		}
		f := &a.files[len(a.files)-1]
		words := strings.SplitN(value, ":", 4)
		if len(words) < 3 {
			return nil
		}
		if mode, err := strconv.ParseUint(words[2], 8, 12); err == nil {
			f.Mode, f.Known = f.Mode&^0o7777|uint16(mode), f.Known|PermKnown
		}
		f.Owner, f.Group, f.Known = words[0], words[1], f.Known|OwnerKnown
	case 'Z':
		if len(a.files) == 0 {
			return nil
		}
		f := &a.files[len(a.files)-1]
		if f.Digest = apkDigest(value); !f.Digest.IsZero() {
			f.Known |= DigestKnown
		}
	}
	return nil
}

// protected says whether apk leaves a file to the administrator, by its default list
// (apk-protected_paths(5)).
func protected(p string) bool {
	return strings.HasPrefix(p, "/etc/") && !strings.HasPrefix(p, "/etc/init.d/")
}

// apkDigest reads a sum: Q1 and base64 for SHA-1, Q2 for SHA-256, else hex of MD5.
func apkDigest(s string) Digest {
	if len(s) > 2 && s[0] == 'Q' {
		algorithm := map[byte]string{'1': "sha1", '2': "sha256"}[s[1]]
		b, err := base64.StdEncoding.DecodeString(s[2:])
		if err != nil || algorithm == "" {
			return Digest{}
		}
		return newDigest(algorithm, hex.EncodeToString(b))
	}
	return newDigest("md5", s)
}

// scripts reads the scripts of all packages: a tar archive, packed or not, of files called
// NAME-VERSION.IDENTITY.SCRIPT.
func (d *apkDB) scripts(ctx context.Context) (map[string][]Script, error) {
	out := make(map[string][]Script)
	for _, name := range []string{"/scripts.tar.gz", "/scripts.tar"} {
		f, err := open(d.tree, d.dir+name)
		if absent(err) {
			continue
		}
		if err == nil {
			err = readScripts(ctx, io.NewSectionReader(f, 0, f.Size()), d.dir+name, out)
		}
		if err != nil {
			return out, fmt.Errorf("%s: %w", text.Quote(d.dir+name), err)
		}
	}
	return out, nil
}

func readScripts(ctx context.Context, r io.Reader, place string, out map[string][]Script) error {
	if strings.HasSuffix(place, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	}
	limited := &io.LimitedReader{R: r, N: maxAPKScripts}
	t := tar.NewReader(limited)
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n >= maxPackages {
			err = fmt.Errorf("more than %d scripts; the rest was not read", maxPackages)
		}
		if err == nil && limited.N <= 0 {
			err = fmt.Errorf("more than %d bytes of scripts; the rest was not read", maxAPKScripts)
		}
		if err != nil {
			return err
		}
		// An identity is base64: it may hold a slash.
		ext := path.Ext(h.Name)
		if h.Typeflag != tar.TypeReg || len(ext) < 2 {
			continue
		}
		var head bytes.Buffer
		if _, err := io.Copy(&head, io.LimitReader(t, MaxScript/2)); err != nil {
			return err
		}
		s := Script{Name: ext[1:], Size: h.Size, Place: Place{Path: place, Member: h.Name, Length: h.Size}}
		s.Text = append(head.Bytes(), tail(t, MaxScript/2)...)
		s.Interpreter = interpreter(s.Text)
		key := strings.TrimSuffix(h.Name, ext)
		out[key] = append(out[key], s)
	}
}

// tail reads to the end, and gives the last n bytes.
func tail(r io.Reader, n int) []byte {
	var last []byte
	buf := make([]byte, 32<<10)
	for {
		m, err := r.Read(buf)
		last = append(last, buf[:m]...)
		if len(last) > 2*n {
			last = append(last[:0], last[len(last)-n:]...)
		}
		if err != nil {
			return last[max(0, len(last)-n):]
		}
	}
}
