package forensics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"icecore/forensics/content/carried"
	"icecore/forensics/content/member"
	"icecore/forensics/content/upx"
	"icecore/forensics/filesystem"
	"icecore/forensics/text"
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
	r := Content(c.file)
	if c.whole {
		r = io.NewSectionReader(bytes.NewReader(c.head), 0, int64(len(c.head)))
	}
	var m *content
	inside := insideMembers{w: w, c: c, budget: carried.ArchiveBudget()}
	buf, problem, err := member.Walk(ctx, r, member.Default, w.pieces, func(p member.Piece) error {
		if p.Off == 0 {
			m = &content{name: "/" + p.Name, kind: fileType(p.Data), size: int64(len(p.Data))}
		}
		m.size = max(m.size, p.Off+int64(len(p.Data)))
		c.unpacked += int64(len(p.Data))
		w.lookAt(c, m, p.Name, p.Data, func(at int64) int64 { return p.Off + at })
		if m.kind == typeELF && p.Off == 0 && p.Last {
			w.unpackProgram(c, m, p.Name, p.Data)
		}
		if p.Off == 0 && p.Last {
			inside.look(m, p.Name, p.Data)
		}
		return nil
	})
	w.pieces = buf
	if problem != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("members: %v", problem))
	}
	return err
}

// unpackProgram looks into a program that UPX packed: m is c itself, or the member
// of c with that name, b its content.
func (w *worker) unpackProgram(c, m *content, name string, b []byte) {
	p, err := upx.Unpack(b, upx.DefaultLimit)
	if errors.Is(err, upx.ErrNotPacked) {
		return
	}
	if name != "" {
		name += "!"
	}
	name += "upx"
	if p.Problem != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("%s: %v", name, p.Problem))
	}
	x := &content{name: m.name, own: m.own, kind: typeELF, size: int64(len(p.Data))}
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
	case typeELF:
		return carried.Likely(b, false)
	case typeText, typeScript:
		return carried.Likely(b, true) || behindScript(kind, b) && (carried.Likely(b, false) || carried.Appended(b))
	}
	// No file of its kind, but a program under XOR, or behind something else.
	return carried.XORed(b) || carried.Appended(b)
}

// behindScript says whether a script has something behind it that is no text: it
// unpacks itself.
func behindScript(kind string, b []byte) bool {
	return kind == typeScript && bytes.IndexByte(b, 0) >= 0
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
		m := &content{kind: fileType(p.Data), size: int64(len(p.Data))}
		c.unpacked += m.size
		w.lookAt(c, m, name+p.Name, p.Data, func(at int64) int64 { return at })
		if m.kind == typeELF {
			w.unpackProgram(c, m, name+p.Name, p.Data)
		}
	}
	err := carried.Walk(b, kind == typeText || kind == typeScript, budget, look)
	if err == nil && behindScript(kind, b) {
		err = carried.Walk(b, false, budget, look)
	}
	return err
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

// maxMember bounds the member that Member holds in memory.
const maxMember = 256 << 20

// Member gives the content of a member of a file, by the name that a record's
// source has for it: that of an archive's member, gzip, xz, ... for a compressed
// file, "base64 at N" and the like for what a file carries inside itself, behind the
// name of a member and "!" for what that does, and upx, alone or behind such a name
// and "!", for what UPX packed.
func Member(ctx context.Context, f filesystem.File, name string) (*bytes.Reader, error) {
	outer, packed := name, false
	switch {
	case name == "upx":
		outer, packed = "", true
	case strings.HasSuffix(name, "!upx"):
		outer, packed = strings.TrimSuffix(name, "!upx"), true
	}
	b, err := unpacked(ctx, f, outer)
	if err != nil {
		return nil, err
	}
	if packed {
		p, err := upx.Unpack(b, upx.DefaultLimit)
		if err != nil {
			return nil, err
		}
		b = p.Data
	}
	return bytes.NewReader(b), nil
}

// unpacked gives what Member does, but for what UPX packed.
func unpacked(ctx context.Context, f filesystem.File, name string) ([]byte, error) {
	encoded := carriedRE.MatchString(name)
	if name == "" || encoded {
		if f.Size() > maxMember {
			return nil, fmt.Errorf("more than %d bytes", maxMember)
		}
		b, err := io.ReadAll(Content(f))
		if err != nil || !encoded {
			return b, err
		}
		return readCarried(b, name)
	}
	// A member may have any name, also one that looks like what another carries.
	b, err := readMember(ctx, f, name)
	if at := carriedInRE.FindStringIndex(name); err != nil && at != nil {
		m, err := readMember(ctx, f, name[:at[0]])
		if err != nil {
			return nil, err
		}
		return readCarried(m, name[at[0]+1:])
	}
	return b, err
}

// carriedRE matches the names of what package carried finds, carriedInRE where they
// begin behind the name of a member.
var (
	carriedRE   = regexp.MustCompile(`^[a-z]+[a-z0-9 ]* at [0-9]+(?:!|$)`)
	carriedInRE = regexp.MustCompile(`!(?:base64|hex|gzip|xor 0x[0-9a-f]{2}) at [0-9]+(?:!|$)`)
)

// readCarried gives what a file carries, by the name it was found under.
func readCarried(b []byte, name string) ([]byte, error) {
	var out []byte
	kind := fileType(b)
	err := carried.Walk(b, kind == typeText || kind == typeScript, carried.FileBudget(), func(p carried.Piece) {
		if p.Name == name && out == nil {
			out = bytes.Clone(p.Data)
		}
	})
	if out == nil {
		return nil, errors.Join(fmt.Errorf("no member %s", text.Quote(name)), err)
	}
	return out, nil
}

var errFound = errors.New("found")

func readMember(ctx context.Context, f filesystem.File, name string) ([]byte, error) {
	var out []byte
	seen := false
	_, problem, err := member.Walk(ctx, Content(f), member.Default, nil, func(p member.Piece) error {
		if p.Name != name {
			return nil
		}
		seen = true
		if p.Off+int64(len(p.Data)) > maxMember {
			return fmt.Errorf("more than %d bytes", maxMember)
		}
		out = append(out[:p.Off], p.Data...)
		if p.Last {
			return errFound
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound), err == nil && seen:
		return out, nil
	case err != nil:
		return nil, err
	case problem != nil:
		return nil, fmt.Errorf("no member %s; %w", text.Quote(name), problem)
	}
	return nil, fmt.Errorf("no member %s", text.Quote(name))
}
