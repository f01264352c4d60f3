package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"icecore/forensics/content/carried"
	"icecore/forensics/content/filetype"
	"icecore/forensics/content/member"
	"icecore/forensics/content/upx"
	"icecore/forensics/guard"
	"icecore/forensics/host"
)

// archive decides whether the members of a file are looked at: of everything that
// is packed, but for what a package brought and nobody changed since. On a server
// that is nearly all there is (manual pages, changelogs), and the package's own
// checksum says that an intruder put nothing into it.
func (w *worker) archive(ctx context.Context, c *content) error {
	kind := member.Kind(c.head[:min(len(c.head), 512)])
	if kind == "" {
		return nil
	}
	if err := w.packageState(ctx, c); err != nil {
		return err
	}
	if c.own.state == "intact" {
		w.s.sealed.Add(1)
		return nil
	}
	c.archive = kind
	return nil
}

// members looks into the members of an archive.
func (w *worker) members(ctx context.Context, c *content) error {
	if c.archive == "" {
		return nil
	}
	r := host.Content(c.file)
	if c.whole {
		r = io.NewSectionReader(bytes.NewReader(c.head), 0, int64(len(c.head)))
	}
	var m *content
	inside := insideMembers{w: w, c: c, budget: carried.ArchiveBudget()}
	var buf []byte
	var problem error
	look := func(p member.Piece) error {
		if p.Off == 0 {
			m = &content{name: "/" + p.Name, kind: filetype.Of(p.Data), size: int64(len(p.Data))}
		}
		m.size = max(m.size, p.Off+int64(len(p.Data)))
		c.unpacked += int64(len(p.Data))
		w.lookAt(c, m, p.Name, p.Data, func(at int64) int64 { return p.Off + at })
		if m.kind == filetype.ELF && p.Off == 0 && p.Last {
			w.unpackProgram(c, m, p.Name, p.Data)
		}
		if p.Off == 0 && p.Last {
			inside.look(m, p.Name, p.Data)
		}
		return nil
	}
	err := guard.Do("unpacking", func() (err error) {
		buf, problem, err = member.Walk(ctx, r, member.Default, w.pieces, look)
		return err
	})
	var panicked *guard.PanicError
	if errors.As(err, &panicked) {
		problem, err = err, nil
	}
	w.pieces = buf
	if problem != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("members: %v", problem))
	}
	return err
}

// unpackProgram looks into a program that UPX packed: m is c itself, or the member
// of c with that name, b its content.
func (w *worker) unpackProgram(c, m *content, name string, b []byte) {
	var p *upx.Program
	err := guard.Do("unpacker", func() (err error) {
		p, err = w.s.unpack(b, upx.DefaultLimit)
		return err
	})
	if errors.Is(err, upx.ErrNotPacked) {
		return
	}
	if name != "" {
		name += "!"
	}
	name += "upx"
	var panicked *guard.PanicError
	if errors.As(err, &panicked) {
		c.note(name, err)
		return
	}
	if p.Problem != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("%s: %v", name, p.Problem))
	}
	x := &content{name: m.name, own: m.own, kind: filetype.ELF, size: int64(len(p.Data))}
	c.unpacked += x.size
	w.lookAt(c, x, name, p.Data, func(at int64) int64 { return at })
}

// carrier decides whether it pays to look into what a file carries inside itself,
// encoded or compressed. As with archives, what a package brought and nobody changed
// stays closed.
func (w *worker) carrier(ctx context.Context, c *content, b []byte) error {
	if !mayCarry(c.kind, b) || c.archive != "" && !carried.XORed(b) {
		return nil // the members of archives are looked at one by one
	}
	if err := w.packageState(ctx, c); err != nil {
		return err
	}
	c.carrier = c.own.state != "intact"
	return nil
}

// mayCarry says whether it pays to look into what content of a kind carries.
func mayCarry(kind string, b []byte) bool {
	switch kind {
	case filetype.ELF:
		return carried.Likely(b, false)
	case filetype.Text, filetype.Script:
		return carried.Likely(b, true) || behindScript(kind, b) && (carried.Likely(b, false) || carried.Appended(b))
	}
	// No file of its kind, but a program under XOR, or behind something else.
	return carried.XORed(b) || carried.Appended(b)
}

// behindScript says whether a script has something behind it that is no text: it
// unpacks itself.
func behindScript(kind string, b []byte) bool {
	return kind == filetype.Script && bytes.IndexByte(b, 0) >= 0
}

// carries looks into what a file carries inside itself.
func (w *worker) carries(ctx context.Context, c *content, b []byte) error {
	if !c.carrier {
		return nil
	}
	if err := w.carriedIn(c, c.kind, "", b, carried.FileBudget()); err != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("carried: %v", err))
	}
	return ctx.Err()
}

// carriedIn looks into what bytes of a kind carry: those of c, or of its member with
// that name. The error says that the budget was spent.
func (w *worker) carriedIn(c *content, kind, name string, b []byte, budget *carried.Budget) error {
	if name != "" {
		name += "!"
	}
	look := func(p carried.Piece) {
		m := &content{kind: filetype.Of(p.Data), size: int64(len(p.Data))}
		c.unpacked += m.size
		w.lookAt(c, m, name+p.Name, p.Data, func(at int64) int64 { return at })
		if m.kind == filetype.ELF {
			w.unpackProgram(c, m, name+p.Name, p.Data)
		}
	}
	return guard.Do("search for what it carries", func() error {
		err := carried.Walk(b, kind == filetype.Text || kind == filetype.Script, budget, look)
		if err == nil && behindScript(kind, b) {
			err = carried.Walk(b, false, budget, look)
		}
		return err
	})
}

// insideMembers looks into what the members of an archive carry: a script with a
// program in base64 is packed as it is left lying. All members share one budget.
type insideMembers struct {
	w      *worker
	c      *content
	budget *carried.Budget
	spent  bool
}

func (i *insideMembers) look(m *content, name string, b []byte) {
	if i.spent || !mayCarry(m.kind, b) {
		return
	}
	if err := i.w.carriedIn(i.c, m.kind, name, b, i.budget); err != nil {
		i.spent = true
		i.c.trouble = append(i.c.trouble, fmt.Sprintf("carried in members, from %s on: %v", name, err))
	}
}
