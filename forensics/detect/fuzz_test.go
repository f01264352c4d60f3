package detect

import (
	"strings"
	"testing"
	"time"

	"icecore/forensics/filesystem"
	"icecore/forensics/model"
	"icecore/forensics/model/modeltest"
)

// FuzzRun: whatever records an image gives, detection ends without a panic, numbers
// its findings, and names only records that are there. A line of the input is a
// record: its kind, path and fields, separated by tabs.
func FuzzRun(f *testing.F) {
	rules, err := Load(Options{})
	if err != nil {
		f.Fatal(err)
	}
	var all []string
	for _, c := range ruleCases {
		kind, fields, _ := strings.Cut(c.record, " ")
		line := kind + "\t/etc/x\t" + strings.ReplaceAll(fields, "; ", "\t")
		f.Add(line)
		all = append(all, line)
	}
	f.Add(strings.Join(all, "\n"))
	f.Add("auth.failures\t/var/log/auth.log\taddress=203.0.113.77\tcount=640\tusers=root\nauth.login\t/var/log/auth.log\taddress=203.0.113.77\tuser=root\tmethod=password\n" +
		"log.coverage\t/var/log/auth.log\tempty=yes\nminer.config\t/a\tpool=[::1]:3\twallet=4\nhosts.entry\t/etc/hosts\tnowhere=yes\tnames=deb.debian.org,,x")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 64<<10 {
			return
		}
		in := &Input{SnapshotTime: noon, Lookup: func(_, p string) *FileFact { return program(p, 0o755, "") }}
		ids := make(map[string]bool)
		for i, line := range strings.Split(s, "\n") {
			parts := strings.Split(line, "\t")
			rec := model.Record{ID: "R-" + strings.Repeat("1", i%7+1) + string(rune('a'+i%26)), Kind: model.Kind(parts[0])}
			if ids[rec.ID] {
				break
			}
			ids[rec.ID] = true
			rec.Source = model.Source{Volume: "p1", Inode: uint64(i % 5), State: filesystem.State(i % 3), DiskOffset: -1}
			for k, p := range parts[1:] {
				name, value, ok := strings.Cut(p, "=")
				if !ok {
					rec.Source.Path = p
					continue
				}
				rec.AddFields(modeltest.Fields(rec.Kind, name+"="+value))
				rec.Times = append(rec.Times, model.Stamp{What: []string{"first", "last", "logged", "created", "modified"}[k%5], Time: noon.Add(time.Duration(i*len(p)) * time.Hour)})
			}
			in.Records = append(in.Records, rec)
		}
		res, err := rules.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Findings {
			if f.ID == "" || f.Level == None || len(f.Records) == 0 {
				t.Errorf("%+v", f)
			}
			for _, id := range f.Records {
				if !ids[id] {
					t.Errorf("%s names %s", f.ID, id)
				}
			}
		}
	})
}
