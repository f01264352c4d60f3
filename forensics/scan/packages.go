package scan

import (
	"context"
	"errors"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
	"icecore/forensics/host/pkgdb"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// own opens the package databases of all hosts: which package owns which path, and what it
// states of it. Hosts whose databases are the same files, as containers of one image, have
// one in memory. What is returned makes their records, each once, while files are read; it
// ends when ctx is done.
func (s *Scan) own(ctx context.Context) (list func()) {
	s.packages = make(map[*host.Host]*pkgdb.DB)
	var cache pkgdb.Cache
	var once []*host.Host
	given := make(map[string]bool) // problems: a second reading finds those of the first
	problems := func(h *host.Host, list []pkgdb.Problem) {
		for _, p := range list {
			if key := h.ID + "\x00" + p.Path + "\x00" + p.Err.Error(); !given[key] {
				given[key] = true
				s.packageProblem(h, p)
			}
		}
	}
	each := func(hosts []*host.Host, fn func(h *host.Host)) {
		for _, h := range hosts {
			if h.Volume == nil || ctx.Err() != nil {
				continue
			}
			s.guard(h.Volume, model.Msg("gap.packages", "volume", h.Volume.ID), func() error { fn(h); return nil })
		}
	}
	each(s.hosts.List, func(h *host.Host) {
		db, unread, same := cache.Open(ctx, h)
		s.packages[h] = db
		if !same {
			once = append(once, h)
		}
		problems(h, unread)
		// A container often has no packages, and is none the worse for it.
		system := h.Kind == host.Server || h.Kind == host.Other || len(db.Managers()) > 0
		if s.listed && !s.opts.WantedOnly && system && !db.Known() && ctx.Err() == nil {
			s.gap(h.Volume.OwnershipGap(h.Root))
		}
	})
	return func() {
		if !s.listed {
			return
		}
		each(once, func(h *host.Host) {
			var e extents
			problems(h, s.packages[h].Records(ctx, func(r artifact.Record, found filesystem.Found) {
				s.packageRecord(h, &e, r, found)
			}))
		})
	}
}

// packageRecord keeps a record of a package database.
func (s *Scan) packageRecord(h *host.Host, e *extents, r artifact.Record, found filesystem.Found) {
	inside := r.Source.HostPath
	v, _, err := h.Locate(inside, true)
	if err != nil {
		return // it was there when it was read
	}
	in, err := found.Inode()
	if err != nil {
		return
	}
	src := &r.Source
	src.Image, src.Host, src.Volume, src.Path, src.HostPath = v.Image.ID, h.ID, v.ID, found.Real, ""
	if found.Real != inside {
		src.HostPath = inside
	}
	src.Inode, src.Version, src.State, src.DiskOffset = in.Ref.Inode, in.Ref.Version, in.State, -1
	if src.Member == "" {
		src.DiskOffset = diskOffset(e.of(found), v.Offset, src.Offset)
	}
	addTimes(&r, in)
	s.keep(s.number(v), s.seq, r)
	s.seq++
}

// extents are those of one file: a database gives many records.
type extents struct {
	found filesystem.Found
	list  []filesystem.Extent
}

func (e *extents) of(found filesystem.Found) []filesystem.Extent {
	if e.found != found {
		e.found, e.list = found, nil
		if f, err := found.Open(); err == nil {
			e.list, _ = f.Extents()
		}
	}
	return e.list
}

// packageProblem adds to the coverage what could not be read of a package database. Where
// nothing of one could be read, what the system's own files are is unknown.
func (s *Scan) packageProblem(h *host.Host, p pkgdb.Problem) {
	if errors.Is(p.Err, context.Canceled) || errors.Is(p.Err, context.DeadlineExceeded) {
		return
	}
	v, name := h.Volume, p.Path
	if at, found, err := h.Locate(p.Path, true); err == nil {
		v, name = at, found.Real
	}
	g := v.FileGap(name, filesystem.Ref{}, model.Msg("why.error", "error", text.Raw(p.Err.Error())))
	if artifact.IsCut(p.Err) || !s.packages[h].Known() {
		g.Weight = model.Decisive
	}
	s.gap(g)
}

// ownership is what the package database says of a file.
type ownership struct {
	owner  string
	known  bool   // there is a package database
	state  string // intact, changed, or empty: not compared
	stated pkgdb.Digest
	// raised says that the file is setuid and its package states that it is not.
	raised bool
	// origin is who brought a file that no package owns, the zero value: unknown.
	origin origin.Origin
}

func (s *Scan) ownership(at site, st filesystem.State, mode uint16) ownership {
	db := s.packages[at.host]
	if db == nil || !db.Known() || st != filesystem.Live {
		return ownership{}
	}
	out := ownership{known: true}
	p, ok := db.Owner(at.path)
	if !ok {
		return out
	}
	out.owner = p.Name
	f, ok := db.File(at.path)
	if !ok {
		return out
	}
	// What the administrator may change is not called changed.
	if f.Has(pkgdb.DigestKnown) && !f.Is(pkgdb.Config|pkgdb.Ghost) {
		out.stated = f.Digest
	}
	out.raised = (f.Has(pkgdb.ModeKnown) || f.Has(pkgdb.PermKnown)) && mode&0o4000 != 0 && f.Mode&0o4000 == 0
	return out
}
