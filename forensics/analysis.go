package forensics

import (
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/content/engine"
	"icecore/forensics/detect"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Schema names the form of the JSON of an [Analysis].
const Schema = "icecore.analysis/1"

// Analysis is everything learnt from one image. Its JSON form is the file
// analysis.json and the output of `icecore analyze --format json`.
type Analysis struct {
	Schema   string        `json:"schema"`
	Tool     Tool          `json:"tool"`
	Image    ImageInfo     `json:"image"`
	Snapshot SnapshotInfo  `json:"snapshot"`
	Volumes  []VolumeInfo  `json:"volumes"`
	System   SystemInfo    `json:"system"`
	Verdict  VerdictInfo   `json:"verdict"`
	Findings []FindingInfo `json:"findings"`
	Records  []RecordInfo  `json:"records"`
	Story    []StoryInfo   `json:"story"`
	Coverage Coverage      `json:"coverage"`

	// The same facts as values, for those that go on working with them.
	AllRecords  []artifact.Record `json:"-"`
	AllFindings []detect.Finding  `json:"-"`
	// RuleWarnings are what the compiler had to say of the YARA rules that are
	// in force: mostly that one is slow.
	RuleWarnings []engine.Problem `json:"-"`
}

// Tool says by what an analysis was made.
type Tool struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Rules   RulesInfo `json:"rules"`
}

// RulesInfo identifies the rules in force by the SHA-256 over all their bytes.
type RulesInfo struct {
	YARA  string `json:"yara_sha256"`
	Sigma string `json:"sigma_sha256"`
}

// VerdictInfo is the answer to the first question. State is never "clean".
type VerdictInfo struct {
	State         string   `json:"state"`
	Since         string   `json:"since,omitempty"`
	SinceInferred string   `json:"since_inferred,omitempty"`
	Because       []string `json:"because"`
}

// FindingInfo is a claim with its proof.
type FindingInfo struct {
	ID           string      `json:"id"`
	Rule         string      `json:"rule"`
	Engine       string      `json:"engine"`
	Title        string      `json:"title"`
	Description  string      `json:"description,omitempty"`
	Level        string      `json:"level"`
	Techniques   []string    `json:"techniques"`
	Phase        string      `json:"phase,omitempty"`
	Time         string      `json:"time,omitempty"`
	TimeInferred string      `json:"time_inferred,omitempty"`
	Records      []string    `json:"records"`
	Source       *SourceInfo `json:"source,omitempty"`
	Excerpt      string      `json:"excerpt,omitempty"`
}

// SourceInfo says where a fact stands.
type SourceInfo struct {
	Volume     string `json:"volume"`
	Path       string `json:"path"`
	Inode      uint64 `json:"inode"`
	Version    uint32 `json:"version,omitempty"`
	Line       int    `json:"line,omitempty"`
	Offset     int64  `json:"offset"`
	Length     int64  `json:"length,omitempty"`
	DiskOffset *int64 `json:"disk_offset,omitempty"`
	State      string `json:"state"`
	SHA256     string `json:"sha256,omitempty"`
	Member     string `json:"member,omitempty"`
}

// RecordInfo is a record.
type RecordInfo struct {
	ID     string       `json:"id"`
	Kind   model.Kind   `json:"kind"`
	Source SourceInfo   `json:"source"`
	Times  []StampInfo  `json:"times,omitempty"`
	Fields model.Fields `json:"fields"`
}

// StampInfo is a time in a record.
type StampInfo struct {
	What     string `json:"what"`
	Time     string `json:"time"`
	Inferred string `json:"inferred,omitempty"`
}

// StoryInfo is one line of the story.
type StoryInfo struct {
	Time    string `json:"time,omitempty"`
	Phase   string `json:"phase"`
	Text    string `json:"text"`
	Finding string `json:"finding"`
}

// Coverage says how much was read, and what was not.
type Coverage struct {
	Files        int64     `json:"files"`
	BytesScanned int64     `json:"bytes_scanned"`
	NotRead      []NotRead `json:"not_read"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func sourceInfo(s artifact.Source) SourceInfo {
	out := SourceInfo{
		Volume: s.Volume, Path: text.Escape(s.Path), Inode: s.Inode, Version: s.Version, Line: s.Line, Offset: s.Offset, Length: s.Length,
		State: s.State.String(), SHA256: s.SHA256, Member: text.Escape(s.Member),
	}
	if s.DiskOffset >= 0 {
		out.DiskOffset = &s.DiskOffset
	}
	return out
}

func recordInfo(r *artifact.Record) RecordInfo {
	out := RecordInfo{ID: r.ID, Kind: r.Kind, Source: sourceInfo(r.Source), Fields: r.Fields}
	for _, s := range r.Times {
		out.Times = append(out.Times, StampInfo{s.What, stamp(s.Time), s.Inferred})
	}
	return out
}

func findingInfo(f *detect.Finding) FindingInfo {
	out := FindingInfo{
		ID: f.ID, Rule: f.Rule, Engine: f.Engine, Title: text.Escape(f.Title), Description: text.Escape(f.Description), Level: f.Level.String(),
		Techniques: nonNil(f.Techniques), Phase: f.Phase, Time: stamp(f.Time), TimeInferred: f.TimeInferred, Records: nonNil(f.Records), Excerpt: text.Escape(f.Excerpt),
	}
	if f.Source.Volume != "" {
		src := sourceInfo(f.Source)
		out.Source = &src
	}
	return out
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
