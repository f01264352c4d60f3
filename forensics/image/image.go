// Package image turns the files named on the command line into one disk: the
// bytes that the guest saw, readable at any offset.
//
// The format is recognised by content, not by name. Nothing is ever written,
// neither to the image nor beside it. An image can name other files (the
// backing file of a qcow2): such a name was written by whoever owned the guest's
// host or the image, so it is followed only to a file in the directory of the image
// itself, or to one that the caller named.
package image

import (
	"context"
	"io"
)

// Disk is the guest-visible content of an image. ReadAt is safe for concurrent
// use and reads zeros where the container stores nothing.
type Disk interface {
	io.ReaderAt
	io.Closer
	// Size is the guest-visible size in bytes.
	Size() int64
	// Format names the container: raw, qcow2, vhd (of fixed size), split-raw,
	// block-device.
	Format() string
	// Files lists the files that the disk is read from, the named ones first.
	Files() []FileInfo
	// Allocated gives the ranges that the container stores, in ascending
	// order, merged where they touch. What lies outside reads as zeros and
	// need not be read. A container that does not know gives one range over
	// the whole disk.
	Allocated(context.Context) ([]Range, error)
	// Problems gives what is wrong with the container though it can be read.
	Problems() []Problem
}

// Problem is something wrong with a container.
type Problem struct {
	Why  string
	Lost bool // bytes of the disk cannot be read because of it
}

func (p Problem) String() string { return p.Why }

// FileInfo is one file on the analyst's own machine, or what the caller reads for one.
type FileInfo struct {
	Path string
	Size int64  // bytes
	Role string // image, part, backing
}

// Range is a run of bytes.
type Range struct{ Offset, Length int64 }
