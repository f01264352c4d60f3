package forensics_test

import (
	"fmt"
	"strings"
	"testing"

	"icecore/fixtures/servers"
)

// separate puts /home, /var and /var/log on partitions 2 to 4, where etc/fstab says so.
func separate(fstab string, more ...servers.Tree) layout {
	return separateAs(fstab, []string{"root", "home", "var", "logs"}, more...)
}

func separateAs(fstab string, labels []string, more ...servers.Tree) layout {
	return func(files servers.Tree) []servers.Volume {
		tree := servers.Debian().With(files, servers.Tree{"/etc/fstab": fstab}).With(more...)
		parts, rest := tree.Split("/home", "/var", "/var/log")
		var out []servers.Volume
		for i, p := range append([]servers.Tree{rest}, parts...) {
			digit := fmt.Sprint(i + 1)
			out = append(out, servers.Volume{
				Tree: p, Label: labels[i], UUID: servers.UUID(digit), PartLabel: "part-" + labels[i], PartUUID: servers.UUID("a")[:35] + digit,
			})
		}
		return out
	}
}

// table writes an fstab from a form of naming a device, in which %d is the number of
// the partition and %s its label.
func table(device func(n int, label string) string, options string) string {
	var b strings.Builder
	b.WriteString("# <file system> <mount point> <type> <options> <dump> <pass>\n\n")
	for i, at := range []string{"/", "/home", "/var", "/var/log"} {
		fmt.Fprintf(&b, "%s %s ext4 %s 0 %d\n", device(i+1, []string{"root", "home", "var", "logs"}[i]), at, options, min(i+1, 2))
	}
	b.WriteString("tmpfs /tmp tmpfs rw,nosuid,nodev 0 0\nproc /proc proc defaults 0 0\n/swapfile none swap sw 0 0\n")
	return b.String()
}

func unit(name, what, where, more string) servers.Tree {
	return servers.Tree{
		"/etc/systemd/system/" + name:                       "[Unit]\nDescription=Data\n[Mount]\nWhat=" + what + "\nWhere=" + where + "\n" + more + "[Install]\nWantedBy=local-fs.target\n",
		"/etc/systemd/system/local-fs.target.wants/" + name: "-> /etc/systemd/system/" + name,
	}
}

