package listeners

import (
	"context"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
)

// setting is a value, and where it stands; the zero setting: it does not.
type setting struct {
	value string
	at    artifact.Source
	there bool
}

func (s *setting) set(v string, at artifact.Source) { *s = setting{v, at, true} }

// pair makes the listeners of addresses and a port: at the place of the addresses, else
// at that of the port, else of the server's default.
func pair(out *output, service, protocol string, addresses []string, a, port setting, usual string) {
	at, byDefault := a.at, !a.there && !port.there
	if !a.there {
		at = port.at
	}
	p := port.value
	if !port.there {
		p = usual
	}
	if len(addresses) == 0 {
		addresses = []string{""}
	}
	for _, address := range addresses {
		out.add(listener{service: service, address: address, port: p, protocol: protocol, byDefault: byDefault, at: at})
	}
}

// redis reads bind and port of redis.conf, of Redis, its sentinel, Valkey and KeyDB.
func redis(ctx context.Context, in *artifact.Input, out *output) error {
	var bind, port, tls setting
	err := lines(ctx, in, "#", func(text string, at artifact.Source) {
		name, value, _ := strings.Cut(text, " ")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "bind":
			bind.set(value, at)
		case "port":
			port.set(unquoted(value), at)
		case "tls-port":
			tls.set(unquoted(value), at)
		}
	})
	var addresses []string
	for _, w := range strings.Fields(bind.value) {
		w = strings.TrimPrefix(unquoted(w), "-") // it need not exist
		if w != "" && !local(w) {
			addresses = append(addresses, w)
		}
	}
	service, usual := "redis", "6379"
	if strings.Contains(path.Base(in.Path), "sentinel") {
		service, usual = "redis-sentinel", "26379"
	}
	if port.value != "0" {
		pair(out, service, "tcp", addresses, bind, port, usual)
	}
	if tls.there && tls.value != "0" {
		pair(out, service, "tcp", addresses, bind, tls, usual)
	}
	return err
}

// mysqlServer matches the sections that the server reads, of a version or of all.
var mysqlServer = regexp.MustCompile(`^(?:server|(?:mysqld|mariadbd?)(?:-[0-9.]+)?)$`)

// mysql reads bind-address and port of the sections of the server.
func mysql(ctx context.Context, in *artifact.Input, out *output) error {
	var bind, port setting
	server, any, off := false, false, false
	err := lines(ctx, in, "#;!", func(text string, at artifact.Source) {
		if text[0] == '[' {
			section := strings.ToLower(strings.Trim(text, "[] "))
			server = mysqlServer.MatchString(section)
			any = any || server
			return
		}
		name, value, _ := strings.Cut(text, "=")
		value, _, _ = strings.Cut(value, " #")
		value = unquoted(value)
		switch strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-") {
		case "bind-address":
			if server {
				bind.set(value, at)
			}
		case "port":
			if server {
				port.set(value, at)
			}
		case "skip-networking":
			off = off || server && value != "0" && !strings.EqualFold(value, "off")
		}
	})
	if any && !off {
		var addresses []string
		for _, a := range strings.Split(bind.value, ",") {
			if a = strings.TrimSpace(a); a != "" {
				addresses = append(addresses, a)
			}
		}
		pair(out, "mysql", "tcp", addresses, bind, port, "3306")
	}
	return err
}

// postgresql reads listen_addresses and port. By default it listens at localhost.
func postgresql(ctx context.Context, in *artifact.Input, out *output) error {
	var listen, port setting
	err := lines(ctx, in, "#", func(text string, at artifact.Source) {
		i := strings.IndexAny(text, " \t=")
		if i < 0 {
			return
		}
		value := strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(text[i:], " \t"), "="))
		if strings.HasPrefix(value, "'") {
			value, _, _ = strings.Cut(value[1:], "'")
		} else {
			value, _, _ = strings.Cut(value, "#")
		}
		switch strings.ToLower(text[:i]) {
		case "listen_addresses":
			listen.set(value, at)
		case "port":
			port.set(strings.TrimSpace(value), at)
		}
	})
	main := path.Base(in.Path) == "postgresql.conf"
	if !listen.there && !port.there && !main || listen.there && strings.TrimSpace(listen.value) == "" {
		return err
	}
	addresses := []string{"localhost"}
	if listen.there {
		addresses = strings.FieldsFunc(listen.value, func(r rune) bool { return r == ',' || r == ' ' })
	}
	pair(out, "postgresql", "tcp", addresses, listen, port, "5432")
	return err
}

// memcached reads -l and -p, of Debian's file one a line, of Red Hat's in OPTIONS and PORT.
func memcached(ctx context.Context, in *artifact.Input, out *output) error {
	var bind, port setting
	err := lines(ctx, in, "#", func(text string, at artifact.Source) {
		if v, ok := strings.CutPrefix(text, "PORT="); ok {
			port.set(unquoted(v), at)
			return
		}
		words := strings.Fields(strings.NewReplacer(`"`, " ", "'", " ", "=", " ").Replace(text))
		for i, w := range words {
			value := ""
			if i+1 < len(words) {
				value = words[i+1]
			}
			switch {
			case w == "-l" || w == "--listen":
				bind.set(value, at)
			case w == "-p" || w == "--port":
				port.set(value, at)
			case len(w) > 2 && strings.HasPrefix(w, "-l"):
				bind.set(w[2:], at)
			}
		}
	})
	pair(out, "memcached", "tcp", strings.FieldsFunc(bind.value, func(r rune) bool { return r == ',' }), bind, port, "11211")
	return err
}

// mongod reads bindIp and port of either form of its configuration. By default it
// listens at localhost.
func mongod(ctx context.Context, in *artifact.Input, out *output) error {
	var bind, port, all setting
	err := lines(ctx, in, "#", func(text string, at artifact.Source) {
		i := strings.IndexAny(text, ":=")
		if i < 0 {
			return
		}
		value, _, _ := strings.Cut(text[i+1:], " #")
		switch strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text[:i]), "_", "")) {
		case "bindip":
			bind.set(unquoted(value), at)
		case "bindipall":
			if unquoted(value) == "true" {
				all.set("*", at)
			}
		case "port":
			port.set(unquoted(value), at)
		}
	})
	addresses := []string{"localhost"}
	switch {
	case all.there:
		addresses, bind = []string{"*"}, all
	case bind.there:
		addresses = nil
		for _, a := range strings.Split(strings.Trim(bind.value, "[]"), ",") {
			if a = unquoted(a); a != "" && !local(a) {
				addresses = append(addresses, a)
			}
		}
	}
	pair(out, "mongod", "tcp", addresses, bind, port, "27017")
	return err
}
