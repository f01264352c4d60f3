package listeners

import (
	"context"
	"strings"

	"icecore/forensics/artifact"
)

// nginx reads the statements "listen ADDRESS[:PORT] OPTION...;".
func nginx(ctx context.Context, in *artifact.Input, out *output) error {
	var words []string // of the statement so far
	var at artifact.Source
	var word strings.Builder
	var where artifact.Source
	end := func() {
		if word.Len() > 0 {
			if len(words) == 0 {
				at = where
			}
			if len(words) < 8 { // what follows are options
				words = append(words, word.String())
			}
			word.Reset()
		}
	}
	return in.Lines(ctx, func(l artifact.Line) error {
		where = l.Source()
		text := l.Head(maxLine)
		quote := byte(0)
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case quote != 0 && c == quote:
				quote = 0
			case quote != 0:
				word.WriteByte(c)
			case c == '#' && word.Len() == 0:
				i = len(text)
			case c == '"' || c == '\'':
				quote = c
			case c == ' ' || c == '\t' || c == '\r':
				end()
			case c == ';' || c == '{' || c == '}':
				end()
				if c == ';' && len(words) > 1 && words[0] == "listen" {
					nginxListen(words[1:], at, out)
				}
				words = words[:0]
			default:
				if word.Len() < maxLine {
					word.WriteByte(c)
				}
			}
		}
		end()
		return nil
	})
}

func nginxListen(words []string, at artifact.Source, out *output) {
	if local(words[0]) {
		return
	}
	l := listener{service: "nginx", protocol: "tcp", at: at}
	l.address, l.port = split(words[0])
	if l.port == "" {
		l.port = "80"
	}
	for _, w := range words[1:] {
		if w == "udp" || w == "quic" {
			l.protocol = "udp"
		}
	}
	out.add(l)
}

// apache reads "Listen [ADDRESS:]PORT [PROTOCOL]".
func apache(ctx context.Context, in *artifact.Input, out *output) error {
	return lines(ctx, in, "#", func(text string, at artifact.Source) {
		f := strings.Fields(text)
		if len(f) > 1 && strings.EqualFold(f[0], "Listen") {
			l := listener{service: "apache", protocol: "tcp", at: at}
			l.address, l.port = split(unquoted(f[1]))
			if l.port != "" {
				out.add(l)
			}
		}
	})
}
