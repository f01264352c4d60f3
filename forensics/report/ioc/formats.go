package ioc

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// namespace is icecore's own, for identifiers of version 5.
var namespace = uuid.UUID{
	0x6b,
	0x0d,
	0x1f,
	0x52,
	0x3c,
	0x8e,
	0x4f,
	0x7a,
	0x9d,
	0x21,
	0x5e,
	0x0a,
	0xc4,
	0x77,
	0x18,
	0xee,
}

// identifier makes a UUID of version 5 of the parts, which stand for one thing.
func identifier(parts ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x00"))).String()
}

// takenAt writes when the snapshot was taken, empty if that is unknown.
func takenAt(a *model.Analysis) string {
	if a.Snapshot.TakenAt.IsZero() {
		return ""
	}
	return a.Snapshot.TakenAt.UTC().Format(time.RFC3339Nano)
}

// taken gives the time that stands for "when this was made": that of the snapshot,
// so that the output does not depend on when it is written.
func taken(a *model.Analysis) time.Time {
	if t := a.Snapshot.TakenAt; !t.IsZero() {
		return t.UTC()
	}
	var last time.Time
	for i := range a.Findings {
		if t := a.Findings[i].When.Time; t.After(last) {
			last = t
		}
	}
	if last.IsZero() {
		last = time.Unix(0, 0)
	}
	return last.UTC()
}

// subject names what was analysed, as far as it does not depend on the analyst's
// own directories.
func subject(a *model.Analysis) string {
	name := text.Escape(path.Base(a.Image.Path))
	if h := text.Escape(a.System().Hostname); h != "" {
		return h + ", " + name
	}
	return name
}

