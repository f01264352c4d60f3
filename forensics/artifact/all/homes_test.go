package all_test

import (
	"slices"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
)

// TestHomes: what a user's files start or tell is read in any home directory, and for a
// pattern "~/..." its user is known.
func TestHomes(t *testing.T) {
	for name, want := range map[string]string{
		".bash_history": "history", ".zsh/.zsh_history": "history", ".local/share/fish/fish_history": "history", ".viminfo": "history",
		".bashrc": "startup", ".bash_logout": "startup", ".zlogout": "startup", ".mkshrc": "startup", ".logout": "startup", ".config/fish/conf.d/x.fish": "startup", ".config/environment.d/x.conf": "startup", ".pam_environment": "startup",
		".config/systemd/user/x.service": "systemd", ".config/systemd/user/x.timer": "systemd", ".config/systemd/user/x.service.d/y.conf": "systemd", ".config/systemd/user/default.target.wants/x.service": "systemd",
		".config/systemd/user.control/x.service": "systemd", ".local/share/systemd/user/x.path": "systemd",
		".ssh/authorized_keys": "sshkeys", ".ssh/authorized_keys2": "sshkeys", ".ssh/rc": "sshrc", ".ssh/config": "sshrc", ".ssh/known_hosts": "history",
		".config/autostart/x.desktop": "xdg", ".local/share/dbus-1/services/x.service": "dbus",
		"src/app/.git/hooks/post-merge": "git", ".git/hooks/pre-commit": "git", "repos/app.git/hooks/post-receive": "git", "app/.git/modules/lib/hooks/post-checkout": "git",
		".local/lib/python3.11/site-packages/x.pth": "python", ".pyenv/versions/3.12.1/lib/python3.12/site-packages/sitecustomize.py": "python", "app/venv/lib/python3.11/site-packages/usercustomize.py": "python",
		".pyenv/versions/3.12.1/lib/python3.12/sitecustomize.py": "python", ".config/user-tmpfiles.d/x.conf": "tmpfiles",
	} {
		for _, home := range []string{"/root", "/home/ana", "/home/CORP/ana", "/srv/svc", "/export/home/nfs"} {
			var takes []string
			for _, x := range all.Extractors() {
				if slices.ContainsFunc(x.Patterns(), func(pattern string) bool { return artifact.Match(pattern, home+"/"+name) }) {
					takes = append(takes, x.Name())
				}
			}
			if !slices.Contains(takes, want) {
				t.Errorf("%s/%s: taken by %v, not by %s", home, name, takes, want)
			}
		}
	}
}

// TestNoHome: what lies in no home directory of the name is nobody's start-up file.
func TestNoHome(t *testing.T) {
	for _, p := range []string{"/usr/share/doc/x/bashrc", "/home/ana/x/python3.11/x.pth", "/home/ana/git/hooks/post-merge", "/srv/x/systemd/user/x.service", "/usr/share/systemd/user-tmpfiles.d"} {
		for _, x := range all.Extractors() {
			if takes(x, p) {
				t.Errorf("%s: taken by %s", p, x.Name())
			}
		}
	}
}
