package casedir

import (
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"icecore/forensics/content/engine"
	"icecore/forensics/host"
	"icecore/forensics/model"
	"icecore/forensics/report/output"
)

// runLog is the log of a run, which becomes a file at the end.
type runLog struct {
	*slog.Logger
	text *strings.Builder
}

func newLog() runLog {
	b := &strings.Builder{}
	return runLog{slog.New(slog.NewTextHandler(b, nil)), b}
}

// begin notes what is run on what.
func (l runLog) begin(img *host.Image, args []string, started time.Time) {
	l.Info("run", "program", "icecore", "yara", engine.Backend, "go", runtime.Version(), "arguments", args, "started",
		started.UTC().Format(time.RFC3339))
	if wd, err := os.Getwd(); err == nil {
		l.Info("working directory", "path", wd)
	}
	for _, o := range img.All() {
		for _, f := range o.Disk.Files() {
			l.Info("file of the image", "path", f.Path, "bytes", f.Size, "role", f.Role)
		}
	}
}

// end notes what was found, and what was written.
func (l runLog) end(a *model.Analysis, written []output.Written, events int, started time.Time) {
	for _, i := range append([]model.Image{a.Image}, a.Others...) {
		for _, f := range i.Files {
			if f.SHA256 != "" {
				l.Info("hash of a file of the image", "path", f.Path, "sha256", f.SHA256)
			}
		}
	}
	if len(a.Image.Files) > 0 && a.Image.Files[0].SHA256 == "" {
		l.Info("the files of the image were not hashed; --hash-image does it")
	}
	l.Info("tool", "name", a.Tool.Name, "version", a.Tool.Version)
	l.Info("rules", "yara_sha256", a.Tool.Rules.YARA, "sigma_sha256", a.Tool.Rules.Sigma)
	for _, v := range a.Volumes {
		args := []any{
			"id", v.ID, "offset", v.Offset, "bytes", v.Size, "content", v.Filesystem, "uuid", v.UUID, "files",
			v.Files,
		}
		if v.Reason != "" {
			args = append(args, "not_read", v.Reason)
		}
		if v.Journal != nil {
			args = append(args, "journal_replayed", v.Journal.Replayed, "transactions", v.Journal.Transactions)
		}
		l.Info("volume", args...)
	}
	l.Info("verdict", "state", a.Verdict.State, "since", a.Verdict.Since.Time, "findings", len(a.Findings), "records",
		len(a.Records), "events", events)
	l.Info("coverage", "files", a.Coverage.Files, "bytes_scanned", a.Coverage.BytesScanned, "not_read",
		len(a.Coverage.Gaps))
	for i := range a.Coverage.Gaps {
		g := a.Coverage.Gaps[i].Escaped()
		l.Warn("not read", "what", g.WhatText, "why", g.WhyText)
	}
	for _, w := range written {
		l.Info("written", "file", w.Name, "sha256", w.SHA256)
	}
	l.Info("done", "seconds", int(time.Since(started).Seconds()))
}
