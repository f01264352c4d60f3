package report

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"icecore/forensics/filesystem"
)

// summary is what the first screen tells, taken from an analysis. Texts are
// escaped.
type summary struct {
	verdict string // COMPROMISED
	since   string // 2026-11-24 15:32:38 UTC, empty: unknown
	note    string // what of it was inferred
	system  string
	levels  []levelCount // most serious first
	serious int          // findings that are high or critical
	miners  []miner
	pools   []string
	wallets []wallet
	phases  []phase
}

type levelCount struct {
	level string
	n     int
}

// miner is a file that mines, or belongs to what does.
type miner struct {
	path, state, what string
	archived          bool
}

type wallet struct{ address, coin, path string }

// phase is a phase of the intrusion, with the finding that shows it best.
type phase struct {
	name    string
	finding *findingView
	more    int
}

var levelOrder = []string{"critical", "high", "medium", "low", "informational"}

func rank(level string) int { return slices.Index(levelOrder, level) }

var phaseNames = map[string]string{
	"initial-access": "way in", "execution": "execution", "persistence": "persistence", "mining": "mining", "evasion": "cover-up", "": "other",
}

var verdictWords = map[string]string{"compromised": "COMPROMISED", "suspicious": "SUSPICIOUS", "no-indicators": "NO INDICATORS FOUND"}

func summarise(a *view) *summary {
	s := &summary{verdict: or(verdictWords[a.Verdict.State], strings.ToUpper(a.Verdict.State)), since: clock(a.Verdict.Since), note: a.Verdict.SinceInferred}
	s.system = strings.Join([]string{or(a.System.Hostname, "host without a name"), or(a.System.OS, "unknown system")}, ", ")
	counts := make(map[string]int)
	best := make(map[string]*phase)
	var order []string
	for i := range a.Findings {
		f := &a.Findings[i]
		counts[f.Level]++
		if rank(f.Level) <= 1 {
			s.serious++
		}
		if rank(f.Level) > 2 {
			continue
		}
		p := best[f.Phase]
		switch {
		case p == nil:
			best[f.Phase] = &phase{name: or(phaseNames[f.Phase], f.Phase), finding: f}
			order = append(order, f.Phase)
		case better(f, p.finding):
			p.finding = f
			p.more++
		default:
			p.more++
		}
		if f.Phase == "mining" && f.Source != nil && rank(f.Level) <= 1 && f.Engine == "yara" {
			s.addMiner(miner{path: f.Source.Path, state: f.Source.State, what: f.Rule, archived: archived(f.Source)})
		}
	}
	for _, l := range levelOrder {
		if counts[l] > 0 {
			s.levels = append(s.levels, levelCount{l, counts[l]})
		}
	}
	sort.SliceStable(s.miners, func(i, j int) bool { return !s.miners[i].archived && s.miners[j].archived })
	// In the order in which an intrusion goes.
	flow := []string{"initial-access", "execution", "persistence", "mining", "evasion"}
	sort.SliceStable(order, func(i, j int) bool { return place(flow, order[i]) < place(flow, order[j]) })
	for _, o := range order {
		s.phases = append(s.phases, *best[o])
	}
	s.configs(a)
	return s
}

// better says whether a shows a phase better than b: it is more serious, or points
// at a line, or is earlier.
func better(a, b *findingView) bool {
	if x, y := rank(a.Level), rank(b.Level); x != y {
		return x < y
	}
	if x, y := archived(a.Source), archived(b.Source); x != y {
		return y
	}
	line := func(f *findingView) bool { return f.Source != nil && f.Source.Line > 0 && f.Excerpt != "" }
	if x, y := line(a), line(b); x != y {
		return x
	}
	return a.Time != "" && (b.Time == "" || a.Time < b.Time)
}

// archived says whether a source lies within another file, other than a log that is
// packed as a whole: what lies there is not run from there.
func archived(src *sourceView) bool {
	return src != nil && src.Member != "" && unpack[src.Member] == ""
}

func place(list []string, s string) int {
	if i := slices.Index(list, s); i >= 0 {
		return i
	}
	return len(list)
}

func (s *summary) addMiner(m miner) {
	for _, have := range s.miners {
		if have.path == m.path && have.state == m.state {
			return
		}
	}
	s.miners = append(s.miners, m)
}

