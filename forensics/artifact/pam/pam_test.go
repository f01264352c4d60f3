package pam

import (
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
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: "/etc/pam.d/sshd", Text: "auth required " + module + "\n"})
		if err != nil || len(records) > 1 || (len(records) == 1) != odd {
			t.Errorf("%s: %v, %v", module, records, err)
		}
	}
}
