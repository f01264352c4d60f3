package forensics

import (
	"io"

	"icecore/forensics/detect"
	"icecore/forensics/model"
	"icecore/forensics/site"
	"icecore/forensics/text"
)

// DraftSite writes a profile of what is normal, drafted from analyses of snapshots that are
// known to be good. It returns how many findings above medium the snapshots have: a draft
// does not explain them.
func DraftSite(w io.Writer, list []*Analysis) (left int, err error) {
	var all []*model.Analysis
	notes := []string{
		"What is normal on this site's servers, drafted from snapshots known to be good. Read it before use:",
		"each line is a door that a report will call yours.",
	}
	for _, a := range list {
		all = append(all, &a.Analysis)
		notes = append(notes, "From "+text.Escape(a.Image.Path))
	}
	p, high := site.Draft(all, detect.LogsIn)
	for _, f := range high {
		notes = append(notes, "Not taken over: "+f.Level.String()+" finding "+f.ID+" ("+text.Escape(f.Title)+")")
	}
	return len(high), p.Write(w, notes...)
}

// CheckSite reads and checks a profile.
func CheckSite(file string) error {
	_, err := site.Load(file)
	return err
}
