package timeline

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Formats are the names of the formats of a timeline.
var Formats = []string{"jsonl", "csv", "bodyfile"}

// A Writer writes events in one format. Call Flush at the end.
type Writer interface {
	Event(*Event) error
	Flush() error
}

// NewWriter gives the Writer of a format, jsonl or csv. host is the name of the
// server, for tools that hold the timelines of several.
func NewWriter(format string, w io.Writer, host string) (Writer, error) {
	out := output{w: w, buf: make([]byte, 0, bodyBuffer+8<<10), host: host}
	switch format {
	case "jsonl":
		return &jsonl{out}, nil
	case "csv":
		return &csv{output: out}, nil
	}
	return nil, fmt.Errorf("timeline: no format %q", format)
}

// output is a buffer before a writer.
type output struct {
	w    io.Writer
	buf  []byte
	host string
	err  error
}

func (o *output) keep(b []byte) error {
	o.buf = b
	if len(b) >= bodyBuffer {
		return o.Flush()
	}
	return o.err
}

// Flush writes what is still in memory.
func (o *output) Flush() error {
	if o.err == nil && len(o.buf) > 0 {
		_, o.err = o.w.Write(o.buf)
		o.buf = o.buf[:0]
	}
	return o.err
}

// appendDatetime writes a moment as RFC 3339 in UTC.
func appendDatetime(b []byte, t filesystem.Time) []byte {
	return t.Time().AppendFormat(b, time.RFC3339Nano)
}

// appendMessage writes what an event says, not escaped.
func appendMessage(b []byte, e *Event) []byte {
	if e.State != filesystem.Live {
		b = append(append(append(b, '['), e.State.String()...), "] "...)
	}
	if e.Type == TypeJournal {
		b = append(append(b, e.Message...), ": "...)
	}
	if e.File == nil && e.Type != TypeJournal {
		if e.Level > model.None {
			b = append(append(append(b, '('), e.Level.String()...), ") "...)
		}
		return append(b, e.Message...)
	}
	if e.Path == "" {
		b = append(append(b, "inode "...), e.Ref.String()...)
	} else {
		b = append(b, e.Path...)
	}
	if e.Target != "" {
		b = append(append(b, " -> "...), e.Target...)
	}
	return b
}

// unsure says what of the time of an event is not stated by the image.
func (e *Event) unsure() string {
	switch {
	case !e.AtLatest:
		return e.Inferred
	case e.Inferred == "":
		return "upper bound"
	}
	return e.Inferred + ", upper bound"
}

type jsonl struct{ output }

// Event implements Writer.
func (j *jsonl) Event(e *Event) error {
	b := j.buf
	var scratch [512]byte
	b = append(b, `{"message": `...)
	b = appendQuotedBytes(b, appendMessage(scratch[:0], e))
	b = append(appendDatetime(append(b, `, "datetime": "`...), e.Time), '"')
	b = appendString(b, "timestamp_desc", e.What)
	b = append(b, `, "timestamp": `...)
	b = appendMicroseconds(b, e.Time)
	b = appendString(b, "data_type", "icecore:"+e.Type)
	b = appendString(b, "macb", e.MACB)
	b = appendString(b, "inferred", e.unsure())
	b = appendString(b, "host", j.host)
	b = appendString(b, "volume", e.Volume)
	b = appendString(b, "path", e.Path)
	b = appendString(b, "target", e.Target)
	if e.Ref.Inode != 0 {
		b = strconv.AppendUint(append(b, `, "inode": `...), e.Ref.Inode, 10)
		if e.Ref.Version != 0 {
			b = strconv.AppendUint(append(b, `, "version": `...), uint64(e.Ref.Version), 10)
		}
		b = appendString(b, "state", e.State.String())
	}
	if in := e.File; in != nil {
		b = appendString(b, "type", in.TypeName())
		b = append(filesystem.AppendOctal(append(b, `, "mode": "`...), in.Mode), '"')
		b = strconv.AppendUint(append(b, `, "uid": `...), uint64(in.UID), 10)
		b = strconv.AppendUint(append(b, `, "gid": `...), uint64(in.GID), 10)
		b = strconv.AppendInt(append(b, `, "size": `...), in.Size, 10)
	}
	if e.Line > 0 {
		b = strconv.AppendInt(append(b, `, "line": `...), int64(e.Line), 10)
	}
	if e.DiskOffset >= 0 {
		b = strconv.AppendInt(append(b, `, "disk_offset": `...), e.DiskOffset, 10)
	}
	b = appendString(b, "sha256", e.SHA256)
	if len(e.Records) > 0 {
		b = appendString(b, "record", e.Records[0])
	}
	if len(e.Records) > 1 {
		b = appendStrings(b, "records", e.Records)
	}
	if e.Level > model.None {
		b = appendString(b, "level", e.Level.String())
	}
	if len(e.Findings) > 0 {
		b = appendStrings(b, "findings", e.Findings)
	}
	return j.keep(append(b, "}\n"...))
}

