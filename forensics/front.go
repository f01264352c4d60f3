package forensics

import (
	"context"
	"fmt"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/content/engine"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/image"
	"icecore/forensics/model"
	"icecore/forensics/rules"
	"icecore/forensics/scan"
)

// What the rooms below call theirs, for those who see only the front door.
type (
	Image           = host.Image
	Volume          = host.Volume
	OpenOptions     = host.OpenOptions
	ScanOptions     = scan.Options
	ListOptions     = host.ListOptions
	Listed          = host.Listed
	StatOptions     = host.StatOptions
	FileStat        = host.FileStat
	DescribeOptions = host.DescribeOptions
	Info            = host.Info
	FilesystemInfo  = host.FilesystemInfo
	Progress        = host.Progress
	BackingError    = image.BackingError
	RuleError       = rules.Error
	RuleSet         = rules.Set
	RuleList        = rules.List
	RuleProblem     = engine.Problem
	RuleTests       = rules.Results
	CheckedRules    = rules.Checked
	Profile         = rules.Profile
	Place           = host.Place
	ContentOptions  = host.ContentOptions
	Bytes           = host.Bytes
	Disk            = image.Disk
	Gap             = model.Gap
	Level           = model.Level
	Weight          = model.Weight
)

// What an error of Open or Analyze is, for errors.Is. A [BackingError] and a
// [RuleError] are found by errors.As.
var (
	ErrNotImage     = image.ErrNotImage    // a directory, an empty file, no disk
	ErrFormat       = image.ErrFormat      // a container that is not read
	ErrTruncated    = image.ErrTruncated   // the file ends before what the image needs
	ErrNoFilesystem = host.ErrNoFilesystem // a disk, but nothing on it can be looked into
)

// How much a gap matters; see [model.Weight].
const (
	Minor    = model.Minor
	Partial  = model.Partial
	Decisive = model.Decisive
)

// YARABackend names the YARA that the program was built with.
const YARABackend = engine.Backend

// ParseLevel reads Sigma's word for a level; see [model.ParseLevel].
func ParseLevel(s string) (Level, error) { return model.ParseLevel(s) }

// ParseRef reads an inode as icecore prints it; see [host.ParseRef].
func ParseRef(s string) (filesystem.Ref, error) { return host.ParseRef(s) }

// OpenDisk opens the disk of an image, whatever is on it; see [image.Open].
func OpenDisk(ctx context.Context, path string, opts OpenOptions) (Disk, error) {
	return image.Open(ctx, path, image.Options{Backing: opts.Backing})
}

// Open opens an image and all volumes on it; see [host.Open].
func Open(ctx context.Context, path string, opts OpenOptions) (*Image, error) {
	return host.Open(ctx, path, opts)
}

// OpenAll opens several images that are the disks of one server. The volumes of the second
// are i2.p1, i2.p2, ...; the first is not special but for its place: the server is where
// its root filesystem is.
func OpenAll(ctx context.Context, paths []string, opts OpenOptions) (*Image, error) {
	var all []*Image
	for i, p := range paths {
		opts.Index = i
		img, err := host.Open(ctx, p, opts)
		if err != nil {
			for _, o := range all {
				_ = o.Close()
			}
			return nil, err
		}
		all = append(all, img)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no image: %w", ErrNotImage)
	}
	return host.Join(all[0], all[1:]...), nil
}

// OpenReader opens an image of size bytes that the caller reads, by content as [Open]
// does; name stands for its path. Closing the image leaves r open.
func OpenReader(ctx context.Context, r io.ReaderAt, size int64, name string, opts OpenOptions) (*Image, error) {
	disk, err := image.FromReaderAt(ctx, r, size, name, image.Options{Backing: opts.Backing})
	if err != nil {
		return nil, err
	}
	img, err := host.OpenDisk(ctx, disk, name, opts)
	if err != nil {
		disk.Close()
		return nil, err
	}
	return img, nil
}

// Content gives a file's content as a reader that can seek.
func Content(f filesystem.File) *io.SectionReader { return host.Content(f) }

// ReadSource reads up to n bytes of the artifact at a source; see [host.ReadSource].
func ReadSource(fsys filesystem.FS, src artifact.Source, n int) ([]byte, error) {
	return host.ReadSource(fsys, src, n)
}

// LoadRules compiles YARA rules; see [rules.Load].
func LoadRules(paths []string, noBuiltin bool) (*RuleSet, error) { return rules.Load(paths, noBuiltin) }

// ListRules lists the rules in force; see [rules.InForce].
func ListRules(o RuleOptions) (*RuleList, error) { return rules.InForce(o.YARA, o.Sigma, o.NoBuiltin) }

// CheckRules compiles each rule file by itself; see [rules.Check].
func CheckRules(paths []string) (*CheckedRules, error) { return rules.Check(paths) }

// TestRules runs YARA rules, and those of the tests, over the samples of a directory; see
// [rules.Test]. It also gives what the compiler has to say of the rules.
func TestRules(ctx context.Context, o RuleOptions, dir string) (*RuleTests, []RuleProblem, error) {
	set, err := rules.TestSet(o.YARA, o.NoBuiltin, dir)
	if err != nil {
		return nil, nil, err
	}
	res, err := rules.Test(ctx, set, dir)
	return res, set.Problems, err
}

// ProfileRules measures what each YARA rule costs on the content of an image; see
// [rules.Measure].
func ProfileRules(ctx context.Context, name string, opts Options) (*Profile, error) {
	set, err := rules.Load(opts.Rules.YARA, opts.Rules.NoBuiltin)
	if err != nil {
		return nil, err
	}
	img, err := Open(ctx, name, opts.Open)
	if err != nil {
		return nil, err
	}
	defer img.Close()
	return rules.Measure(ctx, set, img, opts.Scan.Volume, opts.Output.Progress)
}
