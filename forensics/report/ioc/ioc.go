// Package ioc gives the indicators of an analysis to others: hashes, paths, pools,
// wallets, addresses, domains, URLs and key fingerprints, as CSV, as a MISP event,
// or as a STIX 2.1 bundle.
//
// Only what a finding of level medium or above rests on is an indicator, never what
// a system merely has: the log that tells of a login is no bad file, the address it
// came from is one to look for. The same analysis gives the same bytes, identifiers
// included (UUIDs of version 5).
//
// Formats: RFC 4180; the MISP core format (draft-dulaunoy-misp-core-format); STIX
// Version 2.1, OASIS Standard, chapters 3 and 4.7.
package ioc

import (
	"net/netip"
	"net/url"
	"path"
	"sort"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/detect"
	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/text"
)

// Kinds of indicators.
const (
	Hash        = "sha256"
	Path        = "path"
	Pool        = "pool" // host:port, or a URL
	Wallet      = "wallet"
	Address     = "address" // of a host, IPv4 or IPv6
	Domain      = "domain"
	URL         = "url"
	Fingerprint = "key-fingerprint" // of an SSH key, as ssh-keygen -l prints it
)

// Indicator is one thing to look for elsewhere.
type Indicator struct {
	Kind  string
	Value string
	// Detail says more: the coin of a wallet, the file of a hash, source or
	// destination for an address.
	Detail   string
	Level    detect.Level
	Time     time.Time // of the first finding that names it, zero if unknown
	Findings []string  // IDs
	Title    string    // of the strongest of them
}

// Of collects the indicators of an analysis, sorted by kind and value.
func Of(a *model.Analysis) []Indicator {
	records := make(map[string]*artifact.Record, len(a.Records))
	for i := range a.Records {
		records[a.Records[i].ID] = &a.Records[i]
	}
	c := collector{at: make(map[[2]string]int)}
	for i := range a.Findings {
		f := &a.Findings[i]
		if f.Level < detect.Medium {
			continue
		}
		for _, id := range f.Records {
			if r := records[id]; r != nil {
				c.record(f, r)
			}
		}
	}
	sort.Slice(c.list, func(i, j int) bool {
		if c.list[i].Kind != c.list[j].Kind {
			return c.list[i].Kind < c.list[j].Kind
		}
		return c.list[i].Value < c.list[j].Value
	})
	return c.list
}

type collector struct {
	list []Indicator
	at   map[[2]string]int
}

func (c *collector) add(f *model.Finding, kind, value, detail string) {
	if value == "" {
		return
	}
	k := [2]string{kind, value}
	i, ok := c.at[k]
	if !ok {
		i = len(c.list)
		c.at[k] = i
		c.list = append(c.list, Indicator{Kind: kind, Value: value, Detail: detail, Level: f.Level, Title: f.Title})
	}
	x := &c.list[i]
	if f.Level > x.Level {
		x.Level, x.Title = f.Level, f.Title
	}
	if !f.When.IsZero() && (x.Time.IsZero() || f.When.Time.Before(x.Time)) {
		x.Time = f.When.Time
	}
	for _, id := range x.Findings {
		if id == f.ID {
			return
		}
	}
	x.Findings = append(x.Findings, f.ID)
}

// record takes from a record what can be looked for elsewhere.
func (c *collector) record(f *model.Finding, r *artifact.Record) {
	src := &r.Source
	switch r.Kind {
	case "yara.match":
		c.file(f, src)
	case "file.notable":
		switch r.Get("what") {
		case "immutable", "device_outside_dev": // says nothing of the content
		case "package_file_changed": // the path is everywhere
			c.add(f, Hash, src.SHA256, text.Escape(src.Path))
		default:
			c.file(f, src)
		}
	case "miner.config":
		if r.Get("found_in") == "configuration" || r.Get("file_type") == "elf" {
			c.file(f, src)
		}
	case "cron.script", "systemd.exec", "systemd.unit", "init.script":
		if r.Get("owner") == "" {
			c.file(f, src)
		}
	case "cron.job", "profile.line", "sudo.rule":
		// One of many files in such a folder, and not the one that all have.
		if d := path.Base(path.Dir(src.Path)); strings.HasSuffix(d, ".d") {
			c.file(f, src)
		}
	case "preload.library":
		c.add(f, Path, text.Escape(r.Get("library")), "")
	}
	for _, p := range r.List("programs") {
		if odd(p) {
			c.add(f, Path, text.Escape(p), "")
		}
	}
	if pool := r.Get("pool"); pool != "" {
		value := text.Escape(pool)
		if !strings.Contains(pool, "://") && r.Get("port") != "" && !strings.HasSuffix(pool, ":"+r.Get("port")) {
			value += ":" + text.Escape(r.Get("port"))
		}
		c.add(f, Pool, value, text.Escape(r.Get("algo")))
		c.host(f, r.Get("host"), "destination")
	}
	c.add(f, Wallet, text.Escape(r.Get("wallet")), text.Escape(r.Get("coin")))
	if strings.HasPrefix(string(r.Kind), "auth.") || strings.HasPrefix(string(r.Kind), "login.") {
		c.host(f, r.Get("address"), "source")
	}
	if r.Kind == "ssh.key" || r.Get("fingerprint") != "" {
		c.add(f, Fingerprint, text.Escape(r.Get("fingerprint")), text.Escape(r.Get("comment")))
	}
	for _, u := range strings.FieldsFunc(r.Get("urls"), func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := url.Parse(u)
		if err != nil || p.Host == "" {
			continue
		}
		c.add(f, URL, text.Escape(u), "")
		c.host(f, p.Hostname(), "destination")
	}
}

// file adds a file: its hash and its path, if it has a path that could be met
// again.
func (c *collector) file(f *model.Finding, src *artifact.Source) {
	c.add(f, Hash, src.SHA256, text.Escape(src.Path))
	if src.Path != "" && src.State != filesystem.Deleted {
		c.add(f, Path, text.Escape(src.Path), "")
	}
}

// odd says whether the path of a program is one that no system has by itself.
func odd(p string) bool {
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

// host adds an address or a domain, unless it means this machine or its wire.
func (c *collector) host(f *model.Finding, h, detail string) {
	h = strings.ToLower(strings.Trim(h, "[]."))
	if a, err := netip.ParseAddr(h); err == nil {
		a = a.Unmap()
		if !a.IsLoopback() && !a.IsUnspecified() && !a.IsLinkLocalUnicast() && !a.IsMulticast() {
			c.add(f, Address, a.WithZone("").String(), detail)
		}
		return
	}
	if !strings.Contains(h, ".") || len(h) > 253 || strings.Trim(h, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return
	}
	c.add(f, Domain, h, detail)
}
