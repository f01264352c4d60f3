package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/content/config"
	"icecore/forensics/content/engine"
	"icecore/forensics/content/facts"
	"icecore/forensics/content/filetype"
	"icecore/forensics/guard"
	"icecore/forensics/text"
)

const (
	// maxHits bounds the records of YARA matches of one file.
	maxHits    = 200
	maxConfigs = 32
	// maxMemberHits and maxMemberConfigs bound those of the members of one.
	maxMemberHits    = 1000
	maxMemberConfigs = 200
)

// yaraHit is a rule that matched.
type yaraHit struct {
	match  engine.Match
	at     int64 // in the file or member, of the first string; -1: the rule names no place
	member string
	kind   string // of the file or member
	size   int64  // likewise
}

// found is a configuration found in content.
type found struct {
	config.Config
	at     int64 // in the file or member
	member string
	kind   string // of the file or member
}

// once looks into content with fn, unless the same content was looked at before.
// size is the number of bytes that fn gives to YARA.
func (w *worker) once(ctx context.Context, c *content, size int64, fn func() error) error {
	if !c.twin || w.s.rules.ByName() || c.sparse() {
		err := fn()
		w.count(size + c.unpacked)
		return err
	}
	if err := w.hash(ctx, c); err != nil {
		return err
	}
	key := seenKey{c.sum, c.archive != "", c.carrier}
	w.s.mu.Lock()
	v, ok := w.s.seen[key]
	w.s.mu.Unlock()
	if ok {
		if v != nil {
			trouble := c.trouble
			c.verdict = *v
			c.trouble = append(trouble, v.trouble...)
		}
		return nil
	}
	before := len(c.trouble)
	if err := fn(); err != nil {
		w.count(size + c.unpacked)
		return err
	}
	if len(c.hits)+len(c.configs)+len(c.trouble) > before {
		v = &verdict{c.hits, c.configs, c.trouble[before:], c.unpacked}
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	// Two workers may have met the same content at the same time: it counts
	// once, so that the number does not depend on who was faster.
	if _, ok := w.s.seen[key]; !ok {
		w.s.seen[key] = v
		w.count(size + c.unpacked)
	}
	return nil
}

// seenKey names content: its hash, and whether its members and what it carries were
// looked at, which depends on where it stands.
type seenKey struct {
	sum              [sha256.Size]byte
	members, carried bool
}

// count counts bytes that YARA saw.
func (w *worker) count(n int64) {
	if w.scanner != nil {
		w.s.scanned.Add(n)
	}
}

// look looks into a piece of content that stands at the place from of the
// layout.
func (w *worker) look(c *content, b []byte, l layout, from int64) {
	w.lookAt(c, c, "", b, func(at int64) int64 { return l.offset(from + at) })
}

// lookAt looks into bytes of m, which is c itself or a member of it, and keeps in c
// what it finds. where turns an offset in b into one in the file or member.
func (w *worker) lookAt(c, m *content, member string, b []byte, where func(int64) int64) {
	if c.ctx != nil && c.ctx.Err() != nil {
		return // who began to look tells of it
	}
	limit, limitConfigs := maxHits, maxConfigs
	if member != "" {
		limit, limitConfigs = maxMemberHits, maxMemberConfigs
	}
	if w.scanner != nil {
		var matches []engine.Match
		err := guard.Do("scanner", func() (err error) {
			matches, err = w.yara(m, b)
			return err
		})
		var panicked *guard.PanicError
		if errors.As(err, &panicked) {
			// The old one may be in any state, and is left to the garbage collector.
			err = errors.Join(err, w.newScanner())
		}
		if err != nil {
			at := ""
			if off := where(0); off > 0 {
				at = fmt.Sprintf(", from byte %d", off)
			}
			if member != "" {
				at += " of " + member
			}
			c.trouble = append(c.trouble, fmt.Sprintf("YARA%s: %v", at, err))
		}
		for _, h := range hitsOf(matches, where) {
			if len(c.hits) < limit && !c.hit(h.match.Namespace, h.match.Name, member) {
				h.member, h.kind, h.size = member, m.kind, m.size
				c.hits = append(c.hits, h)
			}
		}
	}
	if w.s.opts.YARAOnly {
		return
	}
	var list []config.Config
	if err := guard.Do("search for configurations", func() error {
		list = configs(m, b)
		return nil
	}); err != nil {
		c.note(member, err)
	}
	for _, x := range list {
		if len(c.configs) >= limitConfigs {
			break
		}
		c.configs = append(c.configs, found{Config: x, at: where(int64(x.Offset)), member: member, kind: m.kind})
	}
}

// note keeps what went wrong with content, or with a member of it.
func (c *content) note(member string, err error) {
	if member != "" {
		err = fmt.Errorf("%s: %w", member, err)
	}
	c.trouble = append(c.trouble, err.Error())
}

// yara runs the rules made for such content. Where an intruder could make one kind
// look like the other at little cost, it runs both sets: text with a NUL in it, and
// other content with a script that PHP would run wherever it stands.
func (w *worker) yara(m *content, b []byte) ([]engine.Match, error) {
	ext := w.externals(m, b)
	matches, err := w.scanner.Scan(b, ext)
	if err != nil || !w.scanner.TwoSets() {
		return matches, err
	}
	if ext.IsText && bytes.IndexByte(b, 0) >= 0 || !ext.IsText && (bytes.Contains(b, []byte("<?php")) || bytes.Contains(b, []byte("<?="))) {
		ext.IsText = !ext.IsText
		more, err := w.scanner.Scan(b, ext)
		return append(matches, more...), err
	}
	return matches, nil
}

// hit says whether a rule matched already.
func (c *content) hit(namespace, name, member string) bool {
	for i := range c.hits {
		if h := &c.hits[i]; h.match.Name == name && h.match.Namespace == namespace && h.member == member {
			return true
		}
	}
	return false
}

// externals gives what rules may ask about a file whose first bytes, or all of
// them, are b. Of a large file that is the first window.
func (w *worker) externals(c *content, b []byte) engine.Externals {
	if c.facts == nil {
		e := facts.Of(c.name, c.kind, c.own.owner, b, c.size)
		c.facts = &e
	}
	return *c.facts
}

func hitsOf(matches []engine.Match, where func(int64) int64) []yaraHit {
	out := make([]yaraHit, 0, len(matches))
	for _, m := range matches {
		h := yaraHit{match: m, at: -1}
		for i := range m.Strings {
			m.Strings[i].Offset = where(m.Strings[i].Offset)
			if h.at < 0 || m.Strings[i].Offset < h.at {
				h.at = m.Strings[i].Offset
			}
		}
		out = append(out, h)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].match.Name != out[j].match.Name {
			return out[i].match.Name < out[j].match.Name
		}
		return out[i].match.Namespace < out[j].match.Namespace
	})
	return out
}

