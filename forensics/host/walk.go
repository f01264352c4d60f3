package host

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"icecore/forensics/filesystem"
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
	root, err := img.Root()
	if err != nil {
		return nil, err
	}
	i := slices.Index(out, root)
	return append(append([]*Volume{root}, out[:i]...), out[i+1:]...), nil
}

// EachChange calls fn for each change of a file that the journals tell, of the
// volumes that [Image.EachFile] walks.
func (img *Image) EachChange(ctx context.Context, volume string, fn func(*Volume, *filesystem.Change) error) error {
	vols, err := img.readable(volume)
	if err != nil {
		return err
	}
	for _, v := range vols {
		h, ok := v.FS.(filesystem.HistoryFS)
		if !ok {
			continue
		}
		err := h.History(ctx, func(c *filesystem.Change) error { return fn(v, c) })
		if errors.Is(err, context.Canceled) {
			return err
		}
		if err != nil {
			return fmt.Errorf("%s: volume %s: history: %w", img.Path, v.ID, err)
		}
	}
	return nil
}
