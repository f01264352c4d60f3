package listeners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/unitfile"
)

// daemonJSON reads the hosts of the Docker daemon.
func daemonJSON(_ context.Context, in *artifact.Input, out *output) error {
	size := in.Content.Size()
	b, err := io.ReadAll(io.NewSectionReader(in.Content, 0, min(size, maxJSON)))
	if err != nil {
		return err
	}
	var conf struct{ Hosts []string }
	if err := json.Unmarshal(b, &conf); err != nil {
		if size > maxJSON {
			return artifact.Cut(fmt.Errorf("more than %d bytes; the rest was not read", maxJSON))
		}
		if len(strings.TrimSpace(string(b))) == 0 {
			return nil
		}
		return fmt.Errorf("daemon.json: %w", err)
	}
	for _, h := range conf.Hosts {
		docker(h, artifact.Source{Length: size}, out)
	}
	return nil
}

// docker adds a host of the Docker daemon: tcp://ADDRESS:PORT. Sockets of the filesystem
// and those that systemd hands over are no listeners of their own.
func docker(host string, at artifact.Source, out *output) {
	rest, ok := strings.CutPrefix(host, "tcp://")
	if !ok && strings.Contains(host, "://") || rest == "" && local(host) {
		return
	}
	if !ok {
		rest = host
	}
	rest, _, _ = strings.Cut(rest, "/")
	l := listener{service: "docker", protocol: "tcp", at: at}
	l.address, l.port = split(rest)
	if rest == "" {
		l.address = "localhost"
	}
	if l.port == "" {
		l.port = "2375"
	}
	out.add(l)
}

// hostRE finds the flag of dockerd in a command line.
var hostRE = regexp.MustCompile(`(?:^|[\s"'=])(?:-H|--host)[ =]?["']?(tcp://[^\s"']*)`)

// dockerd reads the flags of the Docker daemon in units and files of variables.
func dockerd(ctx context.Context, in *artifact.Input, out *output) error {
	return lines(ctx, in, "#;", func(text string, at artifact.Source) {
		for _, m := range hostRE.FindAllStringSubmatch(text, -1) {
			docker(m[1], at, out)
		}
	})
}

// inetd reads inetd.conf(5): [ADDRESS:]SERVICE TYPE PROTOCOL WAIT USER PROGRAM.
func inetd(ctx context.Context, in *artifact.Input, out *output) error {
	return lines(ctx, in, "#", func(text string, at artifact.Source) {
		f := strings.Fields(text)
		if len(f) < 6 || !strings.HasPrefix(f[2], "tcp") && !strings.HasPrefix(f[2], "udp") {
			return
		}
		l := listener{service: "inetd:" + path.Base(f[5]), protocol: f[2][:3], enabled: "yes", at: at}
		l.address, l.port = split(f[0])
		if l.port == "" {
			l.address, l.port = "", f[0]
		}
		out.add(l)
	})
}

// xinetd reads the services of xinetd.conf(5): port, bind or interface, disable, protocol.
func xinetd(ctx context.Context, in *artifact.Input, out *output) error {
	var l *listener
	return lines(ctx, in, "#", func(text string, at artifact.Source) {
		f := strings.Fields(text)
		name, value, assigned := strings.Cut(text, "=")
		name, value = strings.TrimSpace(strings.TrimRight(name, "+- ")), strings.TrimSpace(value)
		switch {
		case f[0] == "service" && len(f) > 1 && !assigned:
			l = &listener{service: "xinetd:" + f[1], port: f[1], protocol: "tcp", enabled: "yes", at: at}
		case l == nil:
		case text == "}":
			out.add(*l)
			l = nil
		case name == "port":
			l.port, l.at = value, at
		case name == "bind", name == "interface":
			l.address = value
		case name == "protocol":
			l.protocol = value
		case name == "socket_type" && value == "dgram":
			l.protocol = "udp"
		case name == "disable" && value == "yes":
			l.enabled = "no"
		}
	})
}

// sockets reads ListenStream= and ListenDatagram= of a socket unit. An empty assignment
// takes back those before it.
func sockets(_ context.Context, in *artifact.Input, out *output) error {
	unit := path.Base(in.Path)
	if dir := path.Base(path.Dir(in.Path)); strings.HasSuffix(dir, ".socket.d") {
		unit = strings.TrimSuffix(dir, ".d")
	}
	if in.Target == "/dev/null" {
		return nil
	}
	var list []listener
	err := unitfile.Parse(io.NewSectionReader(in.Content, 0, in.Content.Size()), func(d unitfile.Directive) error {
		protocol := map[string]string{"ListenStream": "tcp", "ListenDatagram": "udp"}[d.Name]
		switch {
		case protocol != "" && d.Value == "":
			list = nil
			return nil
		case protocol == "" || local(d.Value) || len(list) > maxRecords:
			return nil
		}
		l := listener{service: unit, protocol: protocol, at: artifact.Source{Line: d.Line, Offset: d.Offset, Length: d.Length}}
		l.address, l.port = split(d.Value)
		list = append(list, l)
		return nil
	})
	for _, l := range list {
		out.add(l)
	}
	if errors.Is(err, unitfile.ErrBadSection) { // the extractor of units says so
		return nil
	}
	return err
}
