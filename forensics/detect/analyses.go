package detect

import (
	"slices"

	"icecore/forensics/model"
)

// Analysis is one look at all records, for what no rule of one record can express. Each
// stands in a file of its name, and in the list of [steps].
type Analysis struct {
	Name       string // of its findings: their rule
	Level      Level  // the highest that it gives; None: it makes no findings of its own
	Phase      model.Phase
	Techniques []string // of its findings, unless one states others
	// Title, Description and FalsePositives say what it looks for and what it takes for
	// that. A finding has a message of its own.
	Title, Description, FalsePositives model.Message

	run  func(*collection, *Analysis)
	each func(*collection, *model.Record) // in place of run: for one record after the other
}

// steps are all that is done with the records, in its order: what the rules found,
// the analyses, and what adds to the findings of others.
func steps() []Analysis {
	return []Analysis{
		// What the others ask for.
		step("log pairs", (*collection).pairLogs),
		{Name: "autostarts", each: (*collection).starts},
		// The claims.
		step("yara", (*collection).yara),
		minerConfiguration(),
		{Name: "sigma", each: (*collection).sigma},
		actsStarted(),
		startsMiner(),
		packageScript(),
		preloadUnowned(),
		libraryShadowed(),
		guessedPassword(),
		guessedPasswordSpread(),
		guessing(),
		logEmptied(),
		loginRecordsZeroed(),
		loginRecordsDeleted(),
		journalCut(),
		journalAltered(),
		timeSetBack(),
		programAmongData(),
		unownedProgramStarted(),
		hostsNowhere(),
		tunedForMining(),
		daemonPassword(),
		logTouched(),
		loginKeyGone(),
		loginKeyNew(),
		serviceShell(),
		pamOpens(),
		sudoDaemonUser(),
		knownIndicator(),
		knownPackage(),
		accountUnusual(),
		// What adds to them.
		step("passwords", (*collection).passwords),
		step("units", (*collection).units),
		ranFromSuspiciousPath(),
		step("twins", (*collection).proveTwins),
		step("join", (*collection).join),
		namesIntruder(),
		// When it was, and what else changed then.
		step("windows", (*collection).findWindows),
		step("raise within windows", (*collection).raiseWithin),
		changedWithin(),
		step("touched", (*collection).findTouched),
		step("logins of a text log alone", (*collection).markText),
		// What the site says of itself.
		siteContradiction(),
		step("site", (*collection).explainBySite),
		step("excerpts", (*collection).excerpts),
	}
}

func step(name string, run func(*collection)) Analysis {
	return Analysis{Name: name, run: func(c *collection, _ *Analysis) { run(c) }}
}

// Analyses returns the analyses that make findings, in the order in which they run.
func Analyses() []Analysis {
	return slices.DeleteFunc(steps(), func(a Analysis) bool { return a.Level == None })
}
