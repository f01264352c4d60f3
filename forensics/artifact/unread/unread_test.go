package unread_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/all"
	"icecore/forensics/artifact/unread"
	"icecore/forensics/filesystem"
	"icecore/forensics/message"
	"icecore/forensics/model"
)

// find gives the extractor as it runs beside the others.
func find(t *testing.T) artifact.Extractor {
	t.Helper()
	for _, x := range all.Extractors() {
		if x.Name() == unread.Name {
			return x
		}
	}
	t.Fatal("it is not in the list")
	return nil
}

// lines gives the coverage lines of files that are there, as the scan makes them.
func lines(t *testing.T, x artifact.Extractor, exist []string, paths ...string) []model.Gap {
	t.Helper()
	var out []model.Gap
	for _, p := range paths {
		in := &artifact.Input{
			Path: p, Content: io.NewSectionReader(strings.NewReader("x"), 0, 1), Inode: &filesystem.Inode{},
			Exists: func(p string) bool { return slices.Contains(exist, p) },
		}
		err := x.Extract(t.Context(), in, func(artifact.Record) { t.Errorf("%s: a record", p) })
		if err == nil {
			continue
		}
		g := model.Gap{
			Subject: model.SubjectExtractor, Weight: model.Partial, Source: model.Source{Volume: "p1", Path: p, DiskOffset: -1}, What: model.Msg("gap.file", "volume", "p1", "path", p),
			Why: model.Msg("why.extractor", "extractor", x.Name(), "error", err.Error()),
		}
		if artifact.IsCut(err) {
			g.Weight = model.Decisive
		}
		out = append(out, g)
	}
	out = unread.Fold(out)
	message.English().CompleteGaps(out)
	return out
}

func TestNamed(t *testing.T) {
	x := find(t)
	seen := []string{"/var/log/wtmp"}
	for path, want := range map[string]string{
		"/var/log/dnf.rpm.log":                    "package log of dnf: not read by this version",
		"/var/log/yum.log":                        "package log of yum: not read by this version",
		"/var/log/yum.log-20260101":               "package log of yum: not read by this version",
		"/var/log/zypp/history":                   "package log of zypper: not read by this version",
		"/var/log/pacman.log":                     "package log of pacman: not read by this version",
		"/var/log/xferlog":                        "log of an FTP server: not read by this version",
		"/var/log/apache2/access.log":             "logs of a web server: not read by this version",
		"/var/log/nginx/shop.example.access.log":  "logs of a web server: not read by this version",
		"/var/log/httpd/access_log":               "logs of a web server: not read by this version",
		"/www/wwwlogs/shop.log":                   "logs of a web server: not read by this version",
		"/var/log/fail2ban.log":                   "logs of a security tool: not read by this version",
		"/var/log/sudo.log":                       "log of sudo: not read by this version",
		"/var/log/sudo-io/00/00/01/log":           "sessions recorded by sudo: not read by this version",
		"/var/log/sshd.log":                       "log of logins, by a name that the syslog daemon was configured to use: not read by this version",
		"/var/log/authpriv.log":                   "log of logins, by a name that the syslog daemon was configured to use: not read by this version",
		"/var/log/remote/web1/auth.log":           "logs received from other hosts: not read by this version",
		"/var/log/remote/2026/11/web1/syslog.log": "logs received from other hosts: not read by this version",
		"/var/spool/incron/root":                  "table of incron, which runs commands when files change: not read by this version",
		"/etc/incron.d/x":                         "table of incron, which runs commands when files change: not read by this version",
		"/var/spool/fcron/root.orig":              "table of fcron, which runs commands at given times: not read by this version",
		"/var/lib/wtmpdb/wtmp.db":                 "", // is read
		"/var/lib/lastlog/lastlog2.db":            "",
		"/var/log/custom/app.log":                 "", // nobody knows what stands in it
		"/srv/var/log/pacman.log":                 "",
		"/var/log/auth.log":                       "", // is read
		"/var/log/dpkg.log":                       "",
	} {
		got := lines(t, x, seen, path)
		switch {
		case readByAnother(x, path):
			t.Logf("%s: an extractor reads it by now", path)
			if len(got) > 0 {
				t.Errorf("%s: named, though it is read", path)
			}
		case want == "" && len(got) > 0, want != "" && (len(got) != 1 || got[0].WhyText != want || got[0].Weight != model.Partial):
			t.Errorf("%s: %+v, want %q", path, got, want)
		}
	}
}

