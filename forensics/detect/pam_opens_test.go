package detect

import (
	"strings"
	"testing"

	"icecore/forensics/model"
)

// pamRecords makes the records of stacks: "service: line; line".
func pamRecords(t *testing.T, stacks ...string) []model.Record {
	t.Helper()
	var out []model.Record
	for _, s := range stacks {
		service, lines, _ := strings.Cut(s, ": ")
		for i, l := range strings.Split(lines, "; ") {
			w := strings.Fields(l)
			text := "service=" + service
			switch {
			case w[0] == "@include":
				text += "; control=include; module=" + w[1]
			default:
				text += "; control=" + w[0] + "; module=" + w[1]
				if len(w) > 2 {
					text += "; arguments=" + strings.Join(w[2:], ",")
				}
			}
			r := record(t, "pam.line "+text+"; path=/etc/pam.d/"+service)
			r.Source.Line, r.Source.Offset = i+1, int64(i*100)
			out = append(out, r)
		}
	}
	return out
}

const (
	debianAuth = "common-auth: success=1,default=ignore pam_unix.so nullok; requisite pam_deny.so; required pam_permit.so; optional pam_cap.so"
	redhatAuth = "system-auth: required pam_env.so; required pam_faildelay.so delay=2000000; default=1,ignore=ignore,success=ok pam_usertype.so isregular; " +
		"default=1,ignore=ignore,success=ok pam_localuser.so; sufficient pam_unix.so nullok; default=1,ignore=ignore,success=ok pam_usertype.so isregular; sufficient pam_sss.so; required pam_deny.so"
)

