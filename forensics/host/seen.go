package host

import (
	"context"
	"path"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// Seen finds the file that a path of the server means: the volume that holds it, and its
// path there. Where there is none, that is where it would stand. The path is left as it
// is where it means the same on the volume of the root filesystem.
func (img *Image) Seen(ctx context.Context, name string, follow bool) (*Volume, string, error) {
	hosts, err := Find(ctx, img, img.Glance())
	if err != nil {
		return nil, "", err
	}
	server := hosts.List[0]
	if server.Volume == nil {
		v, err := img.Root()
		return v, name, err
	}
	plain, err := text.Unescape(name)
	if err != nil {
		plain = name
	}
	v, found, err := server.Locate(plain, follow)
	there := err == nil
	if !there {
		dir, base := path.Split(path.Clean("/" + plain))
		if v, found, err = server.Locate(dir, true); err != nil {
			return server.Volume, name, nil
		}
		found.Real = path.Join(found.Real, base)
	}
	if v == server.Volume && server.Root == "" {
		if ref, real, err := filesystem.Lookup(v.FS, plain, follow); err != nil && !there || err == nil && (real == found.Real || ref == found.Ref) {
			return v, name, nil
		}
	}
	return v, text.Escape(found.Real), nil
}
