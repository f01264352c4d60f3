package image

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// partName is a name that a part of a split image may have: x.000, x.aa, diskaa, part0,
// x_000.dd.
type partName struct {
	before, suffix, after string
	// usual says that the name alone makes a part of it: a number or letters behind a dot,
	// or xaa. Of another name, the disk that the first file holds must say that it is cut.
	usual bool
}

var (
	numbered = regexp.MustCompile(`^(.*\D|)(\d{1,6})(\.[A-Za-z][A-Za-z0-9]{0,4})?$`)
	lettered = regexp.MustCompile(`[a-z]+$`)
)

// partNames gives what the name of a file may mean, if it is one of a part.
func partNames(base string) []partName {
	if m := numbered.FindStringSubmatch(base); m != nil {
		return []partName{{m[1], m[2], m[3], m[3] == "" && len(m[2]) > 1 && afterDot(m[1])}}
	}
	var out []partName
	for n := 2; n <= 4 && n <= len(lettered.FindString(base)); n++ {
		before := base[:len(base)-n]
		out = append(out, partName{before, base[len(before):], "", n <= 3 && afterDot(before)})
	}
	return out
}

func afterDot(before string) bool { return before == "x" || strings.HasSuffix(before, ".") }

// with is the name with another suffix.
func (n partName) with(suffix string) string { return n.before + suffix + n.after }

// starts gives the suffixes that a first part may have.
func (n partName) starts() []string {
	if n.suffix[0] >= 'a' {
		return []string{strings.Repeat("a", len(n.suffix))}
	}
	zero := strings.Repeat("0", len(n.suffix))
	if len(n.suffix) > 1 && n.suffix[0] != '0' {
		return []string{"0", "1"} // part10 comes behind part9
	}
	return []string{zero, zero[1:] + "1"}
}

func (n partName) begins() bool {
	for _, s := range n.starts() {
		if s == n.suffix {
			return true
		}
	}
	return false
}

// next is the suffix behind another, empty where there is none.
func (n partName) next(suffix string) string {
	if suffix[0] < 'a' {
		k, _ := strconv.Atoi(suffix)
		t := fmt.Sprintf("%0*d", len(suffix), k+1)
		if len(t) != len(suffix) && (len(n.suffix) > 1 || len(t) > 6) {
			return ""
		}
		return t
	}
	b := []byte(suffix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 'z' {
			b[i]++
			return string(b)
		}
		b[i] = 'a'
	}
	return ""
}

// statedSize is the size of a disk as its beginning states it: the end of its table of
// partitions or of its filesystem, 0 where it states none.
func statedSize(f io.ReaderAt, size int64) int64 {
	at := func(off int64, n int) []byte {
		b := make([]byte, n)
		if k, _ := f.ReadAt(b, off); k < n || off+int64(n) > size {
			return make([]byte, n)
		}
		return b
	}
	le, be := binary.LittleEndian, binary.BigEndian
	product := func(count, unit uint64) int64 {
		if unit == 0 || unit > 1<<26 || count > 1<<56/unit {
			return 0
		}
		return int64(count * unit)
	}
	for _, sector := range []int64{512, 4096} {
		if h := at(sector, 48); string(h[:8]) == "EFI PART" {
			return product(max(le.Uint64(h[32:]), le.Uint64(h[24:]))+1, uint64(sector))
		}
	}
	if sb := at(1024, 1024); sb[56] == 0x53 && sb[57] == 0xef && le.Uint32(sb[24:]) <= 6 {
		blocks := uint64(le.Uint32(sb[4:]))
		if le.Uint32(sb[96:])&0x80 != 0 {
			blocks |= uint64(le.Uint32(sb[0x150:])) << 32
		}
		return product(blocks, 1024<<le.Uint32(sb[24:]))
	}
	if h := at(0, 16); string(h[:4]) == "XFSB" {
		return product(be.Uint64(h[8:]), uint64(be.Uint32(h[4:])))
	}
	if sb := at(0x10000, 0x80); string(sb[0x40:0x48]) == "_BHRfS_M" {
		return product(le.Uint64(sb[0x70:]), 1)
	}
	end := int64(0)
	if head := at(0, headSize); hasTable(head) {
		for e := head[446:510]; len(e) > 0; e = e[16:] {
			if e[4] != 0 && e[4] != 0xee {
				end = max(end, product(uint64(le.Uint32(e[8:]))+uint64(le.Uint32(e[12:])), 512))
			}
		}
	}
	return end
}
