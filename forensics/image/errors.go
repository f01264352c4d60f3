package image

import (
	"errors"
	"fmt"

	"icecore/forensics/text"
)

// Why an image cannot be opened, for errors.Is.
var (
	// ErrNotImage: what was named is no image: a directory, a pipe, an empty file.
	ErrNotImage = errors.New("not an image")
	// ErrFormat: an image, or what holds one, of a format that is not read, or with a
	// feature that is not, such as encryption.
	ErrFormat = errors.New("format not supported")
	// ErrTruncated: the file ends before what the image needs.
	ErrTruncated = errors.New("truncated image")
	// ErrDamaged: the image breaks its own format.
	ErrDamaged = errors.New("damaged image")
)

// Error says why an image cannot be opened. Its text is "PATH: WHY".
type Error struct {
	Path string // as the caller named it
	Why  string
	Kind error // one of the errors above
}

// Error implements error.
func (e *Error) Error() string { return e.Path + ": " + e.Why }

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

func failed(path string, kind error, format string, args ...any) error {
	return &Error{path, fmt.Sprintf(format, args...), kind}
}

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

// marked is an error that is an [ErrNotImage], without a change of its text.
type marked struct{ error }

func (m marked) Is(target error) bool { return target == ErrNotImage }
func (m marked) Unwrap() error        { return m.error }

// NotImage makes err an [ErrNotImage], for those who find that the bytes of a file
// are no disk. Its text stays.
func NotImage(err error) error { return marked{err} }
