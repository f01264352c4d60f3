package detect

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/filesystem"
)

// yara makes one finding of all YARA rules that matched a file.
func (c *collection) yara() {
	type group struct {
		recs []*artifact.Record
	}
	type key struct {
		volume  string
		inode   uint64
		version uint32
		member  string
	}
	groups := make(map[key]*group)
	var order []key
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != "yara.match" {
			continue
		}
		k := key{rec.Source.Volume, rec.Source.Inode, rec.Source.Version, rec.Source.Member}
		if groups[k] == nil {
			groups[k] = &group{}
			order = append(order, k)
		}
		groups[k].recs = append(groups[k].recs, rec)
	}
	for _, k := range order {
		c.yaraFile(groups[k].recs)
	}
}

func (c *collection) yaraFile(recs []*artifact.Record) {
	sort.SliceStable(recs, func(i, j int) bool { return metaLevel(recs[i]) > metaLevel(recs[j]) })
	top := recs[0]
	f := c.finding(top)
	f.Engine, f.Rule, f.Level = EngineYARA, top.Get("rule"), metaLevel(top)
	f.Records = nil
	var others []string
	for i, r := range recs {
		f.Records = append(f.Records, r.ID)
		for _, t := range strings.Split(r.Get("technique"), ",") {
			if t = strings.TrimSpace(t); t != "" && !slices.Contains(f.Techniques, t) {
				f.Techniques = append(f.Techniques, t)
			}
		}
		if i > 0 {
			others = append(others, r.Get("rule"))
		}
	}
	mines := slices.Contains(f.Techniques, "T1496.001") || slices.Contains(f.Techniques, "T1496")
	what := "File"
	switch top.Get("file_type") {
	case "elf":
		what = "Program"
	case "script":
		what = "Script"
	case "core":
		what = "Core dump"
	}
	state := ""
	switch top.Source.State {
	case filesystem.Orphan:
		state = ", deleted while it was open,"
	case filesystem.Deleted:
		state = ", deleted,"
	}
	f.Title = fmt.Sprintf("%s%s matches the YARA rule %s", what, state, f.Rule)
	if d := top.Get("description"); d != "" {
		f.Description = strings.ToUpper(d[:1]) + d[1:] + "."
	}
	if len(others) > 0 {
		f.Description += " Also: " + strings.Join(others, ", ") + "."
	}
	switch {
	case top.Get("owner") != "" && top.Get("package_state") == "intact" && top.Source.State == filesystem.Live:
		// What a distribution ships is no intruder's, whatever it looks like;
		// a miner that it ships is still one. Only rules that name the
		// program are critical: what merely computes a proof of work, as
		// nodes and wallets do, is none.
		if mines && f.Level == Critical {
			f.Level = Medium
			f.Description += fmt.Sprintf(" It is as the package %s installed it: somebody chose to install it.", top.Get("owner"))
		} else {
			f.Level = min(f.Level, Low)
			f.Description += fmt.Sprintf(" It is as the package %s installed it.", top.Get("owner"))
		}
	case top.Get("owner") != "" && top.Source.State == filesystem.Live:
		f.Description += fmt.Sprintf(" The package %s owns the path.", top.Get("owner"))
	}
	if level, why := c.judge(f.Level, top, f.Techniques); why != "" {
		f.Level = level
		f.Description += " " + why
	}
	if top.Source.State == filesystem.Deleted {
		f.Level = min(f.Level, High) // it was there; that it ran is not told
	}
	f.Phase = PhaseExecution
	switch {
	case mines:
		f.Phase = PhaseMining
	case strings.HasPrefix(top.Get("technique"), "T1574"), strings.HasPrefix(top.Get("technique"), "T1505"):
		f.Phase = PhasePersistence
	case strings.HasPrefix(top.Get("technique"), "T1014"), strings.HasPrefix(top.Get("technique"), "T1027"):
		f.Phase = PhaseEvasion
	}
	if l := top.Get("strings"); l != "" {
		f.Description = strings.TrimSpace(f.Description + " Matched: " + l + ".")
	}
	if mines && f.Level >= High && top.Source.Path != "" {
		c.miners[fileKey{top.Source.Volume, path.Clean(top.Source.Path)}] = minerFile{f.Rule, f.Level, top.ID}
	}
	c.add(f)
}

// isContainerConfig says whether a path is where Docker, Podman or containerd keep what
// a container runs.
func isContainerConfig(p string) bool {
	for _, pattern := range []string{
		"/var/lib/docker/containers/*/config.v2.json",
		"/var/lib/containers/storage/overlay-containers/*/userdata/config.json",
		"/run/containerd/io.containerd.runtime.v2.task/*/*/config.json",
	} {
		if ok, _ := path.Match(pattern, p); ok {
			return true
		}
	}
	return false
}

func metaLevel(r *artifact.Record) Level {
	l, err := ParseLevel(r.Get("level"))
	if err != nil {
		return Medium
	}
	return l
}

