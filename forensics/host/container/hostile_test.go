package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"icecore/forensics/filesystem"
)

var id64 = strings.Repeat("0123456789abcdef", 4)

// manyTree shows a directory with many names, all of which are one directory.
type manyTree struct {
	osTree
	dir, one string
	n        int
}

func (m manyTree) Lookup(name string, follow bool) (filesystem.Found, error) {
	if rest, ok := strings.CutPrefix(name, m.dir+"/"); ok {
		_, below, _ := strings.Cut(rest, "/")
		name = m.dir + "/" + m.one + "/" + below
	}
	return m.osTree.Lookup(name, follow)
}

func (m manyTree) ReadDir(name string) ([]filesystem.DirEntry, error) {
	if name != m.dir {
		return m.osTree.ReadDir(name)
	}
	out := make([]filesystem.DirEntry, m.n)
	for i := range out {
		out[i].Name = fmt.Sprintf("%064x", i)
	}
	return out, nil
}

// TestHostile: whatever stands in the files, the reading ends soon, with bounded memory,
// and says what it left out.
func TestHostile(t *testing.T) {
	at := "/d/containers/" + id64 + "/config.v2.json"
	whole := `{"ID":"` + id64 + `","Name":"/x","Path":"a","Config":{}}`
	docker := Root{DockerRoot, "/d"}
	storage := Root{StorageRoot, "/s"}
	for _, tt := range []struct {
		name, problem string
		files         map[string]string
		root          Root
		containers    int
		cut           bool
	}{
		{"a whole one", "", map[string]string{at: whole}, docker, 1, false},
		{"no JSON", "no valid JSON", map[string]string{at: "\x00\x01"}, docker, 0, false},
		{"cut short", "no valid JSON", map[string]string{at: whole[:30]}, docker, 0, false},
		{"of another type", "no valid JSON", map[string]string{at: `{"Name":{"a":1}}`}, docker, 0, false},
		{"deep", "no valid JSON", map[string]string{at: `{"x":` + strings.Repeat("[", 3<<20)}, docker, 0, false},
		{"a directory for a file", "dir", map[string]string{at + "/": ""}, docker, 0, false},
		{"long", "too large", map[string]string{at: whole + strings.Repeat(" ", maxFile)}, docker, 0, true},
		{"many arguments", "", map[string]string{at: `{"Path":"a","Args":[` + strings.Repeat(`"x",`, 500_000) + `""]}`}, docker, 1, false},
		{"a layer that leads out", "", map[string]string{
			at: `{"Driver":"overlay2"}`, "/d/image/overlay2/layerdb/mounts/" + id64 + "/mount-id": "../../../etc",
		}, docker, 1, false},
		{"layers in a loop", "", map[string]string{
			at: `{"Driver":"overlay2"}`, "/d/image/overlay2/layerdb/mounts/" + id64 + "/mount-id": "m", "/d/image/overlay2/layerdb/mounts/" + id64 + "/parent": "sha256:a",
			"/d/image/overlay2/layerdb/sha256/a/cache-id": "a", "/d/image/overlay2/layerdb/sha256/a/parent": "sha256:a",
		}, docker, 1, false},
		{"storage: layers in a loop", "", map[string]string{
			"/s/overlay-layers/layers.json":         `[{"id":"a","parent":"b"},{"id":"b","parent":"a"}]`,
			"/s/overlay-containers/containers.json": `[{"id":"c","layer":"a"}]`,
		}, storage, 1, false},
		{"storage: a million entries", "bound reached", map[string]string{"/s/overlay-containers/containers.json": "[" + strings.Repeat("{},", 1_000_000) + "{}]"}, storage, maxContainers, true},
		{"storage: no list", "not a list", map[string]string{"/s/overlay-containers/containers.json": `{"a":1}`}, storage, 0, false},
		{"storage: the beginning of a list", "no valid JSON", map[string]string{"/s/overlay-containers/containers.json": `[{"id":"a"},{"id"`}, storage, 1, false},
		{"no database", "damaged bbolt database", map[string]string{"/c/io.containerd.metadata.v1.bolt/meta.db": "x"}, Root{ContainerdRoot, "/c"}, 0, false},
		{"an empty database", "damaged bbolt database", map[string]string{"/c/io.containerd.metadata.v1.bolt/meta.db": ""}, Root{ContainerdRoot, "/c"}, 0, false},
		{"aliases of YAML", "cannot unmarshal", map[string]string{"/l/backup.yaml": bomb(), "/l/rootfs/x": ""}, Root{LXDContainer, "/l"}, 0, false},
	} {
		var before, after runtime.MemStats
		tree := files(t, tt.files)
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		got, err := ReadAll(t.Context(), tree, []Root{tt.root})
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err != nil || len(got.Containers) != tt.containers || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %d containers, %v, in %s", tt.name, len(got.Containers), err, time.Since(began))
		}
		if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 2*maxKept {
			t.Errorf("%s: %d bytes are kept", tt.name, kept)
		}
		for _, c := range got.Containers {
			if len(c.Layers) > maxDepth+3 || len(c.Command) > maxWords+1 {
				t.Errorf("%s: %d layers, %d words", tt.name, len(c.Layers), len(c.Command))
			}
			for _, l := range c.Layers {
				if !strings.HasPrefix(l, tt.root.Dir+"/") {
					t.Errorf("%s: the layer %s", tt.name, l)
				}
			}
		}
		switch p := got.Problems; {
		case tt.problem == "" && len(p) > 0:
			t.Errorf("%s: %v", tt.name, p)
		case tt.problem != "" && (len(p) == 0 || !strings.Contains(p[0].Why, tt.problem) || p[0].Cut != tt.cut):
			t.Errorf("%s: %v, want %q", tt.name, p, tt.problem)
		}
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 8), i-1)
	}
	return b.String() + "container: {config: {a: *a11}}\n"
}

