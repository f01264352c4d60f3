package ioc

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

const (
	wallet = "4A1PHD6P8Nfc819wkGG4izEQhkmWZ4gPfcQcC8PD3PiMXPd5hmHjwP8MdiHnBWCxki22yogS76eYL2GMQvo1hDDiFxst7DL"
	hash   = "49cc4625ee1c25d8aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	key    = "SHA256:gv/EwUMa5/KT4XrU9ju5tRtLacdPwM1V+tFC6LcgNJs"
)

func record(id string, kind model.Kind, p string, st filesystem.State, fields ...string) artifact.Record {
	r := artifact.Record{ID: id, Kind: kind, Source: artifact.Source{Volume: "p1", Path: p, State: st, SHA256: hash}}
	for i := 0; i < len(fields); i += 2 {
		r.AddFields(modeltest.Fields(kind, fields[i]+"="+fields[i+1]))
	}
	return r
}

func analysis() *model.Analysis {
	at := time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)
	a := &model.Analysis{
		Image: model.Image{Path: "/cases/disk.raw"}, Hosts: []model.Host{{Hostname: "web01"}},
		Snapshot: model.Snapshot{TakenAt: time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)},
		Records: []artifact.Record{
			record("R-1", "yara.match", "/tmp/.x/it's\x1b[31m", filesystem.Live, "rule", "X"),
			record(
				"R-2",
				"miner.config",
				"/tmp/.x/c",
				filesystem.Orphan,
				"found_in",
				"configuration",
				"pool",
				"pool.example.com",
				"host",
				"pool.example.com",
				"port",
				"3333",
				"wallet",
				wallet,
				"coin",
				"monero",
			),
			record(
				"R-3",
				"auth.login",
				"/var/log/auth.log",
				filesystem.Live,
				"address",
				"203.0.113.77",
				"user",
				"root",
			),
			record(
				"R-4",
				"cron.job",
				"/etc/cron.d/0x",
				filesystem.Live,
				"urls",
				"http://203.0.113.77/c.sh,https://cdn.example.com/a?b=1",
				"programs",
				"curl,sh",
			),
			record(
				"R-5",
				"ssh.key",
				"/root/.ssh/authorized_keys",
				filesystem.Live,
				"fingerprint",
				key,
				"comment",
				"  ＝cmd|'/c calc'!A0",
			),
			record("R-6", "account.user", "/etc/passwd", filesystem.Live, "name", "x"),
			record("R-7", "yara.match", "/usr/bin/benign", filesystem.Live, "rule", "Y"),
			record("R-8", "file.notable", "/usr/bin/ss", filesystem.Live, "what", "package_file_changed"),
			record("R-9", "auth.login", "/var/log/auth.log", filesystem.Live, "address", "127.0.0.1"),
			record(
				"R-10",
				"systemd.exec",
				"/etc/systemd/system/h.service",
				filesystem.Live,
				"programs",
				"/bin/sh,/tmp/.x/run",
			),
			record(
				"R-11",
				"miner.config",
				"/opt/m",
				filesystem.Live,
				"found_in",
				"text",
				"file_type",
				"elf",
				"pool",
				"stratum+tcp://198.51.100.9:3333",
				"host",
				"198.51.100.9",
				"port",
				"3333",
			),
		},
	}
	for i, f := range []struct {
		level   detect.Level
		records []string
	}{
		{detect.Critical, []string{"R-1", "R-2"}},
		{detect.High, []string{"R-3", "R-9"}},
		{detect.High, []string{"R-4", "R-10"}},
		{detect.Medium, []string{"R-5", "R-6", "R-8", "R-11"}},
		{detect.Low, []string{"R-7"}},
	} {
		a.Findings = append(
			a.Findings,
			model.Finding{
				ID:      "F-" + string(rune('1'+i)),
				Title:   "Finding",
				Level:   f.level,
				Records: f.records,
				When:    model.When{Time: at},
			},
		)
	}
	return a
}

