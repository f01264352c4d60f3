package host

import (
	"context"
	"errors"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/volume"
)

// broken is a filesystem whose walk gives one entry, and then fails or panics.
type broken struct {
	filesystem.FS
	err    error
	panics bool
}

func (b broken) Info() filesystem.Info { return filesystem.Info{Type: "stub"} }
func (b broken) Root() uint64          { return 2 }
func (b broken) ReadDir(filesystem.Ref) ([]filesystem.DirEntry, error) {
	return nil, errors.New("no directory")
}

func (b broken) Walk(_ context.Context, _ filesystem.WalkOptions, fn func(*filesystem.Entry) error) error {
	if err := fn(&filesystem.Entry{Path: "/a"}); err != nil {
		return err
	}
	if b.panics {
		panic("in the walk")
	}
	return b.err
}

// TestEachFile: a volume that cannot be walked costs itself alone; the callback for the
// files can end it all.
func TestEachFile(t *testing.T) {
	img := &Image{Path: "test"}
	for i, b := range []broken{{err: errors.New("corrupt")}, {panics: true}, {}} {
		img.Volumes = append(img.Volumes, &Volume{Volume: volume.Volume{ID: string(rune('a' + i)), Size: 1}, FS: filesystem.Guard(b)})
	}
	var seen string
	err := img.EachFile(t.Context(), "", filesystem.WalkOptions{}, func(v *Volume, _ *filesystem.Entry) error {
		seen += v.ID
		return nil
	})
	if seen != "abc" || err == nil || !strings.Contains(err.Error(), "volume a: corrupt") || !strings.Contains(err.Error(), "volume b: walk: reading stub: internal error") {
		t.Errorf("saw %s, %v", seen, err)
	}
	seen = ""
	full := errors.New("no space left")
	err = img.EachFile(t.Context(), "", filesystem.WalkOptions{}, func(v *Volume, _ *filesystem.Entry) error {
		seen += v.ID
		return full
	})
	if seen != "a" || !errors.Is(err, full) {
		t.Errorf("saw %s, %v", seen, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen = ""
	err = img.EachFile(ctx, "", filesystem.WalkOptions{}, func(v *Volume, _ *filesystem.Entry) error {
		seen += v.ID
		cancel()
		return ctx.Err()
	})
	if seen != "a" || !errors.Is(err, context.Canceled) {
		t.Errorf("saw %s, %v", seen, err)
	}
}
