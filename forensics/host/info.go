package host

import (
	"context"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/image"
	"icecore/forensics/text"
)

// DefaultMaxFile bounds the bytes of one file that are read, where nobody names
// another bound.
const DefaultMaxFile = 20 << 30

// Progress says how far an analysis is.
type Progress struct {
	Phase      string // opening, reading folders, reading files, judging
	Files      int64
	TotalFiles int64
	Bytes      int64
	TotalBytes int64
}

// NotRead is one line of the coverage: what was not read, or not as it should
// be, and why.
type NotRead struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// ImageInfo describes the files that were read.
type ImageInfo struct {
	Path        string      `json:"path"`
	Format      string      `json:"format"`
	VirtualSize int64       `json:"virtual_size"`
	Files       []ImageFile `json:"files"`
}

// ImageFile is one file of an image. The hash is missing where hashing was not
// asked for.
type ImageFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
}

// SnapshotInfo says when the image was taken, as far as the image tells: never
// later than that, perhaps a little earlier.
type SnapshotInfo struct {
	TakenAt string `json:"taken_at,omitempty"`
	Source  string `json:"taken_at_source,omitempty"`
}

// VolumeInfo describes a volume.
type VolumeInfo struct {
	ID         string       `json:"id"`
	Scheme     string       `json:"scheme"`
	Offset     int64        `json:"offset"`
	Size       int64        `json:"size"`
	Type       string       `json:"type,omitempty"`
	Filesystem string       `json:"filesystem,omitempty"`
	UUID       string       `json:"uuid,omitempty"`
	Label      string       `json:"label"`
	Journal    *JournalInfo `json:"journal,omitempty"`
	Files      int64        `json:"files"`
	Reason     string       `json:"not_read,omitempty"`
}

// JournalInfo says what became of a journal.
type JournalInfo struct {
	Replayed     bool   `json:"replayed"`
	Transactions int    `json:"transactions"`
	LastCommit   string `json:"last_commit,omitempty"`
}

// SystemInfo describes the operating system found.
type SystemInfo struct {
	Hostname  string `json:"hostname"`
	OS        string `json:"os"`
	MachineID string `json:"machine_id"`
	Timezone  string `json:"timezone"`
}

// DescribeFiles gives what is known of the image's files, with their hashes if hash
// is set.
func (img *Image) DescribeFiles(ctx context.Context, hash bool, progress func(Progress)) (ImageInfo, error) {
	info := ImageInfo{Path: text.Escape(img.Path), Format: img.Disk.Format(), VirtualSize: img.Disk.Size(), Files: []ImageFile{}}
	for _, f := range img.Disk.Files() {
		info.Files = append(info.Files, ImageFile{Path: text.Escape(f.Path), Size: f.Size})
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
func (img *Image) DescribeVolumes() []VolumeInfo {
	out := []VolumeInfo{}
	for _, v := range img.Volumes {
		out = append(out, v.Describe())
	}
	return out
}

// Describe gives what is known of a volume without reading its files.
func (v *Volume) Describe() VolumeInfo {
	info := VolumeInfo{ID: v.ID, Scheme: v.Scheme, Offset: v.Offset, Size: v.Size, Type: text.Escape(v.Type), Filesystem: v.Content, Label: text.Escape(v.Name), UUID: v.UUID, Reason: text.EscapeOnce(v.Reason)}
	if v.FS == nil {
		return info
	}
	fi := v.FS.Info()
	info.Filesystem, info.UUID = fi.Type, fi.UUID
	if fi.Label != "" {
		info.Label = text.Escape(fi.Label)
	}
	if fi.Journal.Present {
		info.Journal = &JournalInfo{Replayed: fi.Journal.Replayed, Transactions: fi.Journal.Transactions, LastCommit: stampOf(fi.Journal.LastCommit)}
	}
	return info
}

func stampOf(t filesystem.Time) string {
	if !t.Known {
		return ""
	}
	return t.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
