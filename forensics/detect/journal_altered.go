package detect

import (
	"icecore/forensics/model"
	"icecore/forensics/twins"
)

func journalAltered() Analysis {
	return Analysis{
		Name: "journal_altered", Level: Medium, Phase: PhaseEvasion, Techniques: []string{"T1565.001", "T1070.002"},
		Title:          model.Msg("journal_altered.title"),
		Description:    model.Msg("journal_altered.about"),
		FalsePositives: model.Msg("journal_altered.benign"),
		run:            (*collection).journalAltered,
	}
}

// journalAltered looks for messages of the journal that were edited in its files.
func (c *collection) journalAltered(a *Analysis) {
	type file struct {
		volume  string
		inode   uint64
		version uint32
	}
	proof := make(map[file][]string)
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if k := (file{r.Source.Volume, r.Source.Inode, r.Source.Version}); twins.FromJournal(r) && r.Has("altered") &&
			len(proof[k]) < maxListed-1 {
			proof[k] = append(proof[k], r.ID)
		}
	}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		// What is left of a deleted file may be another's.
		if r.Kind != model.LogCoverage || !r.Has("altered") || r.Source.State == model.Deleted {
			continue
		}
		f := c.found(a, r)
		f.When = model.When{}
		f.Message = model.Msg("journal_altered.title")
		f.Add("journal_altered.messages", "count", r.Number("altered"))
		f.Records = union(f.Records, proof[file{r.Source.Volume, r.Source.Inode, r.Source.Version}])
		c.add(f)
	}
}
