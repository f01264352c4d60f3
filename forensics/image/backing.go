package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"icecore/forensics/text"
)

// openQcow2Disk opens a qcow2 with its chain of backing files.
func openQcow2Disk(ctx context.Context, src *source, opts Options, chain []string) (*disk, error) {
	q, err := openQcow2(ctx, src.name, src.r, src.size)
	if err != nil {
		return nil, err
	}
	d := src.disk("qcow2")
	d.ReaderAt, d.size, d.alloc, d.problems = q, q.size, q.Allocated, q.problems()
	if q.backingName == "" {
		return d, nil
	}
	if src.file != nil {
		real, err := realPath(src.name)
		if err != nil {
			return nil, err
		}
		chain = append(chain, real)
	}
	if len(chain) > maxBackingChain {
		return nil, failed(src.name, ErrDamaged, "more than %d backing files in a chain", maxBackingChain)
	}
	name, err := confine(src, q.backingName, opts.Backing)
	if err != nil {
		return nil, err
	}
	for _, c := range chain {
		if c == name {
			return nil, &BackingError{src.name, q.backingName, "leads back to the image: a loop"}
		}
	}
	switch q.backingFmt {
	case "", "qcow2", "raw", "host_device":
	default:
		return nil, &BackingError{src.name, q.backingName, fmt.Sprintf("is of format %s: %s", text.Quote(q.backingFmt), notSupported)}
	}
	// A guest can write what it likes into a raw disk, also the beginning of
	// a qcow2: what the image says of the format counts.
	backing, err := open(ctx, name, opts, chain, q.backingFmt == "raw" || q.backingFmt == "host_device")
	if err != nil {
		return nil, fmt.Errorf("%s: backing file: %w", src.name, err)
	}
	q.backing = backing
	d.closers = append(d.closers, backing)
	for i, b := range backing.files {
		b.Role = "backing"
		d.add(b, backing.readers[i])
	}
	d.problems = append(d.problems, backing.Problems()...)
	return d, nil
}

// realPath gives the absolute path of a file without links.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", plain(err)
	}
	return filepath.Abs(real)
}

// protocol begins a name that QEMU does not take for a file: nbd:, json:, ...
var protocol = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// confine finds the file that a backing name means: one of those that the caller
// allows, or one that really lies in the directory of the image. Whoever wrote the
// image wrote the name: it must not make the analyst's own files part of the
// disk.
func confine(src *source, name string, allowed []string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", &BackingError{src.name, name, why + "; name it with --backing if it is right"}
	}
	base := filepath.Base(name)
	for _, a := range allowed {
		if filepath.Base(a) == base {
			return realPath(a)
		}
	}
	if strings.Contains(name, "\x00") || protocol.MatchString(name) {
		return refuse("refused: it is not a plain file name")
	}
	if src.file == nil {
		return refuse("refused: the image has no directory in which it could be")
	}
	dir, err := realPath(filepath.Dir(src.name))
	if err != nil {
		return "", err
	}
	want := name
	if !filepath.IsAbs(want) {
		want = filepath.Join(dir, want)
	}
	want = filepath.Clean(want)
	if filepath.Dir(want) != dir && !isDir(filepath.Dir(want), dir) {
		return refuse("refused: it is not in the directory of the image")
	}
	real, err := filepath.EvalSymlinks(want)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return refuse("is missing")
		}
		return "", plain(err)
	}
	if !isDir(filepath.Dir(real), dir) {
		return refuse("refused: it is a link that leads out of the directory of the image")
	}
	if st, err := os.Stat(real); err != nil || !st.Mode().IsRegular() {
		return refuse("refused: it is not a regular file")
	}
	return real, nil
}

// isDir says whether path, whose links are resolved where it exists, is dir.
func isDir(path, dir string) bool {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path == dir
}