// TestServerMounts puts the directories of a server on partitions of their own, in each
// way in which a server can name them. What is found is what is found on one partition.
func TestServerMounts(t *testing.T) {
	by := func(form string) func(int, string) string {
		return func(n int, label string) string {
			return strings.NewReplacer("UUID4", servers.UUID(fmt.Sprint(n)), "PART4", servers.UUID("a")[:35]+fmt.Sprint(n),
				"LABEL4", label, "N4", fmt.Sprint(n)).Replace(form)
		}
	}
	uuid := by("UUID=UUID4")
	for _, c := range []struct {
		name string
		do   layout
	}{
		{"UUID", separate(table(uuid, "defaults"))},
		{"LABEL", separate(table(by("LABEL=LABEL4"), "defaults"))},
		{"PARTUUID", separate(table(by("PARTUUID=PART4"), "defaults"))},
		{"PARTLABEL", separate(table(by("PARTLABEL=part-LABEL4"), "defaults"))},
		{"quoted", separate(table(by(`UUID="UUID4"`), "defaults"))},
		{"quoted label", separate(table(by(`LABEL="LABEL4"`), "defaults"))},
		{"virtio", separate(table(by("/dev/vdaN4"), "defaults"))},
		{"sd", separate(table(by("/dev/sdaN4"), "defaults"))},
		{"xen", separate(table(by("/dev/xvdaN4"), "defaults"))},
		{"nvme", separate(table(by("/dev/nvme0n1pN4"), "defaults"))},
		{"mmc", separate(table(by("/dev/mmcblk0pN4"), "defaults"))},
		{"by-uuid", separate(table(by("/dev/disk/by-uuid/UUID4"), "defaults"))},
		{"by-label", separate(table(by("/dev/disk/by-label/LABEL4"), "defaults"))},
		{"by-partuuid", separate(table(by("/dev/disk/by-partuuid/PART4"), "defaults"))},
		{"by-partlabel", separate(table(by("/dev/disk/by-partlabel/part-LABEL4"), "defaults"))},
		{"options", separate(table(uuid, "rw,noatime,nofail,x-systemd.device-timeout=10s,data=ordered"))},
		{"automount", separate(table(uuid, "noauto,x-systemd.automount"))},
		{"label with a blank", separateAs(
			"LABEL=my\\040root / ext4 defaults\nLABEL=my\\040home /home ext4 defaults\nLABEL=my\\040var /var ext4 defaults\nLABEL=my\\040logs\t/var/log\text4\tdefaults\n",
			[]string{"my root", "my home", "my var", "my logs"})},
		{"order", separate("LABEL=logs /var/log ext4 defaults 0 2\nLABEL=var /var ext4 defaults 0 2\nLABEL=home /home ext4 defaults 0 2\nLABEL=root / ext4 defaults 0 1\n")},
		{"without a root line", separate("LABEL=logs /var/log ext4\nLABEL=var /var auto\nLABEL=home /home ext4 defaults\n")},
		{"blanks, comments, slashes", separate("\n   # LABEL=var /srv ext4\n\t LABEL=var \t /var/ \t ext4 \t defaults # not a comment\n#LABEL=home /mnt ext4\nLABEL=home //home ext4 defaults 0 0\nLABEL=logs /var//log/ ext4 defaults\n")},
		{"octal path", separate("LABEL=var \\057var ext4 defaults\nLABEL=home /hom\\145 ext4 defaults\nLABEL=logs /var/lo\\147 ext4 defaults\n")},
		{"CRLF", separate("LABEL=var /var ext4 defaults 0 2\nLABEL=home /home ext4 defaults 0 2\nLABEL=logs /var/log ext4 defaults 0 2\n# end\n\r\n")},
		{"no newline at the end", separate("LABEL=var /var ext4 defaults\nLABEL=home /home ext4 defaults\nLABEL=logs /var/log ext4 defaults")},
		{"a broken line between", separate("LABEL=var /var ext4 defaults\nnonsense\n\xff\xfe /x\nLABEL=home /home ext4 defaults\nLABEL=logs /var/log ext4 defaults\n")},
		{"units", separate("", unit("home.mount", "/dev/disk/by-uuid/"+servers.UUID("2"), "/home", "Type=ext4\n"),
			unit("var.mount", "LABEL=var", "/var", "Type=ext4\nOptions=noatime\n"), unit("var-log.mount", "/dev/vda4", "/var/log", ""))},
		{"unit and fstab", separate("LABEL=var /var ext4 defaults\n",
			unit("home.mount", "LABEL=home", "/home", ""), unit("var-log.mount", "LABEL=logs", "/var/log", ""))},
		{"unit of a package", separate("LABEL=var /var ext4 defaults\nLABEL=logs /var/log ext4 defaults\n", servers.Tree{
			"/usr/lib/systemd/system/home.mount":                       "[Mount]\nWhat=/dev/disk/by-label/home\nWhere=/home\n",
			"/usr/lib/systemd/system/local-fs.target.wants/home.mount": "-> ../home.mount",
		})},
		{"bind", bound("bind")},
		{"rbind", bound("rbind")},
		{"bind with options", bound("defaults,bind,x-systemd.requires=/data")},
		{"bind of a unit", func(files servers.Tree) []servers.Volume {
			v := bound("bind")(files)
			v[0].Tree = v[0].Tree.With(servers.Tree{"/etc/fstab": "LABEL=data /data ext4 defaults\n"},
				unit("home.mount", "/data/h", "/home", "Options=bind\n"), unit("var.mount", "/data/v", "/var", "Type=none\nOptions=bind\n"))
			return v
		}},
		{"bind within the root", func(files servers.Tree) []servers.Volume {
			tree := servers.Debian().With(files).Move("/etc/cron.d", "/usr/share/z").Move("/var/log", "/srv/l").
				With(servers.Tree{"/etc/cron.d/": "", "/var/log/": "", "/etc/fstab": "/usr/share/z /etc/cron.d none bind 0 0\n/srv/l /var/log none rw,bind 0 0\n"})
			return []servers.Volume{{Tree: tree}}
		}},
		{"bind of a bind", func(files servers.Tree) []servers.Volume {
			tree := servers.Debian().With(files).Move("/etc/cron.d", "/usr/share/z/y").
				With(servers.Tree{"/etc/cron.d/": "", "/opt/a/": "", "/etc/fstab": "/usr/share/z /opt/a none bind 0 0\n/opt/a/y /etc/cron.d none bind 0 0\n"})
			return []servers.Volume{{Tree: tree}}
		}},
		{"bind of a file", func(files servers.Tree) []servers.Volume {
			tree := servers.Debian().With(files).Move("/etc/cron.d/upd", "/opt/b").
				With(servers.Tree{"/etc/cron.d/upd": "# nothing\n", "/etc/fstab": "/opt/b /etc/cron.d/upd none bind 0 0\n"})
			return []servers.Volume{{Tree: tree}}
		}},
		{"behind a link to what is mounted", func(files servers.Tree) []servers.Volume {
			tree := servers.Debian().With(files).Link("/var", "data/var", "/data/var").Link("/home", "/data/h", "/data/h").
				With(servers.Tree{"/etc/fstab": "UUID=" + servers.UUID("2") + " /data ext4 defaults 0 2\n"})
			parts, rest := tree.Split("/data")
			return []servers.Volume{{Tree: rest}, {Tree: parts[0], UUID: servers.UUID("2")}}
		}},
		{"mounted at a link", func(files servers.Tree) []servers.Volume {
			parts, rest := servers.Debian().With(files, servers.Tree{"/etc/fstab": "LABEL=v /var ext4 defaults 0 2\n"}).Split("/var")
			return []servers.Volume{{Tree: rest.Without("/var").With(servers.Tree{"/var": "-> data/v", "/data/v/": ""})}, {Tree: parts[0], Label: "v"}}
		}},
		{"a link on what is mounted leads back", func(files servers.Tree) []servers.Volume {
			tree := servers.Debian().With(files).Link("/var/log", "/srv/logs", "/srv/logs").Link("/var/spool", "../opt/spool", "/opt/spool").
				With(servers.Tree{"/etc/fstab": "LABEL=v /var ext4 defaults 0 2\n"})
			parts, rest := tree.Split("/var")
			return []servers.Volume{{Tree: rest}, {Tree: parts[0], Label: "v"}}
		}},
		{"root last on the disk", func(files servers.Tree) []servers.Volume {
			v := separate(table(uuid, "defaults"))(files)
			return []servers.Volume{v[3], v[2], v[1], v[0]}
		}},
		{"what is mounted hides what lies below", func(files servers.Tree) []servers.Volume {
			// The hidden files are benign: what cron reads is what is mounted.
			v := separate(table(uuid, "defaults"))(files)
			v[0].Tree = v[0].Tree.With(servers.Tree{"/var/spool/cron/crontabs/root": "@daily true\n", "/home/old/.bash_history": "ls\n"})
			return v
		}},
		{"etc of its own", func(files servers.Tree) []servers.Volume {
			// Nobody does so, but that usr is another volume is common.
			parts, rest := servers.Debian().With(files, servers.Tree{"/usr/lib/os-release": "ID=debian\n", "/usr/bin/bash": "\x7fELF", "/etc/fstab": "LABEL=usr /usr ext4 ro 0 0\nLABEL=srv /srv ext4 defaults 0 2\n"}).
				Without("/etc/os-release").With(servers.Tree{"/etc/os-release": "-> ../usr/lib/os-release"}).Split("/usr", "/srv")
			return []servers.Volume{{Tree: rest}, {Tree: parts[0], Label: "usr"}, {Tree: parts[1], Label: "srv"}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { checkLayout(t, c.do) })
	}
}

// bound mounts a partition at /data and binds its directories to where they belong.
func bound(options string) layout {
	return func(files servers.Tree) []servers.Volume {
		tree := servers.Debian().With(files).Move("/home", "/data/h").Move("/var", "/data/v").With(servers.Tree{
			"/home/": "", "/var/": "",
			"/etc/fstab": "LABEL=data /data ext4 defaults 0 2\n/data/h /home none " + options + " 0 0\n/data/v /var none " + options + " 0 0\n",
		})
		parts, rest := tree.Split("/data")
		return []servers.Volume{{Tree: rest}, {Tree: parts[0], Label: "data"}}
	}
}

// TestServerMissingVolume: what fstab names and no volume holds is a gap; what needs
// nothing from it is found.
func TestServerMissingVolume(t *testing.T) {
	fstab := table(func(n int, _ string) string { return "UUID=" + servers.UUID(fmt.Sprint(n)) }, "defaults")
	volumes := separate(fstab)(servers.Planted())
	a := served(t, made(t, volumes[0], volumes[1], volumes[3]))
	for _, want := range []string{servers.UUID("3"), "/var"} {
		if !gapAbout(a, want) {
			t.Errorf("no gap names %s:\n%s", want, gaps(a))
		}
	}
	all := strings.Join(claims(a), "\n")
	for _, want := range []string{"/home/ana/.bash_history", "/etc/cron.d/upd"} {
		if !strings.Contains(all, " "+want+":") {
			t.Errorf("no finding at %s:\n%s", want, all)
		}
	}
	// The same without anything planted: no gap but that one, and no clean verdict.
	volumes = separate(fstab)(servers.Benign())
	a = served(t, made(t, volumes[0], volumes[1], volumes[3]))
	if !gapAbout(a, servers.UUID("3")) {
		t.Errorf("no gap names the volume that is missing:\n%s", gaps(a))
	}
	whole := served(t, made(t, volumes...))
	if gapAbout(whole, servers.UUID("3")) || gapAbout(whole, "fstab") {
		t.Errorf("nothing is missing, and yet:\n%s", gaps(whole))
	}
}

// TestServerMountsThatAreNone: what is written in fstab and cannot be a place to look at
// takes nothing away from what can.
func TestServerMountsThatAreNone(t *testing.T) {
	for _, c := range []struct{ name, fstab string }{
		{"network", "server:/export /data nfs defaults 0 0\n//server/share /mnt cifs guest 0 0\n"},
		{"pseudo", "tmpfs /run tmpfs defaults\nproc /proc proc defaults\nsysfs /sys sysfs\ndevpts /dev/pts devpts\ncgroup2 /sys/fs/cgroup cgroup2\n"},
		{"swap", "LABEL=swap none swap sw 0 0\n/swapfile swap swap defaults 0 0\n"},
		{"empty directory bound", "/srv/none /opt none bind 0 0\n"},
		{"bind of itself", "/etc /etc none bind 0 0\n/var/log /var/log none bind 0 0\n"},
		{"bind of all", "/ /mnt none rbind 0 0\n"},
		{"bind below itself", "/var /var/tmp none bind 0 0\n"},
		{"a circle", "/opt/a /opt/b none bind 0 0\n/opt/b /opt/a none bind 0 0\n"},
		{"out of the tree", "/../../../../../../etc /mnt none bind 0 0\n../../../../etc /mnt none bind 0 0\n"},
		{"paths without end", strings.Repeat("/a", 5000) + " " + strings.Repeat("/b", 5000) + " ext4 defaults\n"},
		{"nul", "LABEL=\x00 /\x00 ext4 \x00\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkLayout(t, func(files servers.Tree) []servers.Volume {
				return []servers.Volume{{Tree: servers.Debian().With(files, servers.Tree{"/etc/fstab": c.fstab})}}
			})
		})
	}
}
