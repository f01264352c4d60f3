package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/filesystem/all"
	"icecore/forensics/guard"
	"icecore/forensics/image"
	"icecore/forensics/model"
	"icecore/forensics/text"
	"icecore/forensics/volume"
)

// OpenOptions say how an image is opened.
type OpenOptions struct {
	// Backing names files that may serve as backing files of the image,
	// besides those in its own directory.
	Backing []string
	// NoReplay shows filesystems as they stand on the disk, without what
	// their journals hold.
	NoReplay bool
	// Index is the place of the image among several that are the disks of one server,
	// from 0. The volumes of the second are i2.p1, i2.p2, ...
	Index int
}

// Image is an opened image: its disk, the volumes on it, and the filesystems on
// those. Close it when done.
type Image struct {
	ID      string // among the images of one analysis: i1
	Path    string
	Disk    image.Disk
	Volumes []*Volume
	// Gaps lists what was found wrong or not understood while opening.
	Gaps []model.Gap
	// Others are the further images of the same server: its other disks. Their volumes
	// are in Volumes, too.
	Others []*Image

	joined *Image // the one that it was joined with
}

// Volume is a volume with the filesystem found on it, if it is one that is read.
type Volume struct {
	volume.Volume
	FS    filesystem.FS // nil: Reason says why
	Image *Image        // that it is on
	Disk  image.Disk    // of that image
}

// Open opens an image and all volumes on it. It fails if the image cannot be
// read or holds nothing that looks like a disk; a volume that cannot be read does
// not make it fail. Its errors are those of package image.
func Open(ctx context.Context, path string, opts OpenOptions) (*Image, error) {
	var disk image.Disk
	err := guard.Do(path, func() (err error) {
		disk, err = image.Open(ctx, path, image.Options{Backing: opts.Backing})
		return err
	})
	if err != nil {
		return nil, err
	}
	img, err := OpenDisk(ctx, disk, path, opts)
	if err != nil {
		disk.Close()
		return nil, err
	}
	return img, nil
}

// OpenDisk opens all volumes on a disk, as Open does; name stands for its path. The
// disk is the image's from then on, unless there is an error.
func OpenDisk(ctx context.Context, disk image.Disk, name string, opts OpenOptions) (*Image, error) {
	img := &Image{ID: fmt.Sprintf("i%d", opts.Index+1), Path: name, Disk: disk}
	for _, p := range disk.Problems() {
		img.Gaps = append(img.Gaps, img.gap(model.SubjectImage, model.Msg("gap.image", "path", name), p.Why, p.Lost))
	}
	var vols []volume.Volume
	var problems []volume.Problem
	err := guard.Do("reading the partition tables", func() (err error) {
		vols, problems, err = volume.List(disk, disk.Size(), all.Recognise)
		return err
	})
	if err != nil {
		return nil, image.NotImage(fmt.Errorf("%s: %w", name, err))
	}
	for _, p := range problems {
		img.Gaps = append(img.Gaps, img.gap(model.SubjectPartition, model.Msg("gap.partitions", "place", text.Raw(p.What)), p.Why, p.Lost))
	}
	for _, v := range vols {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		vol := &Volume{Volume: v, Image: img, Disk: disk}
		if opts.Index > 0 {
			vol.ID = img.ID + "." + v.ID
		}
		img.Volumes = append(img.Volumes, vol)
		if vol.FS, err = all.Open(ctx, v.Content, v.Bytes, v.Size, filesystem.Options{NoReplay: opts.NoReplay}); err != nil {
			vol.Reason = err.Error()
		} else if vol.FS != nil {
			vol.Reason = "" // package volume does not know what the engines read
		}
		if vol.FS == nil && vol.Reason != "" && vol.Content != "swap" {
			img.Gaps = append(img.Gaps, vol.Gap(vol.weight(), err))
		}
	}
	return img, nil
}

// Join makes one image of several that are the disks of one server, each opened with its
// place among them (see OpenOptions.Index). Closing the result closes all.
func Join(first *Image, others ...*Image) *Image {
	for _, o := range others {
		first.Volumes = append(first.Volumes, o.Volumes...)
		first.Gaps = append(first.Gaps, o.Gaps...)
		o.joined = first
	}
	first.Others = append(first.Others, others...)
	return first
}

// All gives the images of the server, this one first.
func (img *Image) All() []*Image { return append([]*Image{img}, img.Others...) }