// TestPAMOpens: what lets somebody in without a password is found, and what the
// distributions ship is not.
func TestPAMOpens(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stacks []string
		want   string // level and module, empty: nothing
	}{
		{"Debian", []string{debianAuth, "sshd: @include common-auth", "su: sufficient pam_rootok.so; @include common-auth", "chsh: required pam_shells.so; sufficient pam_rootok.so; @include common-auth", "login: optional pam_faildelay.so delay=3000000; requisite pam_nologin.so; @include common-auth; optional pam_group.so", "sudo: @include common-auth"}, ""},
		{"Red Hat", []string{redhatAuth, "sshd: substack system-auth; include postlogin", "postlogin: optional pam_echo.so", "su: required pam_env.so; sufficient pam_rootok.so; substack system-auth; include postlogin", "vlock: include system-auth"}, ""},
		{"Red Hat with faillock", []string{"password-auth: required pam_env.so; required pam_faillock.so preauth silent; sufficient pam_unix.so nullok; required pam_faillock.so authfail; required pam_deny.so", "sshd: substack password-auth"}, ""},
		{"CentOS 7", []string{"system-auth: required pam_env.so; required pam_faildelay.so; sufficient pam_unix.so nullok try_first_pass; requisite pam_succeed_if.so uid >= 1000 quiet_success; required pam_deny.so", "login: user_unknown=ignore,success=ok,ignore=ignore,default=bad pam_securetty.so; substack system-auth", "sudo: include system-auth"}, ""},
		{"a desktop", []string{"gdm-autologin: requisite pam_nologin.so; required pam_permit.so", "lightdm-greeter: required pam_permit.so", "gdm-launch-environment: required pam_permit.so", debianAuth}, ""},
		{"SUSE", []string{"common-auth: required pam_env.so; required pam_unix.so try_first_pass", "sshd: requisite pam_nologin.so; include common-auth"}, ""},
		{"Alpine and Arch", []string{"system-auth: required pam_faillock.so preauth; -success=2,default=ignore pam_systemd_home.so; success=1,default=bad pam_unix.so try_first_pass nullok; default=die pam_faillock.so authfail; optional pam_permit.so; required pam_env.so; required pam_faillock.so authsucc", "system-login: required pam_shells.so; requisite pam_nologin.so; include system-auth"}, ""},
		{"a second factor for outsiders", []string{debianAuth, "sshd: success=1,default=ignore pam_access.so accessfile=/etc/security/access-local.conf; required pam_google_authenticator.so; @include common-auth"}, ""},
		{"an LDAP client", []string{"common-auth: success=2,default=ignore pam_unix.so nullok; success=1,default=ignore pam_ldap.so use_first_pass; requisite pam_deny.so; required pam_permit.so"}, ""},
		{"a service of root's own", []string{"cron: required pam_permit.so", "runuser: sufficient pam_rootok.so", "chfn: sufficient pam_rootok.so; required pam_permit.so"}, ""},
		{"a file that is not there", []string{"sshd: @include gone"}, ""},

		{"pam_permit first", []string{"common-auth: sufficient pam_permit.so; success=1,default=ignore pam_unix.so; requisite pam_deny.so; required pam_permit.so", "sshd: @include common-auth"}, "high pam_permit.so"},
		{"the same for Red Hat", []string{"system-auth: required pam_env.so; sufficient pam_permit.so; sufficient pam_unix.so; required pam_deny.so"}, "high pam_permit.so"},
		{"required alone", []string{"sshd: required pam_permit.so"}, "high pam_permit.so"},
		{"a jump over pam_deny", []string{"common-auth: success=1,default=1 pam_unix.so nullok; requisite pam_deny.so; required pam_permit.so"}, "high pam_permit.so"},
		{"pam_deny taken out", []string{"common-auth: success=1,default=ignore pam_unix.so nullok; required pam_permit.so"}, "high pam_permit.so"},
		{"pam_unix is optional", []string{"sshd: optional pam_unix.so; required pam_permit.so"}, "high pam_permit.so"},
		{"done in brackets", []string{"sudo: success=done,default=ignore pam_permit.so; @include common-auth", debianAuth}, "high pam_permit.so"},
		{"everyone of this machine", []string{"sshd: sufficient pam_localuser.so; @include common-auth", debianAuth}, "high pam_localuser.so"},
		{"rootok of a daemon", []string{"sshd: sufficient pam_rootok.so; @include common-auth", debianAuth}, "high pam_rootok.so"},
		{"a user by name", []string{"sshd: sufficient pam_succeed_if.so user = sysd; @include common-auth", debianAuth}, "medium pam_succeed_if.so"},
		{"a list of users", []string{"login: sufficient pam_listfile.so item=user sense=allow file=/etc/ftpusers.allow; @include common-auth", debianAuth}, "medium pam_listfile.so"},
		{"an address", []string{"sshd: sufficient pam_access.so accessfile=/etc/a; @include common-auth", debianAuth}, "medium pam_access.so"},
		{"a program decides", []string{"sshd: sufficient pam_exec.so quiet /usr/lib/x; @include common-auth", debianAuth}, "medium pam_exec.so"},
		{"a program that is given the password decides", []string{"sshd: sufficient pam_exec.so expose_authtok quiet /usr/lib/x; @include common-auth", debianAuth}, ""},
		{"su trusts a group", []string{"su: sufficient pam_rootok.so; sufficient pam_wheel.so trust group=games; @include common-auth", debianAuth}, "low pam_wheel.so"},
		{"su asks for a group", []string{"su: sufficient pam_rootok.so; required pam_wheel.so group=adm; @include common-auth", debianAuth}, ""},
		{"a desktop's group", []string{"gdm-password: sufficient pam_succeed_if.so user ingroup nopasswdlogin; @include common-auth", debianAuth}, "low pam_succeed_if.so"},
		{"loops and endless files", []string{"sshd: @include sshd; @include common-auth; sufficient pam_permit.so", debianAuth}, ""},
	} {
		s := scene{records: pamRecords(t, tt.stacks...)}
		got := []string{}
		for _, f := range s.run(t).Findings {
			if f.Rule != "pam_opens" {
				continue
			}
			module := ""
			for i := range s.records {
				if s.records[i].Source.Path == f.Source.Path && s.records[i].Source.Line == f.Source.Line {
					module = s.records[i].Get("module")
				}
			}
			got = append(got, f.Level.String()+" "+module)
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestPAMDispatch: what lets in is what Linux-PAM 1.5 lets in: each stack was asked by
// pamtester(1) with a wrong password.
func TestPAMDispatch(t *testing.T) {
	for _, tt := range []struct {
		lines string
		open  bool
	}{
		{"success=1,default=ignore pam_unix.so nullok; requisite pam_deny.so; required pam_permit.so", false},
		{"success=1,default=1 pam_unix.so; requisite pam_deny.so; required pam_permit.so", true},
		{"optional pam_unix.so; required pam_permit.so", true},
		{"required pam_env.so; sufficient pam_unix.so", false},
		{"required pam_nologin.so; sufficient pam_unix.so", false},
		{"success=1,default=ignore pam_permit.so; required pam_deny.so", false},
		{"default=1 pam_unix.so; required pam_deny.so", false},
		{"optional pam_deny.so; optional pam_permit.so", true},
		{"default=ok pam_deny.so; required pam_permit.so", false},
		{"required pam_deny.so; sufficient pam_permit.so", false},
		{"required pam_deny.so; default=reset pam_warn.so; required pam_permit.so", true},
		{"default=done pam_deny.so; required pam_permit.so", false},
		{"success=ok pam_unix.so; required pam_permit.so", false},
	} {
		s := &pamStack{lines: map[string][]*model.Record{}}
		records := pamRecords(t, "sshd: "+tt.lines)
		for i := range records {
			s.lines["sshd"] = append(s.lines["sshd"], &records[i])
		}
		if got := s.open("sshd") != nil; got != tt.open {
			t.Errorf("%s: open %v", tt.lines, got)
		}
	}
}
