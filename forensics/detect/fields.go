package detect

import (
	"fmt"
	"path"
	"slices"
	"strings"

	sigma "github.com/bradleyjkemp/sigma-go"

	"icecore/forensics/model"
)

// commandCategory is the log source of what a command line tells, whichever record has
// it.
const commandCategory = "command"

// kindsOf gives the kinds of record that a log source means: one, a family ("cron"), or
// all that have a command.
func kindsOf(category string) []model.KindInfo {
	return slices.DeleteFunc(model.Kinds(), func(k model.KindInfo) bool {
		if category == commandCategory {
			return k.Field("command") == nil
		}
		return string(k.Kind) != category && !strings.HasPrefix(string(k.Kind), category+".")
	})
}

// anyRecord are the fields that event gives every record, ofCommands those that it gives
// a record with a command.
var (
	anyRecord  = map[string]bool{"kind": true, "path": true, "state": true, "text": true, "TargetFilename": true}
	ofCommands = map[string]bool{"CommandLine": true, "Image": true, "User": true}
)

// fields tells which fields a rule may ask of the records of a log source.
type fields struct {
	kinds   []model.KindInfo
	command bool
}

func fieldsOf(category string) fields {
	f := fields{kinds: kindsOf(category)}
	f.command = slices.ContainsFunc(f.kinds, func(k model.KindInfo) bool { return k.Field("command") != nil })
	return f
}

func (f fields) has(name string) bool {
	return anyRecord[name] || f.command && ofCommands[name] || strings.HasPrefix(name, "$") ||
		slices.ContainsFunc(f.kinds, func(k model.KindInfo) bool { return k.Field(name) != nil })
}

// checkFields looks for fields that no record of the rule's log source has. To Sigma a
// misspelt field is none that matches, and nothing more. unknown names them; never says
// that the rule can match nothing for that.
func checkFields(s *sigma.Rule, category string) (unknown []string, never bool) {
	f := fieldsOf(category)
	can := make(map[string]bool, len(s.Detection.Searches))
	for name, search := range s.Detection.Searches {
		can[name] = len(search.EventMatchers) == 0
		for _, m := range search.EventMatchers {
			all := true
			for i := range m {
				if f.has(m[i].Field) {
					continue
				}
				unknown = append(unknown, m[i].Field)
				all = all && slices.Contains(m[i].Values, any("null")) // it asks that the field is not there
			}
			can[name] = can[name] || all
		}
	}
	slices.Sort(unknown)
	unknown = slices.Compact(unknown)
	never = !slices.ContainsFunc(s.Detection.Conditions,
		func(c sigma.Condition) bool { return mayMatch(c.Search, can) })
	return unknown, never
}

// mayMatch says whether an expression can match at all, where can says it of the
// searches. It errs on the side of yes.
func mayMatch(e sigma.SearchExpr, can map[string]bool) bool {
	among := func(pattern string, all bool) bool {
		yes := 0
		n := 0
		for name, c := range can {
			if ok, err := path.Match(pattern, name); err != nil || ok {
				n++
				if c {
					yes++
				}
			}
		}
		return n == 0 || all && yes == n || !all && yes > 0
	}
	switch e := e.(type) {
	case sigma.And:
		return !slices.ContainsFunc(e, func(x sigma.SearchExpr) bool { return !mayMatch(x, can) })
	case sigma.Or:
		return slices.ContainsFunc(e, func(x sigma.SearchExpr) bool { return mayMatch(x, can) })
	case sigma.SearchIdentifier:
		c, ok := can[e.Name]
		return c || !ok
	case sigma.OneOfIdentifier:
		return among(e.Ident.Name, false)
	case sigma.AllOfIdentifier:
		return among(e.Ident.Name, true)
	case sigma.OneOfPattern:
		return among(e.Pattern, false)
	case sigma.AllOfPattern:
		return among(e.Pattern, true)
	case sigma.OneOfThem:
		return among("*", false)
	case sigma.AllOfThem:
		return among("*", true)
	}
	return true
}

// sourceName names a log source to the author of a rule.
func sourceName(category string) string {
	if category == commandCategory {
		return "command line"
	}
	return fmt.Sprintf("%s record", category)
}
