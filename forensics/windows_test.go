package forensics

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"icecore/fixtures"
	"icecore/forensics/model"
)

// TestWindows: on the sample of a hijacked server there is one window, from the login to the
// last thing that the intruder changed, and what they touched is listed; on the sample of a
// clean one there is none. Both survive being written and read.
func TestWindows(t *testing.T) {
	if m := fixtures.Missing(); m != "" {
		t.Skip(m)
	}
	for _, tt := range []struct {
		kind string
		want int
	}{{fixtures.Clean, 0}, {fixtures.Compromised, 1}} {
		disk := filepath.Join(t.TempDir(), "disk.img")
		if err := fixtures.Build(t.Context(), tt.kind, disk); err != nil {
			t.Fatal(err)
		}
		a, err := Analyze(t.Context(), disk, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Windows) != tt.want || tt.want == 0 && len(a.Touched) > 0 {
			t.Errorf("windows %v, touched %v", a.Windows, a.Touched)
		}
		var b bytes.Buffer
		if err := a.Write(&b); err != nil {
			t.Fatal(err)
		}
		back, err := Read(&b)
		if err != nil || len(back.Windows) != len(a.Windows) || len(back.Touched) != len(a.Touched) {
			t.Errorf("read back: %v", err)
		}
		if tt.want == 0 || len(a.Windows) == 0 {
			continue
		}
		w := &a.Windows[0]
		if w.Account != "root" || w.Address != "203.0.113.77" || !w.Holds(time.Date(2026, 1, 12, 9, 2, 47, 0, time.UTC)) || w.Until.Sub(w.From) > 2*time.Hour {
			t.Errorf("%+v", w)
		}
		for group, path := range map[model.TouchedGroup]string{
			model.TouchedKeys: "/root/.ssh/authorized_keys", model.TouchedStarts: "/var/spool/cron/crontabs/root",
			model.TouchedAccounts: "/etc/sudoers.d/zz", model.TouchedMade: "/tmp/.ICE-unix/.x/kswapd0", model.TouchedDeleted: "/tmp/i.sh",
		} {
			i := slices.IndexFunc(a.Touched, func(x model.Touched) bool { return x.Group == group })
			if i < 0 || !slices.ContainsFunc(a.Touched[i].Items, func(x model.TouchedItem) bool { return x.Path == path }) {
				t.Errorf("%s is not among %s", path, group)
			}
		}
	}
}
