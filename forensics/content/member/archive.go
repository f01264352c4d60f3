package member

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

func (w *walk) tar(src *source) error {
	t := tar.NewReader(src)
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("tar: %w", err)
		}
		if n > 4*w.limits.Members { // directories and links, too
			return fmt.Errorf("tar: more than %d entries: %w", 4*w.limits.Members, ErrLimit)
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse || h.Size == 0 {
			if err := w.ctx.Err(); err != nil {
				return stop{err}
			}
			continue
		}
		if err := w.member(h.Name, t); err != nil {
			return err
		}
	}
}

// ar reads an ar archive. The archives within a Debian package are unpacked; the
// members of others are given as they are.
func (w *walk) ar(src *source) error {
	var magic [8]byte
	if _, err := io.ReadFull(src, magic[:]); err != nil {
		return fmt.Errorf("ar: %w", err)
	}
	deb := false
	for {
		var h [60]byte
		if _, err := io.ReadFull(src, h[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("ar: %w", err)
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(h[48:58])), 10, 48)
		if err != nil || size < 0 || h[58] != '`' || h[59] != '\n' {
			return errors.New("ar: damaged header")
		}
		name := strings.TrimRight(string(h[:16]), " /")
		deb = deb || name == "debian-binary"
		body := &source{r: io.LimitReader(src, size)}
		if err := w.arMember(name, deb, body); err != nil {
			return err
		}
		// What an archive within did not want of its own end.
		if _, err := io.Copy(io.Discard, body); err != nil {
			return fmt.Errorf("ar: %w", err)
		}
		if size%2 == 1 {
			if _, err := io.CopyN(io.Discard, src, 1); err != nil {
				if errors.Is(err, io.EOF) {
					return nil
				}
				return fmt.Errorf("ar: %w", err)
			}
		}
	}
}

func (w *walk) arMember(name string, deb bool, body *source) error {
	head, err := body.peek(512)
	if err != nil {
		return fmt.Errorf("ar: %w", err)
	}
	if deb && strings.Contains(name, ".tar") {
		if kind := Kind(head); kind != "" && kind != Ar && kind != Zip && kind != Cpio {
			return w.stream(kind, body)
		}
	}
	return w.member(name, body)
}

// maxDirectory bounds the directory of a zip file, which is in memory as a whole.
const maxDirectory = 16 << 20

func (w *walk) zip(r *io.SectionReader) error {
	if err := zipDirectory(r); err != nil {
		return fmt.Errorf("zip: %w", err)
	}
	z, err := zip.NewReader(r, r.Size())
	if err != nil {
		return fmt.Errorf("zip: %w", err)
	}
	var problem error
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		m, err := f.Open()
		if err == nil {
			err = w.member(f.Name, m)
			m.Close()
		}
		var s stop
		if errors.As(err, &s) || errors.Is(err, ErrLimit) {
			return err
		}
		if err != nil && problem == nil { // the others may be sound
			problem = fmt.Errorf("zip: %w", err)
		}
	}
	return problem
}

// zipDirectory checks how large the directory of a zip file is, before the library
// reads all of it.
func zipDirectory(r *io.SectionReader) error {
	tail := make([]byte, min(r.Size(), 66<<10))
	at := r.Size() - int64(len(tail))
	if _, err := r.ReadAt(tail, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < 22 {
		return errors.New("no directory at its end")
	}
	end := at + int64(i)
	size, off := int64(le32(tail[i+12:])), int64(le32(tail[i+16:]))
	if j := bytes.LastIndex(tail[:i], []byte("PK\x06\x06")); j >= 0 && i-j >= 56 {
		size, off = int64(binary.LittleEndian.Uint64(tail[j+40:])), int64(binary.LittleEndian.Uint64(tail[j+48:]))
		end = at + int64(j)
	}
	// The library reads from where the directory begins, by either number.
	if size > maxDirectory || off >= 0 && off < end && end-off > maxDirectory {
		return fmt.Errorf("a directory of more than %d bytes: %w", maxDirectory, ErrLimit)
	}
	return nil
}