// appendString appends a field of an object, unless it is empty.
func appendString(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `, "`...), name...), `": `...)
	return text.AppendQuoted(b, value)
}

// appendStrings appends a field of an object that is a list.
func appendStrings(b []byte, name string, list []string) []byte {
	b = append(append(append(b, `, "`...), name...), `": [`...)
	for i, s := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = text.AppendQuoted(b, s)
	}
	return append(b, ']')
}

func appendQuotedBytes(b, s []byte) []byte { return text.AppendQuoted(b, string(s)) }

// appendMicroseconds writes a moment as microseconds since 1970.
func appendMicroseconds(b []byte, t filesystem.Time) []byte {
	return strconv.AppendInt(b, t.Sec*1e6+int64(t.Nsec)/1000, 10)
}

// csvHeader names the columns. message, datetime and timestamp_desc are those that
// Timesketch asks for.
const csvHeader = "datetime,timestamp_desc,message,data_type,macb,inferred,host,volume,path,inode,state,mode,uid,gid,size,line,disk_offset,sha256,level,findings,record\n"

type csv struct {
	output
	begun bool
}

// Event implements Writer.
func (c *csv) Event(e *Event) error {
	c.begin()
	var scratch [512]byte
	b := appendDatetime(c.buf, e.Time)
	b = appendCell(b, e.What)
	b = appendCell(b, string(appendMessage(scratch[:0], e)))
	b = appendCell(b, "icecore:"+e.Type)
	b = appendCell(b, e.MACB)
	b = appendCell(b, e.unsure())
	b = appendCell(b, c.host)
	b = appendCell(b, e.Volume)
	b = appendCell(b, e.Path)
	b = append(b, ',')
	state := ""
	if e.Ref.Inode != 0 {
		b = strconv.AppendUint(b, e.Ref.Inode, 10)
		if e.Ref.Version != 0 {
			b = strconv.AppendUint(append(b, '@'), uint64(e.Ref.Version), 10)
		}
		state = e.State.String()
	}
	b = appendCell(b, state)
	if in := e.File; in != nil {
		b = filesystem.AppendOctal(append(b, ','), in.Mode)
		b = strconv.AppendUint(append(b, ','), uint64(in.UID), 10)
		b = strconv.AppendUint(append(b, ','), uint64(in.GID), 10)
		b = strconv.AppendInt(append(b, ','), in.Size, 10)
	} else {
		b = append(b, ",,,,"...)
	}
	b = append(b, ',')
	if e.Line > 0 {
		b = strconv.AppendInt(b, int64(e.Line), 10)
	}
	b = append(b, ',')
	if e.DiskOffset >= 0 {
		b = strconv.AppendInt(b, e.DiskOffset, 10)
	}
	b = appendCell(b, e.SHA256)
	level := ""
	if e.Level > model.None {
		level = e.Level.String()
	}
	b = appendCell(b, level)
	b = appendCell(b, strings.Join(e.Findings, " "))
	b = appendCell(b, strings.Join(e.Records, " "))
	return c.keep(append(b, '\n'))
}

func (c *csv) begin() {
	if !c.begun {
		c.begun = true
		c.buf = append(c.buf, csvHeader...)
	}
}

// Flush implements Writer. A timeline without events has a header, too.
func (c *csv) Flush() error {
	c.begin()
	return c.output.Flush()
}

// appendCell appends a comma and a cell.
func appendCell(b []byte, s string) []byte { return text.AppendCell(append(b, ','), s) }
