package sqlite

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Value is a value of a row: nothing, a number, or bytes and where in the row they stand.
type Value struct {
	Null   bool
	Number int64 // also of a whole number that is stored as a fraction
	Bytes  []byte
	At     int
}

// Values decodes the first values of a row, as many as the columns that are wanted.
func (r *Row) Values(want int) ([]Value, error) {
	row := r.Data
	size, n := varint(row)
	if n == 0 || size > uint64(len(row)) || int(size) < n {
		return nil, fmt.Errorf("a row's header of %d bytes in a row of %d", size, len(row))
	}
	head, at := row[n:size], int(size)
	out := make([]Value, 0, want)
	for len(out) < want {
		kind, n := varint(head)
		if n == 0 {
			return nil, fmt.Errorf("a row of %d columns, fewer than %d", len(out), want)
		}
		head = head[n:]
		c := Value{At: at, Null: kind == 0}
		length := uint64(0)
		switch {
		case kind >= 12:
			length = (kind - 12) / 2
		case kind == 7:
			length = 8
		case kind == 6:
			length = 8
		case kind == 5:
			length = 6
		case kind >= 1 && kind <= 4:
			length = kind
		case kind == 9:
			c.Number = 1
		}
		if length > uint64(len(row)-at) {
			return nil, fmt.Errorf("column %d has %d bytes, the row %d", len(out), length, len(row))
		}
		value := row[at : at+int(length)]
		at += int(length)
		switch {
		case kind >= 12:
			c.Bytes = value
		case kind == 7:
			if f := math.Float64frombits(binary.BigEndian.Uint64(value)); f >= -1<<62 && f <= 1<<62 {
				c.Number = int64(f)
			}
		case kind < 7:
			for i, x := range value {
				if i == 0 {
					c.Number = int64(int8(x))
				} else {
					c.Number = c.Number<<8 | int64(x)
				}
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// varint decodes a number of up to nine bytes, and gives how many it has; 0 where it does
// not end.
func varint(b []byte) (v uint64, n int) {
	for n < len(b) {
		c := b[n]
		n++
		if n == 9 {
			return v<<8 | uint64(c), n
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return v, n
		}
	}
	return 0, 0
}
