package detect

import "icecore/forensics/model"

// logged gives the moment of a stamp that a log states.
func logged(s model.Stamp) model.When { return s.When() }

// when says when what a record states came about.
func when(rec *model.Record) model.When { return rec.When() }
