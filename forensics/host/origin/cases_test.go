package origin

import (
	"fmt"
	"maps"
	"strings"
)

const site = "/usr/local/lib/python3.11/site-packages"

var cases = []struct {
	name string
	tree mem
	want map[string]string // path: what is said of it
	bad  string            // what the one problem says
}{
	{
		name: "RECORD",
		tree: mem{
			files: map[string]string{
				site + "/six-1.16.0.dist-info/RECORD": "six.py,sha256=" + sha("six") + ",3\n" +
					"\"odd, \"\"name\"\".py\",sha256=" + sha("odd") + ",3\n" +
					"six-1.16.0.dist-info/METADATA,sha256=" + sha("meta") + ",4\n" +
					"../../../bin/six,sha256=" + sha("prog") + ",4\n" +
					"pkg/a.py,sha256=" + sha("a") + ",1\n" +
					"pkg/b.py,sha256=" + sha("b") + ",1\n" +
					"pkg/c.py,sha512=short,1\n" +
					"pkg/__pycache__/a.cpython-311.pyc,,\n" +
					"six-1.16.0.dist-info/RECORD,,\n",
				site + "/six-1.16.0.dist-info/METADATA":        "meta",
				site + "/six.py":                               "six",
				site + `/odd, "name".py`:                       "odd",
				"/usr/local/bin/six":                           "prog",
				"/usr/local/bin/other":                         "x",
				site + "/pkg/a.py":                             "A",
				site + "/pkg/b.py":                             "longer",
				site + "/pkg/c.py":                             "c",
				site + "/pkg/evil.py":                          "x",
				site + "/evil.pth":                             "x",
				site + "/alone/evil.py":                        "x",
				site + "/pkg/__pycache__/a.cpython-311.pyc":    "x",
				site + "/pkg/__pycache__/b.cpython-311.pyc":    "x",
				site + "/pkg/__pycache__/evil.cpython-311.pyc": "x",
				site + "/six-1.16.0.dist-info/evil":            "x",
			},
			came: map[string]int64{site + "/pkg/c.py": dayAfter, site + "/pkg/__pycache__/a.cpython-311.pyc": dayAfter},
		},
		want: map[string]string{
			site + "/six-1.16.0.dist-info/RECORD":          "python:six@1.16.0 listed listed",
			site + "/six.py":                               "python:six@1.16.0 listed intact",
			site + `/odd, "name".py`:                       "python:six@1.16.0 listed intact",
			"/usr/local/bin/six":                           "python:six@1.16.0 listed intact",
			"/usr/local/bin/other":                         "none",
			site + "/pkg/a.py":                             "python:six@1.16.0 listed changed",
			site + "/pkg/b.py":                             "python:six@1.16.0 listed changed",
			site + "/pkg/c.py":                             "python:six@1.16.0 listed later",
			site + "/pkg/evil.py":                          "python:six@1.16.0 within unlisted",
			site + "/evil.pth":                             "python within unlisted",
			site + "/alone/evil.py":                        "python within unlisted",
			site + "/pkg/__pycache__/a.cpython-311.pyc":    "python:six@1.16.0 listed listed",
			site + "/pkg/__pycache__/b.cpython-311.pyc":    "python:six@1.16.0 within inferred",
			site + "/pkg/__pycache__/evil.cpython-311.pyc": "python:six@1.16.0 within unlisted",
			site + "/six-1.16.0.dist-info/evil":            "python:six@1.16.0 within unlisted",
		},
	},
	{
		name: "a forged RECORD",
		tree: mem{files: map[string]string{
			site + "/x-1.dist-info/RECORD": "../../../../../etc/cron.d/x,sha256=" + sha("evil") + ",4\n/etc/ld.so.preload,,\n" +
				"../../../../bin/ls,,\n../../../lib/systemd/x.service,,\n" + strings.Repeat("../", 40) + "usr/local/bin/y,,\n,,\n\"x",
			"/usr/lib/python3.9/site-packages/z-1.dist-info/RECORD": "../../../etc/z,,\n../../../bin/z,,\n", "/usr/etc/z": "x", "/usr/bin/z": "x",
			"/etc/cron.d/x": "evil", "/etc/ld.so.preload": "x", "/usr/bin/ls": "x", "/usr/local/lib/systemd/x.service": "x", "/usr/local/bin/y": "x",
		}},
		want: map[string]string{
			"/etc/cron.d/x": "none", "/etc/ld.so.preload": "none", "/usr/bin/ls": "none", "/usr/local/lib/systemd/x.service": "none",
			"/usr/local/bin/y": "python:x@1 listed listed",
			"/usr/etc/z":       "none",
			"/usr/bin/z":       "python:z@1 listed listed",
		},
		bad: "outside of the tree",
	},
	{
		name: "two packages of one path, and a package of the system without a list",
		tree: mem{
			files: map[string]string{
				site + "/a-1.dist-info/RECORD":    "tests/__init__.py,sha256=" + sha("old") + ",3\n",
				site + "/b-2.dist-info/RECORD":    "tests/__init__.py,sha256=" + sha("new") + ",3\n",
				site + "/tests/__init__.py":       "new",
				site + "/c-3.egg-info/PKG-INFO":   "Name: c\n",
				site + "/tests/unknown.py":        "x",
				site + "/who.py":                  "x",
				site + "/top-4.egg-info/PKG-INFO": "x", site + "/top-4.egg-info/top_level.txt": "top\n../../evil\n",
				site + "/top/__pycache__/x.cpython-311.pyc": "x",
				site + "/top/x.py":                          "x", site + "/top/late.py": "x",
			},
			came: map[string]int64{site + "/top/late.py": dayAfter, site + "/top/__pycache__/x.cpython-311.pyc": dayAfter},
		},
		want: map[string]string{
			site + "/tests/__init__.py": "python:b@2 listed intact",
			site + "/who.py":            "none",
			site + "/top/x.py":          "python:top@4 within inferred",
			site + "/top/late.py":       "python:top@4 within later",

			site + "/top/__pycache__/x.cpython-311.pyc": "python:top@4 within inferred",
		},
	},
	{
		name: "a virtual environment",
		tree: mem{files: map[string]string{
			"/srv/app/venv/pyvenv.cfg":   "home = /usr/bin\nversion = 3.11.2\n",
			"/srv/app/venv/bin/activate": "x", "/srv/app/venv/bin/python3": "x", "/srv/app/venv/bin/gunicorn": "x", "/srv/app/venv/bin/miner": "x",
			"/srv/app/venv/lib/python3.11/site-packages/g-1.dist-info/RECORD": "../../../bin/gunicorn,sha256=" + sha("x") + ",1\n",
			"/srv/app/app.py": "x",
		}},
		want: map[string]string{
			"/srv/app/venv/bin/activate": "python:venv within inferred",
			"/srv/app/venv/bin/python3":  "python:venv within inferred",
			"/srv/app/venv/bin/gunicorn": "python:g@1 listed intact",
			"/srv/app/venv/bin/miner":    "python within unlisted",
			"/srv/app/app.py":            "none",
		},
	},
	{
		name: "eggs",
		tree: mem{files: map[string]string{
			site + "/RECORD": "x", site + "/a-1.dist-info/RECORD": "a.py,,\n", site + "/dis-2.0-py3.11.egg-info": "x", site + "/dis.py": "x",
			site + "/zip-3.0-py3.11.egg": "x", site + "/un-4.0-py3.11.egg/EGG-INFO/PKG-INFO": "x", site + "/un-4.0-py3.11.egg/un/x.py": "x",
			"/usr/lib/python3/dist-packages/deb-1.egg-info": "x", "/usr/lib/python3/dist-packages/b-1.dist-info/RECORD": "b.py,,\n",
			"/usr/lib/python3/dist-packages/evil.py": "x", "/srv/src/proj.egg-info/PKG-INFO": "x", "/srv/src/proj/x.py": "x",
		}, owned: map[string]string{"/usr/lib/python3/dist-packages/deb-1.egg-info": "python3-deb"}},
		want: map[string]string{
			site + "/dis-2.0-py3.11.egg-info":        "python:dis@2.0 listed listed",
			site + "/dis.py":                         "none",
			site + "/zip-3.0-py3.11.egg":             "python:zip@3.0 listed listed",
			site + "/un-4.0-py3.11.egg/un/x.py":      "python:un@4.0 within inferred",
			"/usr/lib/python3/dist-packages/evil.py": "python within unlisted",
			"/srv/src/proj/x.py":                     "none",
		},
	},
	{
		name: "conda",
		tree: mem{files: map[string]string{
			"/opt/conda/conda-meta/xz-5.4.json": `{"name":"xz","version":"5.4","channel":"https://x/main","files":["bin/xz","share/xz.txt","../evil"],
				"paths_data":{"paths":[{"_path":"bin/xz","sha256":"00","sha256_in_prefix":"` + shaHex("xz") + `","size_in_bytes":99},
				{"_path":"lib/liblzma.so.5","sha256":"` + shaHex("lib") + `","size_in_bytes":3},{"_path":"../../etc/passwd"}]}}`,
			"/opt/conda/bin/xz": "xz", "/opt/conda/share/xz.txt": "x", "/opt/conda/lib/liblzma.so.5": "LIB", "/opt/conda/bin/evil": "x", "/opt/evil": "x",
		}},
		want: map[string]string{
			"/opt/conda/bin/xz":           "conda:xz@5.4 listed intact",
			"/opt/conda/share/xz.txt":     "conda:xz@5.4 listed listed",
			"/opt/conda/lib/liblzma.so.5": "conda:xz@5.4 listed changed",
			"/opt/conda/bin/evil":         "conda:xz@5.4 within unlisted",
			"/opt/evil":                   "none",
		},
		bad: "outside of the tree",
	},
	{
		name: "npm with a lock",
		tree: mem{
			files: map[string]string{
				"/srv/app/node_modules/.package-lock.json": `{"packages":{"node_modules/a":{"version":"1.0.0"},"node_modules/@s/b":{"version":"2.0.0"},
					"node_modules/a/node_modules/c":{"version":"3.0.0"},"node_modules/ws":{"link":true},"../../etc":{"version":"1"},"node_modules/../../../etc":{"version":"1"}}}`,
				"/srv/app/node_modules/a/package.json":                            "{}",
				"/srv/app/node_modules/a/index.js":                                "x",
				"/srv/app/node_modules/a/late.js":                                 "x",
				"/srv/app/node_modules/@s/b/lib/x.js":                             "x",
				"/srv/app/node_modules/a/node_modules/c/x.js":                     "x",
				"/srv/app/node_modules/a/test/node_modules/f/package.json":        `{"version":"9"}`,
				"/srv/app/node_modules/extra/package.json":                        `{"version":"4.0.0"}`,
				"/srv/app/node_modules/extra/x.js":                                "x",
				"/srv/app/node_modules/ws/x.js":                                   "x",
				"/srv/app/node_modules/a/edited.js":                               "x",
				"/srv/app/node_modules/dropped.js":                                "x",
				"/srv/app/node_modules/dir/dropped.js":                            "x",
				"/srv/app/node_modules/.cache/x":                                  "x",
				"/srv/app/index.js":                                               "x",
				"/srv/app/package.json":                                           "{}",
				"/etc/passwd":                                                     "x",
				"/srv/p/node_modules/.pnpm/q@1.1.0/node_modules/q/package.json":   `{"version":"1.1.0"}`,
				"/srv/p/node_modules/.pnpm/q@1.1.0/node_modules/q/x.js":           "x",
				"/usr/local/lib/node_modules/pm2/package.json":                    `{"version":"5.3.0"}`,
				"/usr/local/lib/node_modules/pm2/node_modules/async/package.json": `{"version":"3.2.0"}`,
				"/usr/local/lib/node_modules/pm2/node_modules/async/index.js":     "x",
				"/usr/local/lib/node_modules/broken/package.json":                 strings.Repeat("[", 20000),
				"/usr/local/lib/node_modules/broken/x.js":                         "x",
			},
			came: map[string]int64{"/srv/app/node_modules/a/late.js": dayAfter},
			edit: map[string]int64{"/srv/app/node_modules/a/edited.js": dayAfter},
		},
		want: map[string]string{
			"/srv/app/node_modules/a/index.js":                            "npm:a@1.0.0 within inferred",
			"/srv/app/node_modules/a/late.js":                             "npm:a@1.0.0 within later",
			"/srv/app/node_modules/@s/b/lib/x.js":                         "npm:@s/b@2.0.0 within inferred",
			"/srv/app/node_modules/a/node_modules/c/x.js":                 "npm:c@3.0.0 within inferred",
			"/srv/app/node_modules/a/test/node_modules/f/package.json":    "npm:a@1.0.0 within inferred",
			"/srv/app/node_modules/extra/x.js":                            "npm:extra@4.0.0 within unlisted",
			"/srv/app/node_modules/dropped.js":                            "npm within unlisted",
			"/srv/app/node_modules/ws/x.js":                               "npm within unlisted",
			"/srv/app/node_modules/a/edited.js":                           "npm:a@1.0.0 within later",
			"/srv/app/node_modules/dir/dropped.js":                        "npm within unlisted",
			"/srv/app/node_modules/.cache/x":                              "none",
			"/srv/app/index.js":                                           "none",
			"/etc/passwd":                                                 "none",
			"/srv/p/node_modules/.pnpm/q@1.1.0/node_modules/q/x.js":       "npm:q@1.1.0 within inferred",
			"/usr/local/lib/node_modules/pm2/node_modules/async/index.js": "npm:async@3.2.0 within inferred",
			"/usr/local/lib/node_modules/broken/x.js":                     "npm:broken within inferred",
		},
		bad: "exceeded max depth",
	},
	{
		name: "gems",
		tree: mem{files: map[string]string{
			"/srv/v/ruby/3.1.0/specifications/rack-test-2.1.0.gemspec":                           "  s.executables = [\"rackup\".freeze, \"../evil\".freeze]\n",
			"/srv/v/ruby/3.1.0/gems/rack-test-2.1.0/lib/x.rb":                                    "x",
			"/srv/v/ruby/3.1.0/gems/evil-1.0/x.rb":                                               "x",
			"/srv/v/ruby/3.1.0/bin/rackup":                                                       "x",
			"/srv/v/ruby/3.1.0/bin/other":                                                        "x",
			"/srv/v/ruby/3.1.0/cache/rack-test-2.1.0.gem":                                        "x",
			"/srv/v/ruby/3.1.0/extensions/x86_64-linux/3.1.0/rack-test-2.1.0/gem.build_complete": "",
			"/srv/v/ruby/3.1.0/extensions/x86_64-linux/3.1.0/rack-test-2.1.0/x.so":               "x",
		}},
		want: map[string]string{
			"/srv/v/ruby/3.1.0/gems/rack-test-2.1.0/lib/x.rb":                      "gem:rack-test@2.1.0 within inferred",
			"/srv/v/ruby/3.1.0/gems/evil-1.0/x.rb":                                 "gem within unlisted",
			"/srv/v/ruby/3.1.0/bin/rackup":                                         "gem:rack-test@2.1.0 listed listed",
			"/srv/v/ruby/3.1.0/bin/other":                                          "none",
			"/srv/v/ruby/3.1.0/cache/rack-test-2.1.0.gem":                          "gem:rack-test@2.1.0 listed listed",
			"/srv/v/ruby/3.1.0/extensions/x86_64-linux/3.1.0/rack-test-2.1.0/x.so": "gem:rack-test@2.1.0 within inferred",
		},
	},
	{
		name: "Composer",
		tree: mem{files: map[string]string{
			"/srv/www/vendor/composer/installed.json": `{"packages":[{"name":"symfony/console","version":"v6.0.1","install-path":"../symfony/console"},
				{"name":"w/plugin","version":"1","install-path":"../../wp-content/plugins/p"},{"name":"e/e","version":"1","install-path":"../../../../etc"},
				{"name":"e/v","version":"1","install-path":"../"}]}`,
			"/srv/www/vendor/symfony/console/A.php": "x", "/srv/www/vendor/evil.php": "x", "/srv/www/vendor/autoload.php": "x",
			"/srv/www/vendor/composer/ClassLoader.php": "x", "/srv/www/wp-content/plugins/p/p.php": "x", "/srv/www/index.php": "x", "/etc/x": "x",
			"/composer/installed.json": "[]", "/usr/composer/installed.json": "[]", "/usr/x.php": "x", "/x.php": "x",
			"/srv/old/vendor/composer/installed.json": `[{"name":"a/b","version":"1.0"}]`, "/srv/old/vendor/a/b/x.php": "x",
		}},
		want: map[string]string{
			"/srv/www/vendor/symfony/console/A.php":    "composer:symfony/console@v6.0.1 within inferred",
			"/srv/www/vendor/evil.php":                 "composer within unlisted",
			"/srv/www/vendor/autoload.php":             "composer:autoload listed listed",
			"/srv/www/vendor/composer/ClassLoader.php": "composer:autoload within inferred",
			"/srv/www/wp-content/plugins/p/p.php":      "composer:w/plugin@1 within inferred",
			"/srv/www/index.php":                       "none",
			"/etc/x":                                   "none",
			"/x.php":                                   "none",
			"/usr/x.php":                               "none",
			"/srv/old/vendor/a/b/x.php":                "composer:a/b@1.0 within inferred",
		},
		bad: "outside of the tree",
	},
	{
		name: "Rust",
		tree: mem{files: map[string]string{
			"/root/.rustup/toolchains/stable/lib/rustlib/components":                      "rustc\n../../evil\n",
			"/root/.rustup/toolchains/stable/lib/rustlib/manifest-rustc":                  "file:bin/rustc\ndir:share/doc\nfile:../../../../etc/cron.d/x\n",
			"/root/.rustup/toolchains/stable/lib/rustlib/multirust-channel-manifest.toml": "x\n[pkg.rustc]\nversion = \"1.80.0 (abc)\"\n",
			"/root/.rustup/toolchains/stable/bin/rustc":                                   "x",
			"/root/.rustup/toolchains/stable/bin/evil":                                    "x",
			"/root/.rustup/toolchains/stable/share/doc/x.html":                            "x",
			"/etc/cron.d/x":              "x",
			"/root/.cargo/.crates2.json": `{"installs":{"ripgrep 14.1.0 (registry+https://x)":{"bins":["rg","../evil"]}}}`,
			"/root/.cargo/bin/rg":        "x",
			"/root/.cargo/registry/src/index.crates.io-1/serde_json-1.0.1/.cargo-ok":  "ok",
			"/root/.cargo/registry/src/index.crates.io-1/serde_json-1.0.1/src/lib.rs": "x",
			"/root/.cargo/registry/src/index.crates.io-1/loose.rs":                    "x",
			"/root/.cargo/registry/cache/index.crates.io-1/serde_json-1.0.1.crate":    "x",
			"/srv/rs/vendor/libc/.cargo-checksum.json":                                `{"files":{"Cargo.toml":"` + shaHex("version = \"0.2\"\n") + `","src/lib.rs":"` + shaHex("lib") + `"}}`,
			"/srv/rs/vendor/libc/Cargo.toml":                                          "version = \"0.2\"\n",
			"/srv/rs/vendor/libc/src/lib.rs":                                          "LIB",
			"/srv/rs/vendor/libc/build.rs":                                            "x",
		}},
		want: map[string]string{
			"/root/.rustup/toolchains/stable/bin/rustc":        "toolchain:stable@1.80.0 listed listed",
			"/root/.rustup/toolchains/stable/bin/evil":         "toolchain:stable@1.80.0 within unlisted",
			"/root/.rustup/toolchains/stable/share/doc/x.html": "toolchain:stable@1.80.0 within inferred",
			"/etc/cron.d/x":       "none",
			"/root/.cargo/bin/rg": "cargo:ripgrep@14.1.0 listed listed",
			"/root/.cargo/registry/src/index.crates.io-1/serde_json-1.0.1/src/lib.rs": "cargo:serde_json@1.0.1 within inferred",
			"/root/.cargo/registry/src/index.crates.io-1/loose.rs":                    "cargo within unlisted",
			"/root/.cargo/registry/cache/index.crates.io-1/serde_json-1.0.1.crate":    "cargo:serde_json@1.0.1 listed listed",
			"/srv/rs/vendor/libc/Cargo.toml":                                          "cargo:libc@0.2 listed intact",
			"/srv/rs/vendor/libc/src/lib.rs":                                          "cargo:libc@0.2 listed changed",
			"/srv/rs/vendor/libc/build.rs":                                            "cargo:libc@0.2 within unlisted",
		},
	},
	{
		name: "toolchains, Maven, and installers with lists",
		tree: mem{files: map[string]string{
			"/usr/local/go/VERSION": "go1.26.8\ntime x\n", "/usr/local/go/pkg/tool/x": "x", "/usr/local/go/src/runtime/x.go": "x", "/usr/local/go/bin/go": "x",
			"/opt/jdk/release": "IMPLEMENTOR=\"Eclipse\"\nJAVA_VERSION=\"17.0.15\"\n", "/opt/jdk/bin/java": "x", "/opt/jdk/lib/modules": "x",
			"/root/.nvm/versions/node/v18.2.0/include/node/node_version.h": "#define NODE_MAJOR_VERSION 18\n#define NODE_MINOR_VERSION 2\n#define NODE_PATCH_VERSION 0\n",
			"/root/.nvm/versions/node/v18.2.0/bin/node":                    "x",
			"/usr/local/include/node/node_version.h":                       "#define NODE_MAJOR_VERSION 20\n", "/usr/local/bin/node": "x", "/usr/local/bin/evil": "x",
			"/root/.pyenv/versions/3.11.7/lib/python3.11/os.py": "x", "/root/.pyenv/versions/3.11.7/bin/python3.11": "x",
			"/usr/local/rvm/rubies/ruby-3.1.4/lib/ruby/3.1.0/x86_64-linux/rbconfig.rb": "x", "/usr/local/rvm/rubies/ruby-3.1.4/bin/ruby": "x",
			"/usr/local/lib/python3.9/os.py": "x", "/usr/local/lib/python3.9/re.py": "x",
			"/root/.m2/repository/org/x/lib/1.2/_remote.repositories": "x", "/root/.m2/repository/org/x/lib/1.2/lib-1.2.jar": "jar",
			"/root/.m2/repository/org/x/lib/1.2/lib-1.2.jar.sha1": sha1Hex("jar"), "/root/.m2/repository/org/x/lib/1.2/lib-1.2.pom": "POM",
			"/root/.m2/repository/org/x/lib/1.2/lib-1.2.pom.sha1": sha1Hex("pom"), "/root/.m2/repository/org/x/lib/1.2/x.jar": "x",
			"/usr/local/lib/x86_64-linux-gnu/perl/5.36.0/auto/JSON/XS/.packlist": "/usr/local/lib/x86_64-linux-gnu/perl/5.36.0/JSON/XS.pm type=file\n/etc/cron.d/x\n/usr/local/etc/x\n/usr/local/bin/json_xs\n",
			"/usr/local/lib/x86_64-linux-gnu/perl/5.36.0/JSON/XS.pm":             "x", "/usr/local/bin/json_xs": "x", "/usr/local/etc/x": "x",
			"/opt/gcloud/.install/core.manifest": "bin/gcloud\n../../etc/x\n", "/opt/gcloud/VERSION": "477.0.0\n", "/opt/gcloud/bin/gcloud": "x",
			"/home/linuxbrew/.linuxbrew/Cellar/jq/1.7/INSTALL_RECEIPT.json": "{}", "/home/linuxbrew/.linuxbrew/Cellar/jq/1.7/bin/jq": "x",
			"/var/lib/snapd/snaps/core20_2015.snap": "x", "/snap/core20/2015/meta/snap.yaml": "name: core20\nversion: 20230801\n", "/snap/core20/2015/bin/ls": "x",
			"/var/lib/flatpak/app/org.x.Y/x86_64/stable/abc/deploy": "x", "/var/lib/flatpak/app/org.x.Y/x86_64/stable/abc/files/bin/y": "x",
		}},
		want: map[string]string{
			"/usr/local/go/bin/go":                                       "toolchain:go@1.26.8 within inferred",
			"/opt/jdk/lib/modules":                                       "toolchain:jdk@17.0.15 within inferred",
			"/root/.nvm/versions/node/v18.2.0/bin/node":                  "toolchain:node@18.2.0 listed listed",
			"/usr/local/bin/node":                                        "toolchain:node@20.. listed listed",
			"/usr/local/bin/evil":                                        "none",
			"/root/.pyenv/versions/3.11.7/bin/python3.11":                "toolchain:python@3.11.7 within inferred",
			"/usr/local/rvm/rubies/ruby-3.1.4/bin/ruby":                  "toolchain:ruby@3.1.4 within inferred",
			"/usr/local/lib/python3.9/re.py":                             "toolchain:python@3.9 within inferred",
			"/root/.m2/repository/org/x/lib/1.2/lib-1.2.jar":             "maven:org.x:lib@1.2 listed intact",
			"/root/.m2/repository/org/x/lib/1.2/lib-1.2.pom":             "maven:org.x:lib@1.2 listed changed",
			"/root/.m2/repository/org/x/lib/1.2/x.jar":                   "maven:org.x:lib@1.2 within inferred",
			"/usr/local/lib/x86_64-linux-gnu/perl/5.36.0/JSON/XS.pm":     "cpan:JSON::XS listed listed",
			"/usr/local/bin/json_xs":                                     "cpan:JSON::XS listed listed",
			"/usr/local/etc/x":                                           "none",
			"/opt/gcloud/bin/gcloud":                                     "vendor:gcloud/core@477.0.0 listed listed",
			"/home/linuxbrew/.linuxbrew/Cellar/jq/1.7/bin/jq":            "homebrew:jq@1.7 within inferred",
			"/var/lib/snapd/snaps/core20_2015.snap":                      "snap:core20@revision 2015 listed listed",
			"/snap/core20/2015/bin/ls":                                   "snap:core20@20230801 within inferred",
			"/var/lib/flatpak/app/org.x.Y/x86_64/stable/abc/files/bin/y": "flatpak:org.x.Y@stable within inferred",
		},
		bad: "outside of the tree",
	},
	{
		name: "siblings",
		tree: mem{
			files: many("/opt/agent-2.1.0", 12, map[string]string{
				"/opt/agent-2.1.0/LICENSE": "x", "/opt/agent-2.1.0/bin/agent": "x", "/opt/agent-2.1.0/bin/evil": "x", "/opt/other": "x",
			}),
			came: map[string]int64{"/opt/agent-2.1.0/bin/evil": dayAfter},
		},
		want: map[string]string{
			"/opt/agent-2.1.0/bin/agent":  "vendor:agent@2.1.0 siblings inferred",
			"/opt/agent-2.1.0/lib/f01.so": "vendor:agent@2.1.0 siblings inferred",
			"/opt/agent-2.1.0/bin/evil":   "none",
			"/opt/other":                  "none",
		},
	},
	{
		name: "siblings of a version that came later, in a tree around it",
		tree: mem{
			files: func() map[string]string {
				m := many("/usr/local/agent", 30, map[string]string{"/usr/local/agent/README.md": "x"})
				maps.Copy(m, many("/usr/local/agent/plugins/3.2", 12, nil))
				return m
			}(),
			came: func() map[string]int64 {
				m := map[string]int64{}
				for f := range many("/usr/local/agent/plugins/3.2", 12, nil) {
					m[f] = dayAfter
				}
				return m
			}(),
		},
		want: map[string]string{
			"/usr/local/agent/lib/f01.so":             "vendor:agent siblings inferred",
			"/usr/local/agent/plugins/3.2/lib/f01.so": "vendor:plugins@3.2 siblings inferred",
		},
	},
	{
		name: "siblings below a directory without a mark, beside those of a project that grew",
		tree: mem{
			files: func() map[string]string {
				m := many("/srv/sdk/third/a", 12, map[string]string{"/srv/sdk/third/a/LICENSE": "x", "/srv/sdk/main.py": "x"})
				maps.Copy(m, many("/srv/sdk/third/b", 12, map[string]string{"/srv/sdk/third/b/LICENSE": "x"}))
				maps.Copy(m, many("/srv/grew/third/b", 12, map[string]string{"/srv/grew/third/b/LICENSE": "x", "/srv/grew/1": "x", "/srv/grew/2": "x"}))
				for i := range 30 {
					m[fmt.Sprintf("/srv/app/node_modules/x%d/LICENSE", i)] = "x"
					m[fmt.Sprintf("/srv/app/node_modules/x%d/package.json", i)] = "{}"
				}
				m["/srv/app/index.js"] = "x"
				maps.Copy(m, many("/srv/code", 30, map[string]string{"/srv/code/version_util.py": "x", "/srv/code/copying.py": "x"}))
				return m
			}(),
			came: map[string]int64{"/srv/grew/1": dayAfter, "/srv/grew/2": 2*dayAfter - day},
		},
		want: map[string]string{
			"/srv/sdk/main.py":             "vendor:sdk siblings inferred",
			"/srv/sdk/third/a/lib/f01.so":  "vendor:sdk siblings inferred",
			"/srv/grew/third/b/lib/f01.so": "vendor:third siblings inferred",
			"/srv/grew/1":                  "none",
			"/srv/code/lib/f01.so":         "none",
			"/srv/app/index.js":            "none",
		},
	},
	{
		name: "no siblings: in /tmp, hidden, of a home, without a mark, too few, one by one",
		tree: mem{
			files: func() map[string]string {
				m := map[string]string{}
				for _, dir := range []string{"/tmp/kit-1.0", "/opt/.x/kit-1.0", "/srv/home", "/opt/data", "/var/tmp/a/kit-2.0"} {
					maps.Copy(m, many(dir, 20, nil))
				}
				m["/srv/home/README"], m["/srv/home/.bashrc"] = "x", "x"
				maps.Copy(m, many("/opt/few-1.0", 5, nil))
				maps.Copy(m, many("/opt/half-1.0", 12, nil))
				maps.Copy(m, many("/opt/scripts", 30, map[string]string{"/opt/scripts/README": "x"}))
				return m
			}(),
			came: func() map[string]int64 {
				m := map[string]int64{}
				for i := range 30 {
					m[fmt.Sprintf("/opt/scripts/lib/f%02d.so", i)] = day + int64(i)*dayAfter/1000
					m[fmt.Sprintf("/opt/half-1.0/lib/f%02d.so", i)] = day + max(0, int64(i)-7)*dayAfter/1000
				}
				return m
			}(),
		},
		want: map[string]string{
			"/tmp/kit-1.0/lib/f01.so": "none", "/opt/.x/kit-1.0/lib/f01.so": "none", "/srv/home/lib/f01.so": "none", "/opt/data/lib/f01.so": "none",
			"/var/tmp/a/kit-2.0/lib/f01.so": "none", "/opt/few-1.0/lib/f01.so": "none", "/opt/scripts/lib/f01.so": "none",
			"/opt/half-1.0/lib/f01.so": "none",
		},
	},
	{
		name: "what the distribution owns",
		tree: mem{
			files: map[string]string{
				"/usr/lib/python3.11/os.py": "x", "/usr/lib/python3.11/evil.py": "x", "/usr/lib/python3.11/__pycache__/os.cpython-311.pyc": "x",
				"/usr/lib/python3.11/local.py": "x",
			},
			came:  map[string]int64{"/usr/lib/python3.11/evil.py": dayAfter, "/usr/lib/python3.11/__pycache__/os.cpython-311.pyc": dayAfter},
			owned: map[string]string{"/usr/lib/python3.11/os.py": "libpython3.11-minimal"},
		},
		want: map[string]string{
			"/usr/lib/python3.11/evil.py":                        "toolchain:python@3.11 within unlisted",
			"/usr/lib/python3.11/__pycache__/os.cpython-311.pyc": "package:libpython3.11-minimal within inferred",
			"/usr/lib/python3.11/local.py":                       "toolchain:python@3.11 within inferred",
		},
	},
	{
		name: "manifests that are links, or larger than is read",
		tree: mem{
			files: map[string]string{site + "/six-1.dist-info/x": "x", site + "/big-1.dist-info/RECORD": "big.py,,\n", site + "/big.py": "x", site + "/big/x.py": "x"},
			links: map[string]string{site + "/six-1.dist-info/RECORD": "/dev/zero"},
			size:  map[string]int64{site + "/big-1.dist-info/RECORD": 2 << 30},
		},
		want: map[string]string{site + "/six-1.dist-info/x": "python:six@1 within inferred"},
		bad:  "2147483648 bytes, more than",
	},
}
