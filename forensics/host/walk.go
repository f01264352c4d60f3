package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"icecore/forensics/filesystem"
)

// EachFile calls fn for each entry of the volumes, without looking into any file.
// With an empty volume that is all of them, the system's root filesystem first. An
// error of fn ends it; one of a volume is given at the end, after all the others.
func (img *Image) EachFile(ctx context.Context, volume string, opts filesystem.WalkOptions, fn func(*Volume, *filesystem.Entry) error) error {
	return img.each(ctx, volume, func(v *Volume) (refused, err error) {
		err = v.FS.Walk(ctx, opts, func(e *filesystem.Entry) error {
			refused = fn(v, e)
			return refused
		})
		return refused, err
	})
}

// EachChange calls fn for each change of a file that the journals tell, of the
// volumes that [Image.EachFile] walks, with the same rules for errors.
func (img *Image) EachChange(ctx context.Context, volume string, fn func(*Volume, *filesystem.Change) error) error {
	return img.each(ctx, volume, func(v *Volume) (refused, err error) {
		h, ok := v.FS.(filesystem.HistoryFS)
		if !ok {
			return nil, nil
		}
		if err = h.History(ctx, func(c *filesystem.Change) error {
			refused = fn(v, c)
			return refused
		}); err != nil {
			err = fmt.Errorf("history: %w", err)
		}
		return refused, err
	})
}

// each calls fn for each of the volumes meant by name. It ends where fn is refused, or
// ctx is done.
func (img *Image) each(ctx context.Context, name string, fn func(*Volume) (refused, err error)) error {
	vols, err := img.readable(name)
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range vols {
		refused, err := fn(v)
		if err = cmp.Or(refused, ctx.Err(), err); err == nil {
			continue
		}
		err = fmt.Errorf("%s: volume %s: %w", img.Path, v.ID, err)
		if refused != nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
