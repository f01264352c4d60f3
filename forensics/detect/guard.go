package detect

import (
	"context"

	"icecore/forensics/guard"
	"icecore/forensics/model"
)

// runner runs the analyses one after the other. A panic of one costs what that one would
// have found; once ctx is done, none begins any more.
type runner struct {
	ctx    context.Context
	before func(analysis string) // for tests
	failed []Problem
	more   map[string]int // how often each failed
}

// maxFailures bounds what is said of one analysis that fails over and over.
const maxFailures = 3

func (s *runner) run(analysis string, fn func()) {
	if s.ctx.Err() != nil {
		return
	}
	err := guard.Do("detection", func() error {
		if s.before != nil {
			s.before(analysis)
		}
		fn()
		return nil
	})
	if err == nil {
		return
	}
	if s.more == nil {
		s.more = make(map[string]int)
	}
	if s.more[analysis]++; s.more[analysis] <= maxFailures {
		s.failed = append(s.failed, Problem{File: analysis, Why: err.Error()})
	}
}

// until gives an Input whose functions answer nothing once ctx is done: what still asks
// for files then comes to its end at once.
func (in *Input) until(ctx context.Context) *Input {
	out := *in
	if in.Lookup != nil {
		out.Lookup = func(host, path string) *FileFact {
			if ctx.Err() != nil {
				return nil
			}
			return in.Lookup(host, path)
		}
	}
	if in.Read != nil {
		out.Read = func(src model.Source, n int) []byte {
			if ctx.Err() != nil {
				return nil
			}
			return in.Read(src, n)
		}
	}
	return &out
}
