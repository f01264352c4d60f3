package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/host"
	"icecore/forensics/model"
)

const (
	followedDepth = 4       // files that name files
	maxFollowed   = 1000    // files of all hosts
	maxFollowSize = 4 << 20 // bytes of each that are read
	sudoersDir    = "/etc/sudoers.d/"
	sshdDir       = "/etc/ssh/"
)

// followed is a file that a setting names: who reads it, and under which path of that reader's
// own patterns, by which it knows what it is.
type followed struct {
	host      *host.Host
	path, as  string
	extractor string
	by        string // of the file that names it
}

// follow reads the files that settings name outside of the places in which an extractor looks:
// includes of sudoers(5) and sshd_config(5), and the files of AuthorizedKeysFile.
func (s *Scan) follow(ctx context.Context) error {
	seen, asked := make(map[ranFile]bool), make(map[followed]bool)
	count := 0
	for range followedDepth {
		queue := slices.DeleteFunc(s.nameFiles(), func(f followed) bool {
			had := asked[f]
			asked[f] = true
			return had
		})
		for _, f := range queue {
			if err := ctx.Err(); err != nil {
				return err
			}
			if count++; count > maxFollowed {
				s.problem(place{v: f.host.Volume, path: f.by}, artifact.Cut(fmt.Errorf("settings name more than %d files; the rest was not read", maxFollowed)))
				return nil
			}
			if err := s.followOne(ctx, f, seen); err != nil {
				return err
			}
		}
		if len(queue) == 0 {
			return nil
		}
	}
	return nil
}

// nameFiles gives the files that the records name, in the order of the records' files.
func (s *Scan) nameFiles() []followed {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found.cut()
	users := make(map[string][]string) // accounts of a host, with their homes
	for i := range s.found.recs {
		if r := &s.found.recs[i].rec; r.Kind == model.AccountUser && r.Source.State == filesystem.Live && !r.Has("backup") && len(users[r.Source.Host]) < maxFollowed {
			users[r.Source.Host] = append(users[r.Source.Host], r.Get("name")+":"+r.Get("home"))
		}
	}
	var out []followed
	for i := range s.found.recs {
		r := &s.found.recs[i].rec
		h := s.hosts.Host(r.Source.Host)
		if h == nil || r.Source.State != filesystem.Live || r.Has("ignored") {
			continue
		}
		by := r.Source.InHost()
		switch {
		case r.Kind == model.SudoInclude:
			p := r.Get("path")
			if p != "" && !path.IsAbs(p) {
				p = path.Join(path.Dir(by), p)
			}
			out = append(out, followed{h, p, sudoersDir + "included", "sudoers", by})
		case r.Kind == model.SSHDOption && r.Get("option") == "Include":
			for _, p := range strings.Fields(r.Get("value")) {
				if !path.IsAbs(p) {
					p = path.Join(sshdDir, p)
				}
				out = append(out, followed{h, p, sshdDir + "sshd_config.d/included.conf", "sshkeys", by})
			}
		case r.Kind == model.SSHDOption && r.Get("option") == "AuthorizedKeysFile":
			out = append(out, keyFiles(h, r.Get("value"), users[r.Source.Host], by)...)
		}
	}
	slices.SortStableFunc(out, func(a, b followed) int {
		return strings.Compare(a.host.ID+"\x00"+a.by+"\x00"+a.path, b.host.ID+"\x00"+b.by+"\x00"+b.path)
	})
	return out
}

// keyFiles gives the files of AuthorizedKeysFile for each account.
func keyFiles(h *host.Host, value string, users []string, by string) []followed {
	var out []followed
	for _, p := range strings.Fields(value) {
		for _, u := range users {
			name, home, _ := strings.Cut(u, ":")
			file := strings.NewReplacer("%%", "%", "%u", name, "%h", home).Replace(p)
			if !path.IsAbs(file) {
				file = path.Join(home, file)
			}
			out = append(out, followed{h, file, sshdDir + "keys/" + name, "sshkeys", by})
			if !strings.Contains(p, "%") && path.IsAbs(p) {
				out[len(out)-1].as = sshdDir + "keys/" + path.Base(p)
				break // one file for all
			}
		}
	}
	return out
}

// followOne reads one such file, or each file of a directory, or of a pattern of names.
func (s *Scan) followOne(ctx context.Context, f followed, seen map[ranFile]bool) error {
	if !path.IsAbs(f.path) {
		return nil
	}
	f.path = path.Clean(f.path)
	names := []string{f.path}
	dir, base := path.Split(f.path)
	if strings.ContainsAny(base, "*?[") {
		names = s.entriesOf(f.host, dir, func(n string) bool { ok, _ := path.Match(base, n); return ok })
	} else if _, found, err := f.host.Locate(f.path, true); err != nil {
		return nil // a gap would name what need not be there
	} else if in, err := found.Inode(); err == nil && in.IsDir() {
		names = s.entriesOf(f.host, f.path, func(n string) bool { return !strings.Contains(n, ".") && !strings.HasSuffix(n, "~") })
	}
	for _, p := range names {
		v, found, err := f.host.Locate(p, true)
		if err != nil || !s.wanted(v) || seen[ranFile{v, found.Ref}] {
			continue
		}
		seen[ranFile{v, found.Ref}] = true
		if err := s.followFile(ctx, f, v, found, p); err != nil {
			return err
		}
	}
	return nil
}

// entries gives the paths of the entries of a directory that are wanted, in their order.
func (s *Scan) entriesOf(h *host.Host, dir string, want func(name string) bool) []string {
	list, err := h.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range list {
		if n := string(e.Name); n != "." && n != ".." && want(n) && len(out) < maxFollowed {
			out = append(out, path.Join(dir, n))
		}
	}
	slices.Sort(out)
	return out
}

// followFile runs the extractor over one file, unless it reads that anyway.
func (s *Scan) followFile(ctx context.Context, f followed, v *host.Volume, found filesystem.Found, p string) error {
	i := slices.IndexFunc(s.extractors, func(x artifact.Extractor) bool { return x.Name() == f.extractor })
	if i < 0 || s.globs.match(found.Path, f.host)&(1<<i) != 0 {
		return nil
	}
	in, err := found.Inode()
	if err != nil || !in.IsRegular() || in.Size == 0 || in.State != filesystem.Live {
		return nil
	}
	where := place{v: v, path: found.Real}
	file, err := found.Open()
	if err != nil {
		s.problem(where, err)
		return nil
	}
	input := &artifact.Input{
		Path: f.as, Inode: in, System: &f.host.System, Content: io.NewSectionReader(file, 0, min(in.Size, maxFollowSize)),
		Exists: func(p string) bool { _, err := f.host.Lookup(p, true); return err == nil },
	}
	var list []artifact.Record
	err = guard.Do("extractor", func() error {
		return s.extractors[i].Extract(ctx, input, func(r artifact.Record) {
			if len(list) < s.limits.records {
				list = append(list, r)
			}
		})
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if in.Size > maxFollowSize {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("%d bytes, of which %d were read", in.Size, maxFollowSize)))
	}
	if err != nil {
		s.failed(where, f.extractor, err)
	}
	w := &worker{s: s, v: v, number: s.number(v)}
	return w.keep(ctx, found.Real, site{f.host, p}, in, &content{name: found.Real, file: file, size: file.Size()}, list, 0)
}
