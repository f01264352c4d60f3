// Package listeners reads on which addresses and ports servers are configured to
// listen: sshd_config(5), nginx's listen, Apache's Listen, redis.conf, the option files
// of MySQL and MariaDB, postgresql.conf, the hosts of the Docker daemon (daemon.json and
// -H of its unit), memcached.conf, mongod.conf, inetd.conf(5), xinetd.conf(5) and the
// socket units of systemd.socket(5).
//
// Records: network.listener, one an address and port. Where a file of a server names
// none, there is one record of the server's default, marked so: another file may name
// one. Sockets of the filesystem are left out. Nothing is said of firewalls, nor of
// whether the server runs.
//
// Bounds: 1,000 records of a file, 64 KiB of a line, 16 MiB of daemon.json.
package listeners

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

const (
	maxRecords = 1000
	maxLine    = 64 << 10 // bytes
	maxJSON    = 16 << 20 // bytes
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "listeners" }

// server is one kind of configuration.
type server struct {
	patterns []string
	read     func(context.Context, *artifact.Input, *output) error
}

// servers lists what is read. To add one, add a reader and a row.
func servers() []server {
	return []server{
		{[]string{"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"}, sshd},
		{[]string{
			"/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*", "/etc/nginx/sites-enabled/*",
			"/etc/nginx/http.d/*", "/etc/nginx/default.d/*",
			"/etc/openresty/nginx.conf", "/usr/local/nginx/conf/*.conf", "/usr/local/nginx/conf/*/*.conf",
			"/usr/local/openresty/nginx/conf/*.conf",
			"/www/server/nginx/conf/nginx.conf", "/www/server/panel/vhost/nginx/*.conf",
			"/etc/angie/angie.conf", "/etc/tengine/nginx.conf",
		}, nginx},
		{[]string{
			"/etc/apache2/*.conf", "/etc/apache2/sites-enabled/*", "/etc/apache2/conf-enabled/*",
			"/etc/apache2/conf.d/*", "/etc/httpd/conf/*.conf",
			"/etc/httpd/conf.d/*.conf", "/usr/local/apache2/conf/*.conf",
			"/www/server/apache/conf/httpd.conf", "/www/server/panel/vhost/apache/*.conf",
		}, apache},
		{[]string{
			"/etc/redis.conf", "/etc/redis/*.conf", "/etc/redis-sentinel.conf", "/etc/valkey/*.conf",
			"/etc/keydb/*.conf", "/usr/local/redis/*.conf",
			"/usr/local/redis/*/*.conf", "/usr/local/etc/redis.conf", "/www/server/redis/redis.conf",
			"/opt/redis/*.conf",
		}, redis},
		{[]string{
			"/etc/my.cnf", "/etc/my.cnf.d/*.cnf", "/etc/mysql/*.cnf", "/etc/mysql/*.conf.d/*.cnf",
			"/etc/mysql/conf.d/*.cnf", "/usr/local/mysql/my.cnf",
		}, mysql},
		{[]string{
			"/etc/postgresql/*/*/postgresql.conf", "/etc/postgresql/*/*/conf.d/*.conf",
			"/var/lib/pgsql/data/postgresql*.conf", "/var/lib/pgsql/*/data/postgresql*.conf",
			"/var/lib/postgresql/*/*/postgresql.auto.conf", "/var/lib/postgresql/data/postgresql*.conf",
		}, postgresql},
		{[]string{"/etc/docker/daemon.json"}, daemonJSON},
		{[]string{
			"/etc/systemd/system/docker.service", "/etc/systemd/system/docker.service.d/*.conf",
			"/usr/lib/systemd/system/docker.service", "/lib/systemd/system/docker.service",
			"/run/systemd/system/docker.service.d/*.conf", "/etc/default/docker", "/etc/sysconfig/docker",
			"/etc/init.d/docker", "/etc/conf.d/docker",
		}, dockerd},
		{[]string{"/etc/memcached.conf", "/etc/sysconfig/memcached"}, memcached},
		{[]string{"/etc/mongod.conf", "/etc/mongodb.conf"}, mongod},
		{[]string{"/etc/inetd.conf", "/etc/inetd.d/*"}, inetd},
		{[]string{"/etc/xinetd.conf", "/etc/xinetd.d/*"}, xinetd},
		{[]string{
			"/etc/systemd/system/*.socket", "/run/systemd/system/*.socket",
			"/usr/local/lib/systemd/system/*.socket", "/usr/lib/systemd/system/*.socket",
			"/lib/systemd/system/*.socket", "/etc/systemd/system/*.socket.d/*.conf",
		}, sockets},
	}
}

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	var out []string
	for _, s := range servers() {
		out = append(out, s.patterns...)
	}
	return out
}

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	if in.Content == nil {
		return nil
	}
	for _, s := range servers() {
		for _, p := range s.patterns {
			if ok, err := path.Match(p, in.Path); err != nil || !ok {
				continue
			}
			out := &output{emit: emit}
			err := s.read(ctx, in, out)
			if out.made > maxRecords && err == nil {
				err = artifact.Cut(fmt.Errorf("%d of %d listeners are kept: the bound of one file", maxRecords, out.made))
			}
			return err
		}
	}
	return nil
}

// output makes the records of one file.
type output struct {
	emit artifact.Emit
	made int
}

// listener is one address and port.
type listener struct {
	service, address, port, protocol string
	enabled                          string
	byDefault                        bool
	at                               artifact.Source
}

func (o *output) add(l listener) {
	if o.made++; o.made > maxRecords {
		return
	}
	if l.address == "" {
		l.address = "*"
	}
	r := model.Record{Kind: model.Listener, Source: l.at}
	r.AddText("service", l.service)
	r.AddText("address", l.address)
	r.AddText("port", l.port)
	r.Add("protocol", l.protocol)
	r.AddBool("exposed", exposed(l.address))
	if l.enabled != "" {
		r.AddBool("enabled", l.enabled == "yes")
	}
	if l.byDefault {
		r.AddBool("default", true)
	}
	o.emit(r)
}

// exposed says whether an address means all interfaces.
func exposed(address string) bool {
	switch strings.ToLower(address) {
	case "*", "any", "all", "_default_":
		return true
	}
	a, err := netip.ParseAddr(address)
	return err == nil && a.IsUnspecified()
}

// split cuts "ADDRESS:PORT", "[ADDRESS]:PORT", "PORT" or "ADDRESS" apart. A number alone
// is a port.
func split(s string) (address, port string) {
	if rest, ok := strings.CutPrefix(s, "["); ok {
		address, port, _ = strings.Cut(rest, "]")
		return address, strings.TrimPrefix(port, ":")
	}
	if isNumber(s) {
		return "", s
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Count(s, ":") == 1 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// local says whether an address is one of the filesystem, not of a network.
func local(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "@") || strings.HasPrefix(s, "unix:") || strings.HasPrefix(s, "vsock:")
}

// lines calls fn for each line without blanks around it, but for empty ones and those
// that begin with one of the characters of comments.
func lines(ctx context.Context, in *artifact.Input, comments string, fn func(text string, at artifact.Source)) error {
	return in.Lines(ctx, func(l artifact.Line) error {
		if text := strings.TrimSpace(l.Head(maxLine)); text != "" && !strings.ContainsRune(comments, rune(text[0])) {
			fn(text, l.Source())
		}
		return nil
	})
}

// unquoted takes the quotes off a value.
func unquoted(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
