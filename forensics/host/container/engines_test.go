package container

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
)

// expect reads what an engine said.
func expect(t *testing.T, tree osTree, top, name string, into any) {
	t.Helper()
	b, err := filesystem.ReadFile(tree, path.Join(top, "expect", name), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := into.(*string); ok {
		*s = strings.TrimSpace(string(b))
		return
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// readAll reads one state directory of the engines.
func readAll(t *testing.T, tree osTree, roots ...Root) Result {
	t.Helper()
	out, err := ReadAll(t.Context(), tree, roots)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range out.Problems {
		t.Errorf("%s %s: %s", p.Path, p.Member, p.Why)
	}
	return out
}

// equal compares one fact of a container.
func equal[T any](t *testing.T, of, what string, got, want T) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("%s: %s is %s, the engine says %s", of, what, g, w)
	}
}

// TestFound: the walk finds the state directories of all engines by what lies in them.
func TestFound(t *testing.T) {
	tree, top := engines(t)
	if tree.dir == "/" {
		t.Skip("walks all of this machine")
	}
	got := find(t, tree)
	for _, want := range []Root{
		{DockerRoot, top + "/docker-overlay2"},
		{DockerRoot, top + "/docker-vfs"},
		{ContainerdRoot, top + "/containerd"},
		{StorageRoot, top + "/podman-overlay"},
		{StorageRoot, top + "/podman-vfs"},
		{PodmanState, top + "/podman-vfs"},
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%v was not found", want)
		}
	}
	if len(got) > 7 {
		t.Errorf("%d state directories: %v", len(got), got)
	}
}

// TestDocker: what is read of Docker's files is what docker inspect says.
func TestDocker(t *testing.T) {
	tree, top := engines(t)
	for _, driver := range []string{"overlay2", "vfs"} {
		var want []struct {
			ID, Name, Path, Image string
			Args                  []string
			Created               string
			State                 struct{ Status, StartedAt, FinishedAt string }
			Config                struct {
				Image, User, WorkingDir string
				Env                     []string
			}
			HostConfig struct {
				NetworkMode, PidMode, IpcMode string
				RestartPolicy                 struct{ Name string }
				Privileged                    bool
				CapAdd                        []string
			}
			Mounts []struct {
				Source, Destination string
				RW                  bool
			}
			GraphDriver struct {
				Data struct{ UpperDir, LowerDir string }
			}
		}
		expect(t, tree, top, "docker-"+driver+".json", &want)
		got := readAll(t, tree, Root{DockerRoot, top + "/docker-" + driver})
		if len(want) < 5 || len(got.Containers) != len(want) {
			t.Fatalf("%s: %d containers, want %d", driver, len(got.Containers), len(want))
		}
		for _, w := range want {
			i := slices.IndexFunc(got.Containers, func(c Container) bool { return c.ID == w.ID })
			if i < 0 {
				t.Errorf("%s is missing", w.Name)
				continue
			}
			c := got.Containers[i]
			equal(t, w.Name, "name", "/"+c.Name, w.Name)
			equal(t, w.Name, "command", c.Command, append([]string{w.Path}, w.Args...))
			equal(t, w.Name, "environment", c.Env, w.Config.Env)
			equal(t, w.Name, "image", []string{c.Image, c.ImageID}, []string{w.Config.Image, w.Image})
			equal(t, w.Name, "created", c.Created, moment(w.Created))
			equal(t, w.Name, "started", c.Started, moment(w.State.StartedAt))
			equal(t, w.Name, "policy", c.RestartPolicy, w.HostConfig.RestartPolicy.Name)
			equal(t, w.Name, "privileged", c.Privileged, w.HostConfig.Privileged)
			equal(t, w.Name, "capabilities", c.CapAdd, caps(w.HostConfig.CapAdd))
			equal(t, w.Name, "namespaces", []string{c.NetworkMode, c.PIDMode, c.IPCMode}, []string{w.HostConfig.NetworkMode, w.HostConfig.PidMode, w.HostConfig.IpcMode})
			var mounts []Mount
			for _, m := range w.Mounts {
				mounts = append(mounts, Mount{m.Source, m.Destination, !m.RW})
			}
			byName := func(a, b Mount) int { return strings.Compare(a.Destination, b.Destination) }
			slices.SortFunc(mounts, byName)
			slices.SortFunc(c.Mounts, byName)
			equal(t, w.Name, "mounts", c.Mounts, mounts)
			equal(t, w.Name, "autostart", c.Autostart, w.Name == "/web" || w.Name == "/priv")
			if driver == "vfs" {
				if len(c.Layers) != 1 || !strings.HasPrefix(c.Layers[0], top+"/docker-vfs/vfs/dir/") || !isDirOf(tree, c.Layers[0]) {
					t.Errorf("%s: layers %v", w.Name, c.Layers)
				}
				continue
			}
			equal(t, w.Name, "layers", c.Layers, append([]string{w.GraphDriver.Data.UpperDir}, strings.Split(w.GraphDriver.Data.LowerDir, ":")...))
		}
		var images []struct {
			ID          string
			RepoTags    []string
			Config      struct{ Cmd, Env []string }
			GraphDriver struct {
				Data struct{ UpperDir, LowerDir string }
			}
		}
		expect(t, tree, top, "docker-"+driver+"-images.json", &images)
		if len(images) != 2 || len(got.Images) != 2 {
			t.Fatalf("%d images, want %d", len(got.Images), len(images))
		}
		for _, w := range images {
			i := slices.IndexFunc(got.Images, func(i Image) bool { return i.ID == w.ID })
			if i < 0 {
				t.Errorf("image %s is missing", w.ID)
				continue
			}
			equal(t, w.ID, "names", got.Images[i].Names, w.RepoTags)
			equal(t, w.ID, "command", got.Images[i].Command, w.Config.Cmd)
			equal(t, w.ID, "environment", got.Images[i].Env, w.Config.Env)
			if d := w.GraphDriver.Data; driver == "overlay2" {
				want := []string{d.UpperDir}
				if d.LowerDir != "" {
					want = append(want, strings.Split(d.LowerDir, ":")...)
				}
				equal(t, w.ID, "layers", got.Images[i].Layers, want)
			}
		}
	}
}

