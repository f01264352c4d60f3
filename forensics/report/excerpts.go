package report

import (
	"context"
	"fmt"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/text"
	"icecore/forensics/timeline"
)

// eventView is a line of the timeline that the page shows. Texts are escaped.
type eventView struct {
	When              whenView
	What, Level, Text string
}

const (
	maxEvents    = 400 // lines of the timeline on the page
	maxEventText = 400 // bytes of each
)

// excerpts gives the first events that findings of level medium and above rest on, in
// order, and how many there are. All come from the analysis, none from the walk: a page
// that is made later is the same.
func excerpts(a *model.Analysis) (list []eventView, all int, err error) {
	var t timeline.Timeline
	t.AddRecords(a.Records, a.Findings)
	err = t.Each(context.Background(), timeline.Range{}, func(e *timeline.Event) error {
		if e.Level < model.Medium || e.Level == model.Medium && e.Type != timeline.TypeFinding {
			return nil
		}
		if e.Line > 0 && !ofLine(e.What) {
			return nil
		}
		if all++; all <= maxEvents {
			place := ""
			switch {
			case e.Path == "":
			case e.Line > 0:
				place = fmt.Sprintf("%s:%d  ", e.Path, e.Line)
			default:
				place = e.Path + "  "
			}
			list = append(
				list,
				eventView{
					whenView{Time: stamp(e.Time.Time()), Late: e.AtLatest},
					e.What,
					e.Level.String(),
					text.Escape(text.Truncate(place+e.Message, maxEventText)),
				},
			)
		}
		return nil
	})
	return list, all, err
}

// ofLine says whether the time of a file is one at which a line of it can have come about:
// not that of its creation, which is older, nor one that can be set at will.
func ofLine(what string) bool {
	for w := range strings.SplitSeq(what, ", ") {
		switch w {
		case "created", "modified", "accessed":
		default:
			return true
		}
	}
	return false
}