// hitRecord makes the record yara.match:
//
//	rule, namespace, level, technique, description (of the rule's meta),
//	file_type, owner, package_state (intact, changed: compared with the
//	checksum that the owner states), size (bytes), strings (those that matched,
//	with offset)
func hitRecord(h *yaraHit, o ownership) artifact.Record {
	r := artifact.Record{Kind: "yara.match", Source: artifact.Source{Offset: max(0, h.at), Member: h.member}}
	r.Add("rule", h.match.Name)
	if h.match.Namespace != "icecore" {
		r.Add("namespace", h.match.Namespace)
	}
	r.Add("level", h.match.Level())
	r.AddList("technique", strings.FieldsFunc(h.match.Meta["technique"], func(c rune) bool { return c == ',' || c == ' ' }))
	r.Add("description", h.match.Meta["description"])
	r.Add("file_type", h.kind)
	r.Add("owner", o.owner)
	r.Add("package_state", o.state)
	o.addOrigin(&r)
	r.AddInt("size", h.size)
	var parts []string
	last := ""
	for _, s := range h.match.Strings {
		if s.Name == last {
			continue // the first place of each
		}
		if len(parts) == 8 {
			break
		}
		last = s.Name
		d := text.Cut(s.Data, 60)
		shown := string(d)
		if !text.IsText(d) {
			shown = hex.EncodeToString(d)
		}
		parts = append(parts, fmt.Sprintf("%s at %d: %s", s.Name, s.Offset, shown))
	}
	r.AddList("strings", parts)
	for _, s := range h.match.Strings {
		if s.Offset == h.at && r.Source.Length == 0 {
			r.Source.Length = int64(len(s.Data))
		}
	}
	return r
}

// configs reads the configurations of miners in a piece of content.
func configs(c *content, b []byte) []config.Config {
	return config.Find(b, c.kind == filetype.Text || c.kind == filetype.Script, maxConfigs)
}

// configRecord makes the record miner.config of a configuration found in a file.
func configRecord(f *found, o ownership) artifact.Record {
	r := f.Record()
	r.Source.Offset, r.Source.Member = f.at, f.member
	r.Add("file_type", f.kind)
	r.Add("owner", o.owner)
	r.Add("package_state", o.state)
	o.addOrigin(&r)
	return r
}
