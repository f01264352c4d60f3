package listeners

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
)

// keyword cuts "NAME VALUE" or "NAME=VALUE" apart, as sshd_config(5) has them.
func keyword(text string) (name, value string) {
	i := strings.IndexAny(text, " \t=")
	if i < 0 {
		return strings.ToLower(text), ""
	}
	value = strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(text[i:], " \t"), "="))
	return strings.ToLower(text[:i]), unquoted(value)
}

// sshd reads Port and ListenAddress: an address without a port stands for one with each
// of the ports. In a match block neither may stand.
func sshd(ctx context.Context, in *artifact.Input, out *output) error {
	type value struct {
		text string
		at   artifact.Source
	}
	var ports, addresses []value
	err := lines(ctx, in, "#", func(text string, at artifact.Source) {
		switch name, v := keyword(text); {
		case v == "" || len(ports)+len(addresses) > maxRecords:
		case name == "port":
			ports = append(ports, value{v, at})
		case name == "listenaddress":
			addr, _, _ := strings.Cut(v, " ") // what follows is a routing domain
			addresses = append(addresses, value{addr, at})
		}
	})
	add := func(address, port string, byDefault bool, at artifact.Source) {
		out.add(listener{service: "sshd", address: address, port: port, protocol: "tcp", byDefault: byDefault, at: at})
	}
	for _, a := range addresses {
		address, port := split(a.text)
		if isNumber(a.text) {
			address, port = a.text, ""
		}
		switch {
		case port != "":
			add(address, port, false, a.at)
		case len(ports) == 0:
			add(address, "22", false, a.at)
		}
		for _, p := range ports {
			if port == "" {
				add(address, p.text, false, a.at)
			}
		}
	}
	if len(addresses) == 0 {
		for _, p := range ports {
			add("", p.text, false, p.at)
		}
	}
	if len(addresses)+len(ports) == 0 && strings.HasSuffix(in.Path, "/sshd_config") {
		add("", "22", true, artifact.Source{})
	}
	return err
}
