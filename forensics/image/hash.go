package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
)

// HashFiles computes the SHA-256 of each file that a disk is read from, in the
// order of Files, as lower-case hexadecimal. progress, if not nil, is called with the
// bytes done since the last call.
func HashFiles(ctx context.Context, d Disk, progress func(int64)) ([]string, error) {
	var out []string
	buf := make([]byte, 1<<20)
	readers, closeAll, err := contents(d)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	for i, fi := range d.Files() {
		h := sha256.New()
		for r := io.NewSectionReader(readers[i], 0, fi.Size); ; {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			n, err := r.Read(buf)
			h.Write(buf[:n])
			if progress != nil {
				progress(int64(n))
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, plain(err)
			}
		}
		out = append(out, hex.EncodeToString(h.Sum(nil)))
	}
	return out, nil
}

// contents gives readers of the files of a disk: those that it is read from, so that what is
// hashed is what is analysed, whatever the paths lead to meanwhile.
func contents(d Disk) (readers []io.ReaderAt, closeAll func(), err error) {
	if own, ok := d.(*disk); ok {
		return own.readers, func() {}, nil
	}
	var open []*os.File
	closeAll = func() {
		for _, f := range open {
			f.Close()
		}
	}
	for _, fi := range d.Files() {
		f, err := os.OpenFile(fi.Path, os.O_RDONLY, 0)
		if err != nil {
			closeAll()
			return nil, nil, plain(err)
		}
		open, readers = append(open, f), append(readers, f)
	}
	return readers, closeAll, nil
}
