package main

import (
	"fmt"
	"sync"
	"time"

	"icecore/forensics"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows on stderr how far an analysis is, if that is a terminal and the
// analysis takes longer than a second.
type progress struct {
	mu    sync.Mutex
	start time.Time
	a     *app
	pool  *mpb.Progress
	bar   *mpb.Bar
	phase string
	files string
}

func (a *app) newProgress() *progress { return &progress{start: time.Now(), a: a} }

func (p *progress) show(s forensics.Progress) {
	if p.a.quiet || !terminal(p.a.err) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = s.Phase
	if s.TotalFiles > 0 {
		p.files = fmt.Sprintf("%d of %d files", s.Files, s.TotalFiles)
	}
	if time.Since(p.start) < time.Second {
		return
	}
	if p.pool == nil {
		p.pool = mpb.New(mpb.WithOutput(p.a.err), mpb.WithWidth(30))
		p.bar = p.pool.AddBar(0, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
				p.mu.Lock()
				defer p.mu.Unlock()
				return p.phase + " "
			})),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
				p.mu.Lock()
				defer p.mu.Unlock()
				return " " + p.files
			})))
	}
	if s.TotalBytes > 0 {
		bar := p.bar
		p.mu.Unlock()
		bar.SetTotal(s.TotalBytes+1, false)
		bar.SetCurrent(s.Bytes)
		p.mu.Lock()
	}
}

// done takes the bar away.
func (p *progress) done() {
	p.mu.Lock()
	pool, bar := p.pool, p.bar
	p.pool = nil
	p.mu.Unlock()
	if pool == nil {
		return
	}
	bar.Abort(true)
	pool.Wait()
}