// configs gathers pools and wallets of the configurations that a finding rests on.
func (s *summary) configs(a *view) {
	proves := make(map[string]bool)
	for i := range a.Findings {
		if rank(a.Findings[i].Level) > 2 {
			continue
		}
		for _, id := range a.Findings[i].Records {
			proves[id] = true
		}
	}
	for i := range a.Records {
		r := &a.Records[i]
		if r.Kind != "miner.config" || !proves[r.ID] {
			continue
		}
		pool := field(r, "pool")
		if h := field(r, "host"); h != "" {
			pool = h
			if strings.Contains(h, ":") {
				pool = "[" + h + "]"
			}
			if p := field(r, "port"); p != "" {
				pool += ":" + p
			}
		}
		if pool != "" && field(r, "tls") == "yes" {
			pool += " (TLS)"
		}
		if pool != "" && !slices.Contains(s.pools, pool) {
			s.pools = append(s.pools, pool)
		}
		w := wallet{field(r, "wallet"), field(r, "coin"), r.Source.Path}
		if w.address != "" && !slices.ContainsFunc(s.wallets, func(x wallet) bool { return x.address == w.address }) {
			s.wallets = append(s.wallets, w)
		}
	}
}

// field gives the first value of a field of a record, escaped.
func field(r *recordView, name string) string {
	for i := range r.Fields {
		if f := &r.Fields[i]; f.Name == name {
			return f.Text()
		}
	}
	return ""
}

// clock writes a time of an analysis for a reader: to the second, in UTC.
func clock(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// moment is clock without the zone, for columns that say so themselves.
func moment(s string) string { return strings.TrimSuffix(clock(s), " UTC") }

// where names the place of a source as compilers do: path:line.
func where(src *sourceView) string {
	if src == nil {
		return ""
	}
	ref := filesystem.Ref{Inode: src.Inode, Version: src.Version}
	p := or(src.Path, "inode "+ref.String())
	if src.Line > 0 {
		p = fmt.Sprintf("%s:%d", p, src.Line)
	}
	if src.Version > 0 && src.Path != "" {
		p += " (inode " + ref.String() + ")"
	}
	if archived(src) {
		p += " (in it: " + src.Member + ")"
	}
	if src.State != "live" {
		p += " [" + src.State + "]"
	}
	return p
}

// check gives the command that shows the bytes of a source.
func check(image string, src *sourceView) string {
	if src.Inode == 0 && src.DiskOffset != nil { // swap space has no files
		return fmt.Sprintf("icecore cat %s --disk-offset %d --length %d", quote(image), *src.DiskOffset, max(src.Length, 64))
	}
	cmd := fmt.Sprintf("icecore cat %s --volume %s --inode %d", quote(image), src.Volume, src.Inode)
	if src.Version > 0 {
		cmd += fmt.Sprintf("@%d", src.Version)
	}
	switch {
	case unpack[src.Member] != "": // the offset counts in the unpacked text
		cmd += " | " + unpack[src.Member]
		if src.Length > 0 {
			cmd += fmt.Sprintf(" | tail -c +%d | head -c %d", src.Offset+1, src.Length)
		}
	case src.Member != "":
		cmd += fmt.Sprintf(" --member %s --offset %d", quote(src.Member), src.Offset)
		if src.Length > 0 {
			cmd += fmt.Sprintf(" --length %d", src.Length)
		}
	case src.Length > 0:
		cmd += fmt.Sprintf(" --offset %d --length %d", src.Offset, src.Length)
	case src.Offset > 0:
		cmd += fmt.Sprintf(" --offset %d", src.Offset)
	}
	return cmd
}

// unpack names the programs that unpack what a source's member says.
var unpack = map[string]string{"gzip": "zcat", "xz": "xzcat", "bzip2": "bzcat", "zstd": "zstdcat"}

// quote makes a word for a shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// counts writes how many findings there are: of the levels that matter, or of all.
func (s *summary) counts(all bool) string {
	var parts []string
	for _, l := range s.levels {
		if all || rank(l.level) <= 2 {
			parts = append(parts, fmt.Sprintf("%d %s", l.n, l.level))
		}
	}
	switch {
	case len(s.levels) == 0:
		return "no findings"
	case len(parts) == 0:
		return "no findings above low"
	case len(parts) == 1 && strings.HasPrefix(parts[0], "1 "):
		return parts[0] + " finding"
	}
	return strings.Join(parts, ", ") + " findings"
}

// grouped writes a number with commas: 23,908.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", grouped(int64(n)), many)
}