// TestHuge: a file of two gigabytes is not read, and that is said.
func TestHuge(t *testing.T) {
	at := "/d/containers/" + id64 + "/config.v2.json"
	tree := files(t, map[string]string{at: "{", "/s/overlay-containers/containers.json": "[", "/c/io.containerd.metadata.v1.bolt/meta.db": ""})
	for _, name := range []string{at, "/s/overlay-containers/containers.json", "/c/io.containerd.metadata.v1.bolt/meta.db"} {
		if err := os.Truncate(filepath.Join(tree.dir, name), 2<<30); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []Root{{DockerRoot, "/d"}, {StorageRoot, "/s"}, {ContainerdRoot, "/c"}} {
		got, err := Read(t.Context(), tree, r)
		if err != nil || len(got.Problems) != 1 || len(got.Containers) != 0 {
			t.Errorf("%v: %+v, %v", r, got, err)
		}
	}
}

// TestMany: of 100,000 containers ten thousand are read, and the rest is a problem.
func TestMany(t *testing.T) {
	tree := files(t, map[string]string{"/d/containers/" + id64 + "/config.v2.json": `{"Path":"x","Args":["a"]}`})
	many := manyTree{tree, "/d/containers", id64, 100_000}
	got, err := ReadAll(t.Context(), many, []Root{{DockerRoot, "/d"}})
	if err != nil || len(got.Containers) != maxContainers || len(got.Problems) != 1 || !got.Problems[0].Cut {
		t.Errorf("%d containers, %v, %v", len(got.Containers), got.Problems, err)
	}
	// What is kept of them is bounded, too.
	big := files(t, map[string]string{"/d/containers/" + id64 + "/config.v2.json": `{"Path":"x","Args":["` + strings.Repeat("a", 60_000) + `"]}`})
	got, err = Read(t.Context(), manyTree{big, "/d/containers", id64, 100_000}, Root{DockerRoot, "/d"})
	if n := len(got.Containers); err != nil || n == 0 || n*maxWord > maxKept || len(got.Problems) != 1 || !got.Problems[0].Cut {
		t.Errorf("%d containers, %v, %v", n, got.Problems, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadAll(ctx, many, []Root{{DockerRoot, "/d"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its time: %v", err)
	}
}

// anyMessage makes a protobuf Any of JSON, as containerd writes it.
func anyMessage(v any) []byte {
	b, _ := json.Marshal(v)
	out := []byte{0x0a, 1, 'x', 0x12}
	n := len(b)
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(append(out, byte(n)), b...)
}

// put fills a bucket from NAME/NAME/KEY = value.
func put(tx *bbolt.Tx, values map[string][]byte) error {
	for name, v := range values {
		parts := strings.Split(name, "|")
		b, err := tx.CreateBucketIfNotExists([]byte(parts[0]))
		for _, p := range parts[1 : len(parts)-1] {
			if err == nil {
				b, err = b.CreateBucketIfNotExists([]byte(p))
			}
		}
		if err == nil {
			err = b.Put([]byte(parts[len(parts)-1]), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestImageStore: with the image store of Docker 29 the layers of a container are
// snapshots of containerd, also of one that does not run, which containerd does not list.
func TestImageStore(t *testing.T) {
	snap := func(id byte, parent string, kind byte) map[string][]byte {
		return map[string][]byte{"id": {id}, "parent": []byte(parent), "kind": {kind}}
	}
	snaps, meta := make(map[string][]byte), make(map[string][]byte)
	for key, s := range map[string]map[string][]byte{
		"moby/1/sha256:base": snap(1, "", 3), "moby/2/" + id64 + "-init": snap(2, "moby/1/sha256:base", 3),
		"moby/3/" + id64: snap(3, "moby/2/"+id64+"-init", 2), "moby/4/other": snap(4, "moby/1/sha256:base", 2),
	} {
		for k, v := range s {
			snaps["v1|snapshots|"+key+"|"+k] = v
		}
	}
	meta["v1|moby|snapshots|overlayfs|"+id64+"|name"] = []byte("moby/3/" + id64)
	const c = "/var/lib/containerd/"
	list := map[string]string{
		"/var/lib/docker/containers/" + id64 + "/config.v2.json":     `{"ID":"` + id64 + `","Name":"/web","Driver":"overlayfs","Path":"nginx"}`,
		c + "io.containerd.metadata.v1.bolt/meta.db":                 string(boltFile(t, func(tx *bbolt.Tx) error { return put(tx, meta) })),
		c + "io.containerd.snapshotter.v1.overlayfs/metadata.db":     string(boltFile(t, func(tx *bbolt.Tx) error { return put(tx, snaps) })),
		c + "io.containerd.snapshotter.v1.overlayfs/snapshots/3/fs/": "",
	}
	dir := c + "io.containerd.snapshotter.v1.overlayfs/snapshots/"
	check := func(name string) {
		t.Helper()
		tree := files(t, list)
		got := readAll(t, tree, find(t, tree)...)
		if len(got.Containers) != 1 || got.Containers[0].Engine != Docker {
			t.Fatalf("%s: %+v", name, got.Containers)
		}
		equal(t, name, "layers", got.Containers[0].Layers, []string{dir + "3/fs", dir + "2/fs", dir + "1/fs"})
		if len(got.Snapshots) != 1 || got.Snapshots[0].Key != "other" || got.Snapshots[0].Namespace != "moby" {
			t.Errorf("%s: snapshots %+v", name, got.Snapshots)
		}
	}
	check("stopped")
	meta["v1|moby|containers|"+id64+"|snapshotter"] = []byte("overlayfs")
	meta["v1|moby|containers|"+id64+"|snapshotKey"] = []byte(id64)
	list[c+"io.containerd.metadata.v1.bolt/meta.db"] = string(boltFile(t, func(tx *bbolt.Tx) error { return put(tx, meta) }))
	check("running")
}

// TestKubernetes: what kubelet asked for of a container and of its pod's sandbox. The
// container joins the namespaces of the sandbox by a path that says nothing.
func TestKubernetes(t *testing.T) {
	spec := map[string]any{
		"process":     map[string]any{"args": []string{"kube-proxy"}, "env": []string{"NODE=a"}},
		"annotations": map[string]string{"io.kubernetes.cri.container-name": "proxy", "io.kubernetes.cri.sandbox-name": "kube-proxy-x", "io.kubernetes.cri.sandbox-namespace": "kube-system"},
		"linux":       map[string]any{"namespaces": []map[string]string{{"type": "network", "path": "/proc/77/ns/net"}, {"type": "pid"}, {"type": "ipc", "path": "/proc/77/ns/ipc"}}},
	}
	cri := map[string]any{"Version": "v1", "Metadata": map[string]any{"SandboxID": "s", "Config": map[string]any{"linux": map[string]any{"security_context": map[string]any{
		"privileged": true, "namespace_options": map[string]any{"network": 2, "pid": 1},
	}}}}}
	meta := map[string][]byte{
		"v1|k8s.io|containers|p|spec":                                               anyMessage(spec),
		"v1|k8s.io|containers|p|labels|io.cri-containerd.kind":                      []byte("container"),
		"v1|k8s.io|containers|p|extensions|io.cri-containerd.container.metadata":    anyMessage(cri),
		"v1|k8s.io|containers|s|labels|io.cri-containerd.kind":                      []byte("sandbox"),
		"v1|k8s.io|containers|s|labels|io.kubernetes.pod.name":                      []byte("kube-proxy-x"),
		"v1|k8s.io|containers|s|spec":                                               {0xff, 0xff, 0x12},
		"v1|k8s.io|containers|x|spec":                                               anyMessage("no specification"),
		"v1|default|containers|plain|spec":                                          anyMessage(map[string]any{"process": map[string]any{"args": []string{"x"}}}),
		"v1|default|containers|plain|labels|io.containerd.image.config.stop-signal": []byte("TERM"),
	}
	tree := files(t, map[string]string{"/c/io.containerd.metadata.v1.bolt/meta.db": string(boltFile(t, func(tx *bbolt.Tx) error { return put(tx, meta) }))})
	got, err := ReadAll(t.Context(), tree, []Root{{ContainerdRoot, "/c"}})
	if err != nil || len(got.Containers) != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	byID := make(map[string]Container)
	for _, c := range got.Containers {
		byID[c.ID] = c
	}
	p := byID["p"]
	if p.Name != "proxy" || p.Pod != "kube-proxy-x" || p.PodSpace != "kube-system" || !p.Privileged || p.NetworkMode != "host" || p.PIDMode != "" || !p.Autostart {
		t.Errorf("%+v", p)
	}
	if s := byID["s"]; s.Name != "POD" || s.Pod != "kube-proxy-x" || s.Command != nil {
		t.Errorf("%+v", s)
	}
	if c := byID["plain"]; c.Autostart || c.Privileged || c.NetworkMode != "" {
		t.Errorf("%+v", c)
	}
	if len(got.Problems) != 1 || got.Problems[0].Member != "v1/k8s.io/containers/x/spec" {
		t.Errorf("%+v", got.Problems)
	}
}

// TestDrift: what a container wrote is counted, named, and bounded.
func TestDrift(t *testing.T) {
	list := map[string]string{"/l/etc/x": "x", "/l/empty": "", "/l/bin/b": "x", "/l/bin/a": "x", "/l/link@": "/bin/a"}
	for i := range 150 {
		list[fmt.Sprintf("/many/%03d", i)] = "x"
	}
	tree := files(t, list)
	for _, name := range []string{"/l/bin/a", "/l/bin/b", "/l/empty"} {
		if err := os.Chmod(filepath.Join(tree.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := ReadDrift(t.Context(), tree, "/l", 100)
	if d.Files != 4 || d.Cut || strings.Join(d.Executables, ",") != "/bin/a,/bin/b" {
		t.Errorf("%+v", d)
	}
	if d := ReadDrift(t.Context(), tree, "/l", 3); !d.Cut || d.Files > 3 {
		t.Errorf("%+v", d)
	}
	if d := ReadDrift(t.Context(), tree, "/none", 100); d.Cut || d.Files != 0 {
		t.Errorf("%+v", d)
	}
	for i := range 150 {
		if err := os.Chmod(filepath.Join(tree.dir, fmt.Sprintf("/many/%03d", i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if d := ReadDrift(t.Context(), tree, "/many", 1000); !d.Cut || d.Files != 150 || len(d.Executables) != maxExecutables {
		t.Errorf("%d files, %d named, %t", d.Files, len(d.Executables), d.Cut)
	}
}
