package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"icecore/forensics/host"
	"icecore/forensics/model"
)

// describedImage is the description of an image whose texts are hostile.
func describedImage(s string) *host.Info {
	return &host.Info{
		Image: model.Image{
			Path:        s + ".raw",
			Format:      "raw",
			VirtualSize: 1 << 30,
			Files:       []model.ImageFile{{Path: s, Size: 5, SHA256: strings.Repeat("ab", 32)}},
		},
		Snapshot: model.Snapshot{
			TakenAt: time.Date(2026, 1, 12, 9, 30, 0, 0, time.UTC),
			Source:  "ext4 journal commit",
		},
		Volumes: []model.Volume{
			{ID: "p1", Scheme: "gpt", Size: 1 << 29, Type: s, Filesystem: "ext4", Label: s},
			{ID: "p2", Type: "x (" + s + ")", Label: s, Reason: s},
		},
		Filesystems: []host.FilesystemInfo{
			{
				Volume:      "p1",
				Type:        "ext4",
				State:       "clean",
				BlockSize:   4096,
				Blocks:      10,
				Inodes:      5,
				Features:    []string{"extents", s},
				MountedOn:   s,
				Journal:     true,
				LastCommit:  "a",
				FirstCommit: "b",
			},
			{Volume: "p2", Type: "ext4", Journal: true, LastCommit: "a", FirstCommit: "b", Replayed: true, Pending: 1},
			{Volume: "p3", Type: "ext4", Journal: true, LastCommit: "a", FirstCommit: "b", Pending: 2},
			{Volume: "p4", Type: "ext4"},
			{Volume: "p5", Type: "ext4", Journal: true, Replayed: true, Pending: 1, PendingSize: 3}, // whose commits have no times
			{Volume: "p6", Type: "ext4", Journal: true, Pending: 2},
			{Volume: "p7", Type: "ext4", Journal: true},
		},
		System: &model.Host{Hostname: s, OS: s, Timezone: s}, SystemOn: "p1",
		NotRead: []model.Gap{{WhatText: "volume p2", WhyText: s}},
	}
}

func TestInfo(t *testing.T) {
	for width := 70; width < 130; width += 7 {
		var b bytes.Buffer
		if err := Info(&b, describedImage("web"), width); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		for _, want := range []string{
			"image        web.raw: raw, 1.0 GiB", "taken        not before 2026-01-12T09:30:00Z", "system       web, host web, time zone web", "replayed in memory", "NOT", "nothing to replay",
			"\n  journal    none\n", "1 transaction (3 blocks) replayed in memory\n", "2 transactions (0 blocks) NOT replayed\n", "nothing to replay\n", "  mounted on web", "Coverage gaps:\n  volume p2: web",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("width %d: %q is missing:\n%s", width, want, out)
			}
		}
		for _, l := range strings.Split(out, "\n") {
			if cellWidth(l) > width && len(strings.Fields(l)) > 2 {
				t.Errorf("%d of %d columns: %s", cellWidth(l), width, l)
			}
		}
	}
	for _, s := range hostileTexts {
		var b bytes.Buffer
		if err := Info(&b, describedImage(s), 100); err != nil {
			t.Fatal(err)
		}
		if r := raw(b.String()); r != "" {
			t.Errorf("raw %s", r)
		}
	}
}

// smallDisk takes so many bytes.
type smallDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *smallDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		n := d.room
		d.room = 0
		return n, errFull
	}
	d.room -= len(p)
	return len(p), nil
}

// Wherever the disk is full, the writer says so.
func TestFullDisk(t *testing.T) {
	var b bytes.Buffer
	if err := Info(&b, describedImage("web"), 100); err != nil {
		t.Fatal(err)
	}
	for room := range b.Len() {
		if err := Info(&smallDisk{room}, describedImage("web"), 100); !errors.Is(err, errFull) {
			t.Fatalf("info: %d bytes of %d: error %v", room, b.Len(), err)
		}
	}
	for _, f := range Formats() {
		b.Reset()
		if err := f.Write(&b, intrusion(), Options{}); err != nil {
			t.Fatal(err)
		}
		for room := 0; room < b.Len(); room += 1 + b.Len()/97 {
			if err := f.Write(&smallDisk{room}, intrusion(), Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s: %d bytes of %d: error %v", f.Name, room, b.Len(), err)
			}
		}
	}
}