// CSV writes the indicators of an analysis as a table, RFC 4180.
func CSV(w io.Writer, a *model.Analysis) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write([]string{"type", "value", "detail", "level", "first_seen", "findings", "description"}); err != nil {
		return err
	}
	for _, x := range Of(a) {
		first := ""
		if !x.Time.IsZero() {
			first = x.Time.UTC().Format(time.RFC3339)
		}
		row := []string{x.Kind, x.Value, x.Detail, x.Level.String(), first, strings.Join(x.Findings, " "), x.Title}
		for i := range row {
			row[i] = text.Cell(row[i])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(true)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type mispEvent struct {
	UUID         string          `json:"uuid"`
	Info         string          `json:"info"`
	Date         string          `json:"date"`
	ThreatLevel  string          `json:"threat_level_id"`
	Analysis     string          `json:"analysis"`
	Distribution string          `json:"distribution"`
	Published    bool            `json:"published"`
	Timestamp    string          `json:"timestamp"`
	Attributes   []mispAttribute `json:"Attribute"`
}

type mispAttribute struct {
	UUID         string `json:"uuid"`
	Type         string `json:"type"`
	Category     string `json:"category"`
	Value        string `json:"value"`
	ToIDS        bool   `json:"to_ids"`
	Distribution string `json:"distribution"`
	Timestamp    string `json:"timestamp"`
	FirstSeen    string `json:"first_seen,omitempty"`
	Comment      string `json:"comment"`
}

// MISP writes the indicators of an analysis as an event that a MISP imports as it is.
func MISP(w io.Writer, a *model.Analysis) error {
	when := taken(a)
	stamp := strconv.FormatInt(when.Unix(), 10)
	e := mispEvent{
		Info: "icecore: " + subject(a), Date: when.Format("2006-01-02"),
		ThreatLevel: "4", Analysis: "2", Distribution: "0", Timestamp: stamp, Attributes: []mispAttribute{},
	}
	e.UUID = identifier("misp", e.Info, takenAt(a))
	for _, x := range Of(a) {
		if x.Level >= model.High {
			e.ThreatLevel = "1" // high
		} else if e.ThreatLevel == "4" {
			e.ThreatLevel = "2" // medium
		}
		m := mispAttribute{Value: x.Value, ToIDS: true, Distribution: "5", Timestamp: stamp, Comment: x.Title}
		if x.Detail != "" {
			m.Comment += " (" + x.Detail + ")"
		}
		m.Type, m.Category = mispType(&x)
		if m.Type == "filename" {
			m.ToIDS = false // a path alone raises false alarms
		}
		if !x.Time.IsZero() {
			m.FirstSeen = x.Time.UTC().Format("2006-01-02T15:04:05.000000+00:00")
		}
		m.UUID = identifier("misp", e.UUID, m.Type, m.Value)
		e.Attributes = append(e.Attributes, m)
	}
	return writeJSON(w, map[string]any{"Event": e})
}

func mispType(x *Indicator) (typ, category string) {
	switch x.Kind {
	case Hash:
		return "sha256", "Payload delivery"
	case Path:
		return "filename", "Payload delivery"
	case Domain:
		return "domain", "Network activity"
	case Address:
		if x.Detail == "source" {
			return "ip-src", "Network activity"
		}
		return "ip-dst", "Network activity"
	case URL:
		return "url", "Network activity"
	case Pool:
		return "other", "Network activity"
	case Fingerprint:
		return "ssh-fingerprint", "Network activity"
	}
	switch x.Detail { // a wallet
	case "monero":
		return "xmr", "Financial fraud"
	case "bitcoin":
		return "btc", "Financial fraud"
	case "dash":
		return "dash", "Financial fraud"
	}
	return "other", "Financial fraud"
}

type stixObject map[string]any

// STIX writes the indicators of an analysis as a bundle: one identity, an indicator for
// each thing to look for, and a report that names them.
func STIX(w io.Writer, a *model.Analysis) error {
	when := taken(a)
	stamp := stixTime(when)
	who := "identity--" + identifier("stix", "identity")
	objects := []stixObject{{
		"type": "identity", "spec_version": "2.1", "id": who, "created": stixTime(time.Unix(0, 0)), "modified": stixTime(time.Unix(0, 0)),
		"name": "icecore", "identity_class": "system",
	}}
	var refs []string
	for _, x := range Of(a) {
		from := when
		if !x.Time.IsZero() && x.Time.Before(when) {
			from = x.Time
		}
		o := stixObject{
			"type": "indicator", "spec_version": "2.1", "id": "indicator--" + identifier("stix", subject(a), takenAt(a), x.Kind, x.Value),
			"created": stamp, "modified": stamp, "created_by_ref": who,
			"name": x.Kind + ": " + x.Value, "description": description(&x),
			"indicator_types": []string{
				"malicious-activity",
			}, "pattern": pattern(&x), "pattern_type": "stix", "pattern_version": "2.1",
			"valid_from": stixTime(from), "labels": []string{"level:" + x.Level.String()},
		}
		refs = append(refs, o["id"].(string))
		objects = append(objects, o)
	}
	if len(refs) > 0 { // a report without objects is not allowed
		objects = append(objects, stixObject{
			"type": "report", "spec_version": "2.1", "id": "report--" + identifier("stix", "report", subject(a), takenAt(a)),
			"created": stamp, "modified": stamp, "created_by_ref": who, "name": "icecore: " + subject(a), "published": stamp,
			"report_types": []string{"indicator"}, "object_refs": refs,
		})
	}
	return writeJSON(
		w,
		stixObject{
			"type":    "bundle",
			"id":      "bundle--" + identifier("stix", "bundle", subject(a), takenAt(a)),
			"objects": objects,
		},
	)
}

func description(x *Indicator) string {
	d := x.Title
	if x.Detail != "" {
		d += " (" + x.Detail + ")"
	}
	return d + "; " + strings.Join(x.Findings, " ")
}

// stixTime writes a time as STIX wants it: UTC, with milliseconds.
func stixTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// pattern writes the STIX pattern of an indicator. STIX has no object for wallets,
// pools and keys: those are custom ones, as 11.2 of the specification allows.
func pattern(x *Indicator) string {
	q := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }
	switch x.Kind {
	case Hash:
		return "[file:hashes.'SHA-256' = " + q(x.Value) + "]"
	case Path:
		dir, name := path.Split(x.Value)
		if dir = strings.TrimSuffix(dir, "/"); dir == "" {
			dir = "/"
		}
		return "[file:name = " + q(name) + " AND file:parent_directory_ref.path = " + q(dir) + "]"
	case Domain:
		return "[domain-name:value = " + q(x.Value) + "]"
	case Address:
		if strings.Contains(x.Value, ":") {
			return "[ipv6-addr:value = " + q(x.Value) + "]"
		}
		return "[ipv4-addr:value = " + q(x.Value) + "]"
	case URL:
		return "[url:value = " + q(x.Value) + "]"
	case Pool:
		return "[x-mining-pool:value = " + q(x.Value) + "]"
	case Fingerprint:
		return "[x-ssh-key:fingerprint = " + q(x.Value) + "]"
	}
	return "[x-cryptocurrency-wallet:address = " + q(x.Value) + "]"
}
