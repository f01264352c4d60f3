package detect

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"

	"icecore/forensics/model"
)

const (
	maxTouched     = 2000 // items that are listed in all
	maxOfGroup     = 500  // of them of one group of one window
	churnDays      = 3    // other days on which a directory changes whose change is ordinary
	maxTouchedName = 4096
)

// findTouched lists everything that changed within each window: files by the times of
// their inodes, what logs state, and apart from them what changes there anyway.
func (c *collection) findTouched() {
	if len(c.windows) == 0 {
		return
	}
	hosts := byHost(c.windows)
	g := &gathered{groups: make(map[groupKey]*changes)}
	if c.in.Files != nil {
		ways := c.habits(hosts)
		proof := c.proofFiles()
		seen := make(map[fileRef]bool)
		c.in.Files(func(f *FileTimes) bool {
			w, at, how := touchedBy(hosts[f.Host], f)
			if w == nil {
				return true
			}
			ref := fileRef{f.Volume, f.Inode, 0}
			if f.State != model.Live && seen[ref] || len(f.Dir)+len(f.Name) > maxTouchedName {
				return true // a deleted inode that is known from several places
			}
			seen[ref] = f.State != model.Live
			g.add(w, c.groupOf(f, how, ways, proof[ref]), model.TouchedItem{
				Time: at, Change: how, Volume: f.Volume, Path: f.Path(), Inode: f.Inode, State: f.State,
			})
			return c.ctx.Err() == nil
		})
	}
	c.touchedRecords(hosts, g)
	c.touched = g.list(c.windows)
}

// touchedBy says in which window a file changed, when, and how.
func touchedBy(list []*window, f *FileTimes) (*window, time.Time, string) {
	if list == nil {
		return nil, time.Time{}, ""
	}
	times := []struct {
		sec int64
		how string
	}{{f.Created, "created"}, {f.Changed, "changed"}, {f.Modified, "modified"}}
	switch {
	case f.State == model.Deleted:
		times = times[1:2]
		times[0].how = "deleted"
	case f.dir():
		times = times[:1] // a directory changes with each file in it
	}
	for _, t := range times {
		if w := index(list, t.sec); w != nil {
			how := t.how
			if how == "changed" && f.Modified == f.Changed {
				how = "modified"
			}
			return w, time.Unix(t.sec, 0).UTC(), how
		}
	}
	return nil, time.Time{}, ""
}

// habits are the days on which files of a directory changed outside of all windows, one
// bit for each of 64 days in turn.
type habits map[fileKey]uint64

// habits looks when each directory of data changes, and the tree of a database.
func (c *collection) habits(hosts map[string][]*window) habits {
	out := make(habits)
	c.in.Files(func(f *FileTimes) bool {
		list := hosts[f.Host]
		if list == nil || f.Name == "" || f.State != model.Live || f.dir() || !data(f.Dir) {
			return c.ctx.Err() == nil
		}
		var days uint64
		for _, t := range [...]int64{f.Created, f.Changed, f.Modified} {
			if t > 0 && index(list, t) == nil {
				days |= 1 << (t / 86400 % 64)
			}
		}
		if days != 0 {
			out[fileKey{f.Host, f.Dir}] |= days
			if tree := treeOf(f.Dir); tree != f.Dir {
				out[fileKey{f.Host, tree}] |= days
			}
		}
		return c.ctx.Err() == nil
	})
	return out
}

func (h habits) daily(f *FileTimes) bool {
	return bits.OnesCount64(h[fileKey{f.Host, f.Dir}]) >= churnDays ||
		bits.OnesCount64(h[fileKey{f.Host, treeOf(f.Dir)}]) >= churnDays
}

// treeOf gives the directory of an application's data in which a directory lies:
// /var/lib/mysql/ of /var/lib/mysql/shop/.
func treeOf(dir string) string {
	for _, top := range []string{"/var/lib/", "/var/log/", "/var/cache/"} {
		if rest, ok := strings.CutPrefix(dir, top); ok {
			if i := strings.IndexByte(rest, '/'); i >= 0 {
				return top + rest[:i+1]
			}
		}
	}
	return dir
}

