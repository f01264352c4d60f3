package detect

import (
	"testing"

	"icecore/forensics/model"
)

// TestChangedWithin: what changed while an intruder was present and looks ordinary is
// pointed at, once a file; on a server without an intruder, at another time, or brought by
// a package it is not.
func TestChangedWithin(t *testing.T) {
	unit := func(minute int) model.Record {
		return at(onHost(record(t, "systemd.exec directive=ExecStart; command=/usr/local/bin/agent"), "/etc/systemd/system/agent.service", 70), "changed", minute, "created", minute)
	}
	hosts := at(onHost(record(t, "hosts.entry address=127.0.0.1; names=registry.example"), "/etc/hosts", 71), "changed", 2)
	dpkg := at(onHost(record(t, "package.script package=vim; script=postinst"), "/var/lib/dpkg/info/vim.postinst", 72), "changed", 2)
	for _, tt := range []struct {
		name    string
		records []model.Record
		own     string // installed by a package
		want    Level
	}{
		{"no intruder", []model.Record{unit(2)}, "", None},
		{"a unit", []model.Record{minerAt(t, "/opt/x", 5, 0), unit(2)}, "", Medium},
		{"a unit of two lines", []model.Record{minerAt(t, "/opt/x", 5, 0), unit(2), unit(2)}, "", Medium},
		{"a unit, an hour later", []model.Record{minerAt(t, "/opt/x", 5, 0), unit(90)}, "", None},
		{"a unit of a package", []model.Record{minerAt(t, "/opt/x", 5, 0), unit(2)}, "/etc/systemd/system/agent.service", None},
		{"a program with a wallet", []model.Record{minerAt(t, "/opt/x", 5, 0), at(onHost(record(t, "miner.config wallet=4A; coin=monero; file_type=elf"), "/home/ana/k", 73), "changed", 2)}, "", High},
		{"notes with a wallet", []model.Record{minerAt(t, "/opt/x", 5, 0), at(onHost(record(t, "miner.config wallet=4A; coin=monero; file_type=text"), "/home/ana/k.md", 73), "changed", 2)}, "", None},
		{"a configuration", []model.Record{minerAt(t, "/opt/x", 5, 0), hosts}, "", Low},
		{"a package that was installed then", []model.Record{minerAt(t, "/opt/x", 5, 0), dpkg}, "", None},
	} {
		res := (&scene{records: tt.records, times: installed(), snapshot: 20_000, installed: tt.own}).run(t)
		n := 0
		for _, f := range res.Findings {
			if f.Rule == "changed_within" {
				n++
			}
		}
		if got := level(res, "changed_within"); got != tt.want || n > 1 {
			t.Errorf("%s: %s, %d findings, want %s", tt.name, got, n, tt.want)
		}
	}
}
