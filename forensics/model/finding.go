package model

import (
	"slices"
	"time"
)

// Engine says what made a finding.
type Engine string

// The engines.
const (
	EngineSigma    Engine = "sigma"
	EngineYARA     Engine = "yara"
	EngineAnalysis Engine = "analysis"
)

// Phase is a phase of an intrusion.
type Phase string

// The phases, in the order in which an intrusion usually goes; see [Phases].
const (
	PhaseAccess      Phase = "initial-access"
	PhaseExecution   Phase = "execution"
	PhaseMining      Phase = "mining"
	PhasePersistence Phase = "persistence"
	PhaseEvasion     Phase = "evasion"
)

// Phases returns the phases in the order in which those of the same moment are shown.
func Phases() []Phase {
	return []Phase{PhaseAccess, PhaseExecution, PhaseMining, PhasePersistence, PhaseEvasion}
}

// Meaning says what the time of a finding is.
type Meaning string

// The meanings of a time.
const (
	// Exact is a time that a log states.
	Exact Meaning = "exact"
	// AtLatest is an upper bound: what the finding claims happened then or before.
	AtLatest Meaning = "at-latest"
	// Inferred is a time taken from something else, such as the times of the file in
	// which the fact stands, or one whose year or zone the log does not state.
	Inferred Meaning = "inferred"
)

// When is a moment with what it means. The zero value is an unknown moment.
type When struct {
	Time    time.Time
	Meaning Meaning
	// Inferred says what the log does not state: "year", "zone", "year, zone".
	Inferred string
	// Basis is the stamp that the time was taken from (changed, created, modified,
	// first, ...), empty for one that a log states.
	Basis string
}

// IsZero says whether the moment is unknown.
func (w When) IsZero() bool { return w.Time.IsZero() }

// Finding is a claim about records.
type Finding struct {
	ID   string // the short number, F-0001, given once all findings are in order
	Name string // the stable name; see [Number]

	Rule   string // the Sigma rule's name, the YARA rule's name, or the analysis' name
	Engine Engine
	Level  Level
	// Techniques are ATT&CK technique ids: T1053.003.
	Techniques []string
	Phase      Phase
	When       When
	Records    []string // the IDs of the records that prove it; the first is the one it is about
	Source     Source   // of the first record; no volume: it has none
	Excerpt    string   // of the artifact

	// Message says what the finding claims, Details what else is known of it.
	Message Message
	Details []Message
	// Title and Description are the sentences of Message and Details, as the analysis
	// was written. They are filled at the border, for those who read the JSON form;
	// nothing decides by them.
	Title       string
	Description string
}

// Add adds a detail.
func (f *Finding) Add(id string, pairs ...any) { f.Details = append(f.Details, Msg(id, pairs...)) }

// StoryLine is one line of the attack timeline.
type StoryLine struct {
	When    When
	Phase   Phase
	Message Message
	Text    string // the sentence of Message, filled at the border
	Finding string // ID
}

// Verdict is the answer to the first question.
type Verdict struct {
	State VerdictState
	// Since is the earliest moment of the findings that carry the verdict, and
	// SinceFinding the ID of the finding it rests on.
	Since        When
	SinceFinding string
	Because      []string // the IDs of findings
	// NotRead are the gaps of the coverage that bear on it, the decisive ones first, at
	// most [MaxNotRead] of them; see [Verdict.Weigh].
	NotRead []Gap
}

// MaxNotRead is how many gaps a verdict names. The coverage has all.
const MaxNotRead = 10

// Weigh holds a verdict against what was not read: where nothing was found and what
// decides was not read, it is inconclusive. It names the gaps that bear on it, whatever
// its state.
func (v *Verdict) Weigh(gaps []Gap) {
	v.NotRead = nil
	for i := range gaps {
		if gaps[i].Bears() {
			v.NotRead = append(v.NotRead, gaps[i])
		}
		if v.State == NoIndicators && gaps[i].Weight == Decisive {
			v.State = Inconclusive
		}
	}
	slices.SortStableFunc(v.NotRead, func(a, b Gap) int { return a.Rank() - b.Rank() })
	v.NotRead = slices.Clip(v.NotRead[:min(len(v.NotRead), MaxNotRead)])
}

// VerdictState is what an analysis comes to. It is never "clean".
type VerdictState string

// The states of a verdict.
const (
	Compromised  VerdictState = "compromised"
	Suspicious   VerdictState = "suspicious"
	NoIndicators VerdictState = "no-indicators"
	// Inconclusive is the state where no indicators were found, and what decides was not
	// read.
	Inconclusive VerdictState = "inconclusive"
)
