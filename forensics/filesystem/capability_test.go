package filesystem

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCapabilities writes those of a real file as getcap(8) does.
func TestCapabilities(t *testing.T) {
	for _, tool := range []string{"setcap", "getcap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: apt-get install libcap2-bin", tool)
		}
	}
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, set := range [][]string{
		{"cap_setuid=ep"},
		{"cap_net_raw=p"},
		{"cap_net_admin,cap_net_raw=eip"},
		{"cap_chown=i"},
		{"cap_checkpoint_restore,cap_sys_admin,cap_bpf=ep"},
		{"-n", "1000", "cap_dac_override=ep"},
		{"cap_chown=ip cap_fowner+p"},
	} {
		if out, err := exec.Command("setcap", append(set, name)...).CombinedOutput(); err != nil {
			t.Skipf("setcap %v: %s", set, out)
		}
		value := make([]byte, 64)
		n, err := unix.Getxattr(name, "security.capability", value)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseCapabilities(value[:n])
		if err != nil {
			t.Errorf("%v: %v", set, err)
		}
		out, err := exec.Command("getcap", "-n", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		// getcap adds to what stands before by "+", where flags are shared.
		want := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(out)), name))
		if got := c.String(); got != want && plain(got) != plain(want) {
			t.Errorf("%v: %q, getcap says %q", set, got, want)
		}
	}
}

// plain gives each capability with its flags, in order.
func plain(s string) string {
	flags := make(map[string]string)
	for group := range strings.FieldsSeq(s) {
		i := strings.IndexAny(group, "=+")
		if i < 0 || strings.HasPrefix(group, "[") {
			continue
		}
		for name := range strings.SplitSeq(group[:i], ",") {
			flags[name] += group[i+1:]
		}
	}
	var b strings.Builder
	for _, name := range capabilityNames {
		for _, f := range "eip" {
			if strings.ContainsRune(flags[name], f) {
				b.WriteString(name + string(f) + " ")
			}
		}
	}
	return b.String()
}

func TestParseCapabilities(t *testing.T) {
	for text, want := range map[string]string{
		"010000010000000000000000": "", "0000000180000000 00000000": "cap_setuid=p",
		"0100000280000000000000000000000000000000":         "cap_setuid=ep",
		"0100000280000000000000000001000000000000":         "cap_setuid,cap_checkpoint_restore=ep",
		"010000028000000000000000ffffffff00000000":         "",
		"01000003800000000000000000000000000000000a000000": "cap_setuid=ep [rootid=10]",
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		c, err := ParseCapabilities(b)
		if err != nil || want != "" && c.String() != want {
			t.Errorf("%s: %q, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "010000", "0100000280000000", "01000004800000000000000000000000000000000a000000", "010000028000000000000000000000000000000000"} {
		b, _ := hex.DecodeString(text)
		if c, err := ParseCapabilities(b); err == nil {
			t.Errorf("%q: %v", text, c)
		}
	}
}

func FuzzParseCapabilities(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x00\x00\x03\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := ParseCapabilities(b); err == nil {
			_ = c.String()
		}
	})
}
