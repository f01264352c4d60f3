package rules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sort"
	"time"

	"icecore/forensics/content/engine"
	"icecore/forensics/content/facts"
	"icecore/forensics/content/filetype"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

const (
	profileSample  = 24 << 20 // bytes of each kind of content
	profileMaxFile = 8 << 20  // bytes of one file of the sample
	profileRounds  = 3        // runs of which the fastest counts
)

// Profile tells what each YARA rule costs on the content of an image.
type Profile struct {
	// Method says how it was measured: the numbers mean nothing without it.
	Method string        `json:"method"`
	Sets   []ProfileSet  `json:"sets"`
	Rules  []ProfileRule `json:"rules"` // the dearest first
}

// ProfileSet is what a whole set of rules costs on the content that it is for.
type ProfileSet struct {
	For       string  `json:"for"` // binary or text
	Files     int     `json:"files"`
	Bytes     int64   `json:"bytes"`
	Rules     int     `json:"rules"`
	MBPerSec  float64 `json:"mb_per_cpu_second"`       // all rules together
	FloorMB   float64 `json:"floor_mb_per_cpu_second"` // a rule that looks for nothing
	NoiseMsMB float64 `json:"noise_ms_per_100mb"`      // what two runs of the same differ by
}

// ProfileRule is what one rule costs, alone, above a rule that looks for nothing.
type ProfileRule struct {
	Name      string  `json:"name"`
	Namespace string  `json:"namespace"`
	File      string  `json:"file"`
	Line      int     `json:"line"`
	For       string  `json:"for"`
	Cost      float64 `json:"ms_per_100mb"`
	Matches   int     `json:"matches"` // files of the sample
	Error     string  `json:"error,omitempty"`
}

// profileSamples are contents of one kind.
type profileSamples struct {
	set   engine.Set
	list  []profiled
	bytes int64
}

type profiled struct {
	b   []byte
	ext engine.Externals
}

// Measure measures the rules in force over a sample of an image's files. YARA
// tells nothing of single rules unless it was built for it, which distributions do
// not; so each rule is compiled and run by itself.
//
// volume names the only one to take files from; empty means all of them. progress
// may be nil.
func Measure(ctx context.Context, set *Set, img *host.Image, volume string, progress func(host.Progress)) (*Profile, error) {
	if !set.Available() {
		return nil, errors.New(set.Why())
	}
	kinds, err := sampleOf(ctx, img, volume)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p := &Profile{Method: fmt.Sprintf("each rule compiled and run alone over a sample of the image's files (at most %d MiB of each kind), %s, the fastest of %d runs; "+
		"less what a rule costs that looks for nothing. Rules share one automaton: together they cost less than the sum", profileSample>>20, cpuClock, profileRounds)}
	for i := range kinds {
		k := &kinds[i]
		if k.bytes == 0 {
			continue
		}
		if err := p.measure(ctx, set, k, progress); err != nil {
			return nil, err
		}
	}
	if len(p.Sets) == 0 {
		return nil, errors.New("the image holds no files to measure on")
	}
	sort.SliceStable(p.Rules, func(i, j int) bool { return p.Rules[i].Cost > p.Rules[j].Cost })
	return p, nil
}

