package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"sort"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"icecore/forensics/filesystem"
	"icecore/forensics/text"
)

// ListOptions say what a listing holds. The zero value gives the live files of one
// directory.
type ListOptions struct {
	Path      string // the directory, or one file; empty: the root
	Recursive bool
	Deleted   bool // also orphan and deleted files, and deleted names of directories
	Hash      bool // the SHA-256 of regular files
	Jobs      int  // files hashed at the same time; 0: as many as processors
	Progress  func(Progress)
}

// Listed is one line of a listing.
type Listed struct {
	Path   string // bytes, from the root of the filesystem
	Target string // of a symbolic link
	Inode  *filesystem.Inode
	// NameDeleted is set for a name found in the slack of a directory; Inode is
	// then what the number stands for now.
	NameDeleted bool
	SHA256      string
	Err         error // the content could not be read, or if NoInode the file
	NoInode     bool
}

// List lists files, in the order of their escaped paths.
func (v *Volume) List(ctx context.Context, opts ListOptions) ([]Listed, error) {
	ref, name, err := v.Find(ctx, Place{Path: opts.Path}, true)
	if err != nil {
		return nil, err
	}
	in, err := v.FS.Inode(ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text.Quote(opts.Path), err)
	}
	var list []Listed
	switch {
	case !in.IsDir():
		list = []Listed{{Path: name, Inode: in}}
	case opts.Recursive:
		list, err = v.listTree(ctx, name, opts)
	default:
		list, err = v.listDir(ctx, ref, name, opts)
	}
	if err != nil {
		return nil, err
	}
	sortListed(list)
	if opts.Hash {
		if err := v.hashListed(ctx, list, opts); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (v *Volume) listDir(ctx context.Context, ref filesystem.Ref, name string, opts ListOptions) ([]Listed, error) {
	entries, err := v.FS.ReadDir(ref)
	if err != nil && len(entries) == 0 {
		return nil, fmt.Errorf("%s: %w", text.Quote(name), err)
	}
	var list []Listed
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.Deleted && !opts.Deleted {
			continue
		}
		l := Listed{Path: path.Join(name, e.Name), NameDeleted: e.Deleted}
		if strings.Contains(e.Name, "/") { // not for path.Join
			l.Path = strings.TrimSuffix(name, "/") + "/" + e.Name
		}
		if l.Inode, l.Err = v.FS.Inode(filesystem.Ref{Inode: e.Inode}); l.Err != nil {
			l.NoInode = true
			l.Inode = &filesystem.Inode{Ref: filesystem.Ref{Inode: e.Inode}, Mode: e.Type}
		} else if l.Inode.IsSymlink() {
			l.Target, l.Err = v.FS.Readlink(l.Inode.Ref)
		}
		list = append(list, l)
	}
	return list, nil
}

func (v *Volume) listTree(ctx context.Context, top string, opts ListOptions) ([]Listed, error) {
	if opts.Progress != nil {
		opts.Progress(Progress{Phase: "reading directories"})
	}
	prefix := strings.TrimSuffix(top, "/") + "/"
	var list []Listed
	err := v.FS.Walk(ctx, filesystem.WalkOptions{Targets: true, Orphans: opts.Deleted, Deleted: opts.Deleted}, func(e *filesystem.Entry) error {
		if !strings.HasPrefix(e.Path, prefix) && (prefix != "/" || e.Path != "") || e.Path == "/" {
			return nil
		}
		l := Listed{Path: e.Path, Target: e.Target, Inode: e.Inode, Err: e.Err, NoInode: e.Err != nil && e.Inode.State == filesystem.Live}
		list = append(list, l)
		return nil
	})
	return list, err
}

// sortListed sorts by the escaped path, and what has the same path by state and
// inode.
func sortListed(list []Listed) {
	key := make([]string, len(list))
	for i := range list {
		key[i] = text.Escape(list[i].Path)
	}
	sort.Sort(&byKey{key, list})
}

type byKey struct {
	key  []string
	list []Listed
}

func (b *byKey) Len() int { return len(b.key) }
func (b *byKey) Swap(i, j int) {
	b.key[i], b.key[j] = b.key[j], b.key[i]
	b.list[i], b.list[j] = b.list[j], b.list[i]
}

