package image

import (
	"errors"
	"fmt"

	"icecore/forensics/text"
)

// What an error of this package is, for errors.Is. The texts of the errors say more.
var (
	// ErrNotImage: what was named is no image: a directory, a pipe, an empty file.
	ErrNotImage = errors.New("not an image")
	// ErrFormat: an image, or what holds one, of a format that is not read.
	ErrFormat = errors.New("format not supported")
	// ErrTruncated: the file ends before what the image needs.
	ErrTruncated = errors.New("truncated image")
)

// BackingError says that an image names a backing file that is not opened, for
// errors.As.
type BackingError struct {
	Image string // path of the image that names it
	Name  string // as it stands in the image: bytes of unknown origin
	Why   string
}

// Error implements error.
func (e *BackingError) Error() string {
	return fmt.Sprintf("%s: backing file %s: %s", e.Image, text.Quote(e.Name), e.Why)
}

// marked is an error that is one of the above, without a change of its text.
type marked struct {
	error
	is error
}

func (m marked) Is(target error) bool { return target == m.is }
func (m marked) Unwrap() error        { return m.error }

func mark(is, err error) error { return marked{err, is} }

// NotImage makes err an [ErrNotImage], for those who find that the bytes of a file
// are no disk. Its text stays.
func NotImage(err error) error { return mark(ErrNotImage, err) }
