package container

import (
	"slices"
	"strings"
)

// ociManifest is an index of manifests, or a manifest.
type ociManifest struct {
	Manifests []struct {
		Digest string `json:"digest"`
	} `json:"manifests"`
	Config struct {
		Digest string `json:"digest"`
	} `json:"config"`
}

// containerdImage reads an image of a namespace, and the snapshot that it was unpacked to.
func (d *reader) containerdImage(ns, name string, all, b *bucket, s *snapshots, at Place) error {
	i := Image{Engine: Containerd, Names: []string{name}, Created: d.stamp(b, "createdat", at), Source: at}
	target, err := b.bucket("target")
	d.problem(at, err)
	if err == nil && target != nil {
		i.ID = d.value(target, "digest", at)
	}
	if c, ok := d.imageConfig(i.ID, 0); ok {
		i.Command, i.Env = slices.Concat(c.Config.Entrypoint, c.Config.Cmd), c.Config.Env
		if n := len(c.RootFS.DiffIDs); n > 0 && n <= maxDepth {
			i.Layers = d.unpacked(ns, chainID(c.RootFS.DiffIDs), all, s, at)
		}
	}
	return d.addImage(i)
}

// unpacked gives the directories of the snapshot of a chain, in the first snapshotter
// that has it.
func (d *reader) unpacked(ns, chain string, all *bucket, s *snapshots, at Place) []string {
	b, err := all.bucket("snapshots")
	d.problem(at, err)
	if err != nil || b == nil {
		return nil
	}
	var out []string
	err = b.each(func(snapshotter, _ []byte, sub *bucket) error {
		if sub != nil && len(out) == 0 {
			out = s.of(ns, all, string(snapshotter), chain, at.Path)
		}
		return nil
	})
	d.problem(at, err)
	return out
}

// maxManifests bounds the platforms of an image that are looked for.
const maxManifests = 50

// imageConfig reads the configuration of an image from the content store: of an index
// that of the first manifest that is there.
func (d *reader) imageConfig(digest string, depth int) (dockerImage, bool) {
	var m ociManifest
	var c dockerImage
	if depth > 2 || !d.blob(digest, &m) {
		return c, false
	}
	if m.Config.Digest != "" {
		return c, d.blob(m.Config.Digest, &c)
	}
	for n, x := range m.Manifests {
		if n == maxManifests {
			break
		}
		if c, ok := d.imageConfig(x.Digest, depth+1); ok {
			return c, true
		}
	}
	return c, false
}

// blob reads a file of the content store as JSON.
func (d *reader) blob(digest string, into any) bool {
	algorithm, hash, _ := strings.Cut(digest, ":")
	if !isName(algorithm) || !isName(hash) {
		return false
	}
	return d.json(d.path("io.containerd.content.v1.content/blobs", algorithm, hash), maxFile, into) == nil
}
