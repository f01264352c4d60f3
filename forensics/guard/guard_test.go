package guard_test

import (
	"errors"
	"io"
	"regexp"
	"runtime"
	"testing"

	"icecore/forensics/guard"
)

func TestDo(t *testing.T) {
	var none []int
	for _, c := range []struct {
		name string
		fn   func() error
		want string
		is   error
	}{
		{"value", func() error { panic("odd") }, `^part: internal error at guard_test\.go:\d+: odd$`, nil},
		{"error", func() error { panic(io.ErrNoProgress) }, `multiple Read calls`, io.ErrNoProgress},
		{"index", func() error { _ = none[len(none)]; return nil }, `^part: internal error at guard_test\.go:\d+: runtime error: index out of range \[0\] with length 0$`, nil},
		{"conversion", func() error { var x any = 1; return errors.New(x.(string)) }, `guard_test\.go:\d+: interface conversion: interface`, nil},
		{"usual error", func() error { return io.EOF }, `^EOF$`, io.EOF},
	} {
		err := guard.Do("part", c.fn)
		if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		var p *guard.PanicError
		if got := errors.As(err, &p); got != (c.name != "usual error") {
			t.Errorf("%s: a panic: %v", c.name, got)
		}
	}
	if err := guard.Do("part", func() error { return nil }); err != nil {
		t.Error(err)
	}
	// The runtime's own panics are errors, too.
	err := guard.Do("part", func() error { _ = none[len(none)]; return nil })
	var r runtime.Error
	if !errors.As(err, &r) {
		t.Errorf("%v is no runtime.Error", err)
	}
}
