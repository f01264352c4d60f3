package ext4

import (
	"bytes"
	"context"
	"io"
	"reflect"
	"testing"

	"golang.org/x/sync/errgroup"

	"icecore/forensics/filesystem"
)

// TestConcurrent walks and reads the small images from several goroutines at once,
// and wants each to see the same. The race detector looks on where it is on.
func TestConcurrent(t *testing.T) {
	for _, img := range needTinies(t) {
		f, err := Open(context.Background(), bytes.NewReader(img.bytes), int64(len(img.bytes)), Options{})
		must(t, err)
		want := engineRows(t, f)
		var shared filesystem.File
		must(t, f.Walk(context.Background(), filesystem.WalkOptions{}, func(e *filesystem.Entry) error {
			if e.Path == "/d2/large" {
				shared, err = f.Open(e.Inode.Ref)
			}
			return err
		}))
		var g errgroup.Group
		for range 4 {
			g.Go(func() error {
				got := make(map[string]row)
				hashes := make(map[uint64]hashed)
				err := f.Walk(context.Background(), filesystem.WalkOptions{Targets: true, Reuse: true}, func(e *filesystem.Entry) error {
					got[e.Path] = engineRow(f, e, hashes)
					return nil
				})
				if !reflect.DeepEqual(want, got) {
					t.Errorf("%s: another view", img.name)
				}
				if shared != nil {
					buf := make([]byte, 5000)
					for at := int64(0); at < shared.Size(); at += 4096 {
						if _, err := shared.ReadAt(buf, at); err != nil && err != io.EOF {
							return err
						}
					}
				}
				f.Problems()
				return err
			})
		}
		must(t, g.Wait())
	}
}
