package site

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"icecore/forensics/model"
)

// maxDraftComponents bounds the components of a draft.
const maxDraftComponents = 1000

// Draft makes a profile from analyses of snapshots that are known to be good: who logged in
// from where, which keys and accounts there are, which jobs run, and the files that findings
// of low and medium are about. Left gives the findings that it does not take over: whoever
// sees a high one should not call the snapshot good.
func Draft(list []*model.Analysis, logsIn func(shell string) bool) (p *Profile, left []*model.Finding) {
	p = &Profile{Version: Version}
	d := drafter{p: p, seen: make(map[string]bool)}
	for _, a := range list {
		records := make(map[string]*model.Record, len(a.Records))
		for i := range a.Records {
			r := &a.Records[i]
			records[r.ID] = r
			d.record(r, logsIn)
		}
		for i := range a.Findings {
			f := &a.Findings[i]
			switch {
			case f.Level <= model.Informational || len(f.Records) == 0:
			case f.Level > model.Medium:
				left = append(left, f)
			default:
				for _, id := range f.Records {
					if r := records[id]; r != nil {
						d.file(r)
					}
				}
			}
		}
	}
	d.sort()
	return p, left
}

type drafter struct {
	p    *Profile
	seen map[string]bool
}

// first says whether something is new.
func (d *drafter) first(parts ...string) bool {
	k := strings.Join(parts, "\x00")
	if d.seen[k] {
		return false
	}
	d.seen[k] = true
	return true
}

func (d *drafter) record(r *model.Record, logsIn func(string) bool) {
	live := r.Source.State == model.Live
	switch r.Kind {
	case model.AuthLogin, model.LoginSession:
		s := r.Get("address")
		if a, err := netip.ParseAddr(s); err == nil && !a.IsUnspecified() && d.first("address", s) {
			d.p.Addresses = append(d.p.Addresses, Address{Text: s})
		}
		if f := r.Get("fingerprint"); fingerprintRE.MatchString(f) && d.first("key", f, r.Get("user")) {
			d.p.Keys = append(d.p.Keys, Key{Fingerprint: f, User: r.Get("user"), Comment: "used in a login"})
		}
	case model.SSHKey:
		if f := r.Get("fingerprint"); live && fingerprintRE.MatchString(f) && d.first("key", f, r.Get("user")) {
			d.p.Keys = append(d.p.Keys, Key{Fingerprint: f, User: r.Get("user"), Comment: printable(r.Get("comment"))})
		}
	case model.AccountUser:
		n := r.Get("name")
		if live && n != "" && !r.Is("backup") && !r.Has("invalid") && logsIn(r.Get("shell")) && d.first("account", n) {
			x := Account{Name: n}
			if uid, err := strconv.ParseInt(r.Get("uid"), 10, 64); err == nil {
				x.UID = &uid
			}
			d.p.Accounts = append(d.p.Accounts, x)
		}
	case model.CronJob:
		if c, u := r.Get("command"), r.Get("user"); live && c != "" && u != "" && !r.Has("ignored") && d.first("job", c, u) {
			d.p.Jobs = append(d.p.Jobs, Job{Command: c, User: u})
		}
	case model.Component:
		m, n, v := r.Get("manager"), r.Get("name"), r.Get("version")
		if m != "" && n != "" && len(d.p.Components) < maxDraftComponents && d.first("component", m, n, v) {
			d.p.Components = append(d.p.Components, Component{Manager: m, Name: n, Version: v})
		}
	}
}

// file takes the file that a finding is about, by its digest.
func (d *drafter) file(r *model.Record) {
	where := r.Source.InHost()
	if r.Kind.IsLog() || r.Kind == model.SSHKey || r.Source.State != model.Live || !sha256RE.MatchString(r.Source.SHA256) ||
		!strings.HasPrefix(where, "/") || strings.HasSuffix(where, "/") || !d.first("tool", where, r.Source.SHA256) {
		return
	}
	for i := range d.p.Tools {
		if t := &d.p.Tools[i]; t.Path == where {
			t.SHA256 = append(t.SHA256, r.Source.SHA256)
			return
		}
	}
	d.p.Tools = append(d.p.Tools, Tool{Path: where, SHA256: []string{r.Source.SHA256}})
}

// printable leaves out a comment that is more than a word or two of text.
func printable(s string) string {
	if len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return ""
	}
	return s
}

func (d *drafter) sort() {
	p := d.p
	slices.SortFunc(p.Addresses, func(a, b Address) int { return cmp.Compare(a.Text, b.Text) })
	slices.SortFunc(p.Keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	slices.SortFunc(p.Accounts, func(a, b Account) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(p.Tools, func(a, b Tool) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(p.Jobs, func(a, b Job) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Command, b.Command)) })
	slices.SortFunc(p.Components, func(a, b Component) int {
		return cmp.Or(cmp.Compare(a.Manager, b.Manager), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
}

// Write writes a profile, with notes at its head.
func (p *Profile) Write(w io.Writer, notes ...string) error {
	var b bytes.Buffer
	for _, n := range notes {
		fmt.Fprintf(&b, "# %s\n", strings.ReplaceAll(n, "\n", " "))
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(p); err != nil {
		return err
	}
	if err := e.Close(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