// configs weighs what was read of miners' configurations: one finding a file.
func (c *collection) configs() {
	type key struct {
		volume  string
		inode   uint64
		version uint32
	}
	seen := make(map[key]int) // finding
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != "miner.config" || rec.Get("pool") == "" && rec.Get("program") == "" {
			continue // an address alone is a fact, and no finding
		}
		level := Informational
		switch {
		case rec.Get("owner") != "" && rec.Get("package_state") == "intact":
		case placeholder(rec.Get("user")):
			level = Low // the sample that comes with the source: it mines for nobody
		case rec.Get("wallet") != "" && (rec.Get("found_in") == "command" || rec.Get("found_in") == "assignments" && rec.Get("pool") != "") && isContainerConfig(rec.Source.Path):
			level = High // the command that a container runs
		case rec.Get("file_type") == "core" && rec.Get("found_in") != "configuration":
			// Memory: some program had it, which may have been one that
			// looks for miners. Both together are a miner's.
			if rec.Get("pool") != "" && rec.Get("wallet") != "" {
				level = Medium
			}
		case rec.Get("file_type") != "elf" && rec.Get("found_in") != "" && rec.Get("found_in") != "configuration":
			// A text that names both quotes a command, or is one: where it
			// is run from, the records of what runs it say so.
			if rec.Get("pool") != "" && rec.Get("wallet") != "" {
				level = Low
				if p := rec.Source.Path; (rec.Get("encoding") != "" || rec.Get("file_type") == "script" || rec.Get("found_in") == "assignments" || tempPlace(p) || hiddenPlace(p) || strings.HasPrefix(p, "/etc/")) && !isDocument(p) && !isLogPlace(p) {
					level = Medium
				}
				if c.started[fileKey{rec.Source.Volume, path.Clean(rec.Source.Path)}] != "" && rec.Source.State == filesystem.Live {
					level = High // something runs what names them
				}
			}
		case rec.Get("wallet") != "" && (rec.Get("pool") != "" || rec.Get("program") != ""):
			level = High
		case rec.Get("program") != "":
			level = Medium
		case rec.Get("pool") != "" && rec.Get("file_type") == "elf":
			level = Medium
		}
		k := key{rec.Source.Volume, rec.Source.Inode, rec.Source.Version}
		if at, ok := seen[k]; ok {
			f := &c.findings[at]
			f.Records = append(f.Records, rec.ID)
			if level > f.Level {
				f.Level = level
			}
			continue
		}
		f := c.finding(rec)
		f.Engine, f.Rule, f.Level, f.Phase = EngineAnalysis, "miner_configuration", level, PhaseMining
		f.Techniques = []string{"T1496.001"}
		f.Title = "For whom a miner works"
		pool := rec.Get("pool")
		if w := rec.Get("wallet"); w != "" {
			f.Description = fmt.Sprintf("The file names the pool %s and the %s wallet %s, whose checksum is right.", pool, rec.Get("coin"), w)
			if pool == "" {
				f.Description = fmt.Sprintf("The file names the %s wallet %s, whose checksum is right.", rec.Get("coin"), w)
			}
		} else {
			f.Title = "Address of a mining pool"
			f.Description = fmt.Sprintf("The file names the pool %s.", pool)
		}
		seen[k] = len(c.findings)
		c.add(f)
	}
}

// placeholder says whether a user is what samples of configurations have in place of
// one.
func placeholder(user string) bool {
	u := strings.ToUpper(user)
	return strings.HasPrefix(u, "YOUR_") || strings.Contains(u, "WALLET_ADDRESS") || strings.HasPrefix(u, "<") && strings.HasSuffix(u, ">")
}

// preloads looks at the libraries that are loaded into every program.
func (c *collection) preloads() {
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != "preload.library" {
			continue
		}
		lib := rec.Get("library")
		if c.in.Lookup == nil {
			continue
		}
		ff := c.in.Lookup(rec.Source.Volume, lib)
		f := c.finding(rec)
		f.Engine, f.Rule, f.Phase = EngineAnalysis, "preload_unowned", PhasePersistence
		f.Techniques = []string{"T1574.006"}
		switch {
		case ff == nil:
			f.Level, f.Title = Medium, "A library that is not there is to be loaded into every program"
			f.Description = fmt.Sprintf("ld.so.preload names %s, which does not exist.", lib)
		case ff.Owner == "" && ff.Known:
			f.Level, f.Title = High, "A library that no package owns is loaded into every program"
			f.Description = fmt.Sprintf("ld.so.preload names %s (inode %d), which no package owns: such libraries hide processes and files.", ff.Path, ff.Inode.Inode)
		case ff.Owner == "":
			f.Level, f.Title = Medium, "A library is loaded into every program"
			f.Description = fmt.Sprintf("ld.so.preload names %s (inode %d).", ff.Path, ff.Inode.Inode)
		default:
			f.Level, f.Title = Informational, "A packaged library is loaded into every program"
			f.Description = fmt.Sprintf("ld.so.preload names %s of the package %s.", ff.Path, ff.Owner)
		}
		if c.replace(rec.ID, &f) {
			continue
		}
		c.add(f)
	}
}

// replace joins a finding with the one that Sigma rules made of the same record:
// the stronger one names it.
func (c *collection) replace(record string, f *Finding) bool {
	i, ok := c.bySigma[record]
	if !ok {
		return false
	}
	old := &c.findings[i]
	if f.Level > old.Level {
		also, techniques := old.Title, old.Techniques
		*old = *f
		old.Techniques = union(old.Techniques, techniques)
		old.Description += " Also: " + also + "."
	} else {
		old.Description += " " + f.Description
		old.Records, old.Techniques = union(old.Records, f.Records), union(old.Techniques, f.Techniques)
	}
	return true
}
