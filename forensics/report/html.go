package report

import (
	"embed"
	"html/template"
	"io"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

//go:embed report.html.tmpl
var templates embed.FS

// maxProof is how many records of a finding the page shows.
const maxProof = 10

// HTML writes one page that needs nothing else: no script, no network, no font. It
// can be printed. Everything from the image passes through html/template.
func HTML(w io.Writer, an *model.Analysis, o Options) error {
	texts, lang, err := o.language()
	if err != nil {
		return err
	}
	events, all, err := excerpts(an)
	if err != nil {
		return err
	}
	a := viewOf(an, lang)
	t, err := template.New("report.html.tmpl").Funcs(template.FuncMap{
		"say": texts.say, "count": texts.count, "phase": texts.phase, "level": texts.level, "where": texts.where,
		"clock": texts.clock, "moment": texts.moment, "note": texts.note,
		"status": texts.status, "reasons": texts.reasons, "touched": texts.touched, "stamped": stamped,
		"since": texts.since, "bytes": Bytes, "grouped": grouped, "or": or, "place": texts.bytesOf,
		"command": a.check,
	}).ParseFS(templates, "report.html.tmpl")
	if err != nil {
		return err
	}
	s := summarize(a, texts)
	data := page{
		Made: text.Escape(o.Made), Command: text.Escape(o.Command), Events: events, EventCount: int64(all),
		A: a, Verdict: s.verdict, Counts: s.counts(texts, true), Miners: minerList(s.miners, texts), Pools: s.pools, Findings: proofOf(a, texts),
	}
	for _, x := range s.wallets {
		data.Wallets = append(data.Wallets, htmlWallet{x.address, x.coin, x.path})
	}
	return t.Execute(w, &data)
}

// page is what the template shows.
type page struct {
	Made, Command string
	Events        []eventView
	EventCount    int64 // of which Events holds the first
	A             *view
	Verdict       string
	Counts        string
	Miners        string
	Pools         []string
	Wallets       []htmlWallet
	Findings      []htmlFinding
}

// All says whether the page shows all events that findings rest on.
func (p *page) All() bool { return int64(len(p.Events)) == p.EventCount }

// Shown is the number of events that the page shows.
func (p *page) Shown() int64 { return int64(len(p.Events)) }

// Bearing are the gaps that bear on the verdict.
func (p *page) Bearing() []gapView { return p.A.Coverage.bearing() }

// Others are the gaps that matter, Minor those that do not.
func (p *page) Others() []gapView {
	return p.A.Coverage.Gaps[:len(p.A.Coverage.Gaps)-len(p.A.Coverage.minor())]
}

// Minor are the gaps that were left out on purpose or do not matter.
func (p *page) Minor() []gapView { return p.A.Coverage.minor() }

// Class is the class of the heading.
func (p *page) Class() string {
	if p.A.Verdict.inconclusive(&p.A.Coverage) {
		return string(model.Inconclusive)
	}
	return p.A.Verdict.State
}

// Quiet says whether nothing above low was found.
func (p *page) Quiet() bool { return p.A.Verdict.quiet() }

type htmlWallet struct{ Address, Coin, Path string }

type htmlFinding struct {
	*findingView
	Excerpt string
	Records []htmlRecord
	More    int64 // records that are not shown
}

type htmlRecord struct {
	ID, Kind, Where string
	Fields          []htmlField
}

type htmlField struct {
	Name, Value string
	Whole       bool // is not broken across lines
}

// wholeFields are the fields that are there to be copied.
var wholeFields = map[string]bool{
	"command": true, "suspicious_line": true, "wallet": true, "user": true, "pool": true, "urls": true, "fingerprint": true,
}

func proofOf(a *view, w words) []htmlFinding {
	byID := make(map[string]*recordView, len(a.Records))
	for i := range a.Records {
		byID[a.Records[i].ID] = &a.Records[i]
	}
	out := make([]htmlFinding, len(a.Findings))
	for i := range a.Findings {
		f := &a.Findings[i]
		h := htmlFinding{
			findingView: f,
			Excerpt:     strings.TrimSpace(f.Excerpt),
			More:        int64(max(0, len(f.Records)-maxProof)),
		}
		for _, id := range f.Records[:min(maxProof, len(f.Records))] {
			r := byID[id]
			if r == nil {
				continue
			}
			show := htmlRecord{ID: r.ID, Kind: r.Kind, Where: w.where(&r.Source)}
			for j := range r.Fields {
				f := &r.Fields[j]
				show.Fields = append(show.Fields, htmlField{f.Name, f.Text(), wholeFields[f.Name]})
			}
			h.Records = append(h.Records, show)
		}
		out[i] = h
	}
	return out
}

// bytesOf says where the bytes of a source are.
func (w words) bytesOf(src *sourceView) string {
	pairs := []any{"volume", src.Volume, "inode", src.inode(), "offset", src.Offset}
	if src.Length > 0 {
		pairs = append(pairs, "length", src.Length)
	}
	if src.DiskOffset != nil {
		pairs = append(pairs, "disk", *src.DiskOffset)
	}
	return w.say("page.place", append(pairs, "member", src.Member)...)
}
