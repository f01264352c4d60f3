package host

import (
	"context"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Info describes an image without its files. Its JSON form is the output of
// `icecore info --format json`; the parts have the form that they have in an
// analysis.
type Info struct {
	Image       model.Image      `json:"image"`
	Snapshot    model.Snapshot   `json:"snapshot"`
	Volumes     []model.Volume   `json:"volumes"`
	Filesystems []FilesystemInfo `json:"filesystems"`
	System      *model.Host      `json:"system,omitempty"` // nil: none was found
	SystemOn    string           `json:"system_volume,omitempty"`
	NotRead     []model.Gap      `json:"not_read"`
}

// FilesystemInfo is what a filesystem tells of itself.
type FilesystemInfo struct {
	Volume      string   `json:"volume"`
	Type        string   `json:"type"`
	State       string   `json:"state"`
	BlockSize   int      `json:"block_size"`
	Blocks      uint64   `json:"blocks"`
	Inodes      uint64   `json:"inodes"`
	Features    []string `json:"features"`
	Created     string   `json:"created,omitempty"`
	LastMount   string   `json:"last_mount,omitempty"`
	LastWrite   string   `json:"last_write,omitempty"`
	MountedOn   string   `json:"mounted_on,omitempty"`
	Journal     bool     `json:"journal"`                // there is one
	FirstCommit string   `json:"first_commit,omitempty"` // oldest transaction still in the journal
	LastCommit  string   `json:"last_commit,omitempty"`
	Replayed    bool     `json:"replayed"`
	Pending     int      `json:"pending_transactions"` // not yet in place when the image was taken
	PendingSize int      `json:"pending_blocks"`
}

// DescribeOptions say how far Describe looks.
type DescribeOptions struct {
	HashImage bool // hash the files of the image
	Progress  func(Progress)
	Problems  bool // walk all filesystems to find what is wrong with them
}

// Describe tells what an image is. A disk on which nothing can be read is
// described, too.
func (img *Image) Describe(ctx context.Context, opts DescribeOptions) (*Info, error) {
	files, err := img.DescribeFiles(ctx, opts.HashImage, opts.Progress)
	if err != nil {
		return nil, err
	}
	info := &Info{Image: files, Volumes: img.DescribeVolumes(), Filesystems: []FilesystemInfo{}, NotRead: append([]model.Gap{}, img.Gaps...)}
	for i, v := range img.Volumes {
		if v.FS == nil {
			continue
		}
		if opts.Problems {
			files := int64(0)
			err := v.FS.Walk(ctx, filesystem.WalkOptions{Targets: true}, func(e *filesystem.Entry) error {
				if e.First {
					files++
				}
				if e.Err != nil {
					info.NotRead = append(info.NotRead, v.FileGap(e.Path, filesystem.Ref{}, model.Msg("why.error", "error", text.Raw(e.Err.Error()))))
				}
				return nil
			})
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				info.NotRead = append(info.NotRead, v.Gap(model.Decisive, err))
			}
			info.Volumes[i].Files = files
		}
		fi := v.FS.Info()
		info.Filesystems = append(info.Filesystems, FilesystemInfo{
			Volume: v.ID, Type: fi.Type, State: fi.State, BlockSize: fi.BlockSize, Blocks: fi.Blocks, Inodes: fi.Inodes, Features: nonNil(fi.Features),
			Created: stampOf(fi.Created), LastMount: stampOf(fi.LastMount), LastWrite: stampOf(fi.LastWrite), MountedOn: text.Escape(fi.LastMountPoint),
			Journal: fi.Journal.Present, FirstCommit: stampOf(fi.Journal.FirstCommit), LastCommit: stampOf(fi.Journal.LastCommit), Replayed: fi.Journal.Replayed, Pending: fi.Journal.Transactions, PendingSize: fi.Journal.Blocks,
		})
		for _, p := range v.FS.Problems() {
			info.NotRead = append(info.NotRead, v.ProblemGap(p))
		}
	}
	taken, source := img.TakenAt()
	info.Snapshot = model.Snapshot{TakenAt: taken, Source: source}
	hosts, err := Find(ctx, img, img.Glance())
	if err != nil {
		return nil, err
	}
	server := hosts.List[0]
	if s := &server.System; s.Hostname != "" || s.OS != "" || s.MachineID != "" {
		h := server.Describe()
		info.System = &h
		info.SystemOn = server.Volume.ID
	}
	info.NotRead = append(info.NotRead, hosts.Gaps...)
	return info, nil
}
