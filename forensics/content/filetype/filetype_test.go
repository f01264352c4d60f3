package filetype

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	core := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x04\x00"
	for _, c := range []struct{ in, want string }{
		{"", Empty},
		{"\x7fELF\x02\x01\x01", ELF},
		{core, Core},
		{strings.Replace(core, "\x04", "\x02", 1), ELF},
		{"\x7fELF\x02\x02\x01" + strings.Repeat("\x00", 10) + "\x04", Core}, // big-endian
		{"#!/bin/sh\n", Script},
		{"#!\x00\x01", Script},
		{"plain\n", Text},
		{"汉字\n", Text},
		{strings.Repeat("plain ", 100) + "\x00", Data},
		{strings.Repeat("plain ", 700) + "\x00", Text}, // behind what is looked at
		{strings.Repeat("\x01", 30), Data},             // few, but nothing else
		{"\x89PNG\r\n\x1a\n\x00\x00", Data},
	} {
		if got := Of([]byte(c.in)); got != c.want {
			t.Errorf("Of(%.40q) = %s, want %s", c.in, got, c.want)
		}
	}
}
