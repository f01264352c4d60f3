package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"icecore/forensics/text"
)

// analysisJSON names the members of an analysis; those of a list are read and written
// one by one.
type analysisJSON struct {
	Schema   string      `json:"schema"`
	Tool     toolJSON    `json:"tool"`
	Image    Image       `json:"image"`
	Others   []Image     `json:"other_images,omitempty"`
	Snapshot Snapshot    `json:"snapshot"`
	Volumes  []Volume    `json:"volumes"`
	Hosts    []Host      `json:"hosts"`
	Verdict  Verdict     `json:"verdict"`
	Findings []Finding   `json:"findings"`
	Records  []Record    `json:"records"`
	Story    []StoryLine `json:"story"`
	Windows  []Window    `json:"windows,omitempty"`
	Touched  []Touched   `json:"touched,omitempty"`
	Coverage Coverage    `json:"coverage"`
}

// Read reads an analysis that [Analysis.Write] wrote, piece by piece: it needs the memory
// of the analysis and of its largest piece. One of another schema is refused; an older
// one has to be made again from its image.
//
// Members, kinds, fields and message ids that this version does not know are those of a
// later one: unknown members are left out, kinds, fields and messages are kept. Anything
// else that is not as docs/analysis-json.md says is an error that names the place.
func Read(r io.Reader) (*Analysis, error) {
	in := &bounded{r: r}
	a, err := read(&reader{d: json.NewDecoder(in), in: in})
	if err == nil {
		err = unique(a)
	}
	if err != nil {
		return nil, fmt.Errorf("not an analysis of icecore: %w", err)
	}
	return a, nil
}

func read(p *reader) (*Analysis, error) {
	a := new(Analysis)
	have, err := p.object(func(name string) (err error) {
		switch name {
		case "schema":
			if a.Schema, err = value[string](p); err == nil && a.Schema != SchemaName {
				err = fmt.Errorf("%s: want %s", quoted(a.Schema), SchemaName)
			}
		case "tool":
			a.Tool, err = value[Tool](p)
		case "image":
			a.Image, err = value[Image](p)
		case "other_images":
			a.Others, err = list[Image](p)
		case "snapshot":
			a.Snapshot, err = value[Snapshot](p)
		case "volumes":
			a.Volumes, err = list[Volume](p)
		case "hosts":
			a.Hosts, err = list[Host](p)
		case "verdict":
			a.Verdict, err = value[Verdict](p)
		case "findings":
			a.Findings, err = list[Finding](p)
		case "records":
			a.Records, err = list[Record](p)
		case "story":
			a.Story, err = list[StoryLine](p)
		case "windows":
			a.Windows, err = list[Window](p)
		case "touched":
			a.Touched, err = list[Touched](p)
		case "coverage":
			a.Coverage, err = p.coverage()
		default:
			err = p.piece()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := missing(reflect.TypeFor[analysisJSON](), have); err != nil {
		return nil, err
	}
	if _, err := p.d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the end of the analysis")
	}
	return a, nil
}

// reader reads JSON piece by piece.
type reader struct {
	d   *json.Decoder
	in  *bounded
	raw json.RawMessage // the piece that was read last
}

// open reads the beginning of an object or a list.
func (p *reader) open(delim json.Delim) error {
	p.in.left = maxPiece
	t, err := p.d.Token()
	if err == nil && t != delim {
		err = fmt.Errorf("%s in place of %s", kindOf(t), kindOf(delim))
	}
	return unexpected(err)
}

// object reads an object whose members fn reads.
func (p *reader) object(fn func(name string) error) (have names, err error) {
	if err := p.open('{'); err != nil {
		return nil, err
	}
	for p.d.More() {
		p.in.left = maxPiece
		t, err := p.d.Token()
		if err != nil {
			return nil, unexpected(err)
		}
		name, _ := t.(string)
		if err := have.add(name); err != nil {
			return nil, err
		}
		if err := fn(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err = p.d.Token()
	return have, unexpected(err)
}

// piece reads one value as it stands.
func (p *reader) piece() error {
	p.raw, p.in.left = p.raw[:0], maxPiece
	if err := p.d.Decode(&p.raw); err != nil {
		return unexpected(err)
	}
	return plain(p.raw)
}

// value reads a value.
func value[T any](p *reader) (v T, err error) {
	if err = p.piece(); err == nil {
		err = inWords(json.Unmarshal(p.raw, &v))
	}
	return v, err
}

// list reads a list, its items one by one. An error names the item, by its id if it has
// one.
func list[T any](p *reader) ([]T, error) {
	if err := p.open('['); err != nil {
		return nil, err
	}
	var out []T
	for p.d.More() {
		v, err := value[T](p)
		if err != nil {
			return nil, fmt.Errorf("item %d%s: %w", len(out)+1, p.id(), err)
		}
		out = append(out, v)
	}
	_, err := p.d.Token()
	return out, unexpected(err)
}

// id returns the id of the piece that was read last, to name it in an error.
func (p *reader) id() string {
	var v struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(p.raw, &v) != nil || v.ID == "" {
		return ""
	}
	return " (" + escape(text.Truncate(v.ID, 32)) + ")"
}

func (p *reader) coverage() (c Coverage, err error) {
	have, err := p.object(func(name string) (err error) {
		switch name {
		case "files":
			c.Files, err = value[int64](p)
		case "bytes_scanned":
			c.BytesScanned, err = value[int64](p)
		case "not_read":
			c.Gaps, err = list[Gap](p)
		default:
			err = p.piece()
		}
		return err
	})
	if err != nil {
		return c, err
	}
	return c, missing(reflect.TypeFor[coverageJSON](), have)
}

// unexpected says that a file ended in the middle.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the file ends before the analysis does")
	}
	return err
}
