package timeline

import (
	"context"
	"fmt"
	"io"

	"icecore/forensics/filesystem"
	"icecore/forensics/host"
)

// AddHistory adds what the journals of the volumes meant by a name record of how files
// changed; empty: of all.
func (t *Timeline) AddHistory(ctx context.Context, img *host.Image, volume string) error {
	err := img.EachChange(ctx, volume, func(v *host.Volume, c *filesystem.Change) error {
		t.AddChange(v.ID, c)
		return nil
	})
	if err != nil {
		return fmt.Errorf("history of the journal: %w", err)
	}
	return nil
}

// Bodyfile writes the times of files of several volumes as they are walked: those of the
// root filesystem under their paths, those of the others behind the volume's id in
// brackets.
type Bodyfile struct {
	Files int // that were written
	body  *Body
	root  *host.Volume
}

// NewBodyfile makes a Bodyfile that writes to w. Call Flush at the end.
func NewBodyfile(w io.Writer, img *host.Image) *Bodyfile {
	root, err := img.Root()
	if err != nil {
		root = nil // then every volume has its id
	}
	return &Bodyfile{body: NewBody(w), root: root}
}

// Entry writes one file.
func (b *Bodyfile) Entry(v *host.Volume, e *filesystem.Entry) error {
	b.body.Prefix = ""
	if v != b.root {
		b.body.Prefix = "[" + v.ID + "]"
	}
	b.Files++
	return b.body.Entry(e)
}

// Flush writes what is still in memory.
func (b *Bodyfile) Flush() error { return b.body.Flush() }
