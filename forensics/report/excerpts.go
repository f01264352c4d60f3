package report

import (
	"context"
	"fmt"

	"icecore/forensics/model"
	"icecore/forensics/text"
	"icecore/forensics/timeline"
)

// eventView is a line of the timeline that the page shows. Texts are escaped.
type eventView struct{ Time, What, Level, Text string }

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
					e.Time.Time().Format("2006-01-02 15:04:05"),
					e.What,
					e.Level.String(),
					text.Truncate(text.Escape(place+e.Message), maxEventText),
				},
			)
		}
		return nil
	})
	return list, all, err
}
