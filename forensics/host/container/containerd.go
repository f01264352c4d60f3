package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"icecore/forensics/filesystem"
)

// Directories of containerd's plugins.
const (
	metadataPlugin    = "io.containerd.metadata.v1.bolt"
	snapshotterPlugin = "io.containerd.snapshotter.v1."
)

// maxValue is what is read of one value of a database: a specification.
const maxValue = maxFile

// containerd reads the root of containerd: the containers and images of every namespace,
// and the directories of their snapshots.
func (d *reader) containerd() error {
	s := &snapshots{d: d, stores: make(map[string]*store)}
	at := d.path(metadataPlugin, "meta.db")
	db, err := d.openBolt(at)
	if err != nil {
		d.problem(Place{Path: at}, err)
		return s.loose()
	}
	v1, err := db.root().bucket("v1")
	if err != nil || v1 == nil {
		d.problem(Place{Path: at}, err)
		return s.loose()
	}
	err = v1.each(func(key, _ []byte, ns *bucket) error {
		if ns == nil {
			return nil // the version
		}
		return d.namespace(string(key), ns, s, at)
	})
	if err != nil {
		d.problem(Place{at, "v1"}, err)
	}
	if errors.Is(err, errFull) {
		return nil
	}
	return s.loose()
}

// open opens a regular file of the tree.
func (d *reader) open(name string) (filesystem.File, error) {
	found, err := d.tree.Lookup(name, true)
	if err != nil {
		return nil, err
	}
	f, err := found.Open()
	if err != nil {
		return nil, err
	}
	if !f.Inode().IsRegular() {
		return nil, fmt.Errorf("%w: a %s", fs.ErrInvalid, f.Inode().TypeName())
	}
	return f, nil
}

// openBolt opens a database of the tree.
func (d *reader) openBolt(name string) (*bolt, error) {
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	return openBolt(f, f.Size())
}

// namespace reads one namespace.
func (d *reader) namespace(name string, ns *bucket, s *snapshots, at string) error {
	for _, part := range []struct {
		bucket string
		read   func(key string, b *bucket, member string) error
	}{
		{"containers", func(key string, b *bucket, member string) error {
			return d.containerdContainer(name, key, ns, b, s, Place{at, member})
		}},
		{"images", func(key string, b *bucket, member string) error {
			return d.containerdImage(name, key, ns, b, s, Place{at, member})
		}},
	} {
		b, err := ns.bucket(part.bucket)
		if err == nil && b != nil {
			err = b.each(func(key, _ []byte, sub *bucket) error {
				if sub == nil {
					return nil
				}
				if err := d.ctx.Err(); err != nil {
					return err
				}
				return part.read(string(key), sub, "v1/"+name+"/"+part.bucket+"/"+string(key))
			})
		}
		d.problem(Place{at, "v1/" + name + "/" + part.bucket}, err)
		if errors.Is(err, errFull) {
			return err
		}
	}
	return nil
}

// value gives a value as text.
func (d *reader) value(b *bucket, key string, at Place) string {
	v, err := b.value(key)
	at.Member += "/" + key
	d.problem(at, err)
	if d.read += int64(len(v)); d.read > maxRead {
		d.problem(Place{Path: at.Path}, fmt.Errorf("%w: more than %d bytes of values", errFull, int64(maxRead)))
		return ""
	}
	if len(v) > maxValue {
		d.problem(at, fmt.Errorf("%w: %d bytes", filesystem.ErrTooLarge, len(v)))
		return ""
	}
	return string(v)
}

// strings gives the texts of a bucket, such as labels.
func (d *reader) strings(b *bucket, at Place, names ...string) map[string]string {
	sub, err := b.bucket(names...)
	out := make(map[string]string)
	if err == nil && sub != nil {
		err = sub.each(func(key, value []byte, _ *bucket) error {
			if len(out) < maxWords && len(value) <= maxWord {
				out[string(key)] = string(value)
			}
			return nil
		})
	}
	at.Member += "/" + strings.Join(names, "/")
	d.problem(at, err)
	return out
}

// stamp reads a time in the form of time.Time's own.
func (d *reader) stamp(b *bucket, key string, at Place) time.Time {
	var t time.Time
	if v := d.value(b, key, at); v == "" || t.UnmarshalBinary([]byte(v)) != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

func (d *reader) containerdContainer(ns, id string, all, b *bucket, s *snapshots, at Place) error {
	c := Container{
		Engine: Containerd, ID: id, Namespace: ns, Image: d.value(b, "image", at),
		Created: d.stamp(b, "createdat", at), Source: at,
	}
	if _, v := anyValue([]byte(d.value(b, "spec", at))); len(v) > 0 {
		member := at
		member.Member += "/spec"
		var sp spec
		if err := json.Unmarshal(v, &sp); err != nil {
			d.problem(member, fmt.Errorf("no valid JSON: %w", err))
		}
		sp.fill(&c)
		labels(&c, sp.Annotations)
	}
	l := d.strings(b, at, "labels")
	named := c
	labels(&named, l)
	c.merge(&named)
	c.cri(d, b, at, l)
	c.Layers = s.of(ns, all, d.value(b, "snapshotter", at), d.value(b, "snapshotKey", at), at.Path)
	return d.add(c)
}

// merge takes what the labels say.
func (c *Container) merge(l *Container) {
	for _, p := range []struct {
		to   *string
		from string
	}{{&c.Name, l.Name}, {&c.Pod, l.Pod}, {&c.PodSpace, l.PodSpace}, {&c.RestartPolicy, l.RestartPolicy}} {
		if p.from != "" {
			*p.to = p.from
		}
	}
	c.Autostart = c.Autostart || l.Autostart
}

// criMetadata is what containerd's plugin for Kubernetes keeps of a container or of the
// sandbox of a pod, each under its own key.
type criMetadata struct {
	Metadata struct {
		Config struct {
			Linux struct {
				SecurityContext struct {
					Privileged       bool `json:"privileged"`
					NamespaceOptions struct {
						Network, Pid, Ipc int // 2: of the node
					} `json:"namespace_options"`
				} `json:"security_context"`
			} `json:"linux"`
			Annotations map[string]string `json:"annotations"`
		}
		SandboxID string
	}
}

// cri reads it. kubelet starts the containers of its pods whenever it starts itself.
func (c *Container) cri(d *reader, b *bucket, at Place, labels map[string]string) {
	kind := labels["io.cri-containerd.kind"]
	if kind == "" && c.Pod == "" {
		return
	}
	c.Autostart = true
	if kind == "" {
		kind = "container"
	}
	ext, err := b.bucket("extensions")
	if err != nil || ext == nil {
		return
	}
	_, v := anyValue([]byte(d.value(ext, "io.cri-containerd."+kind+".metadata", at)))
	var m criMetadata
	if len(v) == 0 || json.Unmarshal(v, &m) != nil {
		return
	}
	sc := &m.Metadata.Config.Linux.SecurityContext
	c.Privileged = c.Privileged || sc.Privileged
	const node = 2
	if sc.NamespaceOptions.Network == node {
		c.NetworkMode = "host"
	}
	if sc.NamespaceOptions.Pid == node {
		c.PIDMode = "host"
	}
}
