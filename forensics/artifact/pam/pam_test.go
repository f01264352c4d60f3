package pam

import (
	"fmt"
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/pam.d/sshd")
}

// TestModules: a module from any other place than the directories of modules is one.
func TestModules(t *testing.T) {
	for module, odd := range map[string]bool{
		"pam_unix.so": false, "/lib/security/pam_unix.so": false, "/lib64/security/pam_unix.so": false, "/usr/lib64/security/pam_sss.so": false,
		"/usr/lib/x86_64-linux-gnu/security/pam_unix.so": false, "/lib/aarch64-linux-gnu/security/pam_unix.so": false, "/usr/local/lib/security/pam_x.so": false,
		"/usr/lib/arm-linux-gnueabihf/security/pam_unix.so": false,
		"/tmp/pam_x.so": true, "/tmp/security/pam_x.so": true, "/opt/lib/security/pam_x.so": true, "/lib/security/.x/pam_x.so": true,
		"../../tmp/pam_x.so": true, "/lib/security/../../tmp/pam_x.so": true, "/usr/lib/.x/security/pam_x.so": true,
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/pam.d/sshd", Text: "account required " + module + "\n"})
		if err != nil || len(records) > 1 || (len(records) == 1) != odd {
			t.Errorf("%s: %v, %v", module, records, err)
		}
	}
}

// TestStack: the lines of the authentication stacks, with their includes and those of
// pam.conf, and the scripts that a module runs.
func TestStack(t *testing.T) {
	for _, tt := range []struct{ path, text, want string }{
		{"/etc/pam.d/sshd", "@include common-auth\n", "pam.line sshd include common-auth []"},
		{"/etc/pam.d/sshd", "-auth [success=1  default=ignore] pam_x.so a b\n", "pam.line sshd [success=1,,default=ignore] pam_x.so [a b]"},
		{"/etc/pam.conf", "sshd AUTH Sufficient pam_permit.so\n", "pam.line sshd sufficient pam_permit.so []"},
		{"/etc/pam.d/sshd", "session required pam_unix.so\n", ""},
		{"/etc/pam.d/sshd", "session optional pam_python.so /lib/security/x.py\n", "hook.pam /lib/security/x.py"},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: tt.path, Text: tt.text})
		got := ""
		for _, r := range records {
			if r.Kind == "pam.line" {
				got += fmt.Sprint("pam.line ", r.Get("service"), " ", r.Get("control"), " ", r.Get("module"), " ", r.List("arguments"))
			} else {
				got += "hook.pam " + strings.Join(r.List("programs"), " ")
			}
		}
		if err != nil || got != tt.want {
			t.Errorf("%q: %q, want %q, %v", tt.text, got, tt.want, err)
		}
	}
}
