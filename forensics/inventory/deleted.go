package inventory

import (
	"cmp"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// Deleted is a deleted or orphan file.
type Deleted struct {
	Path   string // the last one known, or empty
	Inode  filesystem.Inode
	Source model.Source
}

func deletedList() List {
	return List{
		Name: "deleted", Doc: "Deleted files of which something is left, and orphans: deleted while a program held them open. Orphans first, by path.",
		Image: true,
		Columns: []Column{
			{Name: "path", Doc: "the last path known"},
			{Name: "state", Doc: "orphan, deleted"},
			{Name: "inode", Doc: "as `icecore cat --inode` takes it"},
			{Name: "type", Doc: "file, dir, symlink, ...", Hidden: true},
			{Name: "mode", Doc: "permissions, octal", Hidden: true},
			{Name: "uid", Type: model.Number, Doc: "the number of its owner", Hidden: true},
			{Name: "size", Type: model.Number, Doc: "bytes"},
			{Name: "deleted", Doc: "when, UTC"},
			modifiedColumn(),
			{Name: "recoverable", Doc: "how much of the content is left, and from where"},
		},
		rows: deletedRows,
	}
}

func deletedRows(in *Input) []Row {
	list := slices.Clone(in.Deleted)
	slices.SortStableFunc(list, func(a, b Deleted) int {
		return cmp.Or(
			cmp.Compare(a.Inode.State, b.Inode.State), strings.Compare(a.Source.Volume, b.Source.Volume), strings.Compare(a.Path, b.Path),
			cmp.Compare(a.Inode.Ref.Inode, b.Inode.Ref.Inode), cmp.Compare(a.Inode.Ref.Version, b.Inode.Ref.Version),
		)
	})
	var out []Row
	for i := range list {
		f := &list[i].Inode
		note := f.Note
		if note == "" && f.State == filesystem.Orphan {
			note = "intact: the file is still allocated"
		}
		var deleted Cell
		if f.Dtime.Known && f.State == filesystem.Deleted && f.Dtime.Sec > 0 {
			deleted = moment(f.Dtime.Time())
		}
		out = append(out, Row{[]Cell{
			one(list[i].Path), one(f.State.String()), one(f.Ref.String()), one(f.TypeName()), one(string(filesystem.AppendOctal(nil, f.Mode))),
			number(int64(f.UID)), number(f.Size), deleted, stampOf(f.Mtime), one(note),
		}, list[i].Source})
	}
	return out
}

func stampOf(t filesystem.Time) Cell {
	if !t.Known {
		return nil
	}
	return moment(t.Time())
}
