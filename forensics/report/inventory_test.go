package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"icecore/forensics/inventory"
	"icecore/forensics/model"
)

// TestInventoryRows: a list in each format: hostile texts are escaped, no cell of CSV is a
// formula, lists and numbers are such in JSON, and the source is named.
func TestInventoryRows(t *testing.T) {
	l := &inventory.List{Name: "x", Columns: []inventory.Column{
		{Name: "name"},
		{Name: "uid", Type: model.Number},
		{Name: "many", Type: model.List},
		{Name: "open", Type: model.Bool},
		{Name: "extra", Hidden: true},
		{Name: "never"},
		{Name: "last_login"},
	}}
	evil := "=cmd|'x'\x1b[31m"
	src := func(host string, line int) model.Source {
		return model.Source{Host: host, Volume: "p1", Path: "/etc/\x1b]0;x", Line: line, DiskOffset: -1}
	}
	rows := []inventory.Row{
		{Cells: []inventory.Cell{{evil}, {"7"}, {"a", "=b"}, {"yes"}, {"z"}, nil, {"2026-01-12T08:58:31Z"}}, Source: src("h1", 3)},
		{Cells: []inventory.Cell{{"x"}, {"none"}, nil, {"no"}, nil, nil, nil}, Source: src("h2", 0)},
	}
	write := func(format string, rows []inventory.Row) string {
		var b bytes.Buffer
		if err := InventoryRows(&b, format, l, rows, 100); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexByte(b.String(), 0x1b); i >= 0 {
			t.Errorf("%s: an escape at %d", format, i)
		}
		return b.String()
	}
	table := write("table", rows)
	for _, want := range []string{"host  name", "last login", `=cmd|'x'\x1b[31m`, "2026-01-12 08:58:31", `p1:/etc/\x1b]0;x:3`} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if strings.Contains(table, "never") || strings.Contains(table, "extra") {
		t.Errorf("the table has an empty or a hidden column:\n%s", table)
	}
	if one := write("table", rows[:1]); strings.Contains(one, "host") {
		t.Errorf("the table names the only host:\n%s", one)
	}
	cells, err := csv.NewReader(strings.NewReader(write("csv", rows))).ReadAll()
	if err != nil || len(cells) != 3 || cells[1][1] != `'=cmd|'x'\x1b[31m` || cells[1][3] != "a; =b" || cells[1][8] != `p1:/etc/\x1b]0;x:3` {
		t.Errorf("CSV: %v, %q", err, cells)
	}
	var got []map[string]any
	if err := json.Unmarshal([]byte(write("json", rows)), &got); err != nil {
		t.Fatal(err)
	}
	if got[0]["uid"] != 7.0 || got[1]["uid"] != "none" || got[0]["open"] != true || got[1]["open"] != false || len(got[0]["many"].([]any)) != 2 || got[1]["many"] != nil {
		t.Errorf("JSON: %v", got)
	}
	if p := got[0]["source"].(map[string]any)["path"]; p != `/etc/\x1b]0;x` {
		t.Errorf("JSON: the source %q", p)
	}
	for format, want := range map[string]string{"table": "Nothing to list.\n", "csv": "host,name,uid,many,open,extra,never,last_login,source\n", "json": "[\n]\n"} {
		if none := write(format, nil); none != want {
			t.Errorf("%s of no rows: %q", format, none)
		}
	}
}

// TestPlace: sources as tables name them.
func TestPlace(t *testing.T) {
	for want, s := range map[string]model.Source{
		"p1:/etc/x:3":                           {Volume: "p1", Path: "/etc/x", Line: 3},
		"p1:/tmp/x (inode 7@2)":                 {Volume: "p1", Path: "/tmp/x", Inode: 7, Version: 2, State: model.Deleted},
		"p1:inode 9":                            {Volume: "p1", Inode: 9, State: model.Orphan},
		"p1:/var/log/a.gz:4 (gzip)":             {Volume: "p1", Path: "/var/log/a.gz", Line: 4, Member: "gzip"},
		"i2.p1:/auth.log:4 [/var/log/auth.log]": {Volume: "i2.p1", Path: "/auth.log", HostPath: "/var/log/auth.log", Line: 4},
	} {
		if got := Place(&s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
