package forensics

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"icecore/fixtures"
	"icecore/forensics/inventory"
	"icecore/forensics/model"
)

// TestInventories: a list of the image, for which only its files are read, is that of
// the whole analysis; but for the packages that own files.
func TestInventories(t *testing.T) {
	if m := fixtures.Missing(); m != "" {
		t.Skip(m)
	}
	disk := filepath.Join(t.TempDir(), "disk.img")
	if err := fixtures.Build(context.Background(), fixtures.Compromised, disk); err != nil {
		t.Fatal(err)
	}
	img, err := Open(context.Background(), disk, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	a, err := AnalyzeImage(context.Background(), img, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := func(inv *Inventory) []string {
		var out []string
		for _, r := range inv.Rows {
			s := r.Source.Volume
			if inv.Name != "mounts" { // an analysis does not say where they are stated
				s += ":" + r.Source.Path
			}
			for i, c := range r.Cells {
				if n := inv.Columns[i].Name; n != "package" && n != "by" {
					s += "|" + strings.Join(c, ",")
				}
			}
			out = append(out, s)
		}
		return out
	}
	least := map[string]int{"cron": 10, "units": 10, "autostarts": 50, "users": 10, "keys": 3, "logins": 100, "packages": 15, "listeners": 1}
	for _, l := range Inventories() {
		whole, err := a.List(l.Name)
		if l.Image {
			if err == nil || !strings.Contains(err.Error(), "name the image") {
				t.Errorf("%s: %v", l.Name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		inv, err := ListImage(context.Background(), img, l.Name, ListImageOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(text(whole), text(inv)); d != "" || len(inv.Rows) < least[l.Name] {
			t.Errorf("%s: %d rows\n%s", l.Name, len(inv.Rows), d)
		}
		owned := slices.IndexFunc(inv.Columns, func(c inventory.Column) bool { return c.Name == "package" && l.Name == "cron" })
		if owned >= 0 && !slices.ContainsFunc(inv.Rows, func(r inventory.Row) bool { return slices.Equal(r.Cells[owned], []string{"certbot"}) }) {
			t.Errorf("%s: no file of a package", l.Name)
		}
	}
	if _, err := ListImage(context.Background(), img, "cats", ListImageOptions{}); err == nil {
		t.Error("a list that there is not")
	}
}

// TestCompleted: what a list or a search could not read has its sentences.
func TestCompleted(t *testing.T) {
	gaps := completed([]Gap{{
		Subject: model.SubjectFile, What: model.Msg("gap.file", "volume", "p1", "path", "/x"), Why: model.Msg("why.error", "error", "it is a hole"), Weight: model.Partial,
	}})
	if len(gaps) != 1 || !strings.Contains(gaps[0].WhatText, "/x") || gaps[0].WhyText != "it is a hole" {
		t.Errorf("%+v", gaps)
	}
}
