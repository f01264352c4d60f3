package scan

import (
	"context"
	"errors"
	"path"
	"sort"

	"icecore/forensics/artifact"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const (
	startedDepth = 3     // scripts that start scripts
	maxStarted   = 5_000 // scripts of one volume
)

// started reads the scripts that autostart entries start, and those that they
// start: a line of a crontab that names /usr/local/bin/update says nothing, what
// stands in that file does. It makes the records started.script.
//
//	started_by  the path of what starts it
//	interpreter, programs, urls, traits, decoded, suspicious_line: of a script
//	            (package shell)
//
// Files of packages are left out (what was changed of them is a finding of its
// own), and those that an extractor reads anyway.
func (s *Scan) started(ctx context.Context, v *host.Volume, number int) error {
	type named struct{ root, name, by string }
	var queue []named
	s.mu.Lock()
	var starters []*located
	s.found.cut() // so that what is started does not depend on the workers
	for i := range s.found.recs {
		l := &s.found.recs[i]
		if r := &l.rec; l.volume == number && r.Source.State == filesystem.Live && r.Kind.IsAutostart() && !r.Has("ignored") && r.Has("programs") {
			starters = append(starters, l)
		}
	}
	sort.SliceStable(starters, func(i, j int) bool {
		a, b := starters[i], starters[j]
		if a.rec.Source.Path != b.rec.Source.Path {
			return a.rec.Source.Path < b.rec.Source.Path
		}
		return a.seq < b.seq
	})
	add := func(r *artifact.Record) {
		root, _ := host.SplitRoot(r.Source.Path)
		for _, name := range r.List("programs") {
			queue = append(queue, named{root, name, r.Source.Path})
		}
	}
	for _, l := range starters {
		add(&l.rec)
	}
	s.mu.Unlock()

	w := &worker{s: s, v: v, number: number}
	seen := make(map[filesystem.Ref]bool)
	asked := make(map[named]bool)
	for depth := 0; depth < startedDepth && len(queue) > 0; depth++ {
		round := queue
		queue = nil
		for _, n := range round {
			if err := ctx.Err(); err != nil {
				return err
			}
			key := named{n.root, n.name, ""}
			if asked[key] {
				continue
			}
			asked[key] = true
			ref, real, ok := s.program(v, n.root, n.name)
			if !ok || seen[ref] {
				continue
			}
			seen[ref] = true
			if len(seen) > maxStarted {
				s.gap(model.Gap{
					Subject: model.SubjectFile, Source: model.Source{Volume: v.ID, DiskOffset: -1}, What: model.Msg("gap.scripts", "volume", v.ID),
					Why: model.Msg("why.scripts", "limit", maxStarted), Weight: model.Partial,
				})
				return nil
			}
			rec, err := s.startedScript(ctx, w, ref, real, n.root+n.name, n.by)
			if err != nil {
				return err
			}
			if rec != nil {
				add(rec)
			}
		}
	}
	return nil
}

// addScript describes a script; where no first line says whose it is, its name may.
func addScript(rec *artifact.Record, f filesystem.File, name string) error {
	head := make([]byte, 2)
	_, _ = f.ReadAt(head, 0)
	if k := codeNames[path.Ext(name)]; k != "" && string(head) != "#!" {
		return shell.AddCode(rec, host.Content(f), k)
	}
	return shell.AddScript(rec, host.Content(f))
}

var codeNames = map[string]string{".py": "python", ".pl": "perl", ".php": "php", ".rb": "ruby", ".js": "node", ".mjs": "node", ".lua": "lua"}

// program finds the file that a name of a program means, below the root of a
// container or of the volume.
func (s *Scan) program(v *host.Volume, root, name string) (filesystem.Ref, string, bool) {
	for _, p := range detect.ProgramPaths(name) {
		if ref, real, err := filesystem.Lookup(v.FS, root+p, true); err == nil {
			return ref, real, true
		}
	}
	return filesystem.Ref{}, "", false
}

// startedScript reads one script, and keeps its record; nil if it is none.
func (s *Scan) startedScript(ctx context.Context, w *worker, ref filesystem.Ref, real, name, by string) (*artifact.Record, error) {
	in, err := w.v.FS.Inode(ref)
	if err != nil || !in.IsRegular() || in.Size == 0 || in.State != filesystem.Live {
		return nil, nil
	}
	if s.ownership(w.v, real, in.State).owner != "" || s.ownership(w.v, path.Clean(name), in.State).owner != "" {
		return nil, nil
	}
	if _, inside := host.SplitRoot(real); s.globs.match(inside) != 0 {
		return nil, nil
	}
	where := place{v: w.v, path: real}
	f, err := w.v.FS.Open(ref)
	if err != nil {
		s.problem(where, err)
		return nil, nil
	}
	rec := artifact.Record{Kind: "started.script"}
	rec.Add("started_by", by)
	if err := addScript(&rec, f, real); err != nil {
		s.problem(where, err)
		if !errors.Is(err, shell.ErrMiddle) {
			return nil, nil
		}
	}
	if k := rec.Get("interpreter"); k == "ELF" || k == "data" {
		return nil, nil
	}
	list := []artifact.Record{rec}
	if err := w.keep(ctx, real, in, &content{name: real, file: f, size: f.Size()}, list, 0); err != nil {
		return nil, err
	}
	return &list[0], nil
}