func TestOf(t *testing.T) {
	var got []string
	for _, x := range Of(analysis()) {
		got = append(got, x.Kind+" "+x.Value)
	}
	want := []string{
		"address 198.51.100.9", "address 203.0.113.77",
		"domain cdn.example.com", "domain pool.example.com",
		"key-fingerprint " + key,
		"path /etc/cron.d/0x", "path /etc/systemd/system/h.service", "path /opt/m", "path /tmp/.x/c", `path /tmp/.x/it's\x1b[31m`, "path /tmp/.x/run",
		"pool 198.51.100.9:3333", "pool pool.example.com:3333",
		"sha256 " + hash,
		"url http://203.0.113.77/c.sh", "url https://cdn.example.com/a?b=1",
		"wallet " + wallet,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var formats = map[string]func(io.Writer, *model.Analysis) error{"csv": CSV, "misp": MISP, "stix": STIX}

func written(t *testing.T, format string) []byte {
	t.Helper()
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := formats[format](w, analysis()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("%s: not the same bytes twice", format)
	}
	if i := bytes.IndexFunc(a.Bytes(), func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' }); i >= 0 {
		t.Errorf("%s: a control character at byte %d", format, i)
	}
	return a.Bytes()
}

func TestCSV(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(written(t, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+len(Of(analysis())) {
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		for _, c := range r {
			if c = strings.TrimLeft(c, " "); c != "" && strings.ContainsRune("=+-@＝＋－＠\t\r\n", []rune(c)[0]) {
				t.Errorf("%q is a formula to a spreadsheet", c)
			}
		}
	}
}

var uuidRE = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// The fields that the MISP core format demands, and their values.
func TestMISP(t *testing.T) {
	var doc struct{ Event mispEvent }
	d := json.NewDecoder(bytes.NewReader(written(t, "misp")))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	e := doc.Event
	if !uuidRE.MatchString(e.UUID) || e.Date != "2026-11-04" || e.ThreatLevel != "1" || e.Analysis != "2" ||
		e.Timestamp != "1793750400" ||
		e.Info == "" {
		t.Errorf("%+v", e)
	}
	types := map[string]string{}
	seen := map[string]bool{}
	for _, a := range e.Attributes {
		if !uuidRE.MatchString(a.UUID) || seen[a.UUID] || a.Value == "" || a.Category == "" {
			t.Errorf("%+v", a)
		}
		seen[a.UUID] = true
		types[a.Type] += a.Value + " "
	}
	for typ, value := range map[string]string{"xmr": wallet, "ip-src": "203.0.113.77", "ip-dst": "198.51.100.9", "sha256": hash, "ssh-fingerprint": key, "domain": "cdn.example.com", "filename": "/tmp/.x/run", "url": "http://203.0.113.77/c.sh"} {
		if !strings.Contains(types[typ], value) {
			t.Errorf("no %s %s: %q", typ, value, types[typ])
		}
	}
}

// The properties that STIX 2.1 requires of each object, and their forms.
func TestSTIX(t *testing.T) {
	var doc struct {
		Type, ID string
		Objects  []map[string]any
	}
	if err := json.Unmarshal(written(t, "stix"), &doc); err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`^([a-z-]+)--(.{36})$`)
	stamp := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	// One comparison, or two joined by AND; strings in quotes, with escapes.
	one := `[a-z0-9-]+:[a-z_.'A-Z0-9-]+ = '(?:[^'\\]|\\['\\])*'`
	pattern := regexp.MustCompile(`^\[` + one + `(?: AND ` + one + `)?\]$`)
	required := map[string][]string{
		"identity":  {"name"},
		"indicator": {"pattern", "pattern_type", "valid_from"},
		"report":    {"name", "published", "object_refs"},
	}
	ids := map[string]bool{}
	check := func(v any, typ string) {
		m := id.FindStringSubmatch(v.(string))
		if m == nil || typ != "" && m[1] != typ || !uuidRE.MatchString(m[2]) {
			t.Errorf("identifier %v of %s", v, typ)
		}
	}
	check(doc.ID, "bundle")
	for _, o := range doc.Objects {
		typ := o["type"].(string)
		check(o["id"], typ)
		if ids[o["id"].(string)] {
			t.Errorf("%v occurs twice", o["id"])
		}
		ids[o["id"].(string)] = true
		for _, p := range append([]string{"spec_version", "created", "modified"}, required[typ]...) {
			if o[p] == nil {
				t.Errorf("%s without %s", typ, p)
			}
		}
		for _, p := range []string{"created", "modified", "valid_from", "published"} {
			if v, ok := o[p].(string); ok && !stamp.MatchString(v) {
				t.Errorf("%s is %q", p, v)
			}
		}
		if o["spec_version"] != "2.1" || required[typ] == nil {
			t.Errorf("%+v", o)
		}
		if typ == "indicator" && (o["pattern_type"] != "stix" || !pattern.MatchString(o["pattern"].(string))) {
			t.Errorf("pattern %v", o["pattern"])
		}
	}
	for _, o := range doc.Objects {
		if refs, ok := o["object_refs"].([]any); ok {
			for _, r := range refs {
				if !ids[r.(string)] {
					t.Errorf("%v is named and not there", r)
				}
			}
		}
	}
}

// Of a clean system there are no indicators.
func TestNothing(t *testing.T) {
	a := analysis()
	a.Findings = a.Findings[4:]
	for f, write := range formats {
		var b bytes.Buffer
		if err := write(&b, a); err != nil || strings.Contains(b.String(), hash) {
			t.Errorf("%s: %v\n%s", f, err, b.String())
		}
	}
}
