package container

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"strings"

	"icecore/forensics/filesystem"
	"icecore/forensics/shell"
)

// finish adds what takes the tree and all state directories to know: what the command
// does, where its programs lie, and what the uppermost layer holds.
func (r *Result) finish(ctx context.Context, tree filesystem.Tree) error {
	lookups, drift := maxLookups, maxDriftAll
	for i := range r.Containers {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := &r.Containers[i]
		c.Facts = commandFacts(c.Command, c.Env)
		c.programs(&rootfs{tree, c.Layers, &lookups})
		if len(c.Layers) > 1 {
			c.Drift = ReadDrift(ctx, tree, c.Layers[0], min(drift, maxDrift))
			drift -= c.Drift.Files
		}
	}
	return nil
}

// commandFacts says what a command does, with what its environment tells a miner.
func commandFacts(command, env []string) shell.Facts {
	f := shell.Analyze(quoted(command))
	if args := minerEnvironment(env); len(args) > 0 && !f.Has("miner_args") {
		if e := shell.Analyze(quoted(args)); e.Has("miner_args") {
			f.Traits = append(f.Traits, "miner_args")
			slices.Sort(f.Traits)
		}
	}
	return f
}

// minerNames are words in the names of variables from which images of miners make the
// arguments of their program.
var minerNames = []struct {
	re     *regexp.Regexp
	option string
}{
	{regexp.MustCompile(`(?i)pool|server|^url$|_url$|host`), "--url"},
	{regexp.MustCompile(`(?i)wallet|user|addr|login`), "--user"},
	{regexp.MustCompile(`(?i)^(mining_)?algo(rithm)?$|_algo$`), "--algo"},
}

// minerEnvironment gives the variables as a miner would take them as arguments: package
// shell knows which of them are a miner's.
func minerEnvironment(env []string) []string {
	out := []string{"env"}
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if !ok || value == "" {
			continue
		}
		for _, m := range minerNames {
			if m.re.MatchString(name) {
				out = append(out, m.option, value)
				break
			}
		}
		if strings.Contains(value, "://") {
			out = append(out, value)
		}
		out = append(out, strings.Fields(value)...) // XMRIG_ARGS=-o pool -u wallet
	}
	if len(out) == 1 {
		return nil
	}
	return out
}

// quoted joins words to a command that a shell would read as them, with quotes where they
// are needed.
func quoted(list []string) string {
	out := make([]string, len(list))
	for i, w := range list {
		if out[i] = w; w == "" || strings.Trim(w, plain) != "" {
			out[i] = shell.Quote(w)
		}
	}
	return strings.Join(out, " ")
}

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%"

// programs finds the programs of the command in the container's root, so that their paths
// are those of the tree. One that is not there keeps no path that the host could have, too.
func (c *Container) programs(r *rootfs) {
	dirs := []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}
	for _, e := range c.Env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			dirs = strings.Split(v, ":")
		}
	}
	if len(dirs) > 20 {
		dirs = dirs[:20]
	}
	list := make([]string, 0, len(c.Facts.Programs))
	for _, p := range c.Facts.Programs {
		var at string
		var ok bool
		if strings.Contains(p, "/") {
			name := p
			if !path.IsAbs(name) {
				name = path.Join("/", cmp.Or(c.WorkDir, "/"), name)
			}
			if at, ok = r.find(name); !ok && len(c.Layers) > 0 {
				at, ok = c.Layers[0]+path.Clean(name), true
			}
		} else {
			// Package shell gives ./run without its directory.
			for _, dir := range append(dirs[:len(dirs):len(dirs)], cmp.Or(c.WorkDir, "/")) {
				if at, ok = r.find(path.Join("/", dir, p)); ok {
					break
				}
			}
		}
		if !ok {
			at = path.Base(p)
		}
		list = append(list, at)
	}
	c.Facts.Programs = list
}
