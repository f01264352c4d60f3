package model

// When gives the moment of a stamp that a log states.
func (s Stamp) When() When {
	switch {
	case s.Time.IsZero():
		return When{}
	case s.Inferred != "":
		return When{Time: s.Time, Meaning: Inferred, Inferred: s.Inferred}
	}
	return When{Time: s.Time, Meaning: Exact}
}

// When says when what a record states came about.
func (r *Record) When() When {
	for _, what := range []string{"logged", "typed", "first", "login", "started", "container_created"} {
		if s := r.Stamp(what); !s.Time.IsZero() {
			return s.When()
		}
	}
	// Of what stands in files, the change of the inode: unlike the time of
	// modification, no call sets it to what the caller wants. A file that was
	// made whole by an intruder has it at its creation or later; one of a
	// package was there before.
	order := []string{"changed", "created", "modified"}
	switch r.Kind {
	case YARAMatch, MinerConfig:
		if r.Get("owner") == "" {
			order = []string{"created", "changed", "modified"}
		}
	case FileNotable:
		if r.Get("owner") == "" && r.Get("what") != "immutable" {
			order = []string{"created", "changed", "modified"}
		}
	}
	meaning := Inferred
	if r.Kind.IsLog() {
		// A line of a log or history that states no time was written by then. Of that
		// file the creation says nothing.
		order, meaning = []string{"changed", "modified"}, AtLatest
	}
	for _, what := range order {
		if t := r.Time(what); !t.IsZero() {
			return When{Time: t, Meaning: meaning, Basis: what}
		}
	}
	return When{}
}