// data says whether a directory holds what programs write all the time. Where programs,
// configuration and what starts lie, no change is ordinary.
func data(dir string) bool {
	switch {
	case strings.HasPrefix(dir, "/var/spool/cron/"), strings.HasPrefix(dir, "/var/spool/at/"), strings.HasPrefix(dir, "/var/tmp/"),
		strings.HasPrefix(dir, "/var/www/"), strings.HasPrefix(dir, "/var/lib/systemd/linger/"), strings.HasPrefix(dir, "/var/lib/dpkg/info/"):
		return false
	case strings.HasPrefix(dir, "/var/"), strings.HasPrefix(dir, "/run/"):
		return !strings.Contains(dir, "/.ssh/")
	}
	return strings.Contains(dir, "/.cache/") || strings.HasPrefix(dir, "/srv/") || strings.HasPrefix(dir, "/data/")
}

// proofFiles are the files that findings are about.
func (c *collection) proofFiles() map[fileRef]bool {
	out := make(map[fileRef]bool)
	for i := range c.findings {
		if f := &c.findings[i]; f.Level >= Low && f.Source.Path+f.Source.Volume != "" && !c.byID[f.Records[0]].Kind.IsLog() {
			out[fileRef{f.Source.Volume, f.Source.Inode, 0}] = true
		}
	}
	return out
}

// groupOf says what kind of change it is.
func (c *collection) groupOf(f *FileTimes, how string, ways habits, proof bool) model.TouchedGroup {
	p := f.Path()
	if f.State == model.Deleted {
		return model.TouchedDeleted
	}
	if p != "" {
		if g := groupOfPath(p); g != "" {
			return g
		}
		if !proof && !f.dir() && !f.executable() && data(f.Dir) && ways.daily(f) {
			return model.TouchedChurn
		}
		if !proof && !f.Nested && c.in.Owner != nil {
			if owner, _ := c.in.Owner(f.Host, p); owner != "" && (f.dir() || c.in.Installed == nil || c.in.Installed(f.Host, p)) {
				return model.TouchedPackaged
			}
		}
	}
	if how == "created" {
		return model.TouchedMade
	}
	return model.TouchedChanged
}

// startDirs are directories whose files start by themselves.
var startDirs = []string{
	"/etc/cron", "/var/spool/cron/", "/var/spool/at/", "/etc/systemd/", "/lib/systemd/system", "/usr/lib/systemd/system",
	"/run/systemd/", "/usr/local/lib/systemd/", "/etc/init.d/", "/etc/init/", "/etc/rc", "/etc/profile", "/etc/update-motd.d/",
	"/etc/udev/rules.d/", "/lib/udev/rules.d/", "/usr/lib/udev/rules.d/", "/etc/modules", "/etc/modprobe.d/", "/etc/ld.so.",
	"/etc/xdg/autostart/", "/etc/network/if-", "/etc/NetworkManager/dispatcher.d/", "/etc/logrotate.d/", "/etc/apt/apt.conf.d/",
	"/etc/crontab", "/etc/anacrontab", "/etc/bash.bashrc", "/etc/bashrc", "/etc/inittab", "/etc/environment", "/var/lib/systemd/linger/",
}

// startNames are files in a home that start by themselves.
var startNames = []string{
	"/.bashrc", "/.bash_profile", "/.bash_login", "/.bash_logout", "/.bash_aliases", "/.profile", "/.zshrc", "/.zshenv", "/.zprofile", "/.zlogin",
	"/.config/fish/config.fish", "/.xinitrc", "/.xprofile", "/.xsessionrc",
}

