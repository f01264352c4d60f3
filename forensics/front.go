package forensics

import (
	"bytes"
	"context"
	"io"

	"icecore/forensics/artifact"
	"icecore/forensics/content/engine"
	"icecore/forensics/filesystem"
	"icecore/forensics/host"
	"icecore/forensics/image"
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
	RuleTests       = rules.Results
	Profile         = rules.Profile
)

// What an error of Open or Analyze is, for errors.Is. A [BackingError] and a
// [RuleError] are found by errors.As.
var (
	ErrNotImage     = image.ErrNotImage    // a directory, an empty file, no disk
	ErrFormat       = image.ErrFormat      // a container that is not read
	ErrTruncated    = image.ErrTruncated   // the file ends before what the image needs
	ErrNoFilesystem = host.ErrNoFilesystem // a disk, but nothing on it can be looked into
)

// Open opens an image and all volumes on it; see [host.Open].
func Open(ctx context.Context, path string, opts OpenOptions) (*Image, error) {
	return host.Open(ctx, path, opts)
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

// Member gives the content of a member of a file; see [host.Member].
func Member(ctx context.Context, f filesystem.File, name string) (*bytes.Reader, error) {
	return host.Member(ctx, f, name)
}

// ReadSource reads up to n bytes of the artifact at a source; see [host.ReadSource].
func ReadSource(fsys filesystem.FS, src artifact.Source, n int) ([]byte, error) {
	return host.ReadSource(fsys, src, n)
}

// Errno names the error of Linux for a file that cannot be read; see [host.Errno].
func Errno(err error, in *filesystem.Inode) string { return host.Errno(err, in) }

// LoadRules compiles YARA rules; see [rules.Load].
func LoadRules(paths []string, noBuiltin bool) (*RuleSet, error) { return rules.Load(paths, noBuiltin) }

// CheckRules compiles each rule file by itself; see [rules.Check].
func CheckRules(paths []string) (problems []engine.Problem, count int, err error) {
	return rules.Check(paths)
}

// TestRules runs YARA rules over the samples of a directory; see [rules.Test].
func TestRules(ctx context.Context, set *RuleSet, dir string) (*RuleTests, error) {
	return rules.Test(ctx, set, dir)
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

// HostFiles lists the regular files of a directory of the analyst's machine, or the
// file itself.
func HostFiles(name string) ([]string, error) { return rules.HostFiles(name) }

// IsDir says whether there is such a directory on the analyst's machine.
func IsDir(name string) bool { return rules.IsDir(name) }
