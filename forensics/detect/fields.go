package detect

import (
	"fmt"
	"path"
	"slices"
	"strings"

	sigma "github.com/bradleyjkemp/sigma-go"

	"icecore/forensics/model"
)

// kindsOf gives the kinds of record that a log source means: one, a family ("cron"), or
// those that a category stands for.
func kindsOf(category string) []model.KindInfo {
	return slices.DeleteFunc(model.Kinds(), func(k model.KindInfo) bool {
		switch category {
		case commandCategory:
			return k.Field("command") == nil
		case fileCategory:
			return k.Kind != model.FileNamed
		case connectionCategory:
			return k.Field("urls") == nil && k.Kind != model.MinerConfig && k.Kind != model.HistoryHost
		}
		return string(k.Kind) != category && !strings.HasPrefix(string(k.Kind), category+".")
	})
}

// The fields that eventOf gives every record, and those that it gives a record with a
// command, one that names a server, and one of auditd.
var (
	anyRecord    = fieldSet("kind", "path", "state", "text", "TargetFilename")
	ofCommands   = fieldSet("CommandLine", "Image", "User", "CurrentDirectory", "ParentImage", "USER")
	ofConnection = fieldSet("DestinationIp", "DestinationHostname", "DestinationPort", "Initiated")
	ofAudit      = fieldSet("SYSCALL", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9")
)

func fieldSet(list ...string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, n := range list {
		out[n] = true
	}
	return out
}

// fields tells which fields a rule may ask of the records of a log source.
type fields struct {
	kinds                      []model.KindInfo
	command, connection, audit bool
}

func fieldsOf(category string) fields {
	f := fields{kinds: kindsOf(category), audit: category == auditCategory, connection: category == connectionCategory}
	f.command = slices.ContainsFunc(f.kinds, func(k model.KindInfo) bool { return k.Field("command") != nil })
	return f
}

func (f fields) has(name string) bool {
	return anyRecord[name] || f.command && ofCommands[name] || f.connection && ofConnection[name] || f.audit && ofAudit[name] ||
		slices.ContainsFunc(f.kinds, func(k model.KindInfo) bool { return k.Field(name) != nil })
}

// possible says whether a field that is there can have a value that fulfils a test: the
// programs that start a command are known beforehand.
func (f fields) possible(m *sigma.FieldMatcher) bool {
	if m.Field != "ParentImage" || !f.command {
		return true
	}
	t, err := newTest(m)
	return err != nil || slices.ContainsFunc(knownParents(), func(p string) bool { return t.holds(event{m.Field: {p}}) })
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
				if f.has(m[i].Field) && f.possible(&m[i]) {
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
	switch category {
	case commandCategory:
		return "command line"
	case fileCategory:
		return "file"
	case connectionCategory:
		return "connection"
	}
	return fmt.Sprintf("%s record", category)
}
