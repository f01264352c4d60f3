package detect

import (
	"slices"
	"strings"
	"testing"

	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// TestTimers: a finding about a service names the timer that starts it, and the
// link that enables it; not those of other services.
func TestTimers(t *testing.T) {
	record := func(kind, path string, fields ...string) model.Record {
		r := model.Record{Kind: model.Kind(kind), Source: model.Source{Volume: "p1", Path: path}}
		for i := 0; i < len(fields); i += 2 {
			r.AddFields(modeltest.Fields(r.Kind, fields[i]+"="+fields[i+1]))
		}
		return r
	}
	s := scene{records: []model.Record{
		record("systemd.exec", "/etc/systemd/system/a@.service", "unit", "a@.service", "directive", "ExecStart", "command", "/tmp/a", "programs", "/tmp/a", "traits", "temp_exec"),
		record("systemd.unit", "/etc/systemd/system/a.timer", "unit", "a.timer", "type", "timer", "on_active", "1min", "triggers", "a@x.service"),
		record("systemd.unit", "/etc/systemd/system/b.timer", "unit", "b.timer", "type", "timer", "on_calendar", "daily", "triggers", "b.service"),
		record("systemd.enabled", "/etc/systemd/system/multi-user.target.wants/a@x.service", "unit", "a@x.service", "target", "../a@.service"),
	}}
	res := s.run(t)
	if len(res.Findings) != 1 {
		t.Fatalf("%d findings", len(res.Findings))
	}
	f := res.Findings[0]
	if !slices.Equal(f.Records, []string{"R-000001", "R-000002", "R-000004"}) {
		t.Errorf("proved by %q", f.Records)
	}
	if !slices.Equal(f.Techniques, []string{"T1543.002", "T1059.004", "T1053.006"}) {
		t.Errorf("techniques %q", f.Techniques)
	}
	if !strings.Contains(f.Description, "Started by a.timer (1min after its activation)") || strings.Contains(f.Description, "b.timer") {
		t.Errorf("%q", f.Description)
	}
}
