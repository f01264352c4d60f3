package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	sigma "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator"

	"icecore/forensics/model"
)

// publicRule is a rule as it is written for the public set.
func publicRule(source, detection, level, benign string) string {
	return "title: Public\nid: 6e0ab15f-8d9b-4c6c-93f5-0e3a3a8f5b11\nlevel: " + level + "\nlogsource: {product: linux" + source +
		"}\ndetection:\n" + detection + "\n  condition: s\nfalsepositives: ['" + benign + "']\n"
}

// TestWanted: what is kept only where a rule of the user's asks for it.
func TestWanted(t *testing.T) {
	for _, tt := range []struct{ name, source, detection, record, twin string }{
		{
			"process creation over a command typed", ", category: process_creation", "  s: {Image|endswith: /systemctl, CommandLine|contains: stop auditd}",
			"history.command command=systemctl stop auditd; programs=systemctl; shell=bash", "command=systemctl status auditd",
		},
		{
			"the shell is the parent", ", category: process_creation", "  s: {ParentImage|endswith: /bash, CommandLine|contains: x}",
			"history.command command=x; shell=bash", "shell=mysql",
		},
		{"words anywhere on Linux", "", "  s: ['history -c']", "history.command command=history -c; shell=bash", "command=history 20"},
		{
			"a line of a script", ", category: process_creation", "  s: {CommandLine|contains: setenforce 0}",
			"script.command command=setenforce 0; interpreter=sh; programs=setenforce", "command=setenforce 1",
		},
		{"a file", ", category: file_event", "  s: {TargetFilename|startswith: /etc/cron.d/}", "file.named file_type=text; path=/etc/cron.d/x", "path=/etc/cron.deny"},
		{
			"arguments of execve", ", service: auditd", "  s: {type: EXECVE, a0: chattr, a1|contains: '-i'}",
			"audit.exec command=chattr -i /etc/passwd; args=chattr,-i,/etc/passwd; type=SYSCALL,EXECVE", "args=chattr,+i,/etc/passwd",
		},
		{
			"a call of the kernel", ", service: auditd", "  s: {type: SYSCALL, SYSCALL: [execve], euid: 33}",
			"audit.exec command=id; args=id; type=SYSCALL,EXECVE; syscall=execve; euid=33", "euid=0",
		},
		{"a path", ", service: auditd", "  s: {type: PATH, name|endswith: /.bash_profile}", "audit.event type=PATH; name=/root/.bash_profile", "name=/root/.vimrc"},
		{"another line of auditd", ", service: auditd", "  s: {type: SERVICE_STOP, unit: auditd}", "audit.event type=SERVICE_STOP; unit=auditd", "unit=cron"},
		{
			"a connection", ", category: network_connection", "  s: {Initiated: 'true', DestinationHostname|endswith: .ngrok.example}",
			"history.command command=curl http://a.ngrok.example/x; urls=http://a.ngrok.example/x; shell=bash", "urls=http://a.example/x",
		},
		{
			"an address within a network", ", category: network_connection", "  s: {DestinationIp|cidr: 203.0.113.0/24, DestinationPort: 8080}",
			"history.command command=curl x; urls=http://203.0.113.7:8080/x; shell=bash", "urls=http://203.0.114.7:8080/x",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := load(t, publicRule(tt.source, tt.detection, "high", "Unknown"))
			if len(r.Problems) > 0 {
				t.Fatal(r.Problems)
			}
			wanted := r.Wanted()
			if wanted == nil {
				t.Fatal("no rule asks for such records")
			}
			rec, twin := record(t, tt.record), with(t, tt.record, tt.twin)
			if !wanted(&rec) {
				t.Error("it is not wanted")
			}
			if wanted(&twin) {
				t.Error("the twin is wanted")
			}
		})
	}
	builtin, err := Load(Options{})
	if err != nil || builtin.Wanted() != nil {
		t.Errorf("rules of icecore's own make records on demand: %v", err)
	}
	if load(t, cronRule("Own", "high", "x")).Wanted() != nil {
		t.Error("a rule on cron jobs makes records on demand")
	}
}

