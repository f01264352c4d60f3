package forensics

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"icecore/forensics/filesystem"
	"icecore/forensics/timeline"
)

// EachFile calls fn for each entry of the volumes, without looking into any file.
// With an empty volume that is all of them, the system's root filesystem first.
func (img *Image) EachFile(ctx context.Context, volume string, opts filesystem.WalkOptions, fn func(*Volume, *filesystem.Entry) error) error {
	vols, err := img.readable(volume)
	if err != nil {
		return err
	}
	for _, v := range vols {
		if err := v.FS.Walk(ctx, opts, func(e *filesystem.Entry) error { return fn(v, e) }); err != nil {
			return fmt.Errorf("%s: volume %s: %w", img.Path, v.ID, err)
		}
	}
	return nil
}

// readable gives the volumes meant by name, or all, the root filesystem first.
func (img *Image) readable(name string) ([]*Volume, error) {
	if name != "" {
		v, err := img.Volume(name)
		return []*Volume{v}, err
	}
	var out []*Volume
	for _, v := range img.Volumes {
		if v.FS != nil {
			out = append(out, v)
		}
	}
	if len(out) == 1 {
		return out, nil
	}
	root, err := img.rootVolume()
	if err != nil {
		return nil, err
	}
	i := slices.Index(out, root)
	return append(append([]*Volume{root}, out[:i]...), out[i+1:]...), nil
}

// AddHistory adds to a timeline what the journals tell of how files changed.
func (img *Image) AddHistory(ctx context.Context, volume string, t *timeline.Timeline) error {
	vols, err := img.readable(volume)
	if err != nil {
		return err
	}
	for _, v := range vols {
		h, ok := v.FS.(filesystem.HistoryFS)
		if !ok {
			continue
		}
		err := h.History(ctx, func(c *filesystem.Change) error {
			t.AddChange(v.ID, c)
			return nil
		})
		if errors.Is(err, context.Canceled) {
			return err
		}
		if err != nil {
			return fmt.Errorf("%s: volume %s: history: %w", img.Path, v.ID, err)
		}
	}
	return nil
}
