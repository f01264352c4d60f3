package scan

import (
	"context"
	"slices"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/content/filetype"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/host/origin"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// see notes a file for the index of components: its name and when it came. That of a
// volume is given to the hosts that see it once they are known.
func (s *Scan) see(l *jobList, e *filesystem.Entry) {
	if s.opts.WantedOnly || s.opts.YARAOnly {
		return
	}
	if l.names == nil {
		l.names = origin.NewNames()
	}
	if i := strings.LastIndexByte(e.Path, '/'); i >= 0 && e.Inode.IsRegular() {
		l.names.See(e.Path[:max(i, 1)], e.Path[i+1:], origin.StatOf(e.Inode))
	}
}

// originate reads the manifests of all hosts: which component brought which file, where
// no package did. Package databases are read before.
func (s *Scan) originate(ctx context.Context, lists []*jobList) {
	s.origins = make(map[*host.Host]*origin.Index)
	if s.opts.WantedOnly || s.opts.YARAOnly {
		return
	}
	budget := origin.NewBudget()
	for _, h := range s.hosts.List {
		s.origins[h] = origin.NewIndex()
		s.origins[h].Share(budget)
	}
	for _, l := range lists {
		if l.names == nil {
			continue
		}
		l.names.Give(func(dir string) (*origin.Index, string) {
			h, inside := s.hosts.Of(l.v, strings.TrimSuffix(dir, "/"))
			if inside == "" {
				inside = "/"
			}
			return s.origins[h], inside
		})
		l.names = nil
	}
	for _, h := range s.hosts.List {
		if ctx.Err() != nil {
			return
		}
		if h.Volume == nil {
			continue
		}
		s.guard(h.Volume, model.Msg("gap.packages", "volume", h.Volume.ID), func() error { return s.components(ctx, h) })
	}
}

// components reads the manifests of a host, and keeps a record of each component.
func (s *Scan) components(ctx context.Context, h *host.Host) error {
	ix := s.origins[h]
	if err := ix.Load(ctx, h, func(name string) string {
		return s.ownership(site{h, name}, filesystem.Live, 0).owner
	}); err != nil {
		return err
	}
	for _, p := range ix.Problems() {
		v, found := h.Volume, filesystem.Found{Real: p.Path}
		if at, f, err := h.Locate(p.Path, false); err == nil {
			v, found = at, f
		}
		g := v.FileGap(found.Real, filesystem.Ref{}, model.Msg("why.error", "error", text.Raw(p.Err.Error())))
		g.Weight = model.Minor // an origin decides nothing
		s.gap(g)
	}
	records, err := ix.Records()
	for i := range records {
		r := &records[i]
		r.Source.Image, r.Source.Host, r.Source.Volume = h.Volume.Image.ID, h.ID, h.Volume.ID
		v, found, err := h.Locate(r.Source.Path, false)
		if err != nil {
			continue
		}
		if found.Real != r.Source.Path {
			r.Source.HostPath = r.Source.Path
		}
		r.Source.Image, r.Source.Volume, r.Source.Path = v.Image.ID, v.ID, found.Real
		r.Source.Inode, r.Source.Version = found.Ref.Inode, found.Ref.Version
		s.keep(s.number(v), i, *r)
	}
	return err
}

// originOf says who brought a file that no package owns.
func (s *Scan) originOf(at site, in *filesystem.Inode, o ownership) origin.Origin {
	ix := s.origins[at.host]
	if ix == nil || o.owner != "" || in.State != filesystem.Live || at.path == "" {
		return origin.Origin{}
	}
	out, _ := ix.Origin(at.path, origin.StatOf(in))
	return out
}

// maxBuildInfo is how many bytes of a program are read to learn from which module of Go it
// was built.
const maxBuildInfo = 32 << 20

// compareOrigin compares a file with the digest that its manifest states, and asks a
// program of which no manifest speaks what it was built from.
func (w *worker) compareOrigin(ctx context.Context, c *content) error {
	o := &c.own.origin
	if o.Kind == "" && c.own.owner == "" && c.kind == filetype.ELF && c.file != nil {
		if built, ok := origin.GoBuild(c.file, maxBuildInfo); ok {
			*o = built
		}
		return nil
	}
	if o.State != origin.Listed || o.Algorithm == "" || c.sparse() {
		return nil
	}
	if o.Algorithm == "sha256" {
		err := w.hash(ctx, c)
		if err == nil {
			*o = o.Verify(c.sum[:])
		}
		return ctx.Err()
	}
	h := o.NewHash(c.size)
	if err := w.hashWith(ctx, c, h); err != nil {
		return ctx.Err()
	}
	*o = o.Verify(h.Sum(nil))
	return nil
}

// maxOrigin is up to which size a file is compared with its manifest that is no program:
// its content is at hand.
const maxOrigin = 4 << 20

// isModule says whether a file is code that an interpreter loads by its name.
func isModule(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i >= 0 && slices.Contains(moduleNames, name[i:])
}

var moduleNames = []string{".py", ".pth", ".js", ".mjs", ".cjs", ".rb", ".php", ".pl", ".pm", ".sh", ".node", ".so"}

// addOrigin adds who brought a file to a record of it.
func (o *ownership) addOrigin(r *artifact.Record) {
	if o.origin.Kind != "" {
		o.origin.AddTo(r)
	}
}
