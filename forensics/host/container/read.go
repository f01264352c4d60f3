package container

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/guard"
	"icecore/forensics/text"
)

// Bounds of what is read of one state directory.
const (
	maxContainers = 10_000   // containers, and images
	maxEntries    = 200_000  // names of a directory, layers, snapshots
	maxDepth      = 500      // layers of one container
	maxFile       = 4 << 20  // bytes of a file about one container
	maxListFile   = 32 << 20 // bytes of a list of all of them
	maxBigFile    = 8 << 20  // bytes of another file about all of them
	maxWords      = 1000     // arguments, variables, mounts of one container
	maxWord       = 16 << 10 // bytes of one of them
	maxWordsTotal = 64 << 10 // bytes of all arguments, or of all variables
	maxKept       = 64 << 20 // bytes kept of all containers
	maxRead       = 1 << 30  // bytes read of files
	maxProblems   = 100
)

// Read reads one state directory. An error is that of the context; what could not be
// read is a problem of the result.
func Read(ctx context.Context, tree filesystem.Tree, r Root) (Result, error) {
	d := &reader{ctx: ctx, tree: tree, root: r}
	read := map[Kind]func(*reader) error{
		DockerRoot: (*reader).docker, ContainerdRoot: (*reader).containerd,
		StorageRoot: (*reader).storage, PodmanState: (*reader).podman, Bundle: (*reader).bundle,
		LXCContainer: (*reader).lxc, LXDContainer: (*reader).lxd, MachinesDir: (*reader).machines,
		SnapDir: (*reader).snaps, OSTreeDir: (*reader).ostree, QuadletDir: (*reader).quadlets,
	}[r.Kind]
	if read == nil {
		return Result{}, nil
	}
	err := guard.Do("containers: "+string(r.Kind), func() error { return read(d) })
	d.out.from(r.Dir)
	if ctx.Err() != nil {
		return d.out, ctx.Err()
	}
	if err != nil {
		d.problem(Place{Path: r.Dir}, err)
	}
	return d.out, nil
}

// ReadAll reads state directories and joins what several of them say of one container:
// Docker's own files name it and containerd's database knows its snapshot.
func ReadAll(ctx context.Context, tree filesystem.Tree, roots []Root) (Result, error) {
	var all Result
	done := make(map[Root]bool)
	for _, r := range roots {
		if done[r] {
			continue
		}
		done[r] = true
		got, err := Read(ctx, tree, r)
		if err != nil {
			return all, err
		}
		all.Containers = append(all.Containers, got.Containers...)
		all.Images = append(all.Images, got.Images...)
		all.Snapshots = append(all.Snapshots, got.Snapshots...)
		all.Problems = append(all.Problems, got.Problems...)
	}
	all.join()
	return all, all.finish(ctx, tree)
}

// from says in which state directory all was found.
func (r *Result) from(dir string) {
	for i := range r.Containers {
		r.Containers[i].Root = dir
	}
	for i := range r.Images {
		r.Images[i].Root = dir
	}
	for i := range r.Snapshots {
		r.Snapshots[i].Root = dir
	}
}

// reader reads one state directory.
type reader struct {
	ctx  context.Context
	tree filesystem.Tree
	root Root
	out  Result
	kept int
	read int64
}

// errFull ends the reading where a bound is reached.
var errFull = errors.New("bound reached")

func (d *reader) path(parts ...string) string {
	return path.Join(append([]string{d.root.Dir}, parts...)...)
}

// problem notes what was not read; what is not there is none.
func (d *reader) problem(at Place, err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) || d.ctx.Err() != nil {
		return
	}
	cut := errors.Is(err, filesystem.ErrTooLarge) || errors.Is(err, errFull)
	switch n := len(d.out.Problems); {
	case n < maxProblems:
		d.out.Problems = append(d.out.Problems, Problem{at, err.Error(), cut})
	case n == maxProblems:
		d.out.Problems = append(d.out.Problems, Problem{Place{Path: d.root.Dir}, "more problems of the same directory", true})
	}
}

// json reads a file into a value. It returns an error for what is not there, and notes
// others.
func (d *reader) json(name string, limit int64, into any) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	b, err := d.file(name, limit)
	if err == nil {
		if err = json.Unmarshal(b, into); err != nil {
			err = fmt.Errorf("no valid JSON: %w", err)
		}
	}
	d.problem(Place{Path: name}, err)
	return err
}

