package command

import (
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

const maxYAML = 1 << 20 // bytes of a file of settings

// YAML is a file of settings in YAML.
type YAML struct {
	text   []byte
	starts []int64 // of the lines
}

// ReadYAML reads the file, of at most 1 MiB.
func (r *Reader) ReadYAML() (*YAML, error) {
	b, err := io.ReadAll(io.LimitReader(r.Content, maxYAML+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxYAML {
		return nil, artifact.Cut(fmt.Errorf("more than %d bytes of YAML; the file was not read", maxYAML))
	}
	y := &YAML{text: b, starts: []int64{0}}
	for i, c := range b {
		if c == '\n' {
			y.starts = append(y.starts, int64(i)+1)
		}
	}
	return y, nil
}

// Text is the file's text.
func (y *YAML) Text() []byte { return y.text }

// Decode decodes the first document into a value. Its errors say that it is no YAML.
func (y *YAML) Decode(into any) (err error) {
	defer func() {
		if p := recover(); p != nil { // the parser is not ours
			err = errors.New("no valid YAML")
		}
	}()
	if err := yaml.Unmarshal(y.text, into); err != nil {
		return fmt.Errorf("no valid YAML: %w", err)
	}
	return nil
}

// At is the source of a line, counted from 1.
func (y *YAML) At(line int) model.Source {
	at := model.Source{Line: line}
	if line < 1 || line > len(y.starts) {
		return at
	}
	at.Offset = y.starts[line-1]
	end := int64(len(y.text))
	if line < len(y.starts) {
		end = y.starts[line] - 1
	}
	at.Length = end - at.Offset
	return at
}
