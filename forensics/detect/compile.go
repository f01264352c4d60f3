package detect

import (
	"errors"
	"fmt"
	"net"
	"path"
	"regexp"
	"strings"

	"icecore/forensics/model"

	sigma "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator/modifiers"
)

// compile turns one YAML document into a rule, or says why it cannot be in force.
func compile(source string, b []byte) (x *rule, err error) {
	defer func() {
		if p := recover(); p != nil {
			x, err = nil, fmt.Errorf("cannot be read: %v", p)
		}
	}()
	s, err := sigma.ParseRule(b)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if s.Title == "" || len(s.Detection.Conditions) == 0 {
		return nil, fmt.Errorf("no Sigma rule: it needs a title and a detection with a condition")
	}
	category, words := categoryOf(s.Logsource)
	if category == "" {
		return nil, &refusedError{NoSource, fmt.Sprintf("its log source (product %q, category %q, service %q) is none "+
			"that icecore has records of", s.Logsource.Product, s.Logsource.Category, s.Logsource.Service)}
	}
	for _, c := range s.Detection.Conditions {
		if c.Aggregation != nil {
			return nil, &refusedError{Counts, "it counts events, which is not supported"}
		}
	}
	if keywords(&s) && !words {
		category = string(model.LogLine)
	}
	if err := prepare(&s); err != nil {
		return nil, err
	}
	unknown, never := checkFields(&s, category)
	if never {
		return nil, &fieldError{"it can never match", sourceName(category), unknown}
	}
	x = &rule{category: category, kinds: make(map[model.Kind]bool)}
	if category == string(model.LogLine) {
		x.programs = logPrograms[s.Logsource.Service]
	}
	for _, k := range kindsOf(category) {
		x.kinds[k.Kind] = true
	}
	if x.detects, err = newExpression(&s); err != nil {
		return nil, fmt.Errorf("cannot be evaluated: %w", err)
	}
	x.describe(&s, source)
	if len(unknown) > 0 {
		x.warning = &fieldError{"a part of it can never match", sourceName(category), unknown}
	}
	return x, nil
}

// Refusal is why a rule is not in force that is right in itself: records are not what it
// is for.
type Refusal string

// The refusals.
const (
	NoSource Refusal = "source" // no record is of its log source
	NoField  Refusal = "field"  // no record has a field that it needs, or can have its value
	Counts   Refusal = "counts" // it counts events
)

type refusedError struct {
	refusal Refusal
	why     string
}

func (e *refusedError) Error() string { return e.why }

// refusalOf gives the refusal that an error of compile states, empty for a faulty rule.
func refusalOf(err error) Refusal {
	var refused *refusedError
	var field *fieldError
	switch {
	case errors.As(err, &refused):
		return refused.refusal
	case errors.As(err, &field):
		return NoField
	}
	return ""
}

func (x *rule) describe(s *sigma.Rule, source string) {
	x.Name, x.Title, x.Description, x.Source = s.ID, s.Title, s.Description, source
	if n, ok := s.AdditionalFields["name"].(string); ok && n != "" {
		x.Name = n
	}
	if x.Name == "" {
		x.Name = s.Title
	}
	var err error
	if x.Level, err = ParseLevel(s.Level); err != nil {
		x.Level = Medium
	}
	for _, t := range s.Tags {
		t = strings.ToLower(t)
		if id, ok := strings.CutPrefix(t, "attack.t"); ok && id != "" && id[0] >= '0' && id[0] <= '9' {
			x.Techniques = append(x.Techniques, "T"+strings.ToUpper(id))
		}
	}
	x.Phase = phaseOf(s.Tags)
	switch fp := s.AdditionalFields["falsepositives"].(type) {
	case []any:
		for _, f := range fp {
			x.FalsePositives = append(x.FalsePositives, fmt.Sprint(f))
		}
	case string:
		x.FalsePositives = []string{fp}
	}
}

// phaseOf gives the phase of the story that ATT&CK's tactics among the tags stand
// for.
func phaseOf(tags []string) model.Phase {
	phase := model.Phase("")
	for _, t := range tags {
		switch strings.NewReplacer("_", "-").Replace(strings.ToLower(t)) {
		case "attack.impact":
			return PhaseMining
		case "attack.persistence", "attack.privilege-escalation":
			phase = PhasePersistence
		case "attack.initial-access", "attack.credential-access", "attack.lateral-movement":
			if phase == "" {
				phase = PhaseAccess
			}
		case "attack.defense-evasion", "attack.stealth":
			if phase == "" {
				phase = PhaseEvasion
			}
		case "attack.execution", "attack.command-and-control":
			if phase == "" {
				phase = PhaseExecution
			}
		}
	}
	if phase == "" {
		phase = PhaseExecution
	}
	return phase
}

// The categories of public rules that stand for records of several kinds.
const (
	commandCategory    = "command"            // what a command line says, whichever record has it
	fileCategory       = "file_event"         // a file that was created
	connectionCategory = "network_connection" // where something connects to
	auditCategory      = "audit"              // the log of auditd
)

// logPrograms are the programs whose lines a service of public rules means; of others, all.
var logPrograms = map[string][]string{
	"sshd": {"sshd", "sshd-session", "sshd-auth"}, "guacamole": {"guacd"}, "vsftpd": {"vsftpd"},
	"clamav": {"clamd", "clamav", "clamscan", "freshclam", "clamonacc"},
}

