// Package detect turns records into findings, findings into a verdict, and both
// into a story.
//
// Three engines make findings. Sigma rules (embedded from rules/, or the user's
// own) look at one record at a time. YARA hits arrive as records of the kind
// yara.match and are weighed by what else is known of the file. Analyses look at
// what no rule of one record can see: a row of failed logins and then one that
// succeeds, a program in a system directory that no package owns.
//
// Every finding names the records that prove it. No finding says more than they
// do, and the verdict is never "clean".
//
// What a finding says is a message: the id of a sentence in package message, and what
// goes into it. Nothing here composes a sentence, and nothing reads one.
//
// An analysis stands in a file of its name, with its own title, level and texts, and in
// one list: see analyses.go.
package detect

import (
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/indicators"
	"icecore/forensics/model"
	"icecore/forensics/osv"
	"icecore/forensics/site"
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
	EngineSigma    = model.EngineSigma
	EngineYARA     = model.EngineYARA
	EngineAnalysis = model.EngineAnalysis
)

// The phases of an intrusion.
const (
	PhaseAccess      = model.PhaseAccess
	PhaseExecution   = model.PhaseExecution
	PhasePersistence = model.PhasePersistence
	PhaseMining      = model.PhaseMining
	PhaseEvasion     = model.PhaseEvasion
)

// States of a verdict.
const (
	Compromised  = model.Compromised
	Suspicious   = model.Suspicious
	NoIndicators = model.NoIndicators
)

// Finding is a finding while it is worked on.
type Finding struct {
	model.Finding

	lines []model.StoryLine // of the attack timeline, besides its own
	more  int               // lines in the same file for which it stands, too
	own   bool              // a rule of the user's names it
	firm  Level             // where own: the highest level of what else was joined with it
	// within says that what it is about changed within a window that rests on something else.
	within bool
}

// rests gives the level of a finding without what only rules of the user's claim.
func (f *Finding) rests() Level {
	if f.own {
		return min(f.firm, f.Level)
	}
	return f.Level
}

// FileFact is what the walk knew of a file that some other file names.
type FileFact struct {
	Path  string // of the host, at the end of all links
	Inode *filesystem.Inode
	Owner string // the package that owns it, empty: none
	Known bool   // the image has a package database at all
	// Origin is who brought a file that no package owns, as manifests of other installers
	// say: python:requests@2.31.0, and OriginState how it compares with them. Empty: unknown.
	Origin, OriginState string
	// Of a program that nobody is known to have brought: where it stands, what it is (elf,
	// script or another), and among what.
	Place, Type string
	Company     Company
}

// Company is what stands beside a program.
type Company struct {
	Tree      bool   // many other files around it: a tree that was brought as a whole
	Alone     bool   // in a directory made for it, and of another name
	LookAlike string // a program of a package that its name resembles; empty: none
}

// Input is what detection looks at.
type Input struct {
	Records []model.Record // in their final order, with IDs
	// SnapshotTime is when the image was taken, zero if unknown.
	SnapshotTime time.Time
	// Lookup tells of a file by its path on a host, links followed; nil if there is
	// none. It may itself be nil.
	Lookup func(host, path string) *FileFact
	// Installed says whether a file of a host is as its package installed it; false also where
	// that is unknown. It may itself be nil.
	Installed func(host, path string) bool
	// Files calls yield with the times of every name of every inode, until it says no;
	// nil where they are not known.
	Files func(yield func(*FileTimes) bool)
	// Machine gives the host that runs what lies in a container or chroot, any other host
	// as it is; nil: each is one of its own.
	Machine func(host string) string
	// Owner gives the package that owns a path of a host, empty: none, and whether the
	// host has a package database at all. It may itself be nil.
	Owner func(host, path string) (owner string, known bool)
	// Indicators are those of the lists that the user brought; nil: none.
	Indicators *indicators.Set
	// Advisories are those about packages; nil: none.
	Advisories *osv.DB
	// Site is what is normal where the server stood; nil: unknown.
	Site *site.Profile
	// Home gives the home directory of a host in which a path lies, empty: none. It may itself
	// be nil.
	Home func(host, path string) string
	// Read gives up to n bytes of the artifact at a source, unpacked where the
	// offset is one of the unpacked text; nil where they cannot be read. It may
	// itself be nil: findings then show the fields of their record.
	Read func(src model.Source, n int) []byte
}

// Result is what detection found.
type Result struct {
	Findings []model.Finding // most serious first
	Verdict  model.Verdict
	Story    []model.StoryLine
	Windows  []model.Window
	Touched  []model.Touched
	// WindowsLeftOut is how many more windows there are.
	WindowsLeftOut int
	Failed         []Problem // analyses that failed, by name: nobody looked for what they look for
}