func (p *Profile) measure(ctx context.Context, set *Set, k *profileSamples, progress func(host.Progress)) error {
	floorRules, _, err := engine.Compile([]engine.Source{{Name: "floor", Namespace: "floor", Text: "rule Floor { condition: false }"}})
	if err != nil {
		return err
	}
	floor, noise, _, err := k.run(ctx, floorRules)
	if err != nil {
		return err
	}
	all, _, _, err := k.run(ctx, set.rules)
	if err != nil {
		return err
	}
	per100 := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 * 100e6 / float64(k.bytes) }
	rate := func(d time.Duration) float64 { return float64(k.bytes) / 1e6 / max(d.Seconds(), 1e-6) }
	s := ProfileSet{For: k.set.String(), Files: len(k.list), Bytes: k.bytes, MBPerSec: rate(all), FloorMB: rate(floor), NoiseMsMB: per100(noise)}
	var mine []engine.Source
	total := 0
	for _, x := range set.sources {
		if x.For == engine.Any || x.For == k.set {
			mine = append(mine, x)
			rules, _ := engine.Split(x.Text)
			total += len(rules)
		}
	}
	for _, x := range mine {
		rules, imports := engine.Split(x.Text)
		for _, r := range rules {
			if err := ctx.Err(); err != nil {
				return err
			}
			if r.Private {
				continue // it is measured with the rules that name it
			}
			s.Rules++
			if progress != nil {
				progress(host.Progress{Phase: "measuring rules for " + k.set.String(), Files: int64(s.Rules), TotalFiles: int64(total)})
			}
			c := ProfileRule{Name: r.Name, Namespace: x.Namespace, File: x.Name, Line: r.Line, For: k.set.String()}
			one, _, err := engine.Compile([]engine.Source{{Name: x.Name, Namespace: x.Namespace, Text: engine.Alone(rules, imports, r.Name), For: x.For}})
			if err == nil {
				var took time.Duration
				took, _, c.Matches, err = k.run(ctx, one)
				c.Cost = max(0, per100(took-floor))
			}
			if err != nil {
				c.Error = err.Error()
			}
			p.Rules = append(p.Rules, c)
		}
	}
	p.Sets = append(p.Sets, s)
	return nil
}

// run scans all samples several times, and gives the shortest time, by how much the
// next one was longer, and the number of samples that matched.
func (k *profileSamples) run(ctx context.Context, rules *engine.Rules) (least, noise time.Duration, matches int, err error) {
	scanner, err := rules.NewScanner(testTimeout)
	if err != nil {
		return 0, 0, 0, err
	}
	defer scanner.Close()
	var times []time.Duration
	for range profileRounds {
		matches = 0
		start := cpuTime()
		for i := range k.list {
			if err := ctx.Err(); err != nil {
				return 0, 0, 0, err
			}
			m, err := scanner.Scan(k.list[i].b, k.list[i].ext)
			if err != nil {
				return 0, 0, 0, fmt.Errorf("%s: %w", k.list[i].ext.Filepath, err)
			}
			if len(m) > 0 {
				matches++
			}
		}
		times = append(times, cpuTime()-start)
	}
	slices.Sort(times)
	return times[0], times[1] - times[0], matches, nil
}

// sampleOf picks files from all over the image: in an order that has nothing to do
// with where or what they are, until there is enough of both kinds.
func sampleOf(ctx context.Context, img *host.Image, volume string) ([]profileSamples, error) {
	kinds := []profileSamples{{set: engine.Binary}, {set: engine.Text}}
	type candidate struct {
		v    *host.Volume
		ref  filesystem.Ref
		path string
		key  uint64
	}
	var list []candidate
	for _, v := range img.Volumes {
		if v.FS == nil || volume != "" && !v.Is(volume) {
			continue
		}
		err := v.FS.Walk(ctx, filesystem.WalkOptions{}, func(e *filesystem.Entry) error {
			if e.Inode != nil && e.First && e.Inode.IsRegular() && e.Inode.Size > 0 && e.Inode.Size <= profileMaxFile {
				list = append(list, candidate{v, e.Inode.Ref, e.Path, e.Inode.Ref.Inode * 0x9e3779b97f4a7c15})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].key < list[j].key })
	for _, x := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if kinds[0].bytes >= profileSample && kinds[1].bytes >= profileSample {
			break
		}
		f, err := x.v.FS.Open(x.ref)
		if err != nil {
			continue
		}
		head := make([]byte, min(4096, f.Size()))
		if n, err := f.ReadAt(head, 0); err != nil && err != io.EOF || n < len(head) {
			continue
		}
		kind := filetype.Of(head)
		k := &kinds[0]
		if kind == filetype.Text || kind == filetype.Script {
			k = &kinds[1]
		}
		if k.bytes >= profileSample {
			continue
		}
		b := make([]byte, f.Size())
		if n, err := f.ReadAt(b, 0); err != nil && err != io.EOF || n < len(b) {
			continue
		}
		k.list = append(k.list, profiled{b, facts.Of(x.path, kind, "", b, f.Size())})
		k.bytes += int64(len(b))
	}
	return kinds, nil
}
