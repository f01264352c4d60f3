package image

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"icecore/forensics/text"
)

func openQcow2Disk(path string, f *os.File, size int64, opts Options, chain []string) (Disk, error) {
	q, err := openQcow2(path, f, size)
	if err != nil {
		return nil, err
	}
	d := &disk{ReaderAt: q, size: q.size, format: "qcow2", files: []FileInfo{{path, size, "image"}}, closers: []io.Closer{f}, alloc: q.Allocated, problems: q.problems()}
	if q.backingName == "" {
		return d, nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, plain(err)
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, err
	}
	chain = append(chain, real)
	if len(chain) > maxBackingChain {
		return nil, fmt.Errorf("%s: more than %d backing files in a chain", path, maxBackingChain)
	}
	name, err := confine(path, q.backingName, opts.Backing)
	if err != nil {
		return nil, err
	}
	for _, c := range chain {
		if c == name {
			return nil, &BackingError{path, q.backingName, "leads back to the image: a loop"}
		}
	}
	switch q.backingFmt {
	case "", "qcow2", "raw", "host_device":
	default:
		return nil, &BackingError{path, q.backingName, fmt.Sprintf("is of format %s: %s", text.Quote(q.backingFmt), notSupported)}
	}
	// A guest can write what it likes into a raw disk, also the beginning of
	// a qcow2: what the image says of the format counts.
	backing, err := open(name, opts, chain, q.backingFmt == "raw" || q.backingFmt == "host_device")
	if err != nil {
		return nil, fmt.Errorf("%s: backing file: %w", path, err)
	}
	q.backing = backing
	d.closers = append(d.closers, backing)
	for _, b := range backing.Files() {
		b.Role = "backing"
		d.files = append(d.files, b)
	}
	d.problems = append(d.problems, backing.Problems()...)
	return d, nil
}

// protocol begins a name that QEMU does not take for a file: nbd:, json:, ...
var protocol = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// confine finds the file that a backing name means: one of those that the caller
// allows, or one that really lies in the folder of the image. Whoever wrote the
// image wrote the name: it must not make the analyst's own files part of the
// disk.
func confine(path, name string, allowed []string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", &BackingError{path, name, why + "; name it with --backing if it is right"}
	}
	base := filepath.Base(name)
	for _, a := range allowed {
		if filepath.Base(a) == base {
			real, err := filepath.EvalSymlinks(a)
			if err != nil {
				return "", plain(err)
			}
			return filepath.Abs(real)
		}
	}
	if strings.Contains(name, "\x00") || protocol.MatchString(name) {
		return refuse("refused: it is not a plain file name")
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	if err != nil {
		return "", plain(err)
	}
	want := name
	if !filepath.IsAbs(want) {
		want = filepath.Join(folder, want)
	}
	want = filepath.Clean(want)
	if filepath.Dir(want) != folder && !inFolder(filepath.Dir(want), folder) {
		return refuse("refused: it is not in the folder of the image")
	}
	real, err := filepath.EvalSymlinks(want)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return refuse("is missing")
		}
		return "", plain(err)
	}
	if !inFolder(filepath.Dir(real), folder) {
		return refuse("refused: it is a link that leads out of the folder of the image")
	}
	if st, err := os.Stat(real); err != nil || !st.Mode().IsRegular() {
		return refuse("refused: it is not a regular file")
	}
	return real, nil
}

// inFolder says whether dir, whose links are resolved where it exists, is folder.
func inFolder(dir, folder string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir == folder
}