func isDirOf(tree osTree, name string) bool {
	_, err := tree.ReadDir(name)
	return err == nil
}

// mountDirs gives the directories of the mounts that `ctr snapshots mounts` writes, the
// uppermost first.
func mountDirs(command string) []string {
	if _, opts, ok := strings.Cut(command, "upperdir="); ok {
		upper, _, _ := strings.Cut(opts, ",")
		_, lower, _ := strings.Cut(command, "lowerdir=")
		lower, _, _ = strings.Cut(lower, " ")
		return append([]string{upper}, strings.Split(lower, ":")...)
	}
	return []string{strings.Fields(command)[3]} // mount -t bind DIR TARGET
}

// TestContainerd: what is read of containerd's databases is what ctr says.
func TestContainerd(t *testing.T) {
	tree, top := engines(t)
	got := readAll(t, tree, Root{ContainerdRoot, top + "/containerd"})
	if len(got.Containers) != 4 {
		t.Errorf("%d containers", len(got.Containers))
	}
	for _, id := range []string{"app0", "copied", "privileged"} {
		var w struct {
			ID, Image, SnapshotKey, CreatedAt string
			Labels                            map[string]string
			Spec                              spec
		}
		expect(t, tree, top, "containerd-"+id+".json", &w)
		var mounts string
		expect(t, tree, top, "containerd-"+id+".mounts", &mounts)
		i := slices.IndexFunc(got.Containers, func(c Container) bool { return c.ID == id && c.Namespace == "k8s.io" })
		if i < 0 {
			t.Errorf("%s is missing", id)
			continue
		}
		c := got.Containers[i]
		equal(t, id, "image", c.Image, w.Image)
		equal(t, id, "command", c.Command, w.Spec.Process.Args)
		equal(t, id, "environment", c.Env, w.Spec.Process.Env)
		equal(t, id, "created", c.Created, moment(w.CreatedAt))
		equal(t, id, "layers", c.Layers, mountDirs(mounts))
		equal(t, id, "pod", []string{c.Name, c.Pod, c.PodSpace}, []string{w.Labels["io.kubernetes.container.name"], w.Labels["io.kubernetes.pod.name"], w.Labels["io.kubernetes.pod.namespace"]})
		equal(t, id, "privileged", c.Privileged, id == "privileged")
		host := ""
		if id == "app0" {
			host = "host"
		}
		equal(t, id, "network", c.NetworkMode, host)
		equal(t, id, "mounts root", slices.Contains(c.Mounts, Mount{"/", "/host", true}), id == "app0")
	}
	i := slices.IndexFunc(got.Containers, func(c Container) bool { return c.Namespace == "default" })
	if c := got.Containers[i]; c.Name != "mine" || !c.Autostart || c.RestartPolicy != "always" {
		t.Errorf("of nerdctl: %+v", c)
	}
	var build string
	expect(t, tree, top, "containerd-build-1.mounts", &build)
	if len(got.Snapshots) != 1 || got.Snapshots[0].Key != "build-1" || got.Snapshots[0].Namespace != "k8s.io" {
		t.Errorf("snapshots of no container: %+v", got.Snapshots)
	} else {
		equal(t, "build-1", "layers", got.Snapshots[0].Layers, mountDirs(build))
	}
	if len(got.Images) == 0 || len(got.Images[0].Layers) != 2 || !slices.Equal(got.Images[0].Command, []string{"sh", "-c", "echo two >/etc/two"}) {
		t.Errorf("images: %+v", got.Images)
	}
}

