// Package dpkg reads Debian's package database: the maintainer scripts that run
// as root at every upgrade, and which package owns which path. The formats are
// those of deb-postinst(5), deb-conffiles(5) and dpkg(1) (/var/lib/dpkg).
//
// Records:
//
//	dpkg.script   package, script (postinst, ...), traits, programs and urls of
//	              the script; suspicious_line (the first line with a trait that no
//	              clean script has) and its source line; trailing (yes: a
//	              command follows the last exit, or is the last line after the
//	              part that debhelper made)
//	dpkg.list     package: the list of its files, whose times are those of its
//	              installation
//	dpkg.package  package, version, architecture, status
package dpkg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "dpkg" }

// Version implements artifact.Extractor.
func (Extractor) Version() int { return 1 }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	return []string{
		"/var/lib/dpkg/info/*.preinst", "/var/lib/dpkg/info/*.postinst", "/var/lib/dpkg/info/*.prerm", "/var/lib/dpkg/info/*.postrm", "/var/lib/dpkg/info/*.config",
		"/var/lib/dpkg/info/*.list", "/var/lib/dpkg/status",
	}
}

// telling are the traits that no maintainer script of a clean Debian has.
var telling = []string{"pipe_to_shell", "fetch_exec", "decode_exec", "dev_tcp", "hidden_exec", "temp_exec", "dots_dir", "key_write", "preload_write", "miner_args", "interpreter_fetch", "history_off"}

const (
	maxScript   = 1 << 20
	maxPackages = 200_000
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	name := path.Base(in.Path)
	ext := path.Ext(name)
	pkg := strings.TrimSuffix(name, ext)
	switch {
	case name == "status":
		return status(ctx, in.Content, emit)
	case ext == ".list":
		r := artifact.Record{Kind: "dpkg.list"}
		r.Add("package", pkg)
		emit(r)
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(in.Content, maxScript))
	if err != nil {
		return err
	}
	r := artifact.Record{Kind: "dpkg.script", Source: artifact.Source{Length: int64(len(b))}}
	r.Add("package", pkg)
	r.Add("script", strings.TrimPrefix(ext, "."))
	emit(judge(r, b))
	return nil
}

// judge looks at a script line by line: what matters is one line among hundreds.
func judge(r artifact.Record, b []byte) artifact.Record {
	traits := make(map[string]bool)
	var programs, urls []string
	suspicious := ""
	err := artifact.Lines(bytes.NewReader(b), func(l artifact.Line) error {
		text := strings.TrimSpace(string(l.Text))
		if text == "" || text[0] == '#' {
			return nil
		}
		f := shell.Analyze(text)
		if strings.Contains(text, "nohup ") || f.Has("background") && strings.HasSuffix(text, "&") {
			f.Traits = append(f.Traits, "background")
		}
		for _, t := range f.Traits {
			traits[t] = true
		}
		hit := false
		for _, t := range telling {
			hit = hit || f.Has(t)
		}
		if hit && suspicious == "" {
			suspicious = text
			r.Source.Line, r.Source.Offset, r.Source.Length = l.Number, l.Offset, int64(len(l.Text))
			programs, urls = f.Programs, f.URLs
		}
		return nil
	})
	if err != nil {
		r.Add("error", err.Error())
	}
	var list []string
	for _, t := range telling {
		if traits[t] {
			list = append(list, t)
		}
	}
	r.Add("programs", strings.Join(programs, ","))
	r.Add("urls", strings.Join(urls, ","))
	r.Add("traits", strings.Join(list, ","))
	r.Add("suspicious_line", suspicious)
	if trailing(string(b)) {
		r.Add("trailing", "yes")
	}
	return r
}

// trailing says whether something stands behind the script's last `exit 0`.
func trailing(s string) bool {
	i := strings.LastIndex(s, "\nexit 0\n")
	if i < 0 {
		return false
	}
	for _, l := range strings.Split(s[i+len("\nexit 0\n"):], "\n") {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			return true
		}
	}
	return false
}

func status(ctx context.Context, r io.Reader, emit artifact.Emit) error {
	var rec artifact.Record
	n := 0
	flush := func() {
		if rec.Get("package") != "" {
			emit(rec)
		}
		rec = artifact.Record{}
	}
	err := artifact.Lines(r, func(l artifact.Line) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(l.Text) == 0 {
			flush()
			return nil
		}
		key, value, ok := strings.Cut(string(l.Text), ":")
		if !ok || key == "" || key[0] == ' ' || key[0] == '\t' {
			return nil
		}
		value = strings.TrimSpace(value)
		switch key {
		case "Package":
			flush()
			if n++; n > maxPackages {
				return fmt.Errorf("more than %d packages", maxPackages)
			}
			rec.Kind = "dpkg.package"
			rec.Source = artifact.Source{Line: l.Number, Offset: l.Offset, Length: int64(len(l.Text))}
			rec.Add("package", value)
		case "Version", "Architecture", "Status":
			if rec.Kind != "" && len(rec.Fields) < 8 {
				rec.Add(strings.ToLower(key), value)
			}
		}
		return nil
	})
	flush()
	return err
}

// Owners answers which package owns a path. The zero value is ready to use.
type Owners struct {
	pkgs  []string
	paths map[string]uint32
}

const maxOwned = 5_000_000 // paths

// AddList reads the list of files of a package.
func (o *Owners) AddList(pkg string, r io.Reader) error {
	if o.paths == nil {
		o.paths = make(map[string]uint32)
	}
	id := uint32(len(o.pkgs))
	o.pkgs = append(o.pkgs, pkg)
	return artifact.Lines(r, func(l artifact.Line) error {
		if len(l.Text) > 1 && l.Text[0] == '/' && !l.Cut {
			if len(o.paths) >= maxOwned {
				return fmt.Errorf("more than %d paths", maxOwned)
			}
			p := merged(string(l.Text))
			if _, ok := o.paths[p]; !ok {
				o.paths[p] = id
			}
		}
		return nil
	})
}

// merged writes a path as it is on a system whose /bin, /sbin and /lib are links
// into /usr.
func merged(p string) string {
	for _, d := range []string{"/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"} {
		if strings.HasPrefix(p, d) {
			return "/usr" + p
		}
	}
	return p
}

// Owner gives the package that a path belongs to.
func (o *Owners) Owner(p string) (string, bool) {
	id, ok := o.paths[merged(p)]
	if !ok {
		return "", false
	}
	name, _, _ := strings.Cut(o.pkgs[id], ":")
	return name, true
}

// Known says whether anything is known of ownership at all.
func (o *Owners) Known() bool { return len(o.paths) > 0 }
