package detect

import (
	"testing"

	"icecore/forensics/model"
)

// TestPackedExcerpt: of a message that is packed in the journal's file, a finding shows
// the fields of the record, not the packed bytes.
func TestPackedExcerpt(t *testing.T) {
	r, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, packed := range []string{"", "zstd"} {
		rec := logRecord(journalLog, "auth.useradd", accept, "name", "sysupd", "uid", "0")
		rec.ID, rec.Source.Length = "R-000001", 20
		rec.Add("compressed", packed)
		res, err := r.Run(t.Context(), &Input{Records: []model.Record{rec}, Read: func(model.Source, int) []byte { return []byte("bytes at the source") }})
		if err != nil || len(res.Findings) != 1 {
			t.Fatal(len(res.Findings), err)
		}
		want := "bytes at the source"
		if packed != "" {
			want = "name=sysupd uid=0"
		}
		if got := res.Findings[0].Excerpt; got != want {
			t.Errorf("%q: it shows %q, want %q", packed, got, want)
		}
	}
}
