package detect

import (
	"path"
	"strings"

	"icecore/forensics/model"
)

func minerConfiguration() Analysis {
	return Analysis{
		Name: "miner_configuration", Level: High, Phase: PhaseMining, Techniques: []string{"T1496.001"},
		Title:          model.Msg("miner_configuration.about"),
		Description:    model.Msg("miner_configuration.about.text"),
		FalsePositives: model.Msg("miner_configuration.benign"),
		run:            (*collection).configs,
	}
}

// configs weighs what was read of miners' configurations: one finding a file, which the
// strongest record names.
func (c *collection) configs(a *Analysis) {
	type key struct {
		volume  string
		inode   uint64
		version uint32
	}
	seen := make(map[key]int) // finding
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		if rec.Kind != model.MinerConfig || rec.Get("pool") == "" && rec.Get("program") == "" {
			continue // an address alone is a fact, and no finding
		}
		level := c.configLevel(rec)
		k := key{rec.Source.Volume, rec.Source.Inode, rec.Source.Version}
		if at, ok := seen[k]; ok {
			f := &c.findings[at]
			f.Records = append(f.Records, rec.ID)
			if level > f.Level {
				f.Level = level
				f.Message, f.Details = configTitle(rec), append(configDetails(rec), f.Details...)
			}
			continue
		}
		f := c.found(a, rec)
		f.Level, f.Message, f.Details = level, configTitle(rec), configDetails(rec)
		seen[k] = len(c.findings)
		c.add(f)
	}
}

func (c *collection) configLevel(rec *model.Record) Level {
	pool, wallet, program := rec.Get("pool") != "", rec.Get("wallet") != "", rec.Get("program") != ""
	in, kind, p := rec.Get("found_in"), rec.Get("file_type"), rec.Source.InHost()
	switch {
	case rec.Get("owner") != "" && rec.Get("package_state") == "intact":
		return Informational
	case placeholder(rec.Get("user")):
		return Low // the sample that comes with the source: it mines for nobody
	case wallet && (in == "command" || in == "assignments" && pool) && isContainerConfig(p):
		return High // the command that a container runs
	case kind == "core" && in != "configuration":
		// Memory: some program had it, which may have been one that
		// looks for miners. Both together are a miner's.
		if pool && wallet {
			return Medium
		}
		return Informational
	case kind != "elf" && in != "" && in != "configuration":
		// A text that names both quotes a command, or is one: where it
		// is run from, the records of what runs it say so.
		switch {
		case !pool || !wallet:
			return Informational
		case c.starter(&rec.Source) != "" && rec.Source.State == model.Live:
			return High // something runs what names them
		case isDocument(p) || isLogPlace(p):
			return Low
		case rec.Get("encoding") != "" || kind == "script" || in == "assignments" || tempPlace(p) || hiddenPlace(p) ||
			strings.HasPrefix(p, "/etc/"):
			return Medium
		}
		return Low
	case wallet && (pool || program):
		return High
	case program, pool && kind == "elf":
		return Medium
	}
	return Informational
}

func configTitle(rec *model.Record) model.Message {
	if rec.Get("wallet") == "" {
		return model.Msg("miner_configuration.title.pool")
	}
	return model.Msg("miner_configuration.title")
}

func configDetails(rec *model.Record) []model.Message {
	pool, wallet, coin := rec.Get("pool"), rec.Get("wallet"), rec.Get("coin")
	switch {
	case wallet != "" && pool != "":
		return []model.Message{model.Msg("miner_configuration.both", "pool", pool, "wallet", wallet, "coin", coin)}
	case wallet != "":
		return []model.Message{model.Msg("miner_configuration.wallet", "wallet", wallet, "coin", coin)}
	case pool != "":
		return []model.Message{model.Msg("miner_configuration.pool", "pool", pool)}
	}
	return []model.Message{model.Msg("miner_configuration.program", "program", rec.Get("program"))}
}

// placeholder says whether a user is what samples of configurations have in place of
// one.
func placeholder(user string) bool {
	u := strings.ToUpper(user)
	return strings.HasPrefix(u, "YOUR_") || strings.Contains(u, "WALLET_ADDRESS") ||
		strings.HasPrefix(u, "<") && strings.HasSuffix(u, ">")
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
