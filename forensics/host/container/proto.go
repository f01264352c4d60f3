package container

import (
	"encoding/binary"
)

// anyValue gives the value of a protobuf message google.protobuf.Any: field 1 is the
// address of its type, field 2 the bytes. What is none gives nothing.
func anyValue(b []byte) (typeURL string, value []byte) {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return "", nil
		}
		b = b[n:]
		switch key & 7 {
		case 0: // a number
			_, n := binary.Uvarint(b)
			if n <= 0 {
				return "", nil
			}
			b = b[n:]
		case 2: // bytes
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return "", nil
			}
			field := b[n : n+int(size)]
			b = b[n+int(size):]
			switch key >> 3 {
			case 1:
				typeURL = string(field)
			case 2:
				value = field
			}
		default:
			return "", nil
		}
	}
	return typeURL, value
}
