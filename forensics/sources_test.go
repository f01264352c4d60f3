package forensics_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"icecore/forensics"
	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// checkSources reads the source of each finding, as a reader would who checks a
// claim by hand, and compares it with what the finding claims.
func checkSources(t *testing.T, image string, a *forensics.Analysis) {
	t.Helper()
	img, err := forensics.Open(t.Context(), image, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	records := make(map[string]*artifact.Record, len(a.Records))
	for i := range a.Records {
		records[a.Records[i].ID] = &a.Records[i]
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		if err := checkSource(img, f, records); err != nil {
			t.Errorf("%s, %s, %s: %v", f.ID, f.Rule, f.Source.Path, err)
		}
	}
}

// checkRecords reads the beginning of the source of each record twice: through the
// filesystem, and straight from the disk. What is left of deleted files may have
// been overwritten since.
func checkRecords(t *testing.T, image string, a *forensics.Analysis) {
	t.Helper()
	img, err := forensics.Open(t.Context(), image, forensics.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	bad := 0
	for i := range a.Records {
		r := &a.Records[i]
		src := r.Source
		if src.DiskOffset < 0 || src.Member != "" || src.State == filesystem.Deleted || bad == 20 {
			continue
		}
		v, err := img.Volume(src.Volume)
		if err != nil {
			t.Fatal(err)
		}
		n := min(16, 4096-src.DiskOffset%4096)
		if src.Length > 0 {
			n = min(n, src.Length)
		}
		b, err := forensics.ReadSource(v.FS, src, int(n))
		if err != nil || len(b) == 0 {
			t.Errorf("%s %s %s: %d bytes, %v", r.ID, r.Kind, src.Path, len(b), err)
			bad++
			continue
		}
		disk := make([]byte, len(b))
		if _, err := img.Disk.ReadAt(disk, src.DiskOffset); err != nil || !bytes.Equal(disk, b) {
			t.Errorf("%s %s %s: the file holds %q, byte %d of the disk %q (%v)", r.ID, r.Kind, src.Path, b, src.DiskOffset, disk, err)
			bad++
		}
	}
}

func checkSource(img *forensics.Image, f *model.Finding, records map[string]*artifact.Record) error {
	src := f.Source
	v, err := img.Volume(src.Volume)
	if err != nil {
		return err
	}
	for _, id := range f.Records {
		if records[id] == nil {
			return fmt.Errorf("names record %s, which is not there", id)
		}
	}
	rec := records[f.Records[0]]
	if src.State == filesystem.Live {
		ref, _, err := filesystem.Lookup(v.FS, src.Path, false)
		if err != nil {
			return err
		}
		if ref.Inode != src.Inode {
			return fmt.Errorf("the path leads to inode %d, the source says %d", ref.Inode, src.Inode)
		}
	}
	in, err := v.FS.Inode(filesystem.Ref{Inode: src.Inode, Version: src.Version})
	if err != nil {
		return err
	}
	if src.Length == 0 {
		return checkInode(in, rec)
	}
	want := []byte(f.Excerpt)
	if len(want) == 0 {
		return fmt.Errorf("shows nothing of %d bytes", src.Length)
	}
	got, err := forensics.ReadSource(v.FS, src, len(want))
	if err != nil && src.Member != "" {
		return nil // in an archive, or encoded: no bytes of the file are claimed
	}
	if err != nil {
		return err
	}
	if rec.Has("compressed") {
		return nil // the excerpt is of the fields, the bytes are packed
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("the source holds %q, the excerpt is %q", got, want)
	}
	if src.Member != "" || src.DiskOffset < 0 {
		return nil
	}
	// The bytes of the disk itself, without the filesystem. A file may go on
	// elsewhere, but not within a block.
	n := min(int64(len(want)), 4096-src.DiskOffset%4096)
	disk := make([]byte, n)
	if _, err := img.Disk.ReadAt(disk, src.DiskOffset); err != nil {
		return err
	}
	if !bytes.Equal(disk, want[:n]) {
		return fmt.Errorf("byte %d of the disk holds %q, the excerpt is %q", src.DiskOffset, disk, want[:n])
	}
	return nil
}

// checkInode compares the claims about a file itself with what stat shows.
func checkInode(in *filesystem.Inode, rec *artifact.Record) error {
	if mode := rec.Get("mode"); mode != "" && mode != fmt.Sprintf("%04o", in.Mode&0o7777) {
		return fmt.Errorf("mode %s, the inode has %04o", mode, in.Mode&0o7777)
	}
	if size := rec.Get("size"); size != "" && rec.Kind == "file.notable" && size != fmt.Sprint(in.Size) {
		return fmt.Errorf("size %s, the inode has %d", size, in.Size)
	}
	ok := true
	switch what := rec.Get("what"); what {
	case "setuid_unowned", "setuid_added":
		ok = in.Mode&0o4000 != 0
	case "file_capabilities":
		ok = in.Mode&0o111 != 0
	case "immutable":
		ok = in.Flags&filesystem.FlagImmutable != 0
	case "old_mtime":
		ok = in.Mtime.Sec < in.Crtime.Sec
	case "orphan_elf", "orphan_empty":
		ok = in.State == filesystem.Orphan
	}
	switch {
	case !ok:
		return fmt.Errorf("%s: the inode shows nothing of it", rec.Get("what"))
	case rec.Kind == "history.file" && rec.Has("link_target"):
		if !in.IsSymlink() {
			return fmt.Errorf("a link, the inode is a %s", in.TypeName())
		}
	case rec.Kind == "log.coverage" && rec.Get("empty") == "yes":
		if in.Size != 0 {
			return fmt.Errorf("empty, the inode has %d bytes", in.Size)
		}
	}
	return nil
}

// text gives all that a finding says.
func said(f *model.Finding) string {
	return strings.Join([]string{f.Rule, f.Title, f.Description, f.Excerpt, strings.Join(f.Techniques, " ")}, "\n")
}