// readByAnother says whether an extractor but x takes a file.
func readByAnother(x artifact.Extractor, path string) bool {
	alone := unread.New(nil)
	in := &artifact.Input{Path: path, Content: io.NewSectionReader(strings.NewReader("x"), 0, 1), Exists: func(string) bool { return true }}
	none := func(artifact.Record) {}
	return alone.Extract(context.Background(), in, none) != nil && x.Extract(context.Background(), in, none) == nil
}

// Of many files of a kind and volume there is one line; what is not the extractor's stays.
func TestFold(t *testing.T) {
	x := unread.New(nil)
	got := lines(t, x, nil, "/var/log/nginx/access.log", "/var/log/nginx/access.log.1", "/var/log/nginx/error.log", "/var/log/pacman.log", "/var/log/httpd/access_log")
	if len(got) != 2 || got[0].WhatText != "volume p1, /var/log/nginx/access.log and 3 more files" || got[1].WhatText != "volume p1, /var/log/pacman.log" {
		t.Errorf("%+v", got)
	}
	if two := lines(t, x, nil, "/var/log/nginx/a.log", "/var/log/nginx/b.log"); two[0].WhatText != "volume p1, /var/log/nginx/a.log and 1 more file" {
		t.Errorf("%+v", two)
	}
	other := []model.Gap{
		{Subject: model.SubjectExtractor, Why: model.Msg("why.extractor", "extractor", "cron", "error", "2")},
		{Subject: model.SubjectExtractor, Why: model.Msg("why.extractor", "extractor", unread.Name, "error", "it panicked")},
		{Subject: model.SubjectExtractor, Why: model.Msg("why.extractor", "extractor", unread.Name, "error", "-1")},
		{Subject: model.SubjectExtractor, Why: model.Msg("why.extractor", "extractor", unread.Name, "error", "4096")},
		{Subject: model.SubjectFile, Why: model.Msg("why.error", "error", "3")},
	}
	if got := unread.Fold(other); len(got) != len(other) || got[1].Why.ID != "why.extractor" {
		t.Errorf("%+v", got)
	}
}

// The only log of logins decides; beside one that is read it does not. What is empty,
// deleted, or read by another extractor is not named.
func TestWhen(t *testing.T) {
	const own = "/var/log/sshd.log"
	x := unread.New(nil)
	if got := lines(t, x, nil, own, "/var/log/pacman.log"); len(got) != 2 || got[0].Weight != model.Decisive || got[1].Weight != model.Partial {
		t.Errorf("alone: %+v", got)
	}
	if got := lines(t, x, nil, "/var/log/pacman.log"); got[0].Weight != model.Partial {
		t.Errorf("a package log: %+v", got)
	}
	for _, beside := range []string{"/var/log/wtmp", "/var/log/auth.log", "/var/log/secure", "/var/log/journal"} {
		if got := lines(t, x, []string{beside}, own); len(got) != 1 || got[0].Weight != model.Partial {
			t.Errorf("beside %s: %+v", beside, got)
		}
	}
	none := func(artifact.Record) {}
	content := io.NewSectionReader(strings.NewReader("x"), 0, 1)
	for name, in := range map[string]*artifact.Input{
		"empty":      {Path: own, Content: io.NewSectionReader(strings.NewReader(""), 0, 0)},
		"no content": {Path: own},
		"deleted":    {Path: own, Content: content, Inode: &filesystem.Inode{State: filesystem.Deleted}},
	} {
		if err := x.Extract(t.Context(), in, none); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for pattern, path := range map[string]string{
		own: own, "/var/*/sshd.log": own, "/var/log/remote/**": "/var/log/remote/a/b/c.log", "**/pacman.log": "/var/log/pacman.log",
	} {
		x := unread.New([]artifact.Extractor{reader(pattern)})
		if err := x.Extract(t.Context(), &artifact.Input{Path: path, Content: content}, none); err != nil {
			t.Errorf("%s is read, and named: %v", path, err)
		}
	}
	if err := unread.New([]artifact.Extractor{reader("/var/log")}).Extract(t.Context(), &artifact.Input{Path: own, Content: content}, none); err == nil {
		t.Error("a directory above is no pattern of the file")
	}
}

// reader is an extractor of one pattern.
type reader string

func (r reader) Name() string       { return "reader" }
func (r reader) Patterns() []string { return []string{string(r)} }
func (r reader) Extract(context.Context, *artifact.Input, artifact.Emit) error {
	return nil
}
