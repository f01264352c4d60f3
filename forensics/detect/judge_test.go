package detect

import (
	"context"
	"strings"
	"testing"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// TestJudge: the same match means more or less by what the file is, where it
// stands, and whether something runs it. Each case has a twin that differs in one
// thing.
func TestJudge(t *testing.T) {
	type file struct {
		path, kind, owner, state string // state: of the package's file
		rule, level, technique   string
		inode                    filesystem.State
		cron                     bool // a cron job starts it
	}
	for _, tc := range []struct {
		name string
		file file
		want Level
		says string
	}{
		{"a miner", file{path: "/usr/local/bin/x", kind: "elf", rule: "XMRig_Binary", level: "critical", technique: "T1496.001"}, Critical, ""},
		{"the same, packaged", file{path: "/usr/bin/xmrig", kind: "elf", owner: "xmrig", state: "intact", rule: "XMRig_Binary", level: "critical", technique: "T1496.001"}, Medium, "installed as a package"},
		{"the same, in a changed package", file{path: "/usr/bin/xmrig", kind: "elf", owner: "xmrig", state: "changed", rule: "XMRig_Binary", level: "critical", technique: "T1496.001"}, Critical, "owned by package"},

		{"a node of its maker", file{path: "/opt/monero/monerod", kind: "elf", rule: "RandomX_In_Node", level: "low", technique: "T1496.001"}, Low, ""},
		{"the same, started by cron", file{path: "/opt/monero/monerod", kind: "elf", rule: "RandomX_In_Node", level: "low", technique: "T1496.001", cron: true}, Low, ""},
		{"a node that hides", file{path: "/usr/share/.x/monerod", kind: "elf", rule: "RandomX_In_Node", level: "low", technique: "T1496.001"}, Medium, "Suspicious path"},
		{"a node that hides and is started", file{path: "/usr/share/.x/monerod", kind: "elf", rule: "RandomX_In_Node", level: "low", technique: "T1496.001", cron: true}, High, "Executed from a suspicious path"},
		{"a node without a name", file{path: "/monerod", kind: "elf", rule: "RandomX_In_Node", level: "low", technique: "T1496.001", inode: filesystem.Orphan}, High, "deleted while open"},
		{"a packaged library of RandomX", file{path: "/usr/lib/librandomx.so.0", kind: "elf", owner: "librandomx0", state: "intact", rule: "RandomX_Library", level: "low", technique: "T1496.001"}, Low, "package"},
		{"the same, nobody's", file{path: "/usr/lib/librandomx.so.0", kind: "elf", rule: "RandomX_Library", level: "low", technique: "T1496.001"}, Low, ""},
		{"the same, hidden", file{path: "/usr/lib/.x/librandomx.so.0", kind: "elf", rule: "RandomX_Library", level: "low", technique: "T1496.001"}, Medium, "Suspicious path"},
		{"what computes RandomX and says nothing, packaged", file{path: "/usr/bin/x", kind: "elf", owner: "x", state: "intact", rule: "RandomX_Constants", level: "high", technique: "T1496.001"}, Low, "package"},
		{"a packed program", file{path: "/opt/app/bin/tool", kind: "elf", rule: "Packer_Structure", level: "low", technique: "T1027.002"}, Low, ""},
		{"a packed program in /tmp", file{path: "/tmp/tool", kind: "elf", rule: "Packer_Structure", level: "low", technique: "T1027.002"}, Medium, "world-writable directory"},
		{"an altered packer", file{path: "/opt/app/bin/tool", kind: "elf", rule: "Packer_UPX_Altered", level: "medium", technique: "T1027.002"}, Medium, ""},
		{"an altered packer, started", file{path: "/opt/app/bin/tool", kind: "elf", rule: "Packer_UPX_Altered", level: "medium", technique: "T1027.002", cron: true}, High, "starts it"},

		{"a dropper", file{path: "/etc/newinit.sh", kind: "script", rule: "Miner_Dropper_Script", level: "high", technique: "T1105,T1489"}, High, ""},
		{"a dropper without its first line", file{path: "/etc/newinit", kind: "text", rule: "Miner_Dropper_Script", level: "high", technique: "T1105,T1489"}, High, ""},
		{"notes on an incident", file{path: "/root/incident.md", kind: "text", rule: "Miner_Dropper_Script", level: "high", technique: "T1105,T1489"}, Low, "quotes"},
		{"notes that cron runs", file{path: "/root/incident.md", kind: "text", rule: "Miner_Dropper_Script", level: "high", technique: "T1105,T1489", cron: true}, High, ""},
		{"notes that hide", file{path: "/var/lib/.x/incident.md", kind: "text", rule: "Miner_Dropper_Script", level: "high", technique: "T1105,T1489"}, High, ""},
		{"a scanner's signatures", file{path: "/usr/local/maldetect/sigs/rfxn.yara", kind: "text", rule: "Web_Shell_PHP", level: "high", technique: "T1505.003"}, Low, "quotes"},
		{"a web shell", file{path: "/var/www/html/x.php", kind: "text", rule: "Web_Shell_PHP", level: "high", technique: "T1505.003"}, High, ""},
		{"a web shell that a log quotes", file{path: "/var/log/nginx/access.log.1", kind: "text", rule: "Web_Shell_PHP", level: "high", technique: "T1505.003"}, Low, "log"},
		{"a configuration called .txt", file{path: "/opt/x/pools.txt", kind: "text", rule: "XMR_Stak_Config", level: "high", technique: "T1496.001"}, High, ""},
		{"a mention", file{path: "/etc/hosts", kind: "text", rule: "Miner_Mention", level: "informational", technique: "T1496.001"}, Informational, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := model.Record{Kind: "yara.match", ID: "R-000001", Source: model.Source{Volume: "p1", Path: tc.file.path, Inode: 12, State: tc.file.inode}}
			for _, kv := range [][2]string{{"rule", tc.file.rule}, {"level", tc.file.level}, {"technique", tc.file.technique}, {"file_type", tc.file.kind}, {"owner", tc.file.owner}, {"package_state", tc.file.state}} {
				r.AddFields(modeltest.Fields(r.Kind, kv[0]+"="+kv[1]))
			}
			in := &Input{Records: []model.Record{r}}
			if tc.file.cron {
				j := model.Record{Kind: "cron.job", ID: "R-000002", Source: model.Source{Volume: "p1", Path: "/etc/cron.d/job", Inode: 13, Line: 1}}
				j.Add("command", tc.file.path)
				j.Add("programs", tc.file.path)
				in.Records = append(in.Records, j)
			}
			res, err := new(Rules).Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range complete(res).Findings {
				if f.Engine != EngineYARA {
					continue
				}
				if f.Level != tc.want || !strings.Contains(f.Description, tc.says) {
					t.Errorf("level %s, want %s: %s", f.Level, tc.want, f.Description)
				}
				return
			}
			t.Fatalf("no finding: %+v", res.Findings)
		})
	}
}
