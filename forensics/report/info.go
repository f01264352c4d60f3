package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Info writes what an image is.
func Info(w io.Writer, info *host.Info, width int) error {
	texts, err := wordsOf("")
	if err != nil {
		return err
	}
	p := &infoPage{words: texts, width: width}
	p.image(info)
	p.line("", "")
	uuids := make(map[string]string)
	rows := make([][]string, 0, len(info.Volumes))
	for i := range info.Volumes {
		v := info.Volumes[i].Escaped()
		uuids[v.ID] = v.UUID
		rows = append(rows, []string{
			v.ID, v.Scheme, fmt.Sprint(v.Offset), Bytes(v.Size), kind(v.Type), or(v.Filesystem, "-"), or(v.Label, "-"), p.status(&v),
		})
	}
	header := strings.Split(p.say("info.columns"), ", ")
	if err := Table(&p.b, header, rows, width); err != nil {
		return err
	}
	for i := range info.Filesystems {
		p.filesystem(&info.Filesystems[i], uuids[info.Filesystems[i].Volume])
	}
	p.gaps(info.NotRead)
	_, err = w.Write(p.b.Bytes())
	return err
}

// infoPage is the description of an image that is being written.
type infoPage struct {
	words
	b     bytes.Buffer
	width int
}

// infoColumn is the width of the labels.
const infoColumn = 13

// line writes a value behind a label, wrapped.
func (p *infoPage) line(label, value string) {
	for i, l := range wrap(text.EscapeOnce(value), max(20, p.width-infoColumn)) {
		if i > 0 {
			label = ""
		}
		if label == "" && l == "" {
			p.b.WriteByte('\n')
			continue
		}
		p.b.WriteString(pad(label, infoColumn) + l + "\n")
	}
}

// image says what the image is, when it was taken, and which system is on it.
func (p *infoPage) image(info *host.Info) {
	img := info.Image.Escaped()
	p.line(p.say("info.image"), fmt.Sprintf("%s: %s, %s", img.Path, img.Format, Bytes(img.VirtualSize)))
	for _, f := range img.Files {
		if len(img.Files) > 1 || f.SHA256 != "" {
			p.line("", f.Path+", "+Bytes(f.Size))
		}
		if f.SHA256 != "" {
			p.line("", "sha256 "+f.SHA256)
		}
	}
	taken := p.say("info.taken-unknown")
	if t := info.Snapshot.TakenAt; !t.IsZero() {
		taken = p.say("page.not-before", "time", stamp(t), "source", info.Snapshot.Source)
	}
	p.line(p.say("info.taken"), taken)
	system := p.say("info.system-none")
	if info.System != nil {
		s := info.System.Escaped()
		system = p.say("info.system-is", "os", or(s.OS, p.say("no-os")), "hostname", or(s.Hostname, p.say("no-hostname")),
			"zone", or(s.Timezone, p.say("unknown")), "volume", info.SystemOn)
	}
	p.line(p.say("info.system"), system)
}

// filesystem says how a filesystem and its journal are.
func (p *infoPage) filesystem(f *host.FilesystemInfo, uuid string) {
	p.line("", "")
	p.b.WriteString(text.EscapeOnce(p.say("info.filesystem", "volume", f.Volume, "type", f.Type, "state", f.State,
		"blocks", f.Blocks, "size", f.BlockSize, "inodes", f.Inodes)) + "\n")
	for _, t := range [][2]string{
		{"uuid", uuid},
		{p.say("info.created"), f.Created},
		{p.say("info.mounted"), f.LastMount},
		{p.say("info.mounted-on"), f.MountedOn},
		{p.say("info.written"), f.LastWrite},
		{p.say("info.journal"), p.journal(f)},
		{p.say("info.features"), strings.Join(f.Features, " ")},
	} {
		if t[1] != "" {
			p.line("  "+t[0], t[1])
		}
	}
}

func (p *infoPage) journal(f *host.FilesystemInfo) string {
	pairs := []any{"first", f.FirstCommit, "last", f.LastCommit, "blocks", f.PendingSize}
	switch {
	case !f.Journal:
		return p.say("info.journal-none")
	case f.Replayed:
		return p.count("info.journal-replayed", int64(f.Pending), pairs...)
	case f.Pending > 0:
		return p.count("info.journal-raw", int64(f.Pending), pairs...)
	}
	return p.say("info.journal-clean", pairs...)
}

// gaps lists what was not read.
func (p *infoPage) gaps(list []model.Gap) {
	if len(list) == 0 {
		return
	}
	p.b.WriteString("\n" + p.say("info.gaps") + "\n")
	for i := range list {
		g := viewOfGap(&list[i])
		for j, l := range wrap(g.What+": "+g.Why, p.width-4) {
			p.b.WriteString([]string{"  ", "    "}[min(j, 1)] + l + "\n")
		}
	}
}

// status says in a word whether a volume is read; the reason stands below the table.
func (p *infoPage) status(v *model.Volume) string {
	switch {
	case v.Filesystem == "swap":
		return p.say("info.scanned")
	case v.Reason != "":
		return p.say("info.unread")
	}
	return p.say("info.read")
}

// kind is the name of a partition's type where it has one, else its number.
func kind(t string) string {
	if i := strings.Index(t, " ("); i >= 0 && strings.HasSuffix(t, ")") {
		return t[i+2 : len(t)-1]
	}
	return or(t, "-")
}