// image gives the image in which all volumes of the server are listed.
func (v *Volume) image() *Image {
	if v.Image.joined != nil {
		return v.Image.joined
	}
	return v.Image
}

// Close releases the image.
func (img *Image) Close() error {
	err := img.Disk.Close()
	for _, o := range img.Others {
		err = errors.Join(err, o.Close())
	}
	return err
}

// ErrNoFilesystem says that nothing on the disk can be looked into.
var ErrNoFilesystem = errors.New("no filesystem that can be read")

// Volume gives the volume meant by name: an ID (p1), a partition number, a UUID of
// the partition or filesystem, the name of a partition, or a filesystem label. The
// empty name means the root filesystem of the system found on the disk.
func (img *Image) Volume(name string) (*Volume, error) {
	if name == "" {
		return img.Root()
	}
	v, err := img.named(name)
	if err == nil && v.FS == nil {
		err = fmt.Errorf("%s: volume %s: %s", img.Path, v.ID, cmp.Or(v.Reason, ErrNoFilesystem.Error()))
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// named gives the first volume meant by a name, also one that is not read.
func (img *Image) named(name string) (*Volume, error) {
	for _, v := range img.Volumes {
		if v.Is(name) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s: no volume %s; there are: %s", img.Path, text.Quote(name), img.volumeIDs())
}

// CheckVolume fails if a volume was asked for of which nothing can be looked into:
// "no indicators" would be the answer to a question that was not asked.
func (img *Image) CheckVolume(name string) error {
	if name == "" {
		return nil
	}
	if v, err := img.named(name); err != nil || v.Content == "swap" {
		return err
	}
	_, err := img.Volume(name)
	return err
}

// Is says whether a name means the volume; see [Image.Volume].
func (v *Volume) Is(name string) bool {
	if v.ID == name || (v.Number > 0 && strconv.Itoa(v.Number) == name) || (v.UUID != "" && strings.EqualFold(v.UUID, name)) || (v.Name != "" && v.Name == name) {
		return true
	}
	if v.FS == nil {
		return false
	}
	info := v.FS.Info()
	return strings.EqualFold(info.UUID, name) || (info.Label != "" && info.Label == name)
}

func (img *Image) volumeIDs() string {
	ids := make([]string, len(img.Volumes))
	for i, v := range img.Volumes {
		ids[i] = v.ID
	}
	return strings.Join(ids, ", ")
}

// Root picks the filesystem with the most of what only a root filesystem
// has, and of equals the largest.
func (img *Image) Root() (*Volume, error) {
	var best *Volume
	bestScore := -1
	for _, v := range img.Volumes {
		if v.FS == nil {
			continue
		}
		score := 0
		for _, p := range []string{"/etc/passwd", "/etc/os-release", "/usr/lib/os-release", "/etc/fstab", "/var/log", "/bin", "/usr/bin"} {
			if _, _, err := filesystem.Lookup(v.FS, p, true); err == nil {
				score++
			}
		}
		if score > bestScore || (score == bestScore && v.Size > best.Size) {
			best, bestScore = v, score
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s: %w", img.Path, img.nothingToRead())
	}
	return best, nil
}

func (img *Image) nothingToRead() error {
	var why []string
	for _, v := range img.Volumes {
		if v.Content == "swap" {
			why = append(why, "volume "+v.ID+": "+v.Reason)
		}
	}
	for _, g := range img.Gaps {
		w := g.Why.Param("error")
		if v := g.Source.Volume; v != "" {
			w = "volume " + v + ": " + w
		}
		why = append(why, w)
	}
	if len(why) == 0 {
		return ErrNoFilesystem
	}
	return fmt.Errorf("%w (%s)", ErrNoFilesystem, strings.Join(why, "; "))
}

// DiskOffset gives the byte offset in the disk of a byte of a file, or -1 where
// it is in a hole or is unknown.
func (v *Volume) DiskOffset(f filesystem.File, offset int64) int64 {
	exts, err := f.Extents()
	if err != nil {
		return -1
	}
	for _, e := range exts {
		if offset >= e.Logical && offset < e.Logical+e.Length && !e.Unwritten {
			return v.Offset + e.Physical + offset - e.Logical
		}
	}
	return -1
}

// Content gives a file's content as a reader that can seek.
func Content(f filesystem.File) *io.SectionReader { return io.NewSectionReader(f, 0, f.Size()) }
