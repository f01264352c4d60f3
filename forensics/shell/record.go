package shell

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"icecore/forensics/artifact"
)

// Telling says whether a command has a trait that makes it worth pointing at:
// anything but fetching alone, or going on in the background.
func (f *Facts) Telling() bool {
	for _, t := range f.Traits {
		if telling[t] {
			return true
		}
	}
	return false
}

// ErrMiddle says that only the beginning and the end of a script were read. What is wrapped
// around it is marked by [artifact.Cut].
var ErrMiddle = errors.New("the middle of the script was not read")

func middle(gap int64) error {
	if gap <= 0 {
		return nil
	}
	return artifact.Cut(fmt.Errorf("%w: %d bytes from %d on", ErrMiddle, gap, maxInput/2))
}

// ReadStatements reads a script and gives its statements. Of one of more than 512
// KiB it reads the beginning and the end, and gives ErrMiddle with them.
func ReadStatements(content *io.SectionReader) ([]Statement, error) {
	b, gap, err := readBounded(content)
	if err != nil {
		return nil, err
	}
	list := Statements(string(b))
	for i := range list {
		list[i].behind(gap)
	}
	return list, middle(gap)
}

// behind corrects the place of a statement that stands behind a part that was not
// read.
func (st *Statement) behind(gap int64) {
	if gap > 0 && st.Offset >= maxInput/2 {
		st.Offset += gap
		st.Line = 0
	}
}

func readBounded(content *io.SectionReader) (b []byte, gap int64, err error) {
	size := content.Size()
	b = make([]byte, min(size, maxInput))
	n, err := content.ReadAt(b[:min(size, maxInput/2)], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if size <= maxInput/2 {
		return b[:n], 0, nil
	}
	gap = size - int64(len(b))
	n, err = content.ReadAt(b[maxInput/2:], maxInput/2+gap)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	b = b[:maxInput/2+n]
	if gap > 0 { // the lines at the border are halves
		if i := bytes.IndexByte(b[maxInput/2:], '\n'); i >= 0 {
			for j := maxInput / 2; j < maxInput/2+i; j++ {
				b[j] = ' '
			}
		}
		if i := bytes.LastIndexByte(b[:maxInput/2], '\n'); i >= 0 {
			for j := i + 1; j < maxInput/2; j++ {
				b[j] = ' '
			}
			b[maxInput/2-1] = '\n'
		}
	}
	return b, gap, nil
}

// AddScript describes a script as a whole in a record: interpreter (the #! line,
// ELF, or data), programs (those named by a path), urls, traits, decoded, and
// suspicious_line: the first line with a trait worth pointing at, which becomes
// the record's source. Without one the source is the file. Of a script of more than
// 512 KiB it describes the beginning and the end, and gives ErrMiddle.
func AddScript(r *artifact.Record, content *io.SectionReader) error {
	return addScript(r, content, "")
}

// AddCode describes a script of an interpreter (python, perl, ...) that no first
// line names.
func AddCode(r *artifact.Record, content *io.SectionReader, interpreter string) error {
	return addScript(r, content, interpreter)
}

// isData says that bytes are no script for a shell: it looks for a NUL in the first line
// alone, as bash does, so that one behind an exit hides nothing. What begins with #! the
// kernel gives to its interpreter, whatever follows.
func isData(b []byte) bool {
	head := b[:min(len(b), 512)]
	if line := bytes.IndexByte(head, '\n'); line >= 0 {
		if bytes.HasPrefix(head, []byte("#!")) {
			return bytes.IndexByte(head[:line], 0) >= 0
		}
		if zeros := bytes.Count(head, []byte{0}); zeros > len(head)/16 {
			return true
		}
		return bytes.IndexByte(head[:line], 0) >= 0
	}
	return bytes.IndexByte(head, 0) >= 0
}

func addScript(r *artifact.Record, content *io.SectionReader, interpreter string) error {
	r.Source.Length = content.Size()
	b, gap, err := readBounded(content)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(b, []byte("\x7fELF")):
		r.Add("interpreter", "ELF")
		return nil
	case isData(b):
		r.Add("interpreter", "data")
		return nil
	}
	b = bytes.ReplaceAll(b, []byte{0}, []byte(" ")) // shells pass over them
	r.Add("interpreter", Interpreter(b))
	all := newCollector()
	suspicious := ""
	for _, st := range statements(string(b), interpreter) {
		st.behind(gap)
		all.take(&st.Facts)
		if suspicious == "" && st.Facts.Telling() {
			line, at := st.worst()
			suspicious = line
			r.Source.Offset, r.Source.Length = st.Offset+int64(at), int64(len(line))
			if r.Source.Line = st.Line; st.Line > 0 {
				r.Source.Line += strings.Count(st.Text[:at], "\n")
			}
		}
	}
	f := all.facts()
	f.Programs = f.Programs[:0:0]
	for _, p := range all.programs {
		if strings.Contains(p, "/") {
			f.Programs = append(f.Programs, p)
		}
	}
	f.AddTo(r)
	r.AddCut("suspicious_line", suspicious, 1024)
	return middle(gap)
}

// line says what a line of a statement does on its own.
func (st *Statement) line(l string) Facts {
	if st.interpreter != "" {
		return AnalyzeCode(l, st.interpreter)
	}
	return Analyze(l)
}

// take adds facts to a collector.
func (c *collector) take(f *Facts) {
	for _, p := range f.Programs {
		if strings.Contains(p, "/") {
			c.programs = appendOnce(c.programs, p)
		}
	}
	for _, u := range f.URLs {
		c.urls = appendOnce(c.urls, u)
	}
	for _, t := range f.Traits {
		c.traits[t] = true
		if !slices.Contains(f.Aside, t) {
			c.direct[t] = true
		}
	}
	if c.decoded == "" {
		c.decoded = f.Decoded
	}
}

// worst gives the first line of a statement that is telling on its own, or else
// its first line, and where it begins.
func (st *Statement) worst() (line string, at int) {
	lines := strings.Split(st.Text, "\n")
	off := 0
	for i, l := range lines {
		if len(lines) == 1 || i == 50 {
			break
		}
		if f := st.line(l); f.Telling() {
			t := strings.TrimSpace(l)
			return t, off + strings.Index(l, t)
		}
		off += len(l) + 1
	}
	return lines[0], 0
}
