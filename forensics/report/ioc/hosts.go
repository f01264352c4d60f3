package ioc

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// joined gives the one form of a pool: host:port, the host in lower case; the pool as
// it stands where it names no host.
func joined(host, port, pool string) string {
	switch host = strings.ToLower(strings.Trim(host, "[].")); {
	case host == "":
		return pool
	case port != "":
		return net.JoinHostPort(host, port)
	}
	return host
}

// hostPort takes a pool apart: [scheme://][user@]host[:port][/...]. Both are empty where
// it names no host.
func hostPort(pool string) (host, port string) {
	if _, rest, ok := strings.Cut(pool, "://"); ok {
		pool = rest
	}
	u, err := url.Parse("pool://" + pool)
	if err != nil {
		return "", ""
	}
	return u.Hostname(), u.Port()
}

// url adds a URL and its host. One without a scheme, as curl and wget take it, is http.
func (c *collector) url(s string) {
	if !strings.Contains(s, "://") {
		if !namesHost(s) {
			return
		}
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || here(u.Hostname()) {
		return
	}
	c.add(URL, s, "")
	c.host(u.Hostname(), "destination")
}

// scripts are endings of files that are top-level domains, too, or could be.
var scripts = []string{
	"sh",
	"py",
	"pl",
	"rb",
	"js",
	"php",
	"txt",
	"gz",
	"tgz",
	"xz",
	"zip",
	"so",
	"log",
	"json",
	"conf",
	"html",
}

// namesHost says whether a text without a scheme begins with an address or a domain, and
// is not the name of a file.
func namesHost(s string) bool {
	u, err := url.Parse("http://" + s)
	if err != nil || strings.ContainsAny(s, " $`\\*{}()<>|;\"'") {
		return false
	}
	h := u.Hostname()
	if _, err := netip.ParseAddr(h); err == nil {
		return true
	}
	i := strings.LastIndexByte(h, '.')
	if i <= 0 || !domain(h) {
		return false
	}
	end := strings.ToLower(h[i+1:])
	if len(end) < 2 || strings.Trim(end, "abcdefghijklmnopqrstuvwxyz") != "" && !strings.HasPrefix(end, "xn--") {
		return false
	}
	return u.Port() != "" || u.Path != "" || !slices.Contains(scripts, end)
}

// here says whether a host means this machine or its wire.
func here(h string) bool {
	a, err := netip.ParseAddr(strings.Trim(h, "[]"))
	if err != nil {
		return strings.EqualFold(h, "localhost")
	}
	a = a.Unmap()
	return a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast()
}

// domain says whether a name can be one of DNS with more than one label.
func domain(h string) bool {
	return strings.Contains(h, ".") && len(h) <= 253 && !strings.HasPrefix(h, ".") && !strings.Contains(h, "..") &&
		strings.Trim(strings.ToLower(h), "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}

// host adds an address or a domain, unless it means this machine or its wire.
func (c *collector) host(h, detail string) {
	h = strings.ToLower(strings.Trim(h, "[]."))
	if here(h) {
		return
	}
	if a, err := netip.ParseAddr(h); err == nil {
		c.add(Address, a.Unmap().WithZone("").String(), detail)
	} else if domain(h) {
		c.add(Domain, h, detail)
	}
}
