// Package hosts reads where names lead: /etc/hosts (hosts(5)) and the name servers
// of resolv.conf(5). Intruders send the hosts of rivals, of updates and of security
// agents to nowhere.
//
// Records:
//
//	hosts.entry       address, names (by commas), nowhere (yes: a loopback or null
//	                  address for a name that is not the machine's own)
//	hosts.nameserver  address
package hosts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"icecore/forensics/artifact"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "hosts" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string { return []string{"/etc/hosts", "/etc/resolv.conf"} }

const (
	maxRecords = 10_000 // a block list has more; they are all alike
	maxLine    = 64 << 10
	maxName    = 255 // bytes of a name in the DNS
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	n, long := 0, 0
	err := in.Lines(ctx, func(l artifact.Line) error {
		text, _, _ := strings.Cut(l.Head(maxLine), "#")
		w := strings.Fields(text)
		if len(w) < 2 {
			return nil
		}
		r := artifact.Record{Source: l.Source()}
		if path.Base(in.Path) == "resolv.conf" {
			if w[0] != "nameserver" {
				return nil
			}
			r.Kind = "hosts.nameserver"
			r.Add("address", w[1])
		} else {
			addr, err := netip.ParseAddr(w[0])
			if err != nil {
				return nil
			}
			r.Kind = "hosts.entry"
			r.Add("address", w[0])
			r.AddList("names", w[1:])
			if (addr.IsLoopback() || addr.IsUnspecified()) && elsewhere(w[1:], in.System) {
				r.AddBool("nowhere", true)
			}
		}
		if n++; n > maxRecords {
			return fmt.Errorf("more than %d entries; the rest was not read", maxRecords)
		}
		emit(r)
		if len(l.Text) > maxLine && long == 0 {
			long = l.Number
		}
		return nil
	})
	if long > 0 {
		err = errors.Join(err, fmt.Errorf("line %d is longer than %d bytes; its end was not read", long, maxLine))
	}
	return err
}

// elsewhere says that one of the names is none of the machine's own.
func elsewhere(names []string, s *artifact.System) bool {
	own := ""
	if s != nil {
		own = s.Hostname
	}
	// "web01.example.com web01": a name, and the same with its domain.
	all := make(map[string]bool, len(names))
	for _, n := range names {
		if len(n) <= maxName {
			all[n] = true
		}
	}
	for _, n := range names {
		for i := 0; i < min(len(n), maxName); i++ {
			if n[i] == '.' && all[n[:i]] {
				own = n[:i]
			}
		}
	}
	for _, n := range names {
		n = strings.ToLower(n)
		short, domain, dotted := strings.Cut(n, ".")
		switch {
		case !dotted, n == own, short == own && own != "", domain == "localdomain", strings.HasSuffix(n, ".local"), strings.HasSuffix(n, ".localdomain"), strings.HasSuffix(n, ".localdomain4"), strings.HasSuffix(n, ".localdomain6"), strings.HasSuffix(n, ".internal"):
		default:
			return true
		}
	}
	return false
}
