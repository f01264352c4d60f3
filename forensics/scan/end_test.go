package scan

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/host"
	"icecore/forensics/rules"
)

// goroutines gives how many goroutines there are, once there are no more than want or
// a while has passed: one that was asked to end may take a moment.
func goroutines(want int) int {
	for range 200 {
		if runtime.NumGoroutine() <= want {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return runtime.NumGoroutine()
}

// TestNoGoroutineStaysParallel: a scan that ended, by itself, by its context or by a
// panic in the middle, leaves no goroutine behind.
func TestNoGoroutineStaysParallel(t *testing.T) {
	files := make(map[string]string)
	for i := range 300 {
		files["/etc/cron.d/job"+strings.Repeat("x", i)] = cronLine
	}
	for _, how := range []string{"end", "cancel in the walk", "cancel among the files", "panic"} {
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		fsys := newTree(files)
		opened := 0
		switch how {
		case "cancel in the walk":
			fsys.onWalk = func(string) {
				if opened++; opened == 100 {
					cancel()
				}
			}
		case "panic":
			fsys.onWalk = func(string) {
				if opened++; opened == 100 {
					panic("here")
				}
			}
		}
		in := Input{Rules: &rules.Set{}, Extractors: all.Extractors()}
		if how == "cancel among the files" {
			in.Extractors = append(in.Extractors, stub{"odd", "/etc/cron.d/jobxxxx", false, func(context.Context, *artifact.Input, artifact.Emit) error {
				cancel()
				return nil
			}})
		}
		in.Progress = func(host.Progress) {}
		s, err := New(imageOf(fsys, newTree(files)), in, Options{Jobs: 4})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Run(ctx)
		if canceled := strings.HasPrefix(how, "cancel"); errors.Is(err, context.Canceled) != canceled {
			t.Errorf("%s: %v", how, err)
		}
		cancel()
		if n := goroutines(before); n > before {
			t.Errorf("%s: %d goroutines, before the scan %d", how, n, before)
		}
	}
}

// TestListEnds: so does a listing with hashes.
func TestListEndsParallel(t *testing.T) {
	files := make(map[string]string)
	for i := range 200 {
		files["/d/f"+strings.Repeat("x", i)] = strings.Repeat("y", i*10)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	img := imageOf(newTree(files))
	list, err := img.Volumes[0].List(ctx, host.ListOptions{Path: "/d", Hash: true, Jobs: 4})
	if err != nil || len(list) != 200 || len(list[199].SHA256) != 64 {
		t.Fatalf("%d, %v", len(list), err)
	}
	cancel()
	if _, err := img.Volumes[0].List(ctx, host.ListOptions{Path: "/d", Hash: true, Jobs: 4}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := goroutines(before); n > before {
		t.Errorf("%d goroutines, before %d", n, before)
	}
}