// categoryOf turns a rule's log source into a kind of record, the beginning of one, or a
// category; empty where there is none. words says whether records of it hold all the text
// in which a rule may search for words.
func categoryOf(l sigma.Logsource) (category string, words bool) {
	if l.Product != "" && l.Product != "linux" {
		return "", false
	}
	switch l.Category {
	case "process_creation":
		return commandCategory, true
	case fileCategory, connectionCategory:
		return l.Category, true
	case "":
	default:
		if len(kindsOf(l.Category)) > 0 {
			return l.Category, true
		}
		return "", false
	}
	switch l.Service {
	case "":
		if l.Product != "" {
			return commandCategory, true // a rule on anything that Linux logs
		}
	case "auditd":
		return auditCategory, true
	case "cron":
		return "cron", true
	case "sudo":
		return string(model.AuthSudo), true
	case "auth", "sshd":
		return "auth", false
	case "syslog", "guacamole", "vsftpd", "clamav":
		return string(model.LogLine), true
	}
	return "", false
}

// keywords turns a search for words anywhere into one in the text of a record,
// which is what the evaluator understands. A list of words stands there bare, or
// as the value of a field without a name ('|all'). It says whether there was any.
func keywords(s *sigma.Rule) (found bool) {
	for name, search := range s.Detection.Searches {
		if len(search.Keywords) > 0 {
			found = true
			values := make([]any, len(search.Keywords))
			for i, k := range search.Keywords {
				values[i] = k
			}
			search.EventMatchers = append(search.EventMatchers,
				sigma.EventMatcher{{Field: "text", Modifiers: []string{"contains"}, Values: values}})
			search.Keywords = nil
		}
		for _, m := range search.EventMatchers {
			for i := range m {
				if m[i].Field != "" && m[i].Field != "keywords" {
					continue
				}
				m[i].Field, found = "text", true
				if len(m[i].Modifiers) == 0 || m[i].Modifiers[0] == "all" {
					m[i].Modifiers = append([]string{"contains"}, m[i].Modifiers...)
				}
			}
		}
		s.Detection.Searches[name] = search
	}
	return found
}

// prepare makes every condition of a rule one that the evaluator can run, and
// refuses what it cannot: unknown modifiers, expressions that do not compile,
// values that are neither text nor number. The wildcards of Sigma (* and ?),
// which the evaluator takes for themselves, become expressions.
func prepare(s *sigma.Rule) error {
	for name, search := range s.Detection.Searches {
		for _, m := range search.EventMatchers {
			for i := range m {
				if err := prepareField(&m[i]); err != nil {
					return fmt.Errorf("%s, field %q: %w", name, m[i].Field, err)
				}
			}
		}
	}
	return nil
}

func prepareField(f *sigma.FieldMatcher) error {
	mods := append([]string(nil), f.Modifiers...)
	all := len(mods) > 0 && mods[len(mods)-1] == "all"
	if all {
		mods = mods[:len(mods)-1]
	}
	if _, err := modifiers.GetComparator(f.Field, nil, mods...); err != nil {
		return err
	}
	if len(f.Values) == 0 {
		return fmt.Errorf("no value to compare with")
	}
	last := ""
	if len(mods) > 0 {
		last = mods[len(mods)-1]
	}
	wild := false
	for i, v := range f.Values {
		switch v := v.(type) {
		case nil:
			f.Values[i] = "null" // the evaluator's word for: no such field
		case string:
			switch last {
			case "re":
				if _, err := regexp.Compile(v); err != nil {
					return err
				}
			case "cidr":
				if _, _, err := net.ParseCIDR(v); err != nil {
					return err
				}
			case "", "contains", "startswith", "endswith":
				wild = wild || hasWildcard(v)
			}
			if len(v) > 2 && strings.HasPrefix(v, "%") && strings.HasSuffix(v, "%") {
				return fmt.Errorf("placeholder %s is not defined", v)
			}
		case int, float64, bool:
		default:
			return fmt.Errorf("value %v is neither text nor number", v)
		}
	}
	if !wild || len(mods) > 1 {
		return nil
	}
	values := make([]any, len(f.Values))
	for i, v := range f.Values {
		values[i] = wildcardRE(fmt.Sprint(v), last)
	}
	f.Values, f.Modifiers = values, []string{"re"}
	if all {
		f.Modifiers = append(f.Modifiers, "all")
	}
	return nil
}

func hasWildcard(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '*', '?':
			return true
		}
	}
	return false
}

// wildcardRE writes a value with Sigma's wildcards as a regular expression, in
// which case does not matter. A backslash takes its meaning from a wildcard or a
// backslash behind it.
func wildcardRE(s, comparator string) string {
	var b strings.Builder
	b.WriteString("(?is)")
	if comparator == "" || comparator == "startswith" {
		b.WriteByte('^')
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			b.WriteString(regexp.QuoteMeta(s[i : i+1]))
		case s[i] == '*':
			b.WriteString(".*")
		case s[i] == '?':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(s[i : i+1]))
		}
	}
	if comparator == "" || comparator == "endswith" {
		b.WriteByte('$')
	}
	return b.String()
}

// image gives the path that public rules expect of a program: a bare name is one
// that the shell finds in the usual directory.
func image(program string) string {
	if strings.Contains(program, "/") {
		return path.Clean(program)
	}
	return "/usr/bin/" + program
}
