package history

import (
	"context"
	"net"
	"path"
	"regexp"
	"strings"
	"time"

	"icecore/forensics/artifact"
	"icecore/forensics/model"
)

const (
	maxTraceLine = 64 << 10 // bytes of a line that are looked at
	maxTraceText = 4096     // bytes of a field
)

// trace emits the record of a file that was opened or a host that was contacted.
func (h *reader) trace(kind model.Kind, at artifact.Source, what string, when time.Time, fields ...model.Field) {
	if h.given++; h.given > maxRecords {
		h.leftOut++
		return
	}
	r := model.Record{Kind: kind, Source: at}
	if !when.IsZero() {
		h.at(when)
		h.typed = time.Time{}
		r.Times = []artifact.Stamp{{What: what, Time: when}}
	}
	for _, f := range fields {
		r.AddCut(f.Name, f.Text(), maxTraceText)
	}
	r.Add("user", h.user)
	r.Add("shell", h.shell)
	h.emit(r)
}

// fromHome gives a path as the host has it: editors write "~/" for the home directory.
func (h *reader) fromHome(p string) string {
	if below, ok := strings.CutPrefix(p, "~/"); ok && h.home != "" {
		return path.Join(h.home, below)
	}
	return p
}

// outside matches the commands of vim's command line that run a program: ":!cmd",
// ":%!sort", ":r !cmd", ":w !cmd".
var outside = regexp.MustCompile(`^(?:'[a-zA-Z<>]|[-+%.$0-9,; ])*(?:sil(?:ent)?!? *)?(?:r(?:ead)? *|w(?:rite)? +)?!!?([^!].*)$`)

// vim reads .viminfo: ":COMMAND" of the command line, each followed by "|2,0,TIME,,...";
// "> PATH" for each file with marks, each followed by "<tab>*<tab>TIME<tab>0". A line too
// long for vim's own memory stands as ":<ctrl-V>LENGTH", and in the next one behind "<".
func (h *reader) vim(ctx context.Context, in *artifact.Input) error {
	var command, file string
	var at artifact.Source
	var when time.Time
	end := func() {
		if m := outside.FindStringSubmatch(command); m != nil {
			h.source = at
			h.give(m[1], when)
		}
		if file != "" {
			h.trace(model.HistoryPath, at, "opened", when, model.Named("path", h.fromHome(file)))
		}
		command, file, when = "", "", time.Time{}
	}
	err := in.Lines(ctx, func(l artifact.Line) error {
		h.lines++
		text := l.Head(maxTraceLine)
		switch {
		case strings.HasPrefix(text, ":\x16"):
			end()
			command = ":"
		case command == ":" && strings.HasPrefix(text, "<"):
			command, at = text[1:], l.Source()
		case strings.HasPrefix(text, ":"):
			end()
			command, at = text[1:], l.Source()
		case strings.HasPrefix(text, "> "):
			end()
			file, at = text[2:], l.Source()
		case command != "" && strings.HasPrefix(text, "|2,0,"):
			stamp, _, _ := strings.Cut(text[5:], ",")
			when, _ = seconds([]byte(stamp))
			if !when.IsZero() {
				h.at(when)
				h.typed = time.Time{}
			}
		case file != "" && strings.HasPrefix(text, "\t*\t"):
			stamp, _, _ := strings.Cut(text[3:], "\t")
			when, _ = seconds([]byte(stamp))
		case file != "" && strings.HasPrefix(text, "\t"):
		default:
			end()
		}
		return nil
	})
	end()
	return err
}

// less reads .lesshst: the sections ".search", ".shell" and ".mark", in the second of which
// "\"COMMAND" was run, in the third "m LETTER ... PATH" was marked.
func (h *reader) less(ctx context.Context, in *artifact.Input) error {
	section := ""
	return in.Lines(ctx, func(l artifact.Line) error {
		h.lines++
		text := l.Head(maxTraceLine)
		switch {
		case strings.HasPrefix(text, "."):
			section = text
		case section == ".shell" && strings.HasPrefix(text, `"`):
			h.source = l.Source()
			h.give(text[1:], time.Time{})
		case section == ".mark" && strings.HasPrefix(text, "m "):
			if f := strings.SplitN(text, " ", 5); len(f) == 5 && f[4] != "" {
				h.trace(model.HistoryPath, l.Source(), "", time.Time{}, model.Named("path", h.fromHome(f[4])))
			}
		}
		return nil
	})
}

// hsts reads .wget-hsts: "HOST<tab>PORT<tab>SUBDOMAINS<tab>CREATED<tab>MAX-AGE" of each
// server that asked for HTTPS.
func (h *reader) hsts(ctx context.Context, in *artifact.Input) error {
	return in.Lines(ctx, func(l artifact.Line) error {
		h.lines++
		f := strings.Split(l.Head(maxTraceLine), "\t")
		if len(f) < 4 || strings.HasPrefix(f[0], "#") {
			return nil
		}
		when, _ := seconds([]byte(f[3]))
		port := f[1]
		if port == "0" { // that of HTTPS
			port = "443"
		}
		h.trace(model.HistoryHost, l.Source(), "contacted", when, model.Named("host", f[0]), model.Named("port", port))
		return nil
	})
}

// knownHosts reads known_hosts of sshd(8): "[@MARKER] HOST,HOST TYPE KEY". Hashed names
// tell nothing.
func (h *reader) knownHosts(ctx context.Context, in *artifact.Input) error {
	return in.Lines(ctx, func(l artifact.Line) error {
		h.lines++
		f := strings.Fields(l.Head(maxTraceLine))
		if len(f) > 0 && strings.HasPrefix(f[0], "@") {
			f = f[1:]
		}
		if len(f) < 3 || strings.ContainsAny(f[0], "#|*?!") {
			return nil
		}
		for name := range strings.SplitSeq(f[0], ",") {
			port := "22"
			if host, p, err := net.SplitHostPort(name); err == nil && strings.HasPrefix(name, "[") {
				name, port = host, p
			}
			if name == "" {
				continue
			}
			h.trace(model.HistoryHost, l.Source(), "", time.Time{}, model.Named("host", name), model.Named("port", port))
		}
		return nil
	})
}
