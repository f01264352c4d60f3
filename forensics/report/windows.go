package report

import (
	"slices"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Bounds of what a report shows of windows; the JSON has more.
const (
	maxShownWindows = 12
	maxShownReasons = 3
	maxShownPaths   = 6
)

// windowView is an intruder's presence, and what changed in it.
type windowView struct {
	ID, From, Until  string
	Account, Address string
	Why              []string
	More             int64 // reasons that are not shown
	Groups           []touchedView
}

// touchedView is a group of what changed.
type touchedView struct {
	Group string
	Count int64
	Paths []string // the first
	More  int64    // that are not among them
}

// windowsOf gives the windows of an analysis with their groups.
func windowsOf(a *model.Analysis) []windowView {
	var out []windowView
	for i := range a.Windows {
		w := &a.Windows[i]
		v := windowView{ID: w.ID, From: stamp(w.From), Until: stamp(w.Until), Account: text.Escape(w.Account), Address: text.Escape(w.Address)}
		for _, s := range w.Texts[:min(len(w.Texts), maxShownReasons)] {
			v.Why = append(v.Why, text.Escape(s))
		}
		v.More = int64(len(w.Texts) - len(v.Why))
		for j := range a.Touched {
			t := &a.Touched[j]
			if t.Window != w.ID {
				continue
			}
			g := touchedView{Group: string(t.Group), Count: t.Count}
			for k := range t.Items {
				p := text.Escape(t.Items[k].Path)
				if p == "" {
					p = "inode " + grouped(int64(t.Items[k].Inode))
				}
				if len(g.Paths) < maxShownPaths && !slices.Contains(g.Paths, p) {
					g.Paths = append(g.Paths, p)
				}
			}
			g.More = max(0, t.Count-int64(len(g.Paths)))
			v.Groups = append(v.Groups, g)
		}
		out = append(out, v)
	}
	return out
}

// windows is the table of when an intruder was present, and of what changed then.
func (t *screen) windows() {
	list := t.a.Windows
	if len(list) == 0 {
		return
	}
	t.head("windows")
	t.text(t.say("windows-about"))
	var rows [][]string
	for i := range list[:min(len(list), maxShownWindows)] {
		w := &list[i]
		when := []string{w.ID, stamped(w.From), stamped(w.Until)}
		var what []string
		for _, g := range w.Groups {
			what = append(what, t.touched(g))
		}
		rows = append(rows, []string{strings.Join(when, "\n"), strings.Join(t.reasons(*w), "\n"), strings.Join(what, "\n")})
	}
	t.table([]string{"window", "known-by", "touched"}, rows, nil)
	if n := len(list) - maxShownWindows; n > 0 {
		t.text(t.count("windows-more", int64(n)))
	}
}

// reasons says what a window is known by.
func (w words) reasons(v windowView) []string {
	out := slices.Clone(v.Why)
	if v.More > 0 {
		out = append(out, w.count("windows-reasons", v.More))
	}
	return out
}

// touched says in one line what of a group changed.
func (w words) touched(g touchedView) string {
	s := w.known("touched", g.Group) + " (" + grouped(g.Count) + ")"
	if len(g.Paths) > 0 {
		s += ": " + strings.Join(g.Paths, ", ")
	}
	if g.More > 0 && len(g.Paths) > 0 {
		s += ", …"
	}
	return s
}
