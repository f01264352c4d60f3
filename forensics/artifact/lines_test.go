package artifact

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine+100)
	zeros := strings.Repeat("\x00", 3<<20)
	for _, tt := range []struct {
		text string
		want []Line
	}{
		{"", nil},
		{"a", []Line{{1, 0, []byte("a"), false}}},
		{"a\r\n\nb\n", []Line{{1, 0, []byte("a"), false}, {2, 3, []byte(""), false}, {3, 4, []byte("b"), false}}},
		{"a\n" + zeros + "b\nc", []Line{{1, 0, []byte("a"), false}, {2, 2 + 3<<20, []byte("b"), false}, {3, 4 + 3<<20, []byte("c"), false}}},
		{long + "\nb", []Line{{1, 0, nil, true}, {2, MaxLine + 101, []byte("b"), false}}},
	} {
		n := 0
		err := Lines(strings.NewReader(tt.text), func(l Line) error {
			if n >= len(tt.want) {
				t.Fatalf("%.10q: too many lines", tt.text)
			}
			w := tt.want[n]
			n++
			if l.Number != w.Number || l.Cut != w.Cut {
				t.Errorf("%.10q: line %d, cut %v; want %+v", tt.text, l.Number, l.Cut, w)
			}
			if !l.Cut {
				// Some of the zeros may stand before the text.
				got := strings.TrimLeft(string(l.Text), "\x00")
				if at := l.Offset + int64(len(l.Text)-len(got)); at != w.Offset || got != string(w.Text) {
					t.Errorf("%.10q: %q at %d, want %q at %d", tt.text, got, at, w.Text, w.Offset)
				}
			} else if len(l.Text) > MaxLine || !strings.HasPrefix(tt.text[l.Offset:], string(l.Text)) {
				t.Errorf("%.10q: %d bytes at %d", tt.text, len(l.Text), l.Offset)
			}
			return nil
		})
		if !Ended(err) || errors.Is(err, ErrLongLine) != strings.HasPrefix(tt.text, long) || n != len(tt.want) {
			t.Errorf("%.10q: %d lines, %v", tt.text, n, err)
		}
	}
}

// TestLinesCancelled: a long line, and every 64th, is not begun once the context is done.
func TestLinesCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for text, want := range map[string]int{strings.Repeat("x", 2000) + "\n": 0, "a\n" + strings.Repeat("x", 2000): 1, strings.Repeat("a\n", 200): 63} {
		in := &Input{Content: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))}
		n := 0
		if err := in.Lines(ctx, func(Line) error { n++; return nil }); !errors.Is(err, context.Canceled) || n != want {
			t.Errorf("%.5s: %d lines, %v", text, n, err)
		}
	}
}
