package container

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"icecore/forensics/filesystem"
)

// snapshots finds the directories of snapshots. meta.db maps a namespace's name of a
// snapshot to the snapshotter's, metadata.db of the snapshotter that to a number, which
// is the name of the directory, and to the snapshot below it.
type snapshots struct {
	d      *reader
	stores map[string]*store
}

// store is what one snapshotter holds.
type store struct {
	name, dir string
	list      map[string]snapshot
	used      map[string]bool // by a container
}

type snapshot struct {
	id     uint64
	parent string
	active bool // a container, or a build, writes it
}

// Kinds of snapshots in a database.
const kindActive = 2

// of gives the directories of a namespace's snapshot, the uppermost first.
func (s *snapshots) of(ns string, all *bucket, snapshotter, key, at string) []string {
	if snapshotter == "" || key == "" {
		return nil
	}
	place := Place{at, "v1/" + ns + "/snapshots/" + snapshotter + "/" + key}
	b, err := all.bucket("snapshots", snapshotter, key)
	s.d.problem(place, err)
	if err != nil || b == nil {
		return nil
	}
	st := s.store(snapshotter)
	name := s.d.value(b, "name", place)
	st.used[name] = true
	return st.layers(name)
}

// store reads a snapshotter's database, once.
func (s *snapshots) store(name string) *store {
	if st, ok := s.stores[name]; ok {
		return st
	}
	st := &store{name: name, list: make(map[string]snapshot), used: make(map[string]bool)}
	s.stores[name] = st
	if !isName(name) {
		return st
	}
	d := s.d
	st.dir = d.path(snapshotterPlugin + name)
	at := path.Join(st.dir, "metadata.db")
	db, err := d.openBolt(at)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("the snapshotter %s keeps its files elsewhere: %w", name, filesystem.ErrUnsupported)
	}
	if err == nil {
		err = st.read(d, db, at)
	}
	d.problem(Place{at, ""}, err)
	return st
}

func (st *store) read(d *reader, db *bolt, at string) error {
	b, err := db.root().bucket("v1", "snapshots")
	if err != nil || b == nil {
		return err
	}
	return b.each(func(key, _ []byte, sub *bucket) error {
		if sub == nil {
			return nil
		}
		if len(st.list) >= maxEntries {
			return fmt.Errorf("%w: more than %d snapshots", errFull, maxEntries)
		}
		var x snapshot
		fault := sub.each(func(k, v []byte, _ *bucket) error {
			switch string(k) {
			case "id":
				x.id, _ = binary.Uvarint(v)
			case "parent":
				x.parent = string(v)
			case "kind":
				x.active = len(v) == 1 && v[0] == kindActive
			}
			return nil
		})
		d.problem(Place{at, "v1/snapshots/" + string(key)}, fault)
		if d.kept += len(key) + len(x.parent) + 64; d.kept > maxKept {
			return fmt.Errorf("%w: the rest after %d snapshots was not read", errFull, len(st.list))
		}
		st.list[string(key)] = x
		return d.ctx.Err()
	})
}

// layers follows the parents of a snapshot.
func (st *store) layers(key string) []string {
	var out []string
	for key != "" && len(out) <= maxDepth {
		x, ok := st.list[key]
		if !ok || x.id == 0 {
			break
		}
		dir, whole := st.directory(x)
		if dir == "" {
			break
		}
		out = append(out, dir)
		if whole {
			break
		}
		key = x.parent
	}
	return out
}

// directory says where a snapshot's files lie, and whether they are a whole root.
func (st *store) directory(x snapshot) (dir string, whole bool) {
	id := strconv.FormatUint(x.id, 10)
	switch st.name {
	case "devmapper", "zfs", "blockfile", "erofs": // in volumes, or in images of filesystems
		return "", true
	case "native":
		return path.Join(st.dir, "snapshots", id), true
	case "btrfs":
		if x.active {
			return path.Join(st.dir, "active", id), true
		}
		return path.Join(st.dir, "snapshots", id), true
	}
	return path.Join(st.dir, "snapshots", id, "fs"), false
}

// loose keeps the snapshots that something writes and no container claims: of Docker's
// containers that do not run, of builds, or of a container whose entry is gone.
func (s *snapshots) loose() error {
	d := s.d
	for _, n := range d.list(d.root.Dir, 1000) {
		if name, ok := strings.CutPrefix(n, snapshotterPlugin); ok && d.exists(d.path(n, "metadata.db")) {
			s.store(name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.stores)) {
		st := s.stores[name]
		for _, key := range slices.Sorted(maps.Keys(st.list)) {
			if !st.list[key].active || st.used[key] {
				continue
			}
			out := Snapshot{Key: key, Layers: st.layers(key), Source: Place{path.Join(st.dir, "metadata.db"), "v1/snapshots/" + key}}
			if p := strings.SplitN(key, "/", 3); len(p) == 3 { // NAMESPACE/NUMBER/KEY
				out.Namespace, out.Key = p[0], p[2]
			}
			if d.kept += size(out.Layers) + 2*len(key); d.kept > maxKept || len(d.out.Snapshots) >= maxContainers {
				return fmt.Errorf("%w: the rest after %d snapshots was not read", errFull, len(d.out.Snapshots))
			}
			d.out.Snapshots = append(d.out.Snapshots, out)
		}
	}
	return nil
}
