package model

import "slices"

// Coverage says how much was read, and what was not.
type Coverage struct {
	Files        int64
	BytesScanned int64
	Gaps         []Gap
}

// Gap is one thing that was not read, or not as it should be.
type Gap struct {
	// Subject says what kind of thing it is.
	Subject Subject
	// Source is where, as far as that has a place: image, volume, path, inode, member.
	// The zero value has none. Its DiskOffset has no meaning.
	Source Source
	// What names the thing where Source does not: a rule file, a kind of record.
	What Message
	// Why says why it was not read.
	Why Message
	// Weight says how much it matters.
	Weight Weight

	// WhatText and WhyText are the sentences of both, filled at the border.
	WhatText, WhyText string
}

// Bears says whether the verdict names the gap: it is decisive, or a question that
// could not be asked, or something of a server that no image holds.
func (g *Gap) Bears() bool {
	return g.Weight == Decisive || g.Subject == SubjectPackages || g.Subject == SubjectHost && g.Weight == Partial
}

// Rank orders gaps by what a reader needs first: those that decide, and of these the disk
// before its volumes, and volumes before what stands in them; then what else bears on the
// verdict, then the rest, then what is of no weight.
func (g *Gap) Rank() int {
	switch {
	case g.Weight == Decisive:
		switch g.Subject {
		case SubjectImage, SubjectPartition:
			return 0
		case SubjectVolume:
			if g.Source.Path == "" && g.What.ID != "gap.place" {
				return 1
			}
		case SubjectContent:
			return 1
		}
		return 2
	case g.Bears():
		return 3
	case g.Weight == Minor:
		return 5
	}
	return 4
}

// Decided says whether everything was read that the verdict may hang on.
func (c *Coverage) Decided() bool {
	return !slices.ContainsFunc(c.Gaps, func(g Gap) bool { return g.Weight == Decisive })
}

// Subject is the kind of thing that was not read.
type Subject string

// The subjects of gaps.
const (
	SubjectImage     Subject = "image"      // a file of the image, or a part of the disk
	SubjectPartition Subject = "partitions" // a partition table
	SubjectVolume    Subject = "volume"
	SubjectHost      Subject = "host" // a system within the volumes, or what it mounts
	SubjectFile      Subject = "file" // a file, a directory, an inode
	SubjectMember    Subject = "member"
	SubjectExtractor Subject = "extractor" // what one extractor would have read of a file
	SubjectDeleted   Subject = "deleted-files"
	SubjectContent   Subject = "content" // what YARA would have looked at
	SubjectRecords   Subject = "records" // records over a bound
	SubjectRule      Subject = "rule"
	// SubjectPackages is a host of which no package database could be read: which package
	// owns a file is unknown. Whatever its weight, the verdict names it.
	SubjectPackages Subject = "packages"
	SubjectAnalysis Subject = "analysis" // an analysis of records, or a writer
)

// Weight says how much a gap matters for the verdict.
type Weight string

// The weights.
const (
	// Decisive is what the verdict may hang on: the root volume, a cut image, YARA
	// not run, what a flood pushed out of a log or crontab, a log that was not
	// understood. It stands on the first screen, and without a finding the verdict is
	// [Inconclusive].
	Decisive Weight = "decisive"
	// Partial is a file, a log, a part of something.
	Partial Weight = "partial"
	// Minor is what is left out on purpose, and what a reader need not look at first.
	Minor Weight = "minor"
)
