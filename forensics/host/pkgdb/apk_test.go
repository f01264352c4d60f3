package pkgdb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func q1(s string) string {
	x := sha1.Sum([]byte(s))
	return "Q1" + base64.StdEncoding.EncodeToString(x[:])
}

// scriptsTar packs scripts as apk does.
func scriptsTar(t testing.TB, packed bool, scripts map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range scripts {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg})
		_, _ = w.Write([]byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !packed {
		return b.String()
	}
	var z bytes.Buffer
	g := gzip.NewWriter(&z)
	_, _ = g.Write(b.Bytes())
	_ = g.Close()
	return z.String()
}

// alpine is a database as apk-tools 2 writes it.
var alpine = strings.Join([]string{
	"C:" + q1("busybox"), "P:busybox", "V:1.36.1-r5", "A:x86_64", "S:1", "I:2", "T:tools", "U:https://busybox.net/", "L:GPL-2.0-only",
	"o:busybox-src", "m:N <n@x.invalid>", "t:1632431095", "c:abc", "D:so:libc.musl-x86_64.so.1", "F:bin", "R:busybox", "a:0:0:755", "Z:" + q1("box"),
	"R:sh", "a:0:0:777", "Z:" + q1("/bin/busybox"), "F:etc", "R:securetty", "Z:" + q1("tty"), "F:etc/init.d", "R:x", "Z:" + q1("x"), "F:srv", "F:run",
	"F:tmp", "M:0:0:1777", "F:usr/bin", "R:gone", "Z:" + q1("gone"), "F:", "R:.top", "Z:" + q1("top"), "",
	"C:" + q1("musl"), "P:musl", "V:1.2.4-r2", "A:x86_64", "F:lib", "R:ld-musl-x86_64.so.1", "a:0:0:755", "Z:" + q1("musl"), "",
}, "\n")

func TestAPK(t *testing.T) {
	for _, place := range []struct {
		dir, scripts string
		packed       bool
	}{{"lib/apk/db", "scripts.tar", false}, {"usr/lib/apk/db", "scripts.tar.gz", true}} {
		t.Run(place.dir, func(t *testing.T) {
			need(t, "chmod")
			dir := t.TempDir()
			write(t, dir, map[string]string{
				place.dir + "/installed": alpine, "bin/busybox": "box", "bin/sh": "-> /bin/busybox", "etc/securetty": "changed", "etc/init.d/x": "x",
				"tmp/x": "", "srv/x": "", "run/x": "", "lib/ld-musl-x86_64.so.1": "evil", ".top": "top",
				place.dir + "/" + place.scripts: scriptsTar(t, place.packed, map[string]string{
					"busybox-1.36.1-r5." + q1("busybox") + ".post-install":      "#!/bin/busybox sh\nexit 0\n",
					"musl-1.2.4-r2." + apkDigest(q1("musl")).Hex() + ".trigger": "#!/bin/sh\n",
				}),
			})
			run(t, dir, "chmod", "700", "srv")
			run(t, dir, "chmod", "755", "bin/busybox", "lib/ld-musl-x86_64.so.1", "tmp")
			db := opened(t, imageOf(t, dir))
			p := db.Packages()[0]
			if len(db.Packages()) != 2 || p.Name != "busybox" || p.Version != "1.36.1-r5" || p.License != "GPL-2.0-only" ||
				p.Built.Unix() != 1632431095 || p.Place.Line != 1 || p.Source != "busybox-src" {
				t.Errorf("%+v", db.Packages())
			}
			f, ok := db.File("/bin/busybox")
			if !ok || f.Mode != 0o755 || f.Owner != "0" || f.Digest.Hex() != apkDigest(q1("box")).Hex() || f.Package.Name != "busybox" {
				t.Errorf("%+v", f)
			}
			var scripts, lines []string
			db.Scripts(context.Background(), func(s *Script) error {
				scripts = append(scripts, s.Package.Name+" "+s.Name+" "+s.Interpreter)
				return nil
			})
			if d := cmp.Diff([]string{"busybox post-install /bin/busybox sh", "musl trigger /bin/sh"}, scripts); d != "" {
				t.Error(d)
			}
			db.Verify(context.Background(), func(d *Difference) error {
				lines = append(lines, d.String())
				return nil
			})
			// As apk-audit(8) describes it; it leaves out what is the administrator's,
			// which here has the flag of configuration.
			if d := cmp.Diff([]string{"U etc/securetty", "m srv/", "m tmp/", "X usr/bin/gone", "U lib/ld-musl-x86_64.so.1"}, lines); d != "" {
				t.Error(d)
			}
			if f, _ := db.File("/etc/securetty"); !f.Is(Config) {
				t.Errorf("%+v", f)
			}
		})
	}
}
