package scan

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"sort"

	"icecore/forensics/artifact"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

const (
	startedDepth = 16    // scripts that start scripts
	maxStarted   = 5_000 // scripts of one volume
	maxChain     = 20    // files of a chain that are named
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
func (s *Scan) started(ctx context.Context) error {
	type named struct {
		host     *host.Host
		name, by string
		root     *chain
	}
	var queue []named
	s.mu.Lock()
	var starters []*located
	s.found.cut() // so that what is started does not depend on the workers
	for i := range s.found.recs {
		l := &s.found.recs[i]
		if r := &l.rec; r.Source.State == filesystem.Live && r.Kind.IsAutostart() && !r.Has("ignored") && r.Has("programs") {
			starters = append(starters, l)
		}
	}
	sort.SliceStable(starters, func(i, j int) bool {
		a, b := starters[i], starters[j]
		return cmp.Or(byFile(a, b), a.seq-b.seq) < 0
	})
	add := func(r *artifact.Record, root *chain) {
		h := s.hosts.Host(r.Source.Host)
		for _, name := range r.List("programs") {
			name = detect.InHome(name, s.homeFor(h, r))
			queue = append(queue, named{h, name, r.Source.InHost(), root})
		}
	}
	// What runs where a package is installed comes last: it is judged more mildly, and a
	// script that something else starts, too, is that one's.
	enqueue := func(installs bool) {
		for _, l := range starters {
			if (l.rec.Get("event") == installEvent) == installs {
				add(&l.rec, &chain{kind: l.rec.Kind, event: l.rec.Get("event"), files: []string{l.rec.Source.InHost()}})
			}
		}
	}
	enqueue(false)
	s.mu.Unlock()

	seen := make(map[ranFile]bool)
	asked := make(map[named]bool)
	count := make(map[*host.Host]int)
	for depth, more := 0, true; depth < startedDepth && (more || len(queue) > 0); depth++ {
		if more && (len(queue) == 0 || depth == startedDepth-1) {
			s.mu.Lock()
			enqueue(true)
			s.mu.Unlock()
			depth, more = 0, false
		}
		round := queue
		queue = nil
		for _, n := range round {
			if err := ctx.Err(); err != nil {
				return err
			}
			key := named{n.host, n.name, "", nil}
			if n.host == nil || asked[key] {
				continue
			}
			asked[key] = true
			v, found, ok := program(n.host, n.name)
			if !ok || !s.wanted(v) || seen[ranFile{v, found.Ref}] {
				continue
			}
			seen[ranFile{v, found.Ref}] = true
			if count[n.host]++; count[n.host] > maxStarted {
				if count[n.host] == maxStarted+1 {
					s.gap(model.Gap{
						Subject: model.SubjectFile, Source: model.Source{Volume: n.host.Volume.ID, Host: n.host.ID, DiskOffset: -1}, What: model.Msg("gap.scripts", "volume", n.host.Volume.ID),
						Why: model.Msg("why.scripts", "limit", maxStarted), Weight: model.Decisive,
					})
				}
				continue
			}
			rec, err := s.startedScript(ctx, v, site{n.host, found.Path}, found, n.name, n.by, n.root)
			if err != nil {
				return err
			}
			if rec != nil {
				add(rec, n.root.with(found.Path))
			}
		}
	}
	return nil
}

// installEvent is the event of what runs where a package is installed (package npm).
const installEvent = "npm"

// chain is how a script comes to be started: by which entry, through which files.
type chain struct {
	kind  model.Kind
	event string
	files []string
}

func (c *chain) with(file string) *chain {
	if len(c.files) >= maxChain {
		return c
	}
	return &chain{c.kind, c.event, append(slices.Clone(c.files), file)}
}

type ranFile struct {
	v   *host.Volume
	ref filesystem.Ref
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

// program finds the file that a name of a program means on a host.
func program(h *host.Host, name string) (*host.Volume, filesystem.Found, bool) {
	for _, p := range detect.ProgramPaths(name) {
		if v, found, err := h.Locate(p, true); err == nil {
			return v, found, true
		}
	}
	return nil, filesystem.Found{}, false
}

// startedScript reads one script, and keeps its record; nil if it is none.
func (s *Scan) startedScript(ctx context.Context, v *host.Volume, at site, found filesystem.Found, name, by string, root *chain) (*artifact.Record, error) {
	in, err := found.Inode()
	if err != nil || !in.IsRegular() || in.Size == 0 || in.State != filesystem.Live {
		return nil, nil
	}
	// What a package installed is left out, unless it is not as it was installed.
	owned := func(at site) bool {
		o := s.ownership(at, in.State, in.Mode)
		return o.owner != "" && (o.stated.IsZero() || s.Installed(at.host.ID, at.path))
	}
	if owned(at) || owned(site{at.host, path.Clean(name)}) {
		return nil, nil
	}
	if s.globs.match(at.path, at.host) != 0 {
		return nil, nil
	}
	where := place{v: v, path: found.Real}
	f, err := found.Open()
	if err != nil {
		s.problem(where, err)
		return nil, nil
	}
	rec := artifact.Record{Kind: "started.script"}
	rec.Add("started_by", by)
	rec.Add("starter", string(root.kind))
	rec.Add("starter_event", root.event)
	rec.AddList("chain", root.files)
	if err := addScript(&rec, f, found.Real); err != nil {
		s.problem(where, err)
		if !errors.Is(err, shell.ErrMiddle) {
			return nil, nil
		}
	}
	if k := rec.Get("interpreter"); k == "ELF" || k == "data" {
		return nil, nil
	}
	list := append([]artifact.Record{rec}, s.commands(&rec, at, host.Content(f), f.Size(), false)...)
	w := &worker{s: s, v: v, number: s.number(v)}
	if err := w.keep(ctx, found.Real, at, in, &content{name: found.Real, file: f, size: f.Size()}, list, 0); err != nil {
		return nil, err
	}
	return &list[0], nil
}