// jsonList reads a list in a file, one item at a time, and calls fn with each.
func jsonList[T any](d *reader, name string, fn func(T) error) error {
	b, err := d.file(name, maxListFile)
	if err != nil {
		d.problem(Place{Path: name}, err)
		return d.ctx.Err()
	}
	invalid := func(err error) error {
		d.problem(Place{Path: name}, fmt.Errorf("no valid JSON: %w", err))
		return d.ctx.Err()
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return invalid(cmp.Or(err, errors.New("not a list")))
	}
	for n := 0; dec.More(); n++ {
		if n >= maxEntries {
			return fmt.Errorf("%s: %w: more than %d entries", text.Quote(name), errFull, maxEntries)
		}
		var x T
		if err := dec.Decode(&x); err != nil {
			return invalid(err)
		}
		if err := fn(x); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return invalid(err)
	}
	return d.ctx.Err()
}

// file reads a file, of which many may be large.
func (d *reader) file(name string, limit int64) ([]byte, error) {
	if d.read > maxRead {
		return nil, fmt.Errorf("%w: more than %d bytes of files", errFull, int64(maxRead))
	}
	b, err := filesystem.ReadFile(d.tree, name, limit)
	d.read += int64(len(b))
	return b, err
}

// word reads a file that holds one word, such as an id.
func (d *reader) word(name string) string {
	b, err := d.file(name, 256)
	d.problem(Place{Path: name}, err)
	return strings.TrimSpace(string(b))
}

// list lists the directories below one, bounded.
func (d *reader) list(dir string, limit int) []string {
	entries, err := d.tree.ReadDir(dir)
	d.problem(Place{Path: dir}, err)
	if len(entries) > limit {
		d.problem(Place{Path: dir}, fmt.Errorf("%w: %d entries, of which %d were read", errFull, len(entries), limit))
		entries = entries[:limit]
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name
	}
	return out
}

// exists says whether a path exists.
func (d *reader) exists(name string) bool {
	_, err := d.tree.Lookup(name, true)
	return err == nil
}

// add keeps a container.
func (d *reader) add(c Container) error {
	c.Command, c.Env = words(c.Command), words(c.Env)
	if len(c.Mounts) > maxWords {
		c.Mounts = c.Mounts[:maxWords]
	}
	n := size(c.Command) + size(c.Env) + size(c.Layers) + size(c.CapAdd)
	for i := range c.Mounts {
		m := &c.Mounts[i]
		m.Source, m.Destination = text.Cut(m.Source, 4096), text.Cut(m.Destination, 4096)
		n += len(m.Source) + len(m.Destination) + 40
	}
	for _, s := range []*string{
		&c.ID, &c.Name, &c.Namespace, &c.Pod, &c.PodSpace, &c.Image, &c.ImageID, &c.WorkDir, &c.User,
		&c.NetworkMode, &c.PIDMode, &c.IPCMode, &c.RestartPolicy, &c.State,
	} {
		*s = text.Cut(*s, 4096)
		n += len(*s) + 16
	}
	if d.kept += n; d.kept > maxKept || len(d.out.Containers) >= maxContainers {
		return fmt.Errorf("%w: the rest after %d containers was not read", errFull, len(d.out.Containers))
	}
	d.out.Containers = append(d.out.Containers, c)
	return d.ctx.Err()
}

// addImage keeps an image.
func (d *reader) addImage(i Image) error {
	i.Command, i.Env, i.Names = words(i.Command), words(i.Env), words(i.Names)
	i.ID = text.Cut(i.ID, 4096)
	d.kept += size(i.Command) + size(i.Env) + size(i.Names) + size(i.Layers) + len(i.ID)
	if d.kept > maxKept || len(d.out.Images) >= maxContainers {
		return fmt.Errorf("%w: the rest after %d images was not read", errFull, len(d.out.Images))
	}
	d.out.Images = append(d.out.Images, i)
	return d.ctx.Err()
}

func size(list []string) int {
	n := 0
	for _, s := range list {
		n += len(s) + 16
	}
	return n
}

// words bounds a list: what stands behind the bound is left out, and a last word says so.
func words(list []string) []string {
	total := 0
	for i, w := range list {
		if len(w) > maxWord {
			list[i] = text.Cut(w, maxWord)
		}
		if total += len(list[i]); i >= maxWords || total > maxWordsTotal {
			return append(slices.Clone(list[:i]), "...")
		}
	}
	return list
}

// moment reads a time as the engines write it, zero where it is none.
func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 {
		return time.Time{}
	}
	return t.UTC()
}
