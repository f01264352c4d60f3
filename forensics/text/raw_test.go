package text

import "testing"

// TestRaw: a message that quotes escaped names is escaped again as it stood, and one
// that holds bytes of an image as they are is escaped once.
func TestRaw(t *testing.T) {
	for _, tt := range []struct{ message, shown string }{
		{"file does not exist", "file does not exist"},
		{`"/tmp/a\x1bb": file does not exist`, `"/tmp/a\x1bb": file does not exist`},
		{"/tmp/a\x1bb: file does not exist", `/tmp/a\x1bb: file does not exist`},
		{`C:\dir`, `C:\x5cdir`},
		{"汉字 \xff", `汉字 \xff`},
	} {
		if got := Escape(Raw(tt.message)); got != tt.shown {
			t.Errorf("%q: shown as %q, want %q", tt.message, got, tt.shown)
		}
	}
}