// TestPodman: what is read of Podman's database and of containers/storage is what podman
// inspect says.
func TestPodman(t *testing.T) {
	tree, top := engines(t)
	for _, driver := range []string{"overlay", "vfs"} {
		var want []struct {
			ID, Name, Path, Image, ImageName string
			Args                             []string
			Created                          string
			State                            struct{ Status string }
			Config                           struct{ Env []string }
			HostConfig                       struct {
				NetworkMode, PidMode string
				RestartPolicy        struct{ Name string }
				Privileged           bool
				CapAdd               []string
			}
			Mounts []struct {
				Source, Destination string
				RW                  bool
			}
		}
		expect(t, tree, top, "podman-"+driver+".json", &want)
		dir := top + "/podman-" + driver
		got := readAll(t, tree, Root{StorageRoot, dir}, Root{PodmanState, dir})
		sameInSQL(t, tree, dir, got)
		if len(want) != 3 || len(got.Containers) != 3 {
			t.Fatalf("%s: %d containers, want %d", driver, len(got.Containers), len(want))
		}
		var mount string
		expect(t, tree, top, "podman-"+driver+".mount", &mount)
		for _, w := range want {
			i := slices.IndexFunc(got.Containers, func(c Container) bool { return c.ID == w.ID && c.Engine == Podman })
			if i < 0 {
				t.Errorf("%s is missing", w.Name)
				continue
			}
			c := got.Containers[i]
			equal(t, w.Name, "name", c.Name, w.Name)
			equal(t, w.Name, "command", c.Command, append([]string{w.Path}, w.Args...))
			for _, e := range c.Env {
				if !slices.Contains(w.Config.Env, e) {
					t.Errorf("%s: the variable %s is not in %v", w.Name, e, w.Config.Env)
				}
			}
			equal(t, w.Name, "image", []string{c.Image, c.ImageID}, []string{w.ImageName, w.Image})
			equal(t, w.Name, "created", c.Created, moment(w.Created))
			equal(t, w.Name, "state", c.State, w.State.Status)
			equal(t, w.Name, "policy", c.RestartPolicy, w.HostConfig.RestartPolicy.Name)
			equal(t, w.Name, "autostart", c.Autostart, w.Name == "web")
			equal(t, w.Name, "privileged", c.Privileged, w.HostConfig.Privileged)
			equal(t, w.Name, "network", c.NetworkMode == "host", w.HostConfig.NetworkMode == "host")
			equal(t, w.Name, "processes", c.PIDMode == "host", w.HostConfig.PidMode == "host")
			if !c.Privileged {
				equal(t, w.Name, "capabilities", c.CapAdd, caps(w.HostConfig.CapAdd))
			}
			for _, m := range w.Mounts {
				if !slices.Contains(c.Mounts, Mount{m.Source, m.Destination, !m.RW}) {
					t.Errorf("%s: no mount %v in %v", w.Name, m, c.Mounts)
				}
			}
			layers := 2
			if driver == "vfs" {
				layers = 1
			}
			if len(c.Layers) != layers || !isDirOf(tree, c.Layers[0]) || !isDirOf(tree, c.Layers[layers-1]) {
				t.Errorf("%s: layers %v", w.Name, c.Layers)
			} else if upper := strings.Replace(mount, "/merged", "/diff", 1); w.Name == "web" {
				equal(t, w.Name, "upper layer", c.Layers[0], upper)
			}
		}
		i := got.Images
		if len(i) != 1 || len(i[0].Layers) != 1 || !slices.Equal(i[0].Names, []string{"localhost/example/tiny:1.0"}) || len(i[0].Env) != 1 {
			t.Errorf("%s: images %+v", driver, i)
		}
	}
}

