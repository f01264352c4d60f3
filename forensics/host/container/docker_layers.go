package container

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
)

// dockerLayers finds the directories of Docker's layers. A layer has a chain id, which
// layerdb maps to the name of its directory (cache-id) and to the chain id below it; the
// layer that a container writes has an entry in layerdb/mounts.
type dockerLayers struct {
	d     *reader
	chain map[string]dockerLayer // by DRIVER/CHAIN
}

type dockerLayer struct{ cache, parent string }

// maxChain bounds the layers that are remembered.
const maxChain = 50_000

// dockerDirs says for each driver where a layer's files lie, and whether a directory is a
// whole root of its own.
var dockerDirs = map[string]struct {
	dir   func(id string) string
	whole bool
}{
	"overlay2":       {func(id string) string { return "overlay2/" + id + "/diff" }, false},
	"fuse-overlayfs": {func(id string) string { return "fuse-overlayfs/" + id + "/diff" }, false},
	"aufs":           {func(id string) string { return "aufs/diff/" + id }, false},
	"vfs":            {func(id string) string { return "vfs/dir/" + id }, true},
	"btrfs":          {func(id string) string { return "btrfs/subvolumes/" + id }, true},
}

// of sets the layers of a container. With the containerd image store they are snapshots
// of containerd, which [Result.join] adds.
func (l *dockerLayers) of(c *Container, driver string) {
	d := l.d
	if driver == "overlay" { // the first one: the upper layer, and a whole root below it
		l.overlay1(c)
		return
	}
	dirs, ok := dockerDirs[driver]
	if !ok {
		if driver == "devicemapper" || driver == "zfs" || driver == "windowsfilter" {
			d.problem(c.Source, fmt.Errorf("layers of the driver %s are not in files: %w", driver, filesystem.ErrUnsupported))
		}
		return
	}
	mounts := d.path("image", driver, "layerdb/mounts", c.ID)
	id := d.word(mounts + "/mount-id")
	if !isName(id) {
		return
	}
	c.Others = append(c.Others, Place{Path: mounts + "/mount-id"})
	c.Layers = []string{d.path(dirs.dir(id))}
	if dirs.whole {
		return
	}
	if init := d.word(mounts + "/init-id"); isName(init) {
		c.Layers = append(c.Layers, d.path(dirs.dir(init)))
	}
	if parent := d.word(mounts + "/parent"); parent != "" {
		below, whole := l.below(driver, parent)
		if !whole {
			below = l.lower(driver, id)
			if len(below) > 0 { // it names the init layer, too
				c.Layers = c.Layers[:1]
			}
		}
		c.Layers = append(c.Layers, below...)
	}
}

// below gives the directories of a chain, and whether all of it is known.
func (l *dockerLayers) below(driver, chain string) ([]string, bool) {
	var out []string
	for chain != "" {
		x := l.layer(driver, chain)
		if !isName(x.cache) || len(out) > maxDepth {
			return out, false
		}
		out = append(out, l.d.path(dockerDirs[driver].dir(x.cache)))
		if dockerDirs[driver].whole {
			return out, true
		}
		chain = x.parent
	}
	return out, true
}

func (l *dockerLayers) layer(driver, chain string) dockerLayer {
	key := driver + "/" + chain
	if x, ok := l.chain[key]; ok {
		return x
	}
	var x dockerLayer
	if algorithm, hash, _ := strings.Cut(chain, ":"); isName(algorithm) && isName(hash) {
		dir := l.d.path("image", driver, "layerdb", algorithm, hash)
		x = dockerLayer{l.d.word(dir + "/cache-id"), l.d.word(dir + "/parent")}
	}
	if l.chain == nil {
		l.chain = make(map[string]dockerLayer)
	}
	if len(l.chain) < maxChain {
		l.chain[key] = x
	}
	return x
}

// lower reads the file lower of a directory of overlay2: the short names of the layers
// below it, each a link in overlay2/l.
func (l *dockerLayers) lower(driver, id string) []string {
	dir := l.d.path(driver)
	b, err := l.d.file(path.Join(dir, id, "lower"), 64<<10)
	l.d.problem(Place{Path: path.Join(dir, id, "lower")}, err)
	var out []string
	for _, short := range strings.Split(strings.TrimSpace(string(b)), ":") {
		if short == "" || len(out) > maxDepth {
			break
		}
		f, err := l.d.tree.Lookup(path.Join(dir, path.Clean("/"+short)), true)
		if err == nil && strings.HasPrefix(f.Path, dir+"/") {
			out = append(out, f.Path)
		}
	}
	return out
}

// overlay1 reads a directory of the driver that overlay2 replaced.
func (l *dockerLayers) overlay1(c *Container) {
	id := l.d.word(l.d.path("image/overlay/layerdb/mounts", c.ID, "mount-id"))
	if !isName(id) {
		return
	}
	c.Layers = []string{l.d.path("overlay", id, "upper")}
	if lower := l.d.word(l.d.path("overlay", id, "lower-id")); isName(lower) {
		c.Layers = append(c.Layers, l.d.path("overlay", lower, "root"))
	}
}

// dockerImage is what imagedb holds of an image.
type dockerImage struct {
	Created string `json:"created"`
	Config  struct {
		Entrypoint, Cmd, Env []string
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// images reads the images of all drivers.
func (l *dockerLayers) images() error {
	d := l.d
	for _, driver := range d.list(d.path("image"), 100) {
		if !d.exists(d.path("image", driver, "imagedb")) {
			continue // a directory of somebody else
		}
		names := l.names(driver)
		for _, id := range d.list(d.path("image", driver, "imagedb/content/sha256"), maxEntries) {
			at := d.path("image", driver, "imagedb/content/sha256", id)
			var i dockerImage
			if d.json(at, maxFile, &i) != nil {
				if d.ctx.Err() != nil {
					return d.ctx.Err()
				}
				continue
			}
			out := Image{
				Engine: Docker, ID: "sha256:" + id, Names: names["sha256:"+id], Created: moment(i.Created),
				Command: slices.Concat(i.Config.Entrypoint, i.Config.Cmd), Env: i.Config.Env, Source: Place{Path: at},
			}
			if _, ok := dockerDirs[driver]; ok && len(i.RootFS.DiffIDs) > 0 && len(i.RootFS.DiffIDs) <= maxDepth {
				out.Layers, _ = l.below(driver, chainID(i.RootFS.DiffIDs))
			}
			if err := d.addImage(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// names gives the names of images by their id.
func (l *dockerLayers) names(driver string) map[string][]string {
	var repositories struct {
		Repositories map[string]map[string]string
	}
	out := make(map[string][]string)
	if l.d.json(l.d.path("image", driver, "repositories.json"), maxBigFile, &repositories) != nil {
		return out
	}
	for _, tags := range repositories.Repositories {
		for name, id := range tags {
			out[id] = append(out[id], name)
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// chainID gives the id of the uppermost of some layers, as OCI's image specification
// makes it.
func chainID(diffs []string) string {
	chain := diffs[0]
	for _, d := range diffs[1:] {
		sum := sha256.Sum256([]byte(chain + " " + d))
		chain = "sha256:" + hex.EncodeToString(sum[:])
	}
	return chain
}

// isName says whether a word from a file can be one component of a path.
func isName(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) <= 255 && !strings.ContainsAny(s, "/\x00")
}
