package forensics

import (
	"context"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/miner/config"
	"icecore/forensics/miner/engine"
	"icecore/forensics/miner/facts"
)

const (
	// maxHits bounds the records of YARA matches of one file.
	maxHits    = 200
	maxConfigs = 32
)

// yaraHit is a rule that matched.
type yaraHit struct {
	match  engine.Match
	at     int64 // in the file, of the first string; -1: the rule names no place
	member string
}

// found is a configuration found in content.
type found struct {
	config.Config
	at     int64 // in the file
	member string
}

// once looks into content with fn, unless the same content was looked at before.
// size is the number of bytes that fn gives to YARA.
func (w *worker) once(ctx context.Context, c *content, size int64, fn func() error) error {
	if !c.twin || w.s.rules.byName {
		w.count(size)
		return fn()
	}
	if err := w.hash(ctx, c); err != nil {
		return err
	}
	w.s.mu.Lock()
	v, ok := w.s.seen[c.sum]
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
		w.count(size)
		return err
	}
	if len(c.hits)+len(c.configs)+len(c.trouble) > before {
		v = &verdict{c.hits, c.configs, c.trouble[before:]}
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	// Two workers may have met the same content at the same time: it counts
	// once, so that the number does not depend on who was faster.
	if _, ok := w.s.seen[c.sum]; !ok {
		w.s.seen[c.sum] = v
		w.count(size)
	}
	return nil
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
	if w.scanner != nil {
		w.yara(c, b, l, from)
	}
	if !w.s.opts.YARAOnly && len(c.configs) < maxConfigs {
		for _, x := range configs(c, b) {
			if len(c.configs) == maxConfigs {
				break
			}
			c.configs = append(c.configs, found{Config: x, at: l.offset(from + int64(x.Offset))})
		}
	}
}

func (w *worker) yara(c *content, b []byte, l layout, from int64) {
	ext := w.externals(c, b)
	matches, err := w.scanner.Scan(b, ext)
	if err != nil {
		where := ""
		if from > 0 {
			where = fmt.Sprintf(", from byte %d", l.offset(from))
		}
		c.trouble = append(c.trouble, fmt.Sprintf("YARA%s: %v", where, err))
	}
	if len(matches) == 0 {
		return
	}
	for _, h := range hitsOf(matches, l, from) {
		if len(c.hits) < maxHits && !c.hit(h.match.Namespace, h.match.Name) {
			c.hits = append(c.hits, h)
		}
	}
}

// hit says whether a rule matched already.
func (c *content) hit(namespace, name string) bool {
	for i := range c.hits {
		if m := &c.hits[i].match; m.Name == name && m.Namespace == namespace {
			return true
		}
	}
	return false
}

// externals gives what rules may ask about a file whose first bytes, or all of
// them, are b. Of a large file that is the first window.
func (w *worker) externals(c *content, b []byte) engine.Externals {
	if c.facts == nil {
		e := facts.Of(c.name, c.kind, c.owner, b, c.size)
		c.facts = &e
	}
	return *c.facts
}

func hitsOf(matches []engine.Match, l layout, from int64) []yaraHit {
	out := make([]yaraHit, 0, len(matches))
	for _, m := range matches {
		h := yaraHit{match: m, at: -1}
		for i := range m.Strings {
			m.Strings[i].Offset = l.offset(from + m.Strings[i].Offset)
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
func hitRecord(h *yaraHit, c *content, o ownership) artifact.Record {
	r := artifact.Record{Kind: "yara.match", Source: artifact.Source{Offset: max(0, h.at), Member: h.member}}
	r.Add("rule", h.match.Name)
	if h.match.Namespace != "icecore" {
		r.Add("namespace", h.match.Namespace)
	}
	for _, k := range []string{"level", "technique", "description"} {
		r.Add(k, h.match.Meta[k])
	}
	r.Add("file_type", c.kind)
	r.Add("owner", o.owner)
	r.Add("package_state", o.state)
	r.AddInt("size", c.size)
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
		d := s.Data[:min(len(s.Data), 60)]
		shown := string(d)
		if !isText(d) {
			shown = hex.EncodeToString(d)
		}
		parts = append(parts, fmt.Sprintf("%s at %d: %s", s.Name, s.Offset, shown))
	}
	r.Add("strings", strings.Join(parts, "; "))
	for _, s := range h.match.Strings {
		if s.Offset == h.at && r.Source.Length == 0 {
			r.Source.Length = int64(len(s.Data))
		}
	}
	return r
}

// configs reads the configurations of miners in a piece of content.
func configs(c *content, b []byte) []config.Config {
	var list []config.Config
	if c.kind == typeText || c.kind == typeScript {
		list = config.Parse(b)
	}
	if len(list) == 0 {
		list = config.Pools(b, maxConfigs)
	}
	return list
}

// configRecord makes the record miner.config of a configuration found in a file.
func configRecord(f *found, c *content, o ownership) artifact.Record {
	r := f.Record()
	r.Source.Offset, r.Source.Member = f.at, f.member
	r.Add("file_type", c.kind)
	r.Add("owner", o.owner)
	r.Add("package_state", o.state)
	return r
}
