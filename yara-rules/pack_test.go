package yararules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPack makes the packed samples of testdata/packed anew with a real UPX, named
// by ICECORE_UPX: the stripped sample, built without libraries.
func TestPack(t *testing.T) {
	upx := os.Getenv("ICECORE_UPX")
	if upx == "" {
		t.Skip("makes testdata/packed anew; set ICECORE_UPX to upx (Debian: upx-ucl of bookworm-backports)")
	}
	for name, s := range miners {
		for _, method := range []string{"nrv2e", "lzma"} {
			plain, packed := filepath.Join(t.TempDir(), "p"), filepath.Join("testdata/packed", name+"."+method)
			s.build(t, plain, "-s", "-no-pie")
			if err := os.MkdirAll("testdata/packed", 0o755); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(packed)
			if out, err := exec.Command(upx, "-q", "-9", "--"+method, "-o", packed, plain).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
}
