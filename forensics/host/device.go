package host

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

var (
	// partitionRE takes the name of a partition apart: the disk, and its number.
	partitionRE = regexp.MustCompile(`^/dev/(?:(xvd|sd|vd|hd|ubd)([a-z]{1,2})|(nvme|mmcblk|nbd|loop)([0-9]{1,3})(?:n[0-9]{1,3})?p?|(dasd)([a-z]{1,2}))([0-9]{1,3})?$`)
	partRE      = regexp.MustCompile(`-part([0-9]{1,3})$`)
)

// device finds the volume that a table names: by UUID, label, or the name of a device.
// root is the volume of the host's root filesystem, rootDevice how the table names that,
// empty where it does not. The error says why there is none.
func (img *Image) device(spec string, root *Volume, rootDevice string) (*Volume, error) {
	by, value, tagged := strings.Cut(spec, "=")
	if tagged && !strings.HasPrefix(spec, "/") {
		return img.tagged(strings.ToUpper(by), strings.Trim(value, `"'`))
	}
	if rest, ok := strings.CutPrefix(spec, "/dev/disk/by-"); ok {
		kind, name, _ := strings.Cut(rest, "/")
		name = unhex(name)
		switch kind {
		case "uuid", "label", "partuuid", "partlabel":
			return img.tagged(strings.ToUpper(kind), name)
		}
		// The name of the disk is the hardware's: only its number says something.
		if m := partRE.FindStringSubmatch(name); m != nil {
			n, _ := strconv.Atoi(m[1])
			return img.numbered(root.Image, n)
		}
		return nil, fmt.Errorf("no disk of that name is known")
	}
	m := partitionRE.FindStringSubmatch(spec)
	if m == nil {
		return nil, fmt.Errorf("no volume of that name")
	}
	n, _ := strconv.Atoi(m[7])
	disk := img.disk(diskIndex(m), root, rootDevice)
	if disk == nil {
		return nil, fmt.Errorf("no image of that disk was given")
	}
	return img.numbered(disk, n)
}

// tagged finds a volume by what it says of itself.
func (img *Image) tagged(tag, value string) (*Volume, error) {
	if value == "" {
		return nil, fmt.Errorf("an empty name")
	}
	for _, v := range img.Volumes {
		uuid, label := v.FSUUID, v.FSLabel // of what is not read
		if v.FS != nil {
			info := v.FS.Info()
			uuid, label = info.UUID, info.Label
		}
		switch tag {
		case "UUID":
			if strings.EqualFold(uuid, value) {
				return v, nil
			}
		case "LABEL":
			if label == value {
				return v, nil
			}
		case "PARTUUID":
			if strings.EqualFold(v.UUID, value) {
				return v, nil
			}
		case "PARTLABEL":
			if v.Name == value {
				return v, nil
			}
		}
	}
	return nil, fmt.Errorf("no volume has it")
}

// numbered finds a partition of a disk; 0 is the whole disk.
func (img *Image) numbered(disk *Image, n int) (*Volume, error) {
	for _, v := range img.Volumes {
		if v.Image == disk && v.Number == n {
			return v, nil
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("the disk has partitions")
	}
	return nil, fmt.Errorf("the disk has no partition %d that is known", n)
}

// diskIndex says which of the disks of its kind a name means: a is 0, b is 1.
func diskIndex(m []string) int {
	for _, letters := range []string{m[2], m[6]} {
		if letters != "" {
			n := 0
			for _, c := range letters {
				n = n*26 + int(c-'a') + 1
			}
			return n - 1
		}
	}
	n, _ := strconv.Atoi(m[4])
	return n
}

// disk gives the image of a disk, nil if it is not among those given. The one of the root
// filesystem is what the table says of it, the first otherwise; the others follow in the
// order in which they were given.
func (img *Image) disk(index int, root *Volume, rootDevice string) *Image {
	first := 0
	if m := partitionRE.FindStringSubmatch(rootDevice); m != nil {
		first = diskIndex(m)
	}
	if index == first {
		return root.Image
	}
	var rest []*Image
	for _, i := range img.All() {
		if i != root.Image {
			rest = append(rest, i)
		}
	}
	if index > first {
		index--
	}
	if index < 0 || index >= len(rest) {
		return nil
	}
	return rest[index]
}

// unhex undoes the \xNN of udev's names.
func unhex(s string) string {
	if !strings.Contains(s, `\x`) {
		return path.Base("/" + s)
	}
	out, err := url.PathUnescape(strings.ReplaceAll(strings.ReplaceAll(s, "%", "%25"), `\x`, "%"))
	if err != nil {
		return s
	}
	return out
}
