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
// order of Files, as lower-case hexadecimal. progress, if not nil, is told the
// bytes done.
func HashFiles(ctx context.Context, d Disk, progress func(int64)) ([]string, error) {
	var out []string
	buf := make([]byte, 1<<20)
	for _, fi := range d.Files() {
		f, err := os.OpenFile(fi.Path, os.O_RDONLY, 0)
		if err != nil {
			return nil, plain(err)
		}
		h := sha256.New()
		for {
			if err := ctx.Err(); err != nil {
				f.Close()
				return nil, err
			}
			n, err := f.Read(buf)
			h.Write(buf[:n])
			if progress != nil {
				progress(int64(n))
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				f.Close()
				return nil, plain(err)
			}
		}
		f.Close()
		out = append(out, hex.EncodeToString(h.Sum(nil)))
	}
	return out, nil
}
