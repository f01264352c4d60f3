package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

//go:embed report.html.tmpl
var templates embed.FS

// HTML writes one page that needs nothing else: no script, no network, no font. It
// can be printed. Everything from the image passes through html/template.
func HTML(w io.Writer, an *model.Analysis, o Options) error {
	a := viewOf(an)
	t, err := template.New("report.html.tmpl").Funcs(template.FuncMap{
		"clock": clock, "where": where, "bytes": Bytes, "grouped": grouped, "or": or, "upper": strings.ToUpper,
		"phase":    func(s string) string { return or(phaseNames[s], s) },
		"inferred": inferred,
		"command":  func(src *sourceView) string { return check(a.Image.Path, src) },
	}).ParseFS(templates, "report.html.tmpl")
	if err != nil {
		return err
	}
	s := summarise(a)
	byID := make(map[string]*recordView, len(a.Records))
	for i := range a.Records {
		byID[a.Records[i].ID] = &a.Records[i]
	}
	events, all, err := excerpts(an)
	if err != nil {
		return err
	}
	data := htmlData{Made: o.Made, Command: text.Escape(o.Command), Timeline: events, EventCount: int64(all), More: all > len(events), A: a, Verdict: s.verdict, Counts: strings.TrimSuffix(strings.TrimSuffix(s.counts(true), "s"), " finding"), Miners: minerList(s.miners), Pools: s.pools}
	for _, x := range s.wallets {
		data.Wallets = append(data.Wallets, htmlWallet{x.address, x.coin, x.path})
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		h := htmlFinding{findingView: f, Excerpt: strings.TrimSpace(f.Excerpt)}
		const most = 10
		for j, id := range f.Records {
			if j == most {
				h.More = len(f.Records) - most
				break
			}
			if r := byID[id]; r != nil {
				h.Records = append(h.Records, htmlRecord{r.ID, string(r.Kind), where(&r.Source), recordFields(r)})
			}
		}
		data.Findings = append(data.Findings, h)
	}
	return t.Execute(w, data)
}

type htmlData struct {
	Made, Command string
	Timeline      []eventView
	EventCount    int64 // of which Timeline holds the first
	More          bool  // it does not hold all

	A        *view
	Verdict  string
	Counts   string
	Miners   string
	Pools    []string
	Wallets  []htmlWallet
	Findings []htmlFinding
}

type htmlWallet struct{ Address, Coin, Path string }

type htmlFinding struct {
	*findingView
	Excerpt string
	Records []htmlRecord
	More    int
}

type htmlRecord struct{ ID, Kind, Where, Fields string }

// recordFields writes the fields of a record in one line.
func recordFields(r *recordView) string {
	var b strings.Builder
	for i := range r.Fields {
		f := &r.Fields[i]
		if i > 0 {
			b.WriteString("  ")
		}
		fmt.Fprintf(&b, "%s=%s", f.Name, f.Text())
	}
	return b.String()
}
