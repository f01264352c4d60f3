package timeline

import (
	"io"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// Body writes a bodyfile: a line for each path, in the order in which they come.
//
//	MD5|name|inode|mode_as_string|UID|GID|size|atime|mtime|ctime|crtime
//
// Times are whole seconds since 1970, 0 where the disk holds none; MD5 is 0, as
// fls(1) has it. In names, what is not printable, the backslash and the bar that
// parts the fields are written as \xNN. A link is shown with its target, an orphan
// or deleted file is marked so behind its name.
type Body struct {
	w   io.Writer
	buf []byte
	err error
	// Prefix stands before each path: for volumes other than the first.
	Prefix string
}

const bodyBuffer = 256 << 10

// NewBody gives a Body that writes to w. Call Flush at the end.
func NewBody(w io.Writer) *Body { return &Body{w: w, buf: make([]byte, 0, bodyBuffer+8<<10)} }

// Entry writes one file.
func (b *Body) Entry(e *filesystem.Entry) error {
	if e.Inode == nil {
		return nil
	}
	b.buf = b.append(b.buf, e)
	if len(b.buf) >= bodyBuffer {
		return b.Flush()
	}
	return nil
}

// Flush writes what is still in memory.
func (b *Body) Flush() error {
	if b.err == nil && len(b.buf) > 0 {
		_, b.err = b.w.Write(b.buf)
		b.buf = b.buf[:0]
	}
	return b.err
}

func (b *Body) append(p []byte, e *filesystem.Entry) []byte {
	in := e.Inode
	p = append(p, "0|"...)
	p = appendName(p, b.Prefix)
	if e.Path == "" {
		p = append(p, "/$OrphanFiles/OrphanFile-"...)
		p = strconv.AppendUint(p, in.Ref.Inode, 10)
	} else {
		p = appendName(p, e.Path)
	}
	if e.Target != "" {
		p = append(p, " -> "...)
		p = appendName(p, e.Target)
	}
	switch in.State {
	case filesystem.Orphan:
		p = append(p, " (orphan)"...)
	case filesystem.Deleted:
		p = append(p, " (deleted)"...)
	}
	p = strconv.AppendUint(append(p, '|'), in.Ref.Inode, 10)
	if in.Ref.Version != 0 {
		p = strconv.AppendUint(append(p, '@'), uint64(in.Ref.Version), 10)
	}
	p = appendMode(append(p, '|'), in.Mode)
	p = strconv.AppendUint(append(p, '|'), uint64(in.UID), 10)
	p = strconv.AppendUint(append(p, '|'), uint64(in.GID), 10)
	p = strconv.AppendInt(append(p, '|'), in.Size, 10)
	// Most files have one or two different seconds: each is written out once.
	var last int64
	from, to := 0, 0
	for _, t := range [4]*filesystem.Time{&in.Atime, &in.Mtime, &in.Ctime, &in.Crtime} {
		p = append(p, '|')
		switch {
		case !t.Known:
			p = append(p, '0')
		case to > 0 && t.Sec == last:
			p = append(p, p[from:to]...)
		default:
			last, from = t.Sec, len(p)
			p = strconv.AppendInt(p, t.Sec, 10)
			to = len(p)
		}
	}
	return append(p, '\n')
}

// appendName is text.AppendEscape with the bar escaped, too.
func appendName(p []byte, s string) []byte {
	for {
		part, rest, bar := strings.Cut(s, "|")
		p = text.AppendEscape(p, part)
		if !bar {
			return p
		}
		p = append(p, `\x7c`...)
		s = rest
	}
}

// appendMode writes type and permissions as TSK does: r/rrwxr-xr-x, the type once
// as the name has it and once as the inode has it. TSK has r for a regular file and
// - for none, where ls(1) has - and ?.
func appendMode(p []byte, mode uint16) []byte {
	at := len(p) + 2
	p = filesystem.AppendMode(append(p, "?/"...), mode)
	switch p[at] {
	case '-':
		p[at] = 'r'
	case '?':
		p[at] = '-'
	}
	p[at-2] = p[at]
	return p
}
