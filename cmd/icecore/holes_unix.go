//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// appends says whether all that is written goes to the end of the file, or may.
func appends(f *os.File) bool {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err != nil || flags&unix.O_APPEND != 0
}