func (b *byKey) Less(i, j int) bool {
	if b.key[i] != b.key[j] {
		return b.key[i] < b.key[j]
	}
	x, y := b.list[i].Inode, b.list[j].Inode
	if x.State != y.State {
		return x.State < y.State
	}
	if x.Ref.Inode != y.Ref.Inode {
		return x.Ref.Inode < y.Ref.Inode
	}
	return x.Ref.Version < y.Ref.Version
}

// hashListed hashes each regular file once, in the order of their inodes, which
// is close to that of the disk.
func (v *Volume) hashListed(ctx context.Context, list []Listed, opts ListOptions) error {
	byRef := make(map[filesystem.Ref][]int, len(list))
	var refs []filesystem.Ref
	total := Progress{Phase: "hashing"}
	for i := range list {
		l := &list[i]
		if l.Err != nil || l.NameDeleted || !l.Inode.IsRegular() {
			continue
		}
		if byRef[l.Inode.Ref] == nil {
			refs = append(refs, l.Inode.Ref)
			total.TotalFiles++
			total.TotalBytes += min(l.Inode.Size, v.Size) // what is larger is nearly all hole
		}
		byRef[l.Inode.Ref] = append(byRef[l.Inode.Ref], i)
	}
	sort.Slice(refs, func(i, j int) bool {
		if refs[i].Inode != refs[j].Inode {
			return refs[i].Inode < refs[j].Inode
		}
		return refs[i].Version < refs[j].Version
	})
	jobs := opts.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	var next, done, bytes atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	for worker := range jobs {
		g.Go(func() error {
			buf := make([]byte, 1<<20)
			for {
				n := int(next.Add(1)) - 1
				if n >= len(refs) {
					return nil
				}
				sum, read, err := v.HashFile(gctx, refs[n], buf)
				if gctx.Err() != nil {
					return gctx.Err()
				}
				for _, i := range byRef[refs[n]] {
					list[i].SHA256, list[i].Err = sum, err
				}
				b := bytes.Add(read)
				if d := done.Add(1); worker == 0 && opts.Progress != nil {
					p := total
					p.Files, p.Bytes = d, b
					opts.Progress(p)
				}
			}
		})
	}
	return g.Wait()
}

var errNotHashed = errors.New("not hashed")

// HashFile gives the SHA-256 of a file's content, hex, and how many bytes it read.
// buf is scratch space. A file that is larger than DefaultMaxFile and than its volume is
// refused: who planted it wants somebody to read zeros for hours.
func (v *Volume) HashFile(ctx context.Context, ref filesystem.Ref, buf []byte) (sum string, read int64, err error) {
	f, err := v.FS.Open(ref)
	if err != nil {
		return "", 0, err
	}
	if size := f.Size(); size > DefaultMaxFile && size > v.Size {
		return "", 0, fmt.Errorf("%w: it claims %d bytes, on a volume of %d: nearly all of it is a hole", errNotHashed, size, v.Size)
	}
	h := sha256.New()
	for size := f.Size(); read < size; {
		if err := ctx.Err(); err != nil {
			return "", read, err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-read)], read)
		_, _ = h.Write(buf[:n])
		read += int64(n)
		if err != nil && !(errors.Is(err, io.EOF) && read == size) {
			return "", read, fmt.Errorf("at byte %d: %w", read, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), read, nil
}

// Errno gives the name of the error that Linux returns where a file cannot be read
// for this reason.
func Errno(err error, in *filesystem.Inode) string {
	var corrupt *filesystem.CorruptError
	switch {
	case errors.As(err, &corrupt):
		return "EUCLEAN"
	case errors.Is(err, errNotHashed):
		return "EFBIG"
	case errors.Is(err, filesystem.ErrUnsupported) && in != nil && in.Flags&flagEncrypted != 0:
		return "ENOKEY"
	case errors.Is(err, filesystem.ErrUnsupported):
		return "EOPNOTSUPP"
	case errors.Is(err, fs.ErrNotExist):
		return "ENOENT"
	}
	return "EIO"
}

const flagEncrypted = 0x800 // FS_ENCRYPT_FL
