package report

import "fmt"

// Bytes writes a size: 8.0 GiB.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	f, i := float64(n), -1
	for f >= unit && i < 5 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGTPE"[i])
}

// grouped writes a number with commas: 23,908.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func optional(before, s, after string) string {
	if s == "" {
		return ""
	}
	return before + s + after
}
