package host

import (
	"cmp"
	"context"

	"icecore/forensics/filesystem"
	"icecore/forensics/image"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// DefaultMaxFile bounds the bytes of one file that are read, where nobody names
// another bound.
const DefaultMaxFile = 20 << 30

// Progress says how far an analysis is.
type Progress struct {
	Phase      string // opening, reading directories, reading files, judging
	Files      int64
	TotalFiles int64
	Bytes      int64
	TotalBytes int64
}

// DescribeFiles returns what is known of the image's files, with their hashes if hash
// is set.
func (img *Image) DescribeFiles(ctx context.Context, hash bool, progress func(Progress)) (model.Image, error) {
	info := model.Image{ID: img.ID, Path: img.Path, Format: img.Disk.Format(), VirtualSize: img.Disk.Size()}
	for _, f := range img.Disk.Files() {
		info.Files = append(info.Files, model.ImageFile{Path: f.Path, Size: f.Size})
	}
	if !hash {
		return info, nil
	}
	p := Progress{Phase: "hashing the image"}
	for _, f := range info.Files {
		p.TotalBytes += f.Size
	}
	sums, err := image.HashFiles(ctx, img.Disk, func(n int64) {
		p.Bytes += n
		if progress != nil {
			progress(p)
		}
	})
	if err != nil {
		return info, err
	}
	for i, sum := range sums {
		info.Files[i].SHA256 = sum
	}
	return info, nil
}

// DescribeVolumes describes all volumes, without reading their files.
func (img *Image) DescribeVolumes() []model.Volume {
	out := make([]model.Volume, 0, len(img.Volumes))
	for _, v := range img.Volumes {
		d := v.Describe()
		d.Image = v.Image.ID
		out = append(out, d)
	}
	return out
}

// Describe returns what is known of a volume without reading its files.
func (v *Volume) Describe() model.Volume {
	info := model.Volume{
		ID: v.ID, Scheme: v.Scheme, Offset: v.Offset, Size: v.Size, Type: v.Type, Filesystem: v.Content, Label: cmp.Or(v.FSLabel, v.Name), UUID: cmp.Or(v.FSUUID, v.UUID), Reason: text.Raw(v.Reason),
	}
	if v.FS == nil {
		return info
	}
	fi := v.FS.Info()
	info.Filesystem, info.UUID = fi.Type, fi.UUID
	if fi.Label != "" {
		info.Label = fi.Label
	}
	if fi.Journal.Present {
		info.Journal = &model.Journal{Replayed: fi.Journal.Replayed, Transactions: fi.Journal.Transactions}
		if fi.Journal.LastCommit.Known {
			info.Journal.LastCommit = fi.Journal.LastCommit.Time()
		}
	}
	return info
}

// Describe returns what a host says of itself.
func (h *Host) Describe() model.Host {
	s := &h.System
	out := model.Host{
		ID: h.ID, Kind: string(h.Kind), Root: slashed(h.Root), Hostname: s.Hostname, OS: s.OS, OSID: s.OSID, MachineID: s.MachineID, Timezone: s.ZoneName,
	}
	if c := h.Container; c != nil {
		out.Name, out.Image = c.Name, c.Image
	}

	if h.Volume != nil {
		out.Volume = h.Volume.ID
	}
	for _, m := range h.Mounts {
		x := model.Mount{Target: m.Target, Device: m.Device, Type: m.Type, Options: m.Options, Inferred: m.Inferred}
		if m.Volume != nil {
			x.Volume = m.Volume.ID
		}
		out.Mounts = append(out.Mounts, x)
	}
	return out
}

func stampOf(t filesystem.Time) string {
	if !t.Known {
		return ""
	}
	return t.String()
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