// groupOfPath says what a path alone tells, empty: nothing.
func groupOfPath(p string) model.TouchedGroup {
	in := func(list []string, has func(string, string) bool) bool {
		return slices.ContainsFunc(list, func(s string) bool { return has(p, s) })
	}
	switch {
	case strings.Contains(p, "/.ssh/"), strings.HasPrefix(p, "/etc/ssh/"):
		return model.TouchedKeys
	case in([]string{"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/subuid", "/etc/subgid", "/etc/pam.d/", "/etc/security/", "/etc/polkit-1/", "/etc/doas"}, strings.HasPrefix):
		return model.TouchedAccounts
	case in(startDirs, strings.HasPrefix), in(startNames, strings.HasSuffix),
		strings.Contains(p, "/.config/systemd/user/"), strings.Contains(p, "/.config/autostart/"):
		return model.TouchedStarts
	case in([]string{"/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog", "/var/log/auth.log", "/var/log/secure", "/run/utmp", "/var/run/utmp", "/var/lib/wtmpdb/", "/var/lib/lastlog/"}, strings.HasPrefix):
		return model.TouchedLoginLogs
	}
	return ""
}

// touchedRecords adds what logs state: packages, accounts, logins.
func (c *collection) touchedRecords(hosts map[string][]*window, g *gathered) {
	for i := range c.in.Records {
		rec := &c.in.Records[i]
		var to model.TouchedGroup
		switch rec.Kind {
		case model.DpkgAction, model.AptCommand:
			to = model.TouchedPackages
		case model.PackageEntry:
			if rec.Time("installed").IsZero() {
				continue
			}
			to = model.TouchedPackages
		case model.AuthUseradd, model.AuthUsermod, model.AuthUserdel, model.AuthGroupadd, model.AuthPasswd:
			to = model.TouchedAccounts
		case model.AuthLogin, model.LoginSession, model.AuthSudo, model.AuthSu, model.AuthSftp:
			to = model.TouchedLogins
		default:
			continue
		}
		at := rec.When().Time
		if rec.Kind == model.PackageEntry {
			at = rec.Time("installed")
		}
		if c.secondary(rec) || at.IsZero() {
			continue
		}
		if w := index(hosts[c.machine(rec.Source.Host)], at.Unix()); w != nil {
			g.add(w, to, model.TouchedItem{
				Time: at, Change: "logged", Volume: rec.Source.Volume, Path: rec.Source.InHost(), Inode: rec.Source.Inode,
				State: rec.Source.State, Record: rec.ID,
			})
		}
	}
}

type groupKey struct {
	window string
	group  model.TouchedGroup
}

// changes are those of one group of one window, the first of them in full.
type changes struct {
	count int64
	items []model.TouchedItem
}

// gathered are the changes, within bounds.
type gathered struct{ groups map[groupKey]*changes }

func (g *gathered) add(w *window, to model.TouchedGroup, item model.TouchedItem) {
	k := groupKey{w.ID, to}
	if g.groups[k] == nil {
		g.groups[k] = &changes{}
	}
	x := g.groups[k]
	x.count++
	if x.items = append(x.items, item); len(x.items) == 2*maxOfGroup {
		x.trim(maxOfGroup)
	}
}

// trim keeps the first items in the order of time.
func (x *changes) trim(n int) {
	slices.SortStableFunc(x.items, func(a, b model.TouchedItem) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Volume, b.Volume), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Inode, b.Inode))
	})
	x.items = x.items[:min(n, len(x.items))]
}

// list gives the groups of each window in their order; all share in what is listed, so
// that many of one crowd out none of another.
func (g *gathered) list(windows []window) []model.Touched {
	var sizes []int
	for _, x := range g.groups {
		sizes = append(sizes, min(len(x.items), maxOfGroup))
	}
	slices.Sort(sizes)
	share, left := maxTouched, maxTouched
	for i, n := range sizes {
		if fair := left / (len(sizes) - i); n > fair {
			share = fair
			break
		}
		left -= n
	}
	var out []model.Touched
	for i := range windows {
		for _, name := range model.TouchedGroups() {
			x := g.groups[groupKey{windows[i].ID, name}]
			if x == nil {
				continue
			}
			x.trim(min(share, maxOfGroup))
			out = append(out, model.Touched{Window: windows[i].ID, Group: name, Count: x.count, Items: x.items})
		}
	}
	return out
}
