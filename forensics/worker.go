package forensics

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the checksum that Debian's packages state
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/miner/config"
	"icecore/forensics/miner/engine"
	"icecore/forensics/miner/facts"
	"icecore/forensics/text"
)

const (
	// window is how much of a file is in memory at once; larger files are
	// read in windows that overlap, so that nothing is lost at a border.
	window  = 64 << 20
	overlap = 64 << 10
	// maxHits bounds the records of YARA matches of one file.
	maxHits    = 200
	maxConfigs = 32
)

// worker looks at one file after the other.
type worker struct {
	s       *scan
	v       *Volume
	number  int
	scanner *engine.Scanner
	buf     []byte
	sum     hash.Hash
}

func (s *scan) worker(v *Volume, number int) (*worker, error) {
	w := &worker{s: s, v: v, number: number, sum: sha256.New()}
	if s.rules.Available() && !s.opts.NoYARA {
		timeout := s.opts.ScanTimeout
		if timeout <= 0 {
			timeout = DefaultScanTimeout
		}
		var err error
		if w.scanner, err = s.rules.rules.NewScanner(timeout); err != nil {
			return nil, fmt.Errorf("YARA: %w", err)
		}
	}
	return w, nil
}

func (w *worker) close() {
	if w.scanner != nil {
		w.scanner.Close()
	}
}

// yaraHit is a rule that matched, free of where it did.
type yaraHit struct {
	match engine.Match
	at    int64 // in the file, of the first string
}

// file reads one file and keeps what it tells. An error ends the analysis: only a
// cancelled context gives one.
func (w *worker) file(ctx context.Context, j *job) error {
	where := fmt.Sprintf("volume %s, %s", w.v.ID, text.Escape(j.path))
	if j.path == "" {
		where = fmt.Sprintf("volume %s, inode %s", w.v.ID, j.ref)
	}
	in, err := w.v.FS.Inode(j.ref)
	if err != nil {
		if j.state != filesystem.Deleted {
			w.s.problem(where, "%v", err)
		}
		return nil
	}
	if j.target != "" || in.IsSymlink() {
		w.link(ctx, j, in, where)
		return ctx.Err()
	}
	f, err := w.v.FS.Open(j.ref)
	if err != nil {
		if j.state != filesystem.Deleted {
			w.s.problem(where, "%v", err)
		}
		return nil
	}
	w.s.files.Add(1)
	o := w.s.ownership(w.v, j.path, in.State)
	c := &content{name: j.path, owner: o.owner, file: f, size: f.Size()}
	if err := w.read(ctx, c); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if j.state != filesystem.Deleted {
			w.s.problem(where, "%v", err)
		}
		if len(c.head) == 0 && !errors.Is(err, errTooLarge) {
			return nil
		}
	}
	for _, t := range c.trouble {
		w.s.problem(where, "%s", t)
	}
	if o.md5 != "" && (len(c.hits) > 0 || in.Mode&0o111 != 0 || strings.Contains(path.Base(j.path), ".so")) {
		o.state = "changed"
		if sum, err := w.md5(ctx, c); err != nil {
			o.state = ""
		} else if sum == o.md5 {
			o.state = "intact"
		}
	}
	var recs []artifact.Record
	for i := range c.hits {
		recs = append(recs, hitRecord(&c.hits[i], c, o))
	}
	if !w.s.opts.YARAOnly {
		for _, r := range c.configs {
			r.Add("file_type", c.kind)
			r.Add("owner", o.owner)
			r.Add("package_state", o.state)
			recs = append(recs, r)
		}
		recs = append(recs, w.s.notable(j, in, c.kind, o)...)
		for _, x := range j.wants {
			if in.State == filesystem.Deleted && j.path == "" {
				break
			}
			if err := w.extract(ctx, w.s.extractors[x], j, in, c, &recs); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				w.s.problem(where, "%s: %v", w.s.extractors[x].Name(), err)
			}
		}
	}
	w.keep(j, in, c, recs)
	return nil
}

// link gives a symbolic link to the extractors that want it, with the content that
// it leads to.
func (w *worker) link(ctx context.Context, j *job, in *filesystem.Inode, where string) {
	root, _ := splitRoot(j.path)
	name := j.path
	if root != "" && strings.HasPrefix(j.target, "/") {
		name = root + j.target
	}
	c := &content{}
	if ref, _, err := filesystem.Lookup(w.v.FS, name, true); err == nil {
		if f, err := w.v.FS.Open(ref); err == nil && f.Inode().IsRegular() {
			c.file, c.size = f, f.Size()
		}
	}
	var recs []artifact.Record
	for _, x := range j.wants {
		if err := w.extract(ctx, w.s.extractors[x], j, in, c, &recs); err != nil && ctx.Err() == nil {
			w.s.problem(where, "%s: %v", w.s.extractors[x].Name(), err)
		}
	}
	w.keep(j, in, c, recs)
}

