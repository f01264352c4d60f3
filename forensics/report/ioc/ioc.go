// Package ioc gives the indicators of an analysis to others: hashes, paths, pools,
// wallets, addresses, domains, URLs and key fingerprints, as CSV, as a MISP event,
// or as a STIX 2.1 bundle.
//
// Only what a finding of level medium or above rests on is an indicator, never what
// a system merely has: the log that states a login is no bad file, the address it
// came from is one to look for. The same analysis gives the same bytes, identifiers
// included (UUIDs of version 5).
//
// Formats: RFC 4180; the MISP core format (draft-dulaunoy-misp-core-format); STIX
// Version 2.1, OASIS Standard, chapters 3 and 4.7.
package ioc

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Kinds of indicators.
const (
	Hash        = "sha256"
	Path        = "path"
	Pool        = "pool" // host:port
	Wallet      = "wallet"
	Address     = "address" // of a host, IPv4 or IPv6
	Domain      = "domain"
	URL         = "url"
	Fingerprint = "key-fingerprint" // of an SSH key, as ssh-keygen -l prints it
)

// Indicator is one thing to look for elsewhere. Texts are escaped.
type Indicator struct {
	Kind  string
	Value string
	// Detail says more: the coin of a wallet, the file of a hash, source or
	// destination for an address.
	Detail   string
	Level    model.Level
	Time     time.Time // when it was first seen: of the earliest record that holds it, zero if unknown
	Findings []string  // IDs
	Title    string    // of the strongest of them
}

// Of collects the indicators of an analysis, sorted by kind and value.
func Of(a *model.Analysis) []Indicator {
	records := make(map[string]*model.Record, len(a.Records))
	for i := range a.Records {
		records[a.Records[i].ID] = &a.Records[i]
	}
	c := collector{at: make(map[[2]string]int)}
	for i := range a.Findings {
		f := &a.Findings[i]
		if f.Level < model.Medium {
			continue
		}
		for n, id := range f.Records {
			r := records[id]
			if r == nil {
				continue
			}
			c.finding, c.seen = f, r.When().Time
			if n == 0 && c.seen.IsZero() {
				c.seen = f.When.Time // the time of the finding is that of its first record
			}
			c.record(r)
		}
	}
	slices.SortFunc(
		c.list,
		func(a, b Indicator) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value)) },
	)
	return c.list
}

// collector gathers the indicators of the record that it is at.
type collector struct {
	list    []Indicator
	at      map[[2]string]int
	finding *model.Finding
	seen    time.Time
}

// add takes an indicator, its value and detail as they stand in the image.
func (c *collector) add(kind, value, detail string) {
	if value == "" {
		return
	}
	f := c.finding
	value = text.Escape(value)
	k := [2]string{kind, value}
	i, ok := c.at[k]
	if !ok {
		i = len(c.list)
		c.at[k] = i
		c.list = append(
			c.list,
			Indicator{
				Kind:   kind,
				Value:  value,
				Detail: text.Escape(detail),
				Level:  f.Level,
				Title:  text.Escape(f.Title),
			},
		)
	}
	x := &c.list[i]
	if f.Level > x.Level {
		x.Level, x.Title = f.Level, text.Escape(f.Title)
	}
	if !c.seen.IsZero() && (x.Time.IsZero() || c.seen.Before(x.Time)) {
		x.Time = c.seen
	}
	if id := text.EscapeOnce(f.ID); !slices.Contains(x.Findings, id) {
		x.Findings = append(x.Findings, id)
	}
}

// record takes from a record what can be looked for elsewhere.
func (c *collector) record(r *model.Record) {
	src := &r.Source
	switch r.Kind {
	case model.YARAMatch:
		c.file(src)
	case model.FileNotable:
		switch r.Get("what") {
		case "immutable", "device_outside_dev": // says nothing of the content
		case "package_file_changed": // the path is everywhere
			c.add(Hash, src.SHA256, src.Path)
		default:
			c.file(src)
		}
	case model.MinerConfig:
		if r.Get("found_in") == "configuration" || r.Get("file_type") == "elf" {
			c.file(src)
		}
	case model.CronScript, model.SystemdExec, model.SystemdUnit, model.InitScript:
		if r.Get("owner") == "" {
			c.file(src)
		}
	case model.CronJob, model.ProfileLine, model.SudoRule:
		// One of many files in such a directory, and not the one that all have.
		if d := path.Base(path.Dir(src.Path)); strings.HasSuffix(d, ".d") {
			c.file(src)
		}
	case model.PreloadLibrary:
		c.add(Path, r.Get("library"), "")
	}
	for _, p := range r.List("programs") {
		if suspicious(p) {
			c.add(Path, p, "")
		}
	}
	if pool := r.Get("pool"); pool != "" {
		h, port := r.Get("host"), r.Get("port")
		if h == "" {
			h, port = hostPort(pool)
		}
		c.add(Pool, joined(h, port, pool), r.Get("algo"))
		c.host(h, "destination")
	}
	c.add(Wallet, r.Get("wallet"), r.Get("coin"))
	if k := string(r.Kind); strings.HasPrefix(k, "auth.") || strings.HasPrefix(k, "login.") {
		c.host(r.Get("address"), "source")
	}
	c.add(Fingerprint, r.Get("fingerprint"), r.Get("comment"))
	for _, u := range r.List("urls") {
		c.url(u)
	}
}

// file adds a file: its hash and its path, if it has a path that could be met
// again.
func (c *collector) file(src *model.Source) {
	c.add(Hash, src.SHA256, src.Path)
	if src.Path != "" && src.State != model.Deleted {
		c.add(Path, src.Path, "")
	}
}

// suspicious says whether the path of a program is one that no package has: in a
// world-writable directory, or hidden.
func suspicious(p string) bool {
	if !strings.HasPrefix(p, "/") {
		return false
	}
	for _, d := range []string{"/tmp/", "/var/tmp/", "/dev/shm/"} {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	return strings.Contains(p, "/.")
}
