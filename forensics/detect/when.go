package detect

import "icecore/forensics/model"

// logged gives the moment of a stamp that a log states.
func logged(s model.Stamp) model.When {
	if s.Time.IsZero() {
		return model.When{}
	}
	if s.Inferred != "" {
		return model.When{Time: s.Time, Meaning: model.Inferred, Inferred: s.Inferred}
	}
	return model.When{Time: s.Time, Meaning: model.Exact}
}

// when says when what a record states came about.
func when(rec *model.Record) model.When {
	for _, what := range []string{"logged", "typed", "first", "login", "started"} {
		if s := rec.Stamp(what); !s.Time.IsZero() {
			return logged(s)
		}
	}
	// Of what stands in files, the change of the inode: unlike the time of
	// modification, no call sets it to what the caller wants. A file that was
	// made whole by an intruder has it at its creation or later; one of a
	// package was there before.
	order := []string{"changed", "created", "modified"}
	switch rec.Kind {
	case model.YARAMatch, model.MinerConfig:
		if rec.Get("owner") == "" {
			order = []string{"created", "changed", "modified"}
		}
	case model.FileNotable:
		if rec.Get("owner") == "" && rec.Get("what") != "immutable" {
			order = []string{"created", "changed", "modified"}
		}
	}
	meaning := model.Inferred
	if rec.Kind.IsLog() {
		// A line of a log or history that states no time was written by then. Of that
		// file the creation says nothing.
		order, meaning = []string{"changed", "modified"}, model.AtLatest
	}
	for _, what := range order {
		if t := rec.Time(what); !t.IsZero() {
			return model.When{Time: t, Meaning: meaning, Basis: what}
		}
	}
	return model.When{}
}