// content is what was read of a file.
type content struct {
	name    string
	owner   string
	file    filesystem.File
	size    int64
	head    []byte // all of it, if it is no larger than the window
	whole   bool
	kind    string
	sha256  string
	hits    []yaraHit
	configs []artifact.Record
	trouble []string
	extents []filesystem.Extent
	facts   *engine.Externals
}

// read reads a file once: hash, type, YARA, configurations.
func (w *worker) read(ctx context.Context, c *content) error {
	limit := w.s.opts.MaxFile
	if limit <= 0 {
		limit = DefaultMaxFile
	}
	if c.size > limit {
		return fmt.Errorf("%w: %d bytes, the limit is %d", errTooLarge, c.size, limit)
	}
	if c.size > window {
		return w.readLarge(ctx, c)
	}
	b, err := w.fill(c.file, 0, int(c.size))
	c.head = b
	if err != nil {
		return err
	}
	c.whole = true
	sum := sha256.Sum256(b)
	c.sha256 = hex.EncodeToString(sum[:])
	c.kind = fileType(b)
	w.scan(ctx, c, sum, b)
	if !w.s.opts.YARAOnly {
		c.configs = configRecords(c, b)
	}
	return nil
}

// fill reads a part of a file into the worker's buffer.
func (w *worker) fill(f filesystem.File, off int64, n int) ([]byte, error) {
	if cap(w.buf) < n {
		w.buf = make([]byte, max(n, min(2*cap(w.buf), window)))
	}
	b := w.buf[:n]
	got, err := f.ReadAt(b, off)
	if err == io.EOF && got == n {
		err = nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b[:got], err
}

// scan runs YARA over a whole file, unless the same content was seen before.
func (w *worker) scan(ctx context.Context, c *content, sum [32]byte, b []byte) {
	if w.scanner == nil || len(b) == 0 || ctx.Err() != nil {
		return
	}
	if !w.s.rules.byName {
		w.s.mu.Lock()
		hits, ok := w.s.verdicts[sum]
		w.s.mu.Unlock()
		if ok {
			c.hits = hits
			return
		}
	}
	w.s.scanned.Add(int64(len(b)))
	matches, err := w.scanner.Scan(b, w.externals(c, b))
	if err != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("YARA: %v", err))
		return
	}
	c.hits = hitsOf(matches, 0)
	if !w.s.rules.byName {
		w.s.mu.Lock()
		if w.s.verdicts == nil {
			w.s.verdicts = make(map[[32]byte][]yaraHit)
		}
		w.s.verdicts[sum] = c.hits
		w.s.mu.Unlock()
	}
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

