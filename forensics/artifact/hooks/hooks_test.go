package hooks

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/update-motd.d/99-x", "/etc/udev/rules.d/99-x.rules", "/etc/apt/apt.conf.d/99x", "/etc/dnf/plugins/post-transaction-actions.d/x.action", "/etc/pam.d/sshd", "/etc/logrotate.d/x", "/etc/xdg/autostart/x.desktop", "/usr/share/dbus-1/system-services/org.example.x.service", "/etc/modprobe.d/blacklist.conf", "/etc/network/interfaces", "/etc/inetd.conf", "/etc/rsyslog.d/50-x.conf", "/etc/binfmt.d/x.conf", "/etc/dpkg/dpkg.cfg.d/x", "/etc/cloud/cloud.cfg.d/99-x.cfg", "/etc/kubernetes/manifests/x.yaml", "/usr/lib/python3/dist-packages/x.pth", "/usr/lib/python3/dist-packages/sitecustomize.py")
}
