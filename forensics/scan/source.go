package scan

import (
	"bytes"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/host"
	"icecore/forensics/model"
)

// Hosts gives the hosts that the scan found, nil before it ran.
func (s *Scan) Hosts() *host.Hosts { return s.hosts }

// Read reads up to n bytes of the artifact at a source: what `icecore cat`
// shows there. It gives nil where they cannot be read.
func (s *Scan) Read(src artifact.Source, n int) []byte {
	for _, v := range s.img.Volumes {
		if v.ID == src.Volume && v.FS == nil { // swap space
			b := make([]byte, n)
			got, _ := v.Bytes.ReadAt(b, src.Offset)
			return b[:got]
		}
		if v.ID == src.Volume {
			b, err := host.ReadSource(v.FS, src, n)
			if err != nil {
				return nil
			}
			return b
		}
	}
	return nil
}

// OnDisk takes the place on the disk from a finding whose bytes stand in the
// journal alone: what a reader would see there is older.
func (s *Scan) OnDisk(f *model.Finding) {
	src := &f.Source
	if src.DiskOffset < 0 || src.Length == 0 || src.Member != "" {
		return
	}
	var disk io.ReaderAt = s.img.Disk
	for _, v := range s.img.Volumes {
		if v.ID == src.Volume {
			disk = v.Disk
		}
	}
	want := s.Read(*src, int(min(src.Length, 64, 512-src.DiskOffset%512)))
	got := make([]byte, len(want))
	if _, err := disk.ReadAt(got, src.DiskOffset); err == nil && !bytes.Equal(got, want) {
		src.DiskOffset = -1
	}
}