func hitsOf(matches []engine.Match, base int64) []yaraHit {
	var out []yaraHit
	for _, m := range matches {
		if len(out) == maxHits {
			break
		}
		h := yaraHit{match: m, at: -1}
		for i := range m.Strings {
			m.Strings[i].Offset += base
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

// readLarge reads a file in windows that overlap. Holes are hashed, not read nor
// scanned.
func (w *worker) readLarge(ctx context.Context, c *content) error {
	exts, err := c.file.Extents()
	if err != nil {
		c.trouble = append(c.trouble, fmt.Sprintf("extents: %v", err))
		exts = []filesystem.Extent{{Length: c.size}}
	}
	c.extents = exts
	w.sum.Reset()
	var zeros [64 << 10]byte
	seen := make(map[string]bool)
	for off := int64(0); off < c.size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if next := nextData(exts, off, c.size); next-off >= window {
			for left := next - off; left > 0; {
				n := min(left, int64(len(zeros)))
				_, _ = w.sum.Write(zeros[:n])
				left -= n
			}
			off = next
			continue
		}
		from := max(0, off-overlap)
		b, err := w.fill(c.file, from, int(min(c.size-from, window)))
		if err != nil {
			return fmt.Errorf("at byte %d: %w", from+int64(len(b)), err)
		}
		if off == 0 {
			c.kind = fileType(b)
			c.head = bytes.Clone(b[:min(len(b), 4096)])
		}
		_, _ = w.sum.Write(b[off-from:])
		w.scanWindow(c, b, from, seen)
		off = from + int64(len(b))
	}
	c.sha256 = hex.EncodeToString(w.sum.Sum(nil))
	return nil
}

func (w *worker) scanWindow(c *content, b []byte, from int64, seen map[string]bool) {
	if w.scanner != nil {
		w.s.scanned.Add(int64(len(b)))
		matches, err := w.scanner.Scan(b, w.externals(c, b))
		if err != nil {
			c.trouble = append(c.trouble, fmt.Sprintf("YARA, from byte %d: %v", from, err))
		}
		for _, h := range hitsOf(matches, from) {
			if k := h.match.Namespace + ":" + h.match.Name; !seen[k] && len(c.hits) < maxHits {
				seen[k] = true
				c.hits = append(c.hits, h)
			}
		}
	}
	if !w.s.opts.YARAOnly && len(c.configs) < maxConfigs {
		for _, r := range configRecords(c, b) {
			r.Source.Offset += from
			c.configs = append(c.configs, r)
		}
	}
}

// nextData gives where the first byte that is stored stands, at or behind off.
func nextData(exts []filesystem.Extent, off, size int64) int64 {
	i := sort.Search(len(exts), func(i int) bool { return exts[i].Logical+exts[i].Length > off })
	for ; i < len(exts); i++ {
		if !exts[i].Unwritten {
			return max(off, exts[i].Logical)
		}
	}
	return size
}

// md5 hashes the file as the package database does.
func (w *worker) md5(ctx context.Context, c *content) (string, error) {
	h := md5.New() //nolint:gosec // see the import
	if c.whole {
		_, _ = h.Write(c.head)
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	buf := make([]byte, 1<<20)
	for off := int64(0); off < c.size; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := c.file.ReadAt(buf[:min(int64(len(buf)), c.size-off)], off)
		if err != nil && err != io.EOF {
			return "", err
		}
		if n == 0 {
			return "", io.ErrUnexpectedEOF
		}
		_, _ = h.Write(buf[:n])
		off += int64(n)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hitRecord makes the record yara.match:
//
//	rule, namespace, level, technique, description (of the rule's meta),
//	file_type, owner, package_state (intact, changed: compared with the
//	checksum that the owner states), size (bytes), strings (those that matched,
//	with offset)
func hitRecord(h *yaraHit, c *content, o ownership) artifact.Record {
	r := artifact.Record{Kind: "yara.match", Source: artifact.Source{Offset: max(0, h.at)}}
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
	if len(h.match.Strings) > 0 {
		r.Source.Length = int64(len(h.match.Strings[0].Data))
	}
	return r
}

// configRecords reads the configurations of miners in a piece of content.
func configRecords(c *content, b []byte) []artifact.Record {
	var list []config.Config
	if c.kind == typeText || c.kind == typeScript {
		list = config.Parse(b)
	}
	if len(list) == 0 {
		list = config.Pools(b, maxConfigs)
	}
	var out []artifact.Record
	for i := range list[:min(len(list), maxConfigs)] {
		out = append(out, list[i].Record())
	}
	return out
}

// extract runs an extractor over a file.
func (w *worker) extract(ctx context.Context, x artifact.Extractor, j *job, in *filesystem.Inode, c *content, recs *[]artifact.Record) (err error) {
	defer func() {
		// An extractor that fails must not take the analysis with it.
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	root, inside := splitRoot(j.path)
	input := &artifact.Input{Root: root, Path: inside, Inode: in, Target: j.target, System: w.s.system}
	switch {
	case c.whole:
		input.Content = io.NewSectionReader(bytes.NewReader(c.head), 0, int64(len(c.head)))
	case c.file != nil:
		input.Content = Content(c.file)
	}
	input.Exists = func(p string) bool {
		_, _, err := filesystem.Lookup(w.v.FS, root+p, true)
		return err == nil
	}
	return x.Extract(ctx, input, func(r artifact.Record) { *recs = append(*recs, r) })
}

// keep completes the records of a file with where they come from.
func (w *worker) keep(j *job, in *filesystem.Inode, c *content, recs []artifact.Record) {
	if len(recs) == 0 {
		return
	}
	if c.extents == nil && c.file != nil {
		if exts, err := c.file.Extents(); err == nil {
			c.extents = exts
		}
	}
	for i := range recs {
		r := &recs[i]
		r.Source.Volume, r.Source.Path, r.Source.State = w.v.ID, j.path, in.State
		r.Source.Inode, r.Source.Version = in.Ref.Inode, in.Ref.Version
		r.Source.SHA256 = c.sha256
		r.Source.DiskOffset = -1
		if r.Source.Member == "" {
			r.Source.DiskOffset = diskOffset(c.extents, w.v.Offset, r.Source.Offset)
		}
		addTimes(r, in)
	}
	w.s.mu.Lock()
	for i := range recs {
		w.s.found = append(w.s.found, located{recs[i], w.number, i})
	}
	w.s.mu.Unlock()
}

// diskOffset gives where a byte of a file stands on the disk, or -1.
func diskOffset(exts []filesystem.Extent, volume, off int64) int64 {
	i := sort.Search(len(exts), func(i int) bool { return exts[i].Logical+exts[i].Length > off })
	if i == len(exts) || off < exts[i].Logical || exts[i].Unwritten {
		return -1
	}
	return volume + exts[i].Physical + off - exts[i].Logical
}