// TestPublicLevels: the level of a public rule over what honest servers have, too.
func TestPublicLevels(t *testing.T) {
	const source, typed = ", category: process_creation", "history.command command=systemctl stop auditd; programs=systemctl; shell=bash; path=/root/.bash_history"
	for _, tt := range []struct {
		name, level, benign, record string
		intact                      bool
		want                        Level
	}{
		{"without known false positives", "high", "Unknown", typed, false, High},
		{"unlikely ones", "medium", "Unlikely", typed, false, Medium},
		{"administration is expected", "high", "Legitimate administration activities", typed, false, Low},
		{"critical stays", "critical", "Admin activity", typed, false, Critical},
		{"informational stays", "informational", "Admin activity", typed, false, Informational},
		{"as its package installed it", "high", "Unknown", "systemd.exec command=systemctl stop auditd; path=/usr/lib/systemd/system/x.service", true, Low},
		{"critical, as its package installed it", "critical", "Unknown", "systemd.exec command=systemctl stop auditd; path=/usr/lib/systemd/system/x.service", true, Low},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := load(t, publicRule(source, "  s: {CommandLine|contains: stop auditd}", tt.level, tt.benign))
			rec := record(t, tt.record)
			rec.ID = "R-000001"
			res, err := r.Run(t.Context(), &Input{Records: []model.Record{rec}, Installed: func(string, string) bool { return tt.intact }})
			if err != nil || len(res.Findings) != 1 {
				t.Fatalf("%d findings, %v", len(res.Findings), err)
			}
			f := res.Findings[0]
			if f.Level != tt.want {
				t.Errorf("%s, want %s", f.Level, tt.want)
			}
			said := func(m model.Message) bool { return m.ID == "rule.intact" || m.ID == "rule.expected" }
			if lowered := slices.ContainsFunc(f.Details, said); lowered != (f.Level < mustLevel(t, tt.level)) {
				t.Errorf("it does not say why: %v", f.Details)
			}
		})
	}
}

func mustLevel(t *testing.T, s string) Level {
	t.Helper()
	l, err := ParseLevel(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestRefusals: a rule that is right and useless here is no faulty one.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		rule string
		want Refusal
	}{
		{publicRule(", service: modsecurity", "  s: [x]", "high", "Unknown"), NoSource},
		{publicRule(", category: process_creation", "  s: {LogonId: 1}", "high", "Unknown"), NoField},
		{strings.Replace(publicRule(", category: process_creation", "  s: {User: a}", "high", "Unknown"), "condition: s", "condition: s | count() > 5", 1), Counts},
		{publicRule(", category: process_creation", "  s: {User|re: '('}", "high", "Unknown"), ""},
	} {
		r := load(t, tt.rule)
		if len(r.Problems) != 1 || r.Problems[0].Refusal != tt.want {
			t.Errorf("want %q: %+v", tt.want, r.Problems)
		}
	}
}

// TestExpressions: over many events, an expression says what the package says that reads
// the rules.
func TestExpressions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"", "curl", "CURL -o", "/tmp/x", "sh", "5", "7.5", "a*b", "10.0.0.1"}
	pick := func() string { return words[random.IntN(len(words))] }
	conditions := []string{"a", "a and b", "a or b", "a and not b", "1 of them", "all of them", "1 of a*", "all of b*", "not a", "not (a or b)"}
	tests := []string{"f: %q", "f|contains: %q", "f|startswith: %q", "f|endswith: %q", "f|contains|all: [%q, 'c']", "f|re: '^c.*%.1s'", "f: [%q, null]", "f|cidr: 10.0.0.0/8", "g|contains: %q", "f|gt: 5"}
	n := 0
	for range 3000 {
		part := func() string {
			t := tests[random.IntN(len(tests))]
			if strings.Contains(t, "%") {
				t = fmt.Sprintf(t, words[1+random.IntN(len(words)-1)]) // to the package, each field contains ""
			}
			return "{" + t + "}"
		}
		text := "title: x\nlogsource: {product: linux}\ndetection:\n  a: " + part() + "\n  b: [" + part() + ", " + part() + "]\n  condition: " +
			conditions[random.IntN(len(conditions))] + "\n"
		s, err := sigma.ParseRule([]byte(text))
		if err != nil || prepare(&s) != nil {
			continue
		}
		x, err := newExpression(&s)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		e, theirs := event{}, map[string]any{}
		for _, f := range []string{"f", "g"} {
			var list []any
			for range random.IntN(3) {
				w := pick()
				e[f], list = append(e[f], w), append(list, w)
			}
			if list != nil {
				theirs[f] = list
			}
		}
		fields := sigma.Config{FieldMappings: map[string]sigma.FieldMapping{"f": {TargetNames: []string{"f"}}, "g": {TargetNames: []string{"g"}}}}
		want, ok := oracle(t, evaluator.ForRule(s, evaluator.WithConfig(fields)), theirs)
		if !ok {
			continue
		}
		n++
		if got := x.matches(e); got != want {
			t.Fatalf("%v, want %v\n%s%v", got, want, text, e)
		}
	}
	if n < 1000 {
		t.Fatalf("only %d rules were compared", n)
	}
}

// oracle evaluates a rule; not ok where it panics over what is no number.
func oracle(t *testing.T, r *evaluator.RuleEvaluator, e map[string]any) (match, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	res, err := r.Matches(t.Context(), e)
	return res.Match, err == nil
}
