package report

import (
	"bytes"
	"testing"
)

func TestFormats(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range Formats() {
		if f.Name == "" || f.Description == "" || seen[f.Name] {
			t.Errorf("%+v: no name, no description, or twice", f)
		}
		seen[f.Name] = true
		var b bytes.Buffer
		if err := f.Write(&b, intrusion(), Options{}); err != nil || b.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", f.Name, b.Len(), err)
		}
		if err := f.Write(full{}, intrusion(), Options{}); err == nil {
			t.Errorf("%s: no error of a full disk", f.Name)
		}
		if g, err := Find(f.Name); err != nil || g.Name != f.Name {
			t.Errorf("Find(%q) = %q, %v", f.Name, g.Name, err)
		}
	}
	if _, err := Find("pdf"); err == nil {
		t.Error("Find: no error of a format that is not there")
	}
	for name, want := range map[string]string{
		"/x/a.csv": "csv", "A.CSV": "csv", "a.misp.json": "misp", "a.stix.json": "stix", "a.json": "stix", "a.stix": "stix", "misp": "", "/misp/a.txt": "", "": "",
	} {
		if f, _ := FormatOf(name); f.Name != want {
			t.Errorf("FormatOf(%q) = %q, want %q", name, f.Name, want)
		}
	}
}
