package detect

import (
	"slices"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// record makes a record from "kind name=value; name=value". The names path and
// state are those of its source.
func record(t *testing.T, s string) model.Record {
	t.Helper()
	kind, fields, _ := strings.Cut(s, " ")
	r := model.Record{Kind: model.Kind(kind), Source: model.Source{Volume: "p1", DiskOffset: -1}}
	for _, f := range strings.Split(fields, "; ") {
		name, value, ok := strings.Cut(f, "=")
		switch {
		case !ok:
			if f != "" {
				t.Fatalf("%q is no field", f)
			}
		case name == "path":
			r.Source.Path = value
		case name == "state":
			switch value {
			case "orphan":
				r.Source.State = filesystem.Orphan
			case "deleted":
				r.Source.State = filesystem.Deleted
			}
		default:
			r.AddFields(modeltest.Fields(r.Kind, name+"="+value))
		}
	}
	return r
}

// with gives the record with one property changed; an empty value takes it away.
func with(t *testing.T, s, change string) model.Record {
	t.Helper()
	name, value, _ := strings.Cut(change, "=")
	kind, fields, _ := strings.Cut(s, " ")
	if name == "kind" {
		return record(t, value+" "+fields)
	}
	out, found := []string{}, false
	for _, f := range strings.Split(fields, "; ") {
		if n, _, _ := strings.Cut(f, "="); n == name {
			found = true
			if value == "" {
				continue
			}
			f = change
		}
		out = append(out, f)
	}
	if !found {
		out = append(out, change)
	}
	return record(t, kind+" "+strings.Join(out, "; "))
}

// ruleCases has for each rule what it must see, and the benign twin: the same
// record, one property changed.
var ruleCases = []struct{ rule, record, twin string }{
	{"container_host_root", "container.manual command=chroot /mnt sh; risky=host_root_mounted", "risky=host_network"},
	{"container_host_root", "container.manual command=chroot /mnt sh; risky=host_root_mounted", "command=/bin/node_exporter --path.rootfs=/host"},
	{"container_privileged", "container.autostart command=/portainer; risky=docker_socket_mounted", "risky=host_network"},
	{"container_privileged", "container.autostart command=/agent; risky=privileged", "risky=strong_capability"},
	{"tmpfiles_write", "hook.tmpfiles command=z /usr/bin/find 04755; mode=04755", "mode=02755"},
	{"tmpfiles_write", "hook.tmpfiles command=C /a ~6755 - - - /b; mode=~6755", "mode=~0755"},
	{"sshd_keys_odd_place", "sshd.option option=AuthorizedKeysFile; value=/etc/ssh/.keys/%u", "value=/etc/ssh/keys/%u"},
	{"sshd_keys_odd_place", "sshd.option option=AuthorizedKeysFile; value=.ssh/authorized_keys /var/tmp/k", "value=.ssh/authorized_keys .ssh/authorized_keys2"},
	{"sshd_keys_odd_place", "sshd.option option=TrustedUserCAKeys; value=/etc/ssh/.ca.pub", "value=/etc/ssh/user_ca.pub"},
	{"sshd_keys_odd_place", "sshd.option option=AuthorizedKeysFile; value=/.k", "value=/home/%u/.ssh/authorized_keys"},
	{"sudo_path_odd", "sudo.default settings=secure_path=\"/tmp/.x:/usr/bin\"", "settings=secure_path=\"/usr/local/sbin:/usr/bin\""},
	{"sudo_path_odd", "sudo.default settings=secure_path=/usr/bin:/usr/share/.b", "settings=secure_path=/usr/bin:/snap/bin"},
	{"account_hidden_home", "account.user name=x; uid=1001; home=/var/tmp/.x; shell=/bin/bash", "home=/home/x"},
	{"account_hidden_home", "account.user name=x; uid=1001; home=/var/tmp/.x; shell=/bin/bash", "shell=/usr/sbin/nologin"},
	{"account_no_password", "account.shadow name=x; password=empty", "password=locked"},
	{"account_no_password", "account.shadow name=x; password=empty", "backup=yes"},
	{"account_uid_0", "account.user name=sysupd; uid=0; home=/root; shell=/bin/bash", "uid=1000"},
	{"account_uid_0", "account.user name=sysupd; uid=0; home=/root; shell=/bin/bash", "name=root"},
	{"cron_redis_dump", "cron.oddity what=begins like a dump of the Redis database", "what=binary data between the lines"},
	{"file_device_outside_dev", "file.notable what=device_outside_dev; file_type=char", "what=temp_elf"},
	{"file_hidden_program", "file.notable what=hidden_elf; file_type=elf", "what=temp_elf"},
	{"file_component_changed", "file.notable what=component_file_changed; origin=python:six@1.16.0; origin_state=changed", "what=immutable"},
	{"file_autostart_cut", "file.notable what=autostart_cut; file_type=text", "what=script"},
	{"listener_docker_open", "network.listener service=docker; port=2375; exposed=yes; address=0.0.0.0", "port=2376"},
	{"file_immutable", "file.notable what=immutable; file_type=text", "what=hidden_elf"},
	{"file_kernel_module", "file.notable what=kernel_module_unowned; file_type=elf", "what=hidden_elf"},
	{"file_kernel_thread_name", "file.notable what=kernel_thread_name; file_type=elf", "what=temp_elf"},
	{"file_package_changed", "file.notable what=package_file_changed; owner=iproute2", "what=immutable"},
	{"file_nss_module", "file.notable what=nss_module_unowned; file_type=elf", "what=hidden_elf"},
	{"file_pam_module", "file.notable what=pam_module_unowned; file_type=elf", "what=hidden_elf"},
	{"file_setuid_added", "file.notable what=setuid_added; owner=tools; mode=4755", "what=setuid_unowned"},
	{"file_setuid_unowned", "file.notable what=setuid_unowned; mode=4755", "what=hidden_elf"},
	{"file_setuid_unowned", "file.notable what=setuid_unowned; mode=4755; place=data", "place=local"},
	{"file_setuid_unowned", "file.notable what=setuid_unowned; mode=4755; place=shell", "place=other"},
	{"file_setuid_local", "file.notable what=setuid_unowned; mode=4755; place=local", "place=data"},
	{"file_setgid_unowned", "file.notable what=setgid_unowned; mode=2755; place=data", "place=local"},
	{"file_kernel_module_extra", "file.notable what=kernel_module_extra", "what=hidden_elf"},
	{"file_appended_script", "file.notable what=appended_script", "what=hidden_elf"},
	{"file_immutable_resolver", "file.notable what=immutable_resolver", "what=hidden_elf"},
	{"database_trust", "database.access type=host; method=trust; public=yes; address=203.0.113.9/32", "method=scram-sha-256"},
	{"database_trust", "database.access type=host; method=trust; public=yes; address=203.0.113.9/32", "public="},
	{"package_list_unregistered", "package.list package=kk; unregistered=yes; path=/var/lib/dpkg/info/kk.list", "unregistered="},
	{"file_temp_library", "file.notable what=temp_library", "what=hidden_elf"},
	{"file_capabilities", "file.notable what=file_capabilities; capabilities=cap_setuid; mode=0755", "capabilities=cap_net_bind_service"},
	{"file_capabilities", "file.notable what=file_capabilities; capabilities=cap_net_raw,cap_sys_admin; mode=0755", "what=hidden_elf"},
	{"file_temp_program", "file.notable what=temp_elf; file_type=elf", "what=hidden_elf"},
	{"file_unlinked_empty", "file.notable what=orphan_empty; state=orphan", "what=orphan_elf"},
	{"file_unlinked_program", "file.notable what=orphan_elf; state=orphan", "what=orphan_empty"},
	{"history_off", "history.file link_target=/dev/null; user=root", "link_target=/srv/history"},
	{"hook_pam_module", "hook.pam service=sshd; module=/usr/share/.x/pam_x.so", "module=/usr/lib/security/pam_x.so"},
	{"library_path_odd", "library.path directory=/dev/shm/lib", "directory=/usr/local/lib"},
	{"library_path_odd", "library.path directory=/usr/lib/.x", "directory=/usr/lib/x"},
	{"preload_odd_place", "preload.library library=/tmp/a.so", "library=/usr/lib/a.so"},
	{"ssh_key_campaign", "ssh.key type=ssh-rsa; comment=mdrfckr; user=root", "comment=deploy@laptop"},
	{"ssh_key_daemon_user", "ssh.key type=ssh-rsa; comment=x; user=www-data", "user=deploy"},
	{"ssh_key_dump", "ssh.key invalid=x; data=REDIS0009", "data=x"},
	{"sshd_empty_passwords", "sshd.option option=PermitEmptyPasswords; value=yes", "value=no"},
	{"sshd_root_login", "sshd.option option=PermitRootLogin; value=yes", "value=prohibit-password"},
	{"sudo_all_without_password", "sudo.rule who=deploy; nopasswd=yes; commands=ALL", "commands=/usr/bin/systemctl restart app"},
	{"sudo_all_without_password", "sudo.rule who=deploy; nopasswd=yes; commands=ALL", "who=ALL"},
	{"sudo_everybody", "sudo.rule who=ALL; nopasswd=yes; commands=ALL", "who=%sudo"},
	{"sudo_everybody", "sudo.rule who=ALL; nopasswd=yes; commands=ALL", "nopasswd="},
	{"guard_setting_off", "guard.setting service=selinux; setting=SELINUX=disabled; effect=disabled_cut", "effect=disabled"},
	{"guard_setting_off", "guard.setting service=audit; setting=-e 0; effect=disabled", "service=selinux"},
	{"guard_setting_off", "guard.setting service=rsyslog; setting=x; effect=dropped", "effect=kept"},
	{"unit_masked_guard", "systemd.unit unit=auditd.service; masked=yes", "masked="},
	{"unit_masked_guard", "systemd.unit unit=hostguard.service; masked=yes", "unit=tmp.mount"},
	{"sshd_log_off", "sshd.option option=LogLevel; value=QUIET", "value=VERBOSE"},
	{"sudo_no_authentication", "sudo.default settings=!authenticate", "settings=!requiretty"},
	{"sudo_no_authentication", "sudo.default settings=!authenticate", "scope=:deploy"},
	{"polkit_grants_all", "polkit.rule identities=*; actions=*; result=yes", "identities=unix-group:wheel"},
	{"polkit_grants_all", "polkit.rule identities=*; actions=*; result=yes", "actions=org.x.y"},
	{"file_world_writable", "file.notable what=world_writable; mode=0666; path=/etc/passwd", "what=script"},
	{"systemd_preload", "systemd.unit unit=a.service; environment=LD_PRELOAD=/tmp/a.so", "environment=LD_PRELOAD=/usr/lib/a.so"},
	{"systemd_preload", "systemd.unit unit=a.service; environment=LD_PRELOAD=/tmp/a.so", "environment=HOME=/tmp/a"},
	{"useradd_uid_0", "auth.useradd name=sysupd; uid=0", "uid=1000"},
}

func TestRules(t *testing.T) {
	r, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	matches := func(rec model.Record, name string) bool {
		return slices.ContainsFunc(r.matcher().match(&rec), func(x *rule) bool { return x.Name == name })
	}
	tested := make(map[string]bool)
	for _, tt := range ruleCases {
		tested[tt.rule] = true
		if !matches(record(t, tt.record), tt.rule) {
			t.Errorf("%s does not see %s", tt.rule, tt.record)
		}
		if matches(with(t, tt.record, tt.twin), tt.rule) {
			t.Errorf("%s sees %s, with %s", tt.rule, tt.record, tt.twin)
		}
	}
	for _, i := range r.List() {
		if !tested[i.Name] {
			t.Errorf("no test of the rule %s", i.Name)
		}
	}
}
