package message

import (
	"encoding/json"
	"testing"
	"time"

	"icecore/forensics/model"
)

// TestText: what goes into a template, and how.
func TestText(t *testing.T) {
	c := &Catalogue{Lang: "en", texts: map[string]string{
		"plain":  "No parameter.",
		"hits":   "{n} {n|hit|hits}[ in {list}][ at {time}].",
		"nested": "Also: {title}[ ({why})].",
		"brace":  "{open [ {x",
	}}
	at := time.Date(2026, 1, 12, 9, 0, 1, 500, time.FixedZone("", 3600))
	deep := model.Msg("nested", "title", model.Msg("plain"))
	for range 10 {
		deep = model.Msg("nested", "title", deep)
	}
	for _, tt := range []struct {
		m    model.Message
		want string
	}{
		{model.Message{}, ""},
		{model.Msg("plain"), "No parameter."},
		{model.Msg("hits", "n", 1), "1 hit."},
		{model.Msg("hits", "n", 2, "list", []string{"a", "b,c"}, "time", at), "2 hits in a, b,c at 2026-01-12T08:00:01Z."},
		{model.Msg("hits", "n", 0, "list", []string{}), "0 hits."},
		{model.Msg("nested", "title", model.Msg("hits", "n", 3)), "Also: 3 hits.."},
		{model.Msg("nested", "title", "{n}", "why", model.Msg("plain")), "Also: {n} (No parameter.)."},
		{model.Msg("nested", "title", "x", "why", model.Message{}), "Also: x."},
		{deep, "Also: Also: Also: Also: ...."},
		{model.Msg("gone", "b", 2, "a", model.Msg("plain")), "gone a=No parameter. b=2"},
		{model.Msg("brace"), "{open [ {x"},
	} {
		if got := c.Text(tt.m); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.m, got, tt.want)
		}
		b, err := json.Marshal(tt.m)
		if err != nil {
			t.Fatal(err)
		}
		var back model.Message
		if err := json.Unmarshal(b, &back); err != nil || !back.Equal(tt.m) {
			t.Errorf("%s is read back as %v: %v", b, back, err)
		}
		if got := c.Text(tt.m.Escaped()); got != tt.want {
			t.Errorf("escaped: %q, want %q", got, tt.want)
		}
	}
	hostile := model.Msg("nested", "title", model.Msg("nested", "title", "\x1b[2J"))
	if got := c.Text(hostile.Escaped()); got != `Also: Also: \x1b[2J..` {
		t.Errorf("%q", got)
	}
}
