package shell

import (
	"slices"
	"strings"
)

// joined gives words with a blank between them.
func joined(args []word) data {
	out := data{known: true}
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.text)
		out = out.flags(a.data)
		out.known = out.known && a.known
	}
	out.text = b.String()
	return out
}

func echo(args []word) data {
	escapes, newline := false, true
	args = args[1:]
	for len(args) > 0 && len(args[0].text) > 1 && args[0].text[0] == '-' && strings.Trim(args[0].text[1:], "neE") == "" {
		escapes = escapes || strings.Contains(args[0].text, "e")
		newline = newline && !strings.Contains(args[0].text, "n")
		args = args[1:]
	}
	out := joined(args)
	if escapes {
		out = escaped(out)
	}
	if newline {
		out.text += "\n"
	}
	return out
}

func printf(args []word) data {
	if len(args) < 2 {
		return data{known: true}
	}
	out := data{known: args[1].known, text: args[1].text}.flags(args[1].data)
	out = escaped(out)
	for _, a := range args[2:] {
		out = out.flags(a.data)
		out.known = out.known && a.known
		i := strings.Index(out.text, "%")
		if i < 0 || i+1 >= len(out.text) {
			continue
		}
		v := a.data
		if out.text[i+1] == 'b' {
			v = escaped(v)
			out.decoded = out.decoded || v.decoded
		}
		out.text = out.text[:i] + v.text + out.text[i+2:]
	}
	return out
}

func (s *state) cat(args []word, in data) data {
	out := data{known: true}
	read := false
	for _, a := range args[1:] {
		if strings.HasPrefix(a.text, "-") && a.text != "-" {
			continue
		}
		read = true
		if a.text == "-" {
			out = join(out, in)
			continue
		}
		out = join(out, s.contents(a))
	}
	if !read {
		return in
	}
	return out
}

// contents gives what a file holds that is read.
func (s *state) contents(w word) data {
	if w.process {
		return w.data
	}
	if devTCPRE.MatchString(w.text) && strings.HasPrefix(w.text, "/dev/") {
		s.set("dev_tcp")
		return data{net: true}
	}
	if w.text == "/dev/null" {
		return data{known: true}
	}
	if secretRE.MatchString(w.text) {
		return data{secret: true}
	}
	if f, ok := s.files[s.resolve(w.text)]; ok {
		return asFile(f)
	}
	if w.known && strings.Contains(w.text, "/") && len(w.text) < maxText {
		return data{from: s.resolve(w.text)}
	}
	return data{}
}

// asFile turns what came from the network into what a fetched file holds.
func asFile(d data) data {
	d.fetched = d.fetched || d.net
	d.net = false
	return d
}

// rewritten gives what a filter makes of what it reads. A text that stands there
// and is turned round, or has its letters exchanged, was meant to hide.
func rewritten(base string, in data) data {
	if (base == "rev" || base == "tr") && in.known && strings.TrimSpace(in.text) != "" && !in.net {
		in.decoded = true
	}
	if base == "rev" && len(in.text) <= maxKnown {
		lines := strings.Split(in.text, "\n")
		for i, l := range lines {
			b := []byte(l)
			slices.Reverse(b)
			lines[i] = string(b)
		}
		in.text = strings.Join(lines, "\n")
	} else {
		in.known = false
	}
	return in
}
