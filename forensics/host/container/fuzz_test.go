package container

import (
	"strings"
	"testing"
)

// places are where the file of each layout stands that the parsers read, and what else is
// there.
var places = map[Root]struct {
	file   string
	beside map[string]string
}{
	{DockerRoot, "/d"}:                 {"/d/containers/" + strings.Repeat("a", 64) + "/config.v2.json", map[string]string{"/d/image/overlay2/layerdb/mounts/" + strings.Repeat("a", 64) + "/mount-id": "m"}},
	{StorageRoot, "/s"}:                {"/s/overlay-containers/containers.json", map[string]string{"/s/overlay-layers/layers.json": `[{"id":"a"}]`}},
	{Bundle, "/b"}:                     {"/b/config.json", map[string]string{"/b/rootfs/bin/sh": ""}},
	{LXCContainer, "/l"}:               {"/l/config", nil},
	{LXDContainer, "/x"}:               {"/x/backup.yaml", map[string]string{"/x/rootfs/a": ""}},
	{SnapDir, "/n"}:                    {"/n/state.json", nil},
	{PodmanState, "/p"}:                {"/p/db.sql", nil},
	{ContainerdRoot, "/c"}:             {"/c/io.containerd.metadata.v1.bolt/meta.db", nil},
	{QuadletDir, "/q"}:                 {"/q/a.container", nil},
	{MachinesDir, "/var/lib/machines"}: {"/etc/systemd/nspawn/a.nspawn", map[string]string{"/var/lib/machines/a/etc/x": ""}},
}

// FuzzRead: whatever stands in the files of an engine, what is read is bounded, lies below
// the state directory, and makes a record.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"ID":"x","Path":"sh","Args":["-c","x"],"Driver":"overlay2","Config":{"Env":["A=b"]},"MountPoints":{"/a":{"Source":"/","Destination":"/a"}}}`,
		`[{"id":"c","layer":"a","names":["x"],"metadata":"{\"pod-name\":\"p\"}"}]`,
		`{"ociVersion":"1","process":{"args":["x"]},"root":{"path":"rootfs"},"mounts":[{"type":"bind","source":"/","destination":"/h"}],"linux":{"namespaces":[{"type":"pid"}]}}`,
		"lxc.rootfs.path = overlay:/a:/b\nlxc.mount.entry = / mnt none bind 0 0\nlxc.start.auto = 1\n",
		"container:\n  name: c\n  config: {environment.A: b}\n  expanded_devices: {d: {type: disk, source: /, path: /m}}\n",
		`{"data":{"snaps":{"a":{"current":"1","active":true}}}}`,
		"[Container]\nImage=a\nExec=b 'c d'\nVolume=/:/x\nPodmanArgs=--pid host --privileged\n[Install]\nWantedBy=x\n",
		"[Exec]\nParameters=a b\n[Files]\nBind=/:/x\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list := make(map[string]string)
		var roots []Root
		for r, p := range places {
			roots = append(roots, r)
			list[p.file] = string(b)
			for name, content := range p.beside {
				list[name] = content
			}
		}
		got, err := ReadAll(t.Context(), memoryTree{inMemory(list)}, roots)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Containers {
			c := &got.Containers[i]
			if len(c.Command) > maxWords+1 || len(c.Env) > maxWords+1 || len(c.Mounts) > maxWords || c.Root == "" {
				t.Errorf("%+v", c)
			}
			r := c.Record()
			if r.Kind.Info() == nil {
				t.Error(r.Kind)
			}
			for _, x := range r.Fields {
				if r.Kind.Info().Field(x.Name) == nil {
					t.Errorf("no field %s", x.Name)
				}
			}
		}
	})
}

// TestCRIO: a container of CRI-O by what it writes into its entry and its specification.
func TestCRIO(t *testing.T) {
	tree := files(t, map[string]string{
		"/v/overlay-layers/layers.json": `[{"id":"base"},{"id":"top","parent":"base"}]`,
		"/v/overlay-images/images.json": `[{"id":"i1","names":["registry.k8s.io/pause:3.9"],"layer":"base"}]`,
		"/v/overlay-containers/volatile-containers.json": `[{"id":"c1","names":["k8s_web_web-0_prod_u_0"],"image":"i1","layer":"top","created":"2026-11-01T00:00:00Z",
			"metadata":"{\"pod-name\":\"k8s_web-0_prod_u_0\",\"pod-id\":\"p\",\"image-name\":\"docker.io/library/nginx:1\",\"container-name\":\"web\"}"}]`,
		"/v/overlay-containers/c1/userdata/config.json": `{"ociVersion":"1.0.2","process":{"args":["nginx"],"env":["A=b"],"capabilities":{"bounding":["CAP_CHOWN","CAP_NET_ADMIN"]}},
			"annotations":{"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"prod","io.kubernetes.container.name":"web","io.kubernetes.cri-o.ImageName":"docker.io/library/nginx:1.25","io.kubernetes.cri-o.ContainerID":"c1"},
			"mounts":[{"destination":"/data","type":"bind","source":"/srv/data","options":["rw","rbind"]},{"destination":"/proc","type":"proc","source":"proc"}],
			"linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/var/run/netns/x"}]}}`,
		"/v/overlay-containers/c1/userdata/state.json": `{"status":"stopped","started":"2026-11-02T00:00:00Z","finished":"2026-11-03T00:00:00Z"}`,
		"/v/overlay/top/diff/bin/tool":                 "x",
	})
	got := readAll(t, tree, find(t, tree)...)
	if len(got.Containers) != 1 {
		t.Fatalf("%+v", got.Containers)
	}
	c := got.Containers[0]
	if c.Engine != CRIO || c.Name != "web" || c.Pod != "web-0" || c.PodSpace != "prod" || c.Image != "docker.io/library/nginx:1.25" || !c.Autostart || c.State != "exited" {
		t.Errorf("%+v", c)
	}
	equal(t, "web", "capabilities", c.CapAdd, []string{"NET_ADMIN"})
	equal(t, "web", "mounts", c.Mounts, []Mount{{"/srv/data", "/data", false}})
	equal(t, "web", "layers", c.Layers, []string{"/v/overlay/top/diff", "/v/overlay/base/diff"})
	equal(t, "web", "times", []any{c.Created, c.Started, c.Finished}, []any{moment("2026-11-01T00:00:00Z"), moment("2026-11-02T00:00:00Z"), moment("2026-11-03T00:00:00Z")})
	if c.NetworkMode != "" || c.PIDMode != "" || c.IPCMode != "host" || c.Drift.Files != 1 {
		t.Errorf("%+v", c)
	}
}
