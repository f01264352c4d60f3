package filesystem

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"icecore/forensics/guard"
)

// odd is a filesystem all of whose calls panic, but for Find.
type odd struct {
	FS
	finds int
}

func (*odd) Info() Info                                         { return Info{Type: "odd"} }
func (*odd) Root() uint64                                       { return 2 }
func (*odd) History(context.Context, func(*Change) error) error { panic("history") }
func (o *odd) Find(Ref, string) (DirEntry, error)               { o.finds++; return DirEntry{}, fs.ErrNotExist }

// TestGuard: whatever a call panics with is an error of it, and what an engine can do
// beyond the least is there behind the guard, too.
func TestGuard(t *testing.T) {
	o := &odd{}
	g := Guard(o)
	for name, call := range map[string]func() error{
		"inode":    func() error { _, err := g.Inode(Ref{}); return err },
		"readdir":  func() error { _, err := g.ReadDir(Ref{}); return err },
		"readlink": func() error { _, err := g.Readlink(Ref{}); return err },
		"xattrs":   func() error { _, err := g.Xattrs(Ref{}); return err },
		"open":     func() error { _, err := g.Open(Ref{}); return err },
		"walk":     func() error { return g.Walk(t.Context(), WalkOptions{}, nil) },
		"history":  func() error { return g.(HistoryFS).History(t.Context(), nil) },
	} {
		var p *guard.PanicError
		if err := call(); !errors.As(err, &p) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := g.Problems(); len(p) != 1 {
		t.Errorf("problems: %v", p)
	}
	if _, _, err := Lookup(g, "/etc/passwd", true); !errors.Is(err, fs.ErrNotExist) || o.finds != 1 {
		t.Errorf("the engine was asked %d times for a name: %v", o.finds, err)
	}
	if _, ok := Guard(struct{ FS }{o}).(HistoryFS); ok {
		t.Error("a filesystem without history got one")
	}
}
