package filesystem

// ModeString writes type and permissions as ls(1) does: -rwsr-xr-x. The type is
// "?" where the bits are of none.
func ModeString(mode uint16) string { return string(AppendMode(nil, mode)) }

// AppendMode appends what [ModeString] makes of mode.
func AppendMode(dst []byte, mode uint16) []byte {
	dst = append(dst, "?rwxrwxrwx"...)
	b := dst[len(dst)-10:]
	switch mode & ModeType {
	case ModeRegular:
		b[0] = '-'
	case ModeDir:
		b[0] = 'd'
	case ModeSymlink:
		b[0] = 'l'
	case ModeBlock:
		b[0] = 'b'
	case ModeChar:
		b[0] = 'c'
	case ModeFIFO:
		b[0] = 'p'
	case ModeSocket:
		b[0] = 's'
	}
	for i := range 9 {
		if mode&(1<<(8-i)) == 0 {
			b[1+i] = '-'
		}
	}
	for i, special := range [3][2]byte{{'s', 'S'}, {'s', 'S'}, {'t', 'T'}} {
		if mode&(0o4000>>i) == 0 {
			continue
		}
		at := 3 + 3*i
		if b[at] == 'x' {
			b[at] = special[0]
		} else {
			b[at] = special[1]
		}
	}
	return dst
}

// AppendOctal appends the permissions of mode as four octal digits.
func AppendOctal(dst []byte, mode uint16) []byte {
	return append(dst, '0'+byte(mode>>9&7), '0'+byte(mode>>6&7), '0'+byte(mode>>3&7), '0'+byte(mode&7))
}
