package report

import (
	"fmt"
	"io"
	"strings"

	"icecore/forensics/host"
	"icecore/forensics/model"
)

// Info writes what an image is.
func Info(w io.Writer, info *host.Info, width int) error {
	p := func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		if cellWidth(line) <= width {
			fmt.Fprintln(w, line)
			return
		}
		const label = 13 // columns
		fmt.Fprint(w, line[:min(label, len(line))])
		for i, l := range wrap(strings.TrimLeft(line[min(label, len(line)):], " "), width-label) {
			if i > 0 {
				l = strings.Repeat(" ", label) + l
			}
			fmt.Fprintln(w, l)
		}
	}
	image := info.Image.Escaped()
	p("image        %s: %s, %s", image.Path, image.Format, Bytes(image.VirtualSize))
	for _, f := range image.Files {
		if len(image.Files) > 1 || f.SHA256 != "" {
			p("             %s, %s", f.Path, Bytes(f.Size))
		}
		if f.SHA256 != "" {
			p("             sha256 %s", f.SHA256)
		}
	}
	if !info.Snapshot.TakenAt.IsZero() {
		p("taken        not before %s (%s)", stamp(info.Snapshot.TakenAt), info.Snapshot.Source)
	} else {
		p("taken        unknown: no filesystem that could be read holds a time")
	}
	if info.System != nil {
		s := info.System.Escaped()
		p(
			"system       %s, host %s, time zone %s (volume %s)",
			or(s.OS, "unknown system"),
			or(s.Hostname, "without a name"),
			or(s.Timezone, "unknown"),
			info.SystemOn,
		)
	} else {
		p("system       none found: no filesystem holds an /etc/os-release, /etc/hostname or /etc/machine-id")
	}
	p("")
	rows := make([][]string, 0, len(info.Volumes))
	uuids := make(map[string]string)
	for _, v := range info.Volumes {
		v = v.Escaped()
		uuids[v.ID] = v.UUID
		rows = append(
			rows,
			[]string{
				v.ID,
				v.Scheme,
				fmt.Sprint(v.Offset),
				Bytes(v.Size),
				kind(v.Type),
				or(v.Filesystem, "-"),
				or(v.Label, "-"),
				status(&v),
			},
		)
	}
	if err := Table(w, []string{"volume", "scheme", "offset", "size", "type", "content", "label", "status"}, rows, width); err != nil {
		return err
	}
	for _, f := range info.Filesystems {
		p("")
		p("%s: %s, %s, %d blocks of %d bytes, %d inodes", f.Volume, f.Type, f.State, f.Blocks, f.BlockSize, f.Inodes)
		for _, t := range [][2]string{{"uuid", uuids[f.Volume]}, {"created", f.Created}, {"last mount", f.LastMount}, {"mounted on", f.MountedOn}, {"last write", f.LastWrite}} {
			if t[1] != "" {
				p("  %-10s %s", t[0], t[1])
			}
		}
		switch {
		case f.LastCommit == "":
			p("  journal    none, or without a commit")
		case f.Replayed:
			p(
				"  journal    %d transactions (%d blocks) replayed in memory; commits %s to %s",
				f.Pending,
				f.PendingSize,
				f.FirstCommit,
				f.LastCommit,
			)
		case f.Pending > 0:
			p(
				"  journal    %d transactions (%d blocks) NOT replayed; commits %s to %s",
				f.Pending,
				f.PendingSize,
				f.FirstCommit,
				f.LastCommit,
			)
		default:
			p("  journal    nothing to replay; commits %s to %s", f.FirstCommit, f.LastCommit)
		}
		for i, l := range wrap(strings.Join(f.Features, " "), max(20, width-13)) {
			p("  %-10s %s", []string{"features", ""}[min(i, 1)], l)
		}
	}
	if len(info.NotRead) > 0 {
		p("")
		p("Not read, or not as it should be:")
		for i := range info.NotRead {
			n := viewOfGap(&info.NotRead[i])
			for i, l := range wrap(n.What+": "+n.Why, width-4) {
				p("%s%s", []string{"  ", "    "}[min(i, 1)], l)
			}
		}
	}
	return nil
}

// status says in a word whether a volume is read; the reason stands below the table.
func status(v *model.Volume) string {
	switch {
	case v.Filesystem == "swap":
		return "scanned"
	case v.Reason != "":
		return "not read"
	}
	return "read"
}

// kind is the name of a partition's type where it has one, else its number.
func kind(t string) string {
	if i := strings.Index(t, " ("); i >= 0 && strings.HasSuffix(t, ")") {
		return t[i+2 : len(t)-1]
	}
	return or(t, "-")
}
