package container

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"icecore/forensics/content/sqlite"
)

// bigData gives the name of the file in which containers/storage keeps data of an image
// under a name: as it is, or in base64 behind an equals sign where it has other bytes than
// letters, digits and a few marks.
func bigData(name string) string {
	for i := range len(name) {
		c := name[i]
		if c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "=" + base64.StdEncoding.EncodeToString([]byte(name))
		}
	}
	return name
}

// libpodConfig is what libpod's database holds of a container that never changes.
type libpodConfig struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Pod           string            `json:"pod"`
	ImageID       string            `json:"rootfsImageID"`
	Image         string            `json:"rootfsImageName"`
	Created       string            `json:"createdTime"`
	RestartPolicy string            `json:"restart_policy"`
	User          string            `json:"user"`
	Labels        map[string]string `json:"labels"`
	Spec          spec              `json:"spec"`
	Privileged    bool              `json:"privileged"`
	// Root is a directory that the container runs in instead of an image.
	Root string `json:"rootfs"`
}

// libpodState is what it holds of one that does.
type libpodState struct {
	State    int    `json:"state"`
	Started  string `json:"startedTime"`
	Finished string `json:"finishedTime"`
}

// libpodStates are the names of the states, by number.
var libpodStates = []string{"", "created", "created", "running", "exited", "paused", "exited", "removing", "stopping"}

// podman reads libpod's databases: bolt_state.db, and db.sql since Podman 4.8. Where both
// are there, the first is what was before.
func (d *reader) podman() error {
	if err := d.podmanBolt(d.path("libpod/bolt_state.db")); err != nil {
		return err
	}
	at := d.path("db.sql")
	if !d.regular(at) {
		return nil
	}
	err := d.podmanSQL(at)
	if errors.Is(err, errFull) || d.ctx.Err() != nil {
		return err
	}
	d.problem(Place{Path: at}, err)
	return nil
}

// podmanSQL reads db.sql: the tables ContainerConfig and ContainerState, whose columns JSON
// hold the same as the values of bolt_state.db.
func (d *reader) podmanSQL(at string) error {
	f, err := d.open(at)
	if err != nil {
		return err
	}
	var log sqlite.File
	if l, err := d.open(at + "-wal"); err == nil {
		log = l
	}
	head := make([]byte, len(sqlite.Magic))
	if n, _ := f.ReadAt(head, 0); string(head[:n]) != sqlite.Magic && !d.exists(d.path("storage.lock")) {
		return nil // a dump of another database: the name is common
	}
	db, err := sqlite.Open(d.ctx, f, log)
	if err != nil {
		return err
	}
	d.problem(Place{Path: at + "-wal"}, db.LogErr)
	if !db.Has("ContainerConfig") || !db.Has("ContainerState") {
		return nil // a database of another program
	}
	states := make(map[string]string)
	err = d.rows(db, "ContainerState", at, func(id, state string, _ Place) error {
		if d.kept += len(id) + len(state); d.kept > maxKept {
			return fmt.Errorf("%w: the rest after %d states was not read", errFull, len(states))
		}
		states[id] = state
		return nil
	})
	if err != nil {
		return err
	}
	d.kept = 0 // those of the states are not kept
	return d.rows(db, "ContainerConfig", at, func(id, config string, place Place) error {
		return d.libpod(config, states[id], place)
	})
}

// rows calls fn for each row of a table with the columns ID and, the last one of four, JSON.
func (d *reader) rows(db *sqlite.DB, table, at string, fn func(id, json string, at Place) error) error {
	return db.Table(d.ctx, table, maxValue, func(r sqlite.Row) error {
		place := Place{at, table}
		if r.Err != nil {
			d.problem(place, r.Err)
			return d.ctx.Err()
		}
		v, err := r.Values(4)
		if err != nil {
			d.problem(place, err)
			return d.ctx.Err()
		}
		if d.read += int64(len(r.Data)); d.read > maxRead {
			return fmt.Errorf("%w: more than %d bytes of rows", errFull, int64(maxRead))
		}
		place.Member += "/" + string(v[0].Bytes)
		return fn(string(v[0].Bytes), string(v[3].Bytes), place)
	})
}

// podmanBolt reads bolt_state.db.
func (d *reader) podmanBolt(at string) error {
	db, err := d.openBolt(at)
	if err != nil {
		d.problem(Place{Path: at}, err)
		return nil
	}
	ctr, err := db.root().bucket("ctr")
	if err != nil || ctr == nil {
		d.problem(Place{at, "ctr"}, err)
		return nil
	}
	err = ctr.each(func(id, _ []byte, b *bucket) error {
		if b == nil {
			return nil
		}
		place := Place{at, "ctr/" + string(id)}
		config, state := d.value(b, "config", place), d.value(b, "state", place)
		place.Member += "/config"
		return d.libpod(config, state, place)
	})
	if errors.Is(err, errFull) || errors.Is(err, context.Canceled) {
		return err
	}
	d.problem(Place{at, "ctr"}, err)
	return nil
}

// libpod keeps a container of libpod's database.
func (d *reader) libpod(config, state string, at Place) error {
	var c libpodConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		d.problem(at, fmt.Errorf("no valid JSON: %w", err))
		return d.ctx.Err()
	}
	out := Container{
		Engine: Podman, ID: c.ID, Name: c.Name, Pod: c.Pod, Image: c.Image, ImageID: c.ImageID, User: c.User,
		Created: moment(c.Created), RestartPolicy: c.RestartPolicy, Source: at,
	}
	c.Spec.fill(&out)
	labels(&out, c.Labels)
	out.RestartPolicy, out.Privileged = c.RestartPolicy, out.Privileged || c.Privileged
	// podman-restart.service starts them at boot.
	out.Autostart = c.RestartPolicy == "always" || c.RestartPolicy == "unless-stopped"
	if path.IsAbs(c.Root) {
		out.Layers = []string{path.Clean(c.Root)}
	}
	var s libpodState
	if state != "" && json.Unmarshal([]byte(state), &s) == nil {
		out.Started, out.Finished = moment(s.Started), moment(s.Finished)
		if s.State > 0 && s.State < len(libpodStates) {
			out.State = libpodStates[s.State]
		}
	}
	return d.add(out)
}
