package pkgdb

import (
	"strings"

	"icecore/forensics/host/pkgdb/rpmdb"
)

// rpmScriptlets are the scripts of a package by their tags, and those of the programs that
// read them.
var rpmScriptlets = [...]struct {
	name      string
	text, run uint32
}{
	{"pretrans", 1151, 1153},
	{"pre", 1023, 1085},
	{"post", 1024, 1086},
	{"preun", 1025, 1087},
	{"postun", 1026, 1088},
	{"preuntrans", 5104, 5106},
	{"postuntrans", 5105, 5107},
	{"posttrans", 1152, 1154},
	{"verify", 1079, 1091},
}

// rpmTriggers are the three families of triggers.
var rpmTriggers = [...]struct {
	prefix                                        string
	texts, programs, indexes, names, versions, on uint32
}{
	{"", 1065, 1092, 1069, 1066, 1067, 1068},
	{"file", 5066, 5067, 5070, 5069, 5071, 5072},
	{"transfile", 5076, 5077, 5080, 5079, 5081, 5082},
}

// maxTriggers bounds what the triggers of one family in one package wait for.
const maxTriggers = 10_000

// Flags of a trigger (lib/rpmds.h).
const (
	senseLess          = 1 << 1
	senseGreater       = 1 << 2
	senseEqual         = 1 << 3
	senseTriggerIn     = 1 << 16
	senseTriggerUn     = 1 << 17
	senseTriggerPostUn = 1 << 18
	senseTriggerPreIn  = 1 << 25
)

// rpmScripts gives the scripts and triggers of a package.
func rpmScripts(h *rpmdb.Header) []Script {
	var out []Script
	for _, s := range rpmScriptlets {
		if !h.Has(s.text) && !h.Has(s.run) {
			continue
		}
		body := []byte(h.String(s.text))
		program := strings.Join(h.Strings(s.run), " ")
		if program == "" {
			program = "/bin/sh"
		}
		out = append(out, Script{Name: s.name, Interpreter: cutString(program), Text: cutText(body), Size: int64(len(body))})
	}
	for _, t := range rpmTriggers {
		texts, programs := h.Strings(t.texts), h.Strings(t.programs)
		names, versions := h.Strings(t.names), h.Strings(t.versions)
		indexes, flags := h.Numbers(t.indexes), h.Numbers(t.on)
		on := make(map[uint64][]int) // numbers of the names by the number of their script
		for n, i := range indexes {
			// As many as are of use; one package may have a thousand.
			if n < min(len(names), len(flags), maxTriggers) {
				on[i] = append(on[i], n)
			}
		}
		for i, body := range texts {
			s := Script{Interpreter: "/bin/sh", Text: cutText([]byte(body)), Size: int64(len(body))}
			if i < len(programs) {
				s.Interpreter = cutString(programs[i])
			}
			kind := uint64(0)
			for _, n := range on[uint64(i)] {
				kind |= flags[n]
				s.On = append(s.On, condition(names[n], at(versions, n), flags[n]))
			}
			s.Name = t.prefix + triggerName(kind)
			out = append(out, s)
		}
	}
	return out
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func triggerName(flags uint64) string {
	switch {
	case flags&senseTriggerPreIn != 0:
		return "triggerprein"
	case flags&senseTriggerIn != 0:
		return "triggerin"
	case flags&senseTriggerUn != 0:
		return "triggerun"
	case flags&senseTriggerPostUn != 0:
		return "triggerpostun"
	}
	return "trigger"
}

// condition writes what a trigger waits for as rpm does: httpd >= 2.4.
func condition(name, version string, flags uint64) string {
	op := ""
	for _, s := range [...]struct {
		flag uint64
		text string
	}{{senseLess, "<"}, {senseGreater, ">"}, {senseEqual, "="}} {
		if flags&s.flag != 0 {
			op += s.text
		}
	}
	if op == "" || version == "" {
		return cutString(name)
	}
	return cutString(name + " " + op + " " + version)
}
