// Package detect turns records into findings, findings into a verdict, and both
// into a story.
//
// Three engines make findings. Sigma rules (embedded from rules/, or the user's
// own) look at one record at a time. YARA hits arrive as records of the kind
// yara.match and are weighed by what else is known of the file. Analyses look at
// what no rule of one record can see: a row of failed logins and then one that
// succeeds, a program in a system folder that no package owns.
//
// Every finding names the records that prove it. No finding says more than they
// do, and the verdict is never "clean".
package detect

import (
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
)

// Level is how serious a finding is, in Sigma's words.
type Level = model.Level

// The levels. None is that of what is no finding at all.
const (
	None          = model.None
	Informational = model.Informational
	Low           = model.Low
	Medium        = model.Medium
	High          = model.High
	Critical      = model.Critical
)

// ParseLevel reads Sigma's word for a level.
func ParseLevel(s string) (Level, error) { return model.ParseLevel(s) }

// The engines that make findings.
const (
	EngineSigma    = "sigma"
	EngineYARA     = "yara"
	EngineAnalysis = "analysis"
)

// The phases of the story, in the order in which an intrusion usually goes.
const (
	PhaseAccess      = "initial-access"
	PhaseExecution   = "execution"
	PhasePersistence = "persistence"
	PhaseMining      = "mining"
	PhaseEvasion     = "evasion"
)

// Finding is a claim about records.
type Finding struct {
	ID          string // F-0001, given once all findings are in order
	Rule        string // the Sigma rule's id, the YARA rule's name, or the analysis' name
	Engine      string
	Title       string
	Description string
	Level       Level
	Techniques  []string // ATT&CK technique ids: T1053.003
	Phase       string
	// Time is when what the finding claims happened, zero if the disk does
	// not tell; TimeInferred says what of it was inferred.
	Time         time.Time
	TimeInferred string
	Records      []string // the IDs of the records that prove it
	Source       artifact.Source
	Excerpt      string // of the artifact, bytes as on the disk

	lines []StoryLine // of the story, besides its own
	more  int         // such lines in the same file, for which it stands, too
}

// States of a verdict.
const (
	Compromised  = "compromised"
	Suspicious   = "suspicious"
	NoIndicators = "no-indicators"
)

// Verdict is the answer to the first question.
type Verdict struct {
	State         string
	Since         time.Time
	SinceInferred string // what of Since was inferred; empty for a logged time
	Because       []string
}

// StoryLine is one line of the story.
type StoryLine struct {
	Time    time.Time
	Phase   string
	Text    string
	Finding string
}

// FileFact is what the walk knew of a file that some other file names.
type FileFact struct {
	Path    string // the path at the end of all links
	Inode   *filesystem.Inode
	Owner   string // the package that owns it, empty: none
	Known   bool   // the image has a package database at all
	Matches bool   // its content has the checksum that its package states
}

// Input is what detection looks at.
type Input struct {
	Records []artifact.Record // in their final order, with IDs
	System  *artifact.System
	// SnapshotTime is when the image was taken, zero if unknown.
	SnapshotTime time.Time
	// Lookup tells of a file by its path on a volume, links followed; nil if
	// there is none. It may itself be nil.
	Lookup func(volume, path string) *FileFact
	// Root gives the root of the container that a path lies in, empty if it lies
	// in none: what is named there is a path below that root. It may itself be
	// nil.
	Root func(path string) string
	// Read gives up to n bytes of the artifact at a source, unpacked where the
	// offset is one of the unpacked text; nil where they cannot be read. It may
	// itself be nil: findings then show the fields of their record.
	Read func(src artifact.Source, n int) []byte
}

// Result is what detection found.
type Result struct {
	Findings []Finding // most serious first
	Verdict  Verdict
	Story    []StoryLine
	Problems []Problem // rules that failed over these records
	Failed   []Problem // analyses that failed, by name: what they look for was not looked for
}
