package detect

import (
	"fmt"
	"slices"
	"testing"

	"icecore/forensics/model"
)

// byPrint is an accepted login by a key.
func byPrint(t *testing.T, user, address, print string, minute int) model.Record {
	r := onHost(record(t, "auth.login method=publickey; user="+user+"; address="+address+"; fingerprint="+print), "/var/log/auth.log", 9)
	return at(r, "logged", minute)
}

func keyLine(t *testing.T, print string, minute int) model.Record {
	r := onHost(record(t, "ssh.key type=ssh-ed25519; user=root; fingerprint="+print), "/root/.ssh/authorized_keys", 30)
	return at(r, "changed", minute, "created", minute)
}

// TestLogins: what logins tell that are no guesses, and their honest twins.
func TestLogins(t *testing.T) {
	even := func(address string, n, step int) []model.Record {
		var out []model.Record
		for i := range n {
			r := onHost(record(t, fmt.Sprintf("auth.failures address=%s; count=1; users=root; user_count=1", address)), "/var/log/auth.log", 9)
			out = append(out, at(r, "first", -(n-i)*step, "last", -(n-i)*step))
		}
		return out
	}
	sudo := func(user, command string) model.Record {
		return at(onHost(record(t, "auth.sudo user="+user+"; as=root; command="+command), "/var/log/auth.log", 9), "logged", 0)
	}
	with := func(more ...any) []model.Record {
		var out []model.Record
		for _, m := range more {
			switch m := m.(type) {
			case model.Record:
				out = append(out, m)
			case []model.Record:
				out = append(out, m...)
			}
		}
		return out
	}
	for _, tt := range []struct {
		name, rule string
		records    []model.Record
		want       Level
	}{
		// A key that stands nowhere.
		{"from a new address, others stand", "login_key_gone", with(keyLine(t, "SHA256:a", -9000), byPrint(t, "root", "192.0.2.1", "SHA256:a", -50), byPrint(t, "root", "203.0.113.9", "SHA256:gone", 0)), Medium},
		{"from where others come", "login_key_gone", with(keyLine(t, "SHA256:a", -9000), byPrint(t, "root", "192.0.2.1", "SHA256:a", -50), byPrint(t, "root", "192.0.2.1", "SHA256:gone", 0)), Low},
		{"no key of the log stands", "login_key_gone", with(byPrint(t, "root", "203.0.113.9", "SHA256:gone", 0)), Low},
		{"it stands", "login_key_gone", with(keyLine(t, "SHA256:a", -9000), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)), None},
		{"keys come from a command", "login_key_gone", with(onHost(record(t, "sshd.option option=AuthorizedKeysCommand; value=/usr/bin/sss_ssh_authorizedkeys"), "/etc/ssh/sshd_config", 40), byPrint(t, "root", "203.0.113.9", "SHA256:gone", 0)), None},
		// A key that is used at once.
		{"a minute after it was written", "login_key_new", with(keyLine(t, "SHA256:a", -1), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)), Medium},
		{"an hour after it was written", "login_key_new", with(keyLine(t, "SHA256:a", -60), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)), None},
		{"ssh-copy-id", "login_key_new", with(loginOf(t, "root", "203.0.113.9", -2, ""), keyLine(t, "SHA256:a", -1), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)), None},
		{"not its first use", "login_key_new", with(byPrint(t, "root", "203.0.113.9", "SHA256:a", -500), keyLine(t, "SHA256:a", -1), byPrint(t, "root", "203.0.113.9", "SHA256:a", 0)), None},
		// A service gets a shell.
		{"www-data, bash", "service_root_shell", with(sudo("www-data", "/usr/bin/bash")), Medium},
		{"www-data, su", "service_root_shell", with(at(onHost(record(t, "auth.su user=www-data; as=root; result=granted"), "/var/log/auth.log", 9), "logged", 0)), Medium},
		{"www-data, su refused", "service_root_shell", with(at(onHost(record(t, "auth.su user=www-data; as=root; result=refused"), "/var/log/auth.log", 9), "logged", 0)), None},
		{"nobody, python", "service_root_shell", with(sudo("nobody", "/usr/bin/python3 -c import os")), Medium},
		{"www-data, a script that a rule names", "service_root_shell", with(sudo("www-data", "/bin/bash /usr/local/sbin/reload.sh")), None},
		{"www-data, a program", "service_root_shell", with(sudo("www-data", "/usr/sbin/nginx -s reload")), None},
		{"an administrator", "service_root_shell", with(sudo("ana", "/usr/bin/bash")), None},
		// A forgetful user, an old password.
		{"slow and even, from nowhere", "guessed_password", with(even("203.0.113.9", 40, 30), loginOf(t, "root", "203.0.113.9", 0, "")), Medium},
		{"even, from the usual address", "guessed_password", with(loginOf(t, "root", "203.0.113.9", -9000, ""), even("203.0.113.9", 100, 10), loginOf(t, "root", "203.0.113.9", 0, "")), Low},
		{"a few, from the usual address", "guessed_password", with(loginOf(t, "root", "203.0.113.9", -9000, ""), failedFrom(t, "203.0.113.9", 12, 0), loginOf(t, "root", "203.0.113.9", 0, "")), Low},
		{"a mailbox", "guessed_password", with(failedFrom(t, "203.0.113.9", 300, 0), at(onHost(record(t, "auth.login method=mail; user=ana; address=203.0.113.9"), "/var/log/mail.log", 11), "logged", 0)), Medium},
		{"Webmin", "guessed_password", with(failedFrom(t, "203.0.113.9", 300, 0), at(onHost(record(t, "auth.login method=webmin; user=root; address=203.0.113.9"), "/var/log/auth.log", 9), "logged", 0)), Critical},
	} {
		if got := level((&scene{records: tt.records, snapshot: 10_000}).run(t), tt.rule); got != tt.want {
			t.Errorf("%s: %s is %s, want %s", tt.name, tt.rule, got, tt.want)
		}
	}
}

// TestOnlyText: a login that only a text log states is marked where the journal speaks of
// the hours around it, and neither it nor wtmp has it.
func TestOnlyText(t *testing.T) {
	journal := func(minute int) model.Record {
		r := onHost(record(t, "auth.sudo user=ana; as=root; command=/bin/true"), "/var/log/journal/x/system.journal", 50)
		r.AddInt("entry_offset", 4096)
		return at(r, "logged", minute)
	}
	text := []model.Record{failedFrom(t, "203.0.113.9", 300, 0), loginOf(t, "root", "203.0.113.9", 0, "")}
	wtmp := at(onHost(record(t, "login.session user=root; address=203.0.113.9; line=pts/0"), "/var/log/wtmp", 51), "login", 0)
	for name, tt := range map[string]struct {
		more []model.Record
		want bool
	}{
		"the journal speaks before and after": {[]model.Record{journal(-100), journal(100)}, true},
		"no journal":                          {nil, false},
		"the journal ends before":             {[]model.Record{journal(-100), journal(-50)}, false},
		"the journal spoke a day before":      {[]model.Record{journal(-2000), journal(100)}, false},
		"wtmp has it":                         {[]model.Record{journal(-100), journal(100), wtmp}, false},
	} {
		res := (&scene{records: slices.Concat(text, tt.more), snapshot: 10_000}).run(t)
		got := false
		for _, f := range res.Findings {
			got = got || slices.ContainsFunc(f.Details, func(m model.Message) bool { return m.ID == "login.only_text" })
		}
		if got != tt.want {
			t.Errorf("%s: marked is %v", name, got)
		}
	}
}
