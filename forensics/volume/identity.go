package volume

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// identify reads the UUID and label by which tables of mounts name what is not read, as
// blkid(8) writes them.
func (v *Volume) identify() {
	p := probe{v.Bytes, v.Size}
	label := func(off int64, n int) string {
		b, _, _ := bytes.Cut(p.at(off, n), []byte{0})
		return string(b)
	}
	switch v.Content {
	case "xfs":
		v.FSUUID, v.FSLabel = uuid(p.at(32, 16)), label(108, 12)
	case "btrfs":
		v.FSUUID, v.FSLabel = uuid(p.at(0x10020, 16)), label(0x1012b, 256)
	case "LUKS":
		v.FSUUID = strings.ToLower(label(168, 40))
		if b := p.at(6, 2); len(b) == 2 && b[1] == 2 { // version 2 has a label
			v.FSLabel = label(24, 48)
		}
	case "swap":
		v.FSUUID, v.FSLabel = uuid(p.at(1036, 16)), label(1052, 16)
	case "f2fs":
		v.FSUUID = uuid(p.at(1024+108, 16))
	case "jfs":
		v.FSUUID, v.FSLabel = uuid(p.at(0x8000+136, 16)), label(0x8000+152, 16)
	case "reiserfs":
		v.FSUUID, v.FSLabel = uuid(p.at(0x10000+84, 16)), label(0x10000+100, 16)
	case "nilfs2":
		v.FSUUID, v.FSLabel = uuid(p.at(1024+152, 16)), label(1024+168, 80)
	case "vfat":
		at := int64(39)
		if p.has(82, "FAT32") {
			at = 67
		}
		if b := p.at(at, 4); len(b) == 4 {
			v.FSUUID = fmt.Sprintf("%02X%02X-%02X%02X", b[3], b[2], b[1], b[0])
		}
		if l := strings.TrimRight(label(at+4, 11), " "); l != "NO NAME" {
			v.FSLabel = l
		}
	}
}

// uuid writes the bytes of a UUID; empty where there are none, or zeros.
func uuid(b []byte) string {
	if len(b) < 16 || bytes.Count(b, []byte{0}) == 16 {
		return ""
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
