package detect

import (
	"os"
	"path/filepath"
	"testing"

	"icecore/forensics/model"
	"icecore/forensics/osv"
)

// TestKnownPackages: malicious releases are high, vulnerable ones informational, their
// neighbours nothing.
func TestKnownPackages(t *testing.T) {
	dir := t.TempDir()
	const vulnerable = `{"id":"GHSA-1","affected":[{"package":{"ecosystem":"npm","name":"x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2.0.0"}]}]}]}`
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(vulnerable), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := osv.Load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		record string
		want   Level
	}{
		{"origin.component manager=npm; name=ua-parser-js; version=0.7.29; path=/srv/app/node_modules/ua-parser-js/package.json", High},
		{"origin.component manager=npm; name=ua-parser-js; version=0.7.28; path=/srv/app/node_modules/ua-parser-js/package.json", None},
		{"origin.component manager=npm; name=x; version=1.9.0; path=/srv/app/node_modules/x/package.json", Informational},
		{"origin.component manager=npm; name=x; version=2.0.0; path=/srv/app/node_modules/x/package.json", None},
		{"origin.component manager=npm; name=ua-parser-js; version=0.7.29; owner=node-ua-parser-js; path=/usr/share/nodejs/ua-parser-js/package.json", None},
		{"package.entry manager=dpkg; package=liblzma5; version=5.6.1-1; path=/var/lib/dpkg/status", High},
		{"package.entry manager=dpkg; package=liblzma5; version=5.4.1-0.2; path=/var/lib/dpkg/status", None},
	} {
		rec := record(t, tt.record)
		rec.ID = "R-000001"
		r, err := ours()
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.Run(t.Context(), &Input{Records: []model.Record{rec}, Advisories: db})
		if err != nil || len(res.Failed) > 0 {
			t.Fatal(err, res.Failed)
		}
		got := None
		for _, f := range res.Findings {
			if f.Rule == "known_package" {
				got = f.Level
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.record, got, tt.want)
		}
	}
}