// sameInSQL puts what bolt_state.db holds into the tables that Podman 5 has, and expects the
// same of them.
func sameInSQL(t *testing.T, tree osTree, dir string, want Result) {
	t.Helper()
	if _, err := exec.LookPath("sqlite3"); err != nil || tree.dir == "/" {
		return
	}
	d := &reader{ctx: t.Context(), tree: tree}
	db, err := d.openBolt(dir + "/libpod/bolt_state.db")
	if err != nil {
		t.Fatal(err)
	}
	ctr, err := db.root().bucket("ctr")
	if err != nil {
		t.Fatal(err)
	}
	var sql strings.Builder
	sql.WriteString("PRAGMA journal_mode=WAL; CREATE TABLE ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, PodID TEXT, JSON TEXT NOT NULL);\n" +
		"CREATE TABLE ContainerState(ID TEXT PRIMARY KEY NOT NULL, State INTEGER NOT NULL, ExitCode INTEGER, JSON TEXT NOT NULL);\n")
	err = ctr.each(func(id, _ []byte, b *bucket) error {
		config, _ := b.value("config")
		state, _ := b.value("state")
		fmt.Fprintf(&sql, "INSERT INTO ContainerConfig VALUES ('%s', '%s', NULL, CAST(x'%x' AS TEXT));\nINSERT INTO ContainerState VALUES ('%[1]s', 1, NULL, CAST(x'%[4]x' AS TEXT));\n", id, id, config, state)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(tree.dir, dir)
	c := exec.Command("sqlite3", filepath.Join(at, "db.sql"))
	c.Stdin = strings.NewReader(sql.String())
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Rename(filepath.Join(at, "libpod/bolt_state.db"), filepath.Join(at, "libpod/bolt_state.db-old")); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, tree, Root{StorageRoot, dir}, Root{PodmanState, dir})
	if len(got.Containers) != len(want.Containers) {
		t.Fatalf("%d containers of SQLite, %d of bbolt", len(got.Containers), len(want.Containers))
	}
	for i := range got.Containers {
		g, w := got.Containers[i], want.Containers[i]
		if g.Source.Path != dir+"/db.sql" || !strings.HasPrefix(g.Source.Member, "ContainerConfig/") {
			t.Errorf("%+v", g.Source)
		}
		g.Source = w.Source
		equal(t, g.Name, "all of it", g, w)
	}
}
