package detect

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"icecore/forensics/model"
)

func accountUnusual() Analysis {
	return Analysis{
		Name: "account_unusual", Level: Medium, Phase: PhasePersistence, Techniques: []string{"T1136.001", "T1078.003"},
		Title:          model.Msg("account_unusual.about"),
		Description:    model.Msg("account_unusual.about.text"),
		FalsePositives: model.Msg("account_unusual.benign"),
		run:            (*collection).accounts,
	}
}

// accounts looks for accounts that are not what they look like: names that read like those
// of others, shells with a blank at their end, homes in world-writable directories, login
// shells of accounts that no distribution gives one.
func (c *collection) accounts(a *Analysis) {
	hosts := c.identitiesOf()
	loose := make(map[string]bool) // hosts whose distribution gives services a shell
	alike := make(map[string]map[string]string)
	for id, h := range hosts {
		n, with := 0, 0
		alike[id] = make(map[string]string)
		for name, r := range h.users {
			if plain(name) && (daemons[name] || name == "root" || isSystem(r)) {
				alike[id][skeleton(name)] = name
			}
			if daemons[name] && name != "sync" && name != "halt" && name != "shutdown" {
				if n++; LogsIn(r.Get("shell")) {
					with++
				}
			}
		}
		loose[id] = n > 0 && with*2 > n
	}
	for i := range c.in.Records {
		r := &c.in.Records[i]
		if r.Kind != model.AccountUser || r.Source.State != model.Live || r.Is("backup") {
			continue
		}
		name, shell := r.Get("name"), r.Get("shell")
		f := c.found(a, r)
		add := func(level Level, detail model.Message) {
			if len(f.Details) == 0 || level > f.Level {
				f.Level = level
			}
			f.Details = append(f.Details, detail)
		}
		if !plain(name) && name != "" && name[0] != '+' && name[0] != '-' {
			add(Medium, model.Msg("account_unusual.name"))
		}
		if other := alike[r.Source.Host][skeleton(name)]; other != "" && other != name {
			add(Medium, model.Msg("account_unusual.alike", "other", other))
		}
		if strings.TrimSpace(shell) != shell || !visible(shell) {
			add(Medium, model.Msg("account_unusual.blank"))
		}
		if worldWritableHome.MatchString(r.Get("home")) && LogsIn(shell) && shell != "" {
			add(Low, model.Msg("account_unusual.home", "home", r.Get("home")))
		}
		if daemons[name] && LogsIn(shell) && shell != "" && !loose[r.Source.Host] {
			add(Low, model.Msg("account_unusual.shell", "shell", shell))
		}
		if len(f.Details) == 0 {
			continue
		}
		f.Message = model.Msg("account_unusual.title", "account", name)
		c.merge(r.ID, &f)
	}
}

var worldWritableHome = regexp.MustCompile(`^(?:/tmp|/var/tmp|/dev/shm|/run/shm|/run/lock|/var/lock)(?:/|$)`)

// plain says whether a name is one that useradd(8) makes, or nearly so: visible characters
// of ASCII, no blanks.
func plain(name string) bool {
	return name != "" && !slices.ContainsFunc([]byte(name), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}

func visible(s string) bool {
	return !slices.ContainsFunc([]rune(s), func(c rune) bool {
		return c == unicode.ReplacementChar || unicode.IsControl(c) || unicode.Is(unicode.Cf, c)
	})
}

// confusable are characters that are read as another one.
var confusable = strings.NewReplacer(
	"0", "o", "1", "l", "i", "l", "|", "l", "5", "s", "rn", "m", "vv", "w",
	"\u0430", "a", "\u0435", "e", "\u043e", "o", "\u0440", "p", "\u0441", "c", "\u0443", "y", "\u0445", "x", "\u0456", "l", "\u0455", "s", "\u0432", "b", "\u043a", "k", "\u043c", "m", "\u0442", "t", "\u043d", "h", "\u0501", "d", "\u051b", "q",
)

// skeleton is what a name looks like.
func skeleton(name string) string {
	name = strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Mn, c) {
			return -1
		}
		return unicode.ToLower(c)
	}, name)
	return confusable.Replace(name)
}
