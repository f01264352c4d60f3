package scan

import (
	"context"
	"crypto/md5"  //nolint:gosec // a digest that indicators name
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/content/filetype"
	"icecore/forensics/filesystem"
	"icecore/forensics/indicators"
	"icecore/forensics/model"
)

// listed gives records of the indicators that a file is: by its path, and by its digest
// where it may run or something was found in it. What is as its package installed it is not
// hashed.
func (w *worker) listed(ctx context.Context, at site, in *filesystem.Inode, c *content) []artifact.Record {
	s := w.s.indicators
	if s.Len() == 0 || c.again || !in.IsRegular() {
		return nil
	}
	var out []artifact.Record
	add := func(i *indicators.Indicator) {
		r := artifact.Record{Kind: model.IndicatorMatch}
		r.Add("type", string(i.Kind))
		r.Add("value", i.Value)
		r.Add("comment", i.Comment)
		if i.Score >= 0 {
			r.AddInt("score", int64(i.Score))
		}
		list := i.File
		if i.Line > 0 {
			list = fmt.Sprintf("%s:%d", i.File, i.Line)
		}
		r.Add("list", list)
		r.Add("file_type", c.kind)
		r.Add("owner", c.own.owner)
		r.Add("package_state", c.own.state)
		c.own.addOrigin(&r)
		r.AddInt("size", in.Size)
		out = append(out, r)
	}
	if i := s.Path(at.path); i != nil && at.path != "" {
		add(i)
	}
	digests := s.Digests()
	runs := c.kind == filetype.ELF || c.kind == filetype.Script || in.Mode&0o111 != 0 || c.wanted || len(c.hits) > 0 || len(c.configs) > 0 || in.State != filesystem.Live
	if len(digests) == 0 || !runs || c.own.state == "intact" || c.size == 0 || c.sparse() || c.size > w.s.maxFile() {
		return out
	}
	sums := make([]hash.Hash, len(digests))
	all := make([]io.Writer, len(digests))
	for n, k := range digests {
		switch k {
		case indicators.MD5:
			sums[n] = md5.New() //nolint:gosec // see above
		case indicators.SHA1:
			sums[n] = sha1.New() //nolint:gosec // see above
		default:
			sums[n] = sha256.New()
		}
		all[n] = sums[n]
	}
	if err := w.hashWith(ctx, c, several{io.MultiWriter(all...)}); err != nil {
		return out
	}
	for n, k := range digests {
		if i := s.Digest(k, hex.EncodeToString(sums[n].Sum(nil))); i != nil {
			add(i)
		}
	}
	return out
}

// several is several digests as one.
type several struct{ io.Writer }

func (several) Sum([]byte) []byte { return nil }
func (several) Reset()            {}
func (several) Size() int         { return 0 }
func (several) BlockSize() int    { return 64 }
