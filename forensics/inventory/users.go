package inventory

import (
	"slices"
	"strings"
	"time"

	"icecore/forensics/model"
)

func userList() List {
	return List{
		Name: "users", Doc: "Accounts of passwd(5), with what shadow(5), sudoers(5), authorized_keys and the log-in records state of them.",
		Extractors: []string{"accounts", "sudoers", "sshkeys", "utmp", "wtmpdb"},
		Columns: []Column{
			{Name: "name", Doc: "of the account"},
			{Name: "uid", Type: model.Number, Doc: "its number"},
			{Name: "gid", Type: model.Number, Doc: "the number of its group", Hidden: true},
			{Name: "home", Doc: "its home directory"},
			{Name: "shell", Doc: "its shell"},
			{Name: "password", Doc: "set, empty (none is asked for), locked, none (none can match); unknown where shadow(5) has no line"},
			{Name: "hash", Doc: "the type of the hash", Hidden: true},
			{Name: "changed", Doc: "date of the last change of the password, or `at the next login`"},
			{Name: "last_login", Doc: "the last log-in that wtmp, lastlog or their successors state, UTC"},
			{Name: "sudo", Type: model.List, Doc: "what sudo lets it run: (as whom) tags: commands"},
			{Name: "keys", Type: model.Number, Doc: "valid lines of its authorized_keys"},
			{Name: "groups", Type: model.List, Doc: "groups besides its own that have it as a member", Hidden: true},
			{Name: "invalid", Doc: "why the line is none of the format", Hidden: true},
		},
		rows: userRows,
	}
}

// account names an account of a host.
type account struct{ host, name string }

// userFacts is what other files state of accounts.
type userFacts struct {
	shadow map[account]*model.Record
	groups map[account][]string
	group  map[account]string // the name of a group, by its number
	login  map[account]time.Time
	lastOf map[account]time.Time // by the number of the account
	rules  []*model.Record
	alias  map[account][]string // members of a User_Alias
	keys   []*model.Record
}

func factsOf(in *Input) *userFacts {
	f := &userFacts{
		make(map[account]*model.Record), make(map[account][]string), make(map[account]string), make(map[account]time.Time),
		make(map[account]time.Time), nil, make(map[account][]string), nil,
	}
	later := func(m map[account]time.Time, k account, t time.Time) {
		if t.After(m[k]) {
			m[k] = t
		}
	}
	kinds := []model.Kind{
		model.AccountShadow, model.AccountGroup, model.LoginSession, model.LoginLast, model.SudoRule, model.SudoAlias, model.SSHKey,
	}
	for _, r := range in.live(kinds...) {
		k := account{r.Source.Host, r.Get("name")}
		switch r.Kind {
		case model.AccountShadow:
			if f.shadow[k] == nil && !r.Is("backup") {
				f.shadow[k] = r
			}
		case model.AccountGroup:
			if r.Is("backup") {
				continue
			}
			f.group[account{k.host, r.Get("gid")}] = k.name
			for _, m := range r.List("members") {
				m := account{k.host, m}
				f.groups[m] = append(f.groups[m], k.name)
			}
		case model.LoginSession:
			later(f.login, account{k.host, r.Get("user")}, r.Time("login"))
		case model.LoginLast:
			if user := r.Get("user"); user != "" { // of lastlog2
				later(f.login, account{k.host, user}, r.Time("logged"))
			} else {
				if user := r.Get("user"); user != "" { // of lastlog2
					later(f.login, account{k.host, user}, r.Time("logged"))
				} else {
					later(f.lastOf, account{k.host, r.Get("uid")}, r.Time("logged"))
				}
			}
		case model.SudoRule:
			if !r.Has("ignored") {
				f.rules = append(f.rules, r)
			}
		case model.SudoAlias:
			if r.Get("type") == "User" {
				f.alias[k] = append(f.alias[k], r.List("members")...)
			}
		default:
			if !r.Has("invalid") {
				f.keys = append(f.keys, r)
			}
		}
	}
	return f
}

func userRows(in *Input) []Row {
	f := factsOf(in)
	var out []Row
	for _, r := range in.live(model.AccountUser) {
		if r.Is("backup") {
			continue
		}
		k := account{r.Source.Host, r.Get("name")}
		password, hash, changed := f.password(r)
		last := f.login[k]
		if t := f.lastOf[account{k.host, r.Get("uid")}]; t.After(last) {
			last = t
		}
		out = append(out, Row{[]Cell{
			one(k.name), one(r.Get("uid")), one(r.Get("gid")), one(r.Get("home")), one(r.Get("shell")), one(password), one(hash), one(changed),
			moment(last), f.sudo(r), number(f.keyCount(r)), f.groups[k], one(r.Get("invalid")),
		}, r.Source})
	}
	return out
}

// password says what can be typed for the password of an account. One in passwd(5)
// itself counts before that of shadow(5).
func (f *userFacts) password(r *model.Record) (state, hash, changed string) {
	s := f.shadow[account{r.Source.Host, r.Get("name")}]
	if s == nil {
		s = &model.Record{}
	}
	state, hash, changed = s.Get("password"), s.Get("hash"), s.Get("changed")
	if s.Is("must_change") {
		changed = "at the next login"
	}
	if own := r.Get("password"); own != "" {
		state, hash = own, ""
	}
	if state == "" {
		state = "unknown"
	}
	return state, hash, changed
}

// keyCount counts the keys that log in to an account.
func (f *userFacts) keyCount(r *model.Record) int {
	n := 0
	for _, k := range f.keys {
		if k.Source.Host == r.Source.Host && keyUser(k, r) {
			n++
		}
	}
	return n
}

// keyUser says whether a key logs in to an account: it lies in its home directory, or its
// file is named after the account.
func keyUser(key, user *model.Record) bool {
	p, home := key.Source.InHost(), strings.TrimRight(user.Get("home"), "/")
	if before, _, ok := strings.Cut(p, "/.ssh/"); ok {
		return before == home
	}
	return key.Get("user") == user.Get("name")
}

// sudo gives what sudo lets an account run.
func (f *userFacts) sudo(user *model.Record) []string {
	k := account{user.Source.Host, user.Get("name")}
	groups := slices.Clone(f.groups[k])
	if own := f.group[account{k.host, user.Get("gid")}]; own != "" {
		groups = append(groups, own)
	}
	is := func(who string) bool {
		who = strings.Trim(who, `"`)
		if g, ok := strings.CutPrefix(who, "%"); ok {
			return slices.Contains(groups, g) || g == "#"+user.Get("gid")
		}
		return who == k.name || who == "ALL" || who == "#"+user.Get("uid")
	}
	var out []string
	for _, r := range f.rules {
		if r.Source.Host == k.host && f.granted(k.host, r.List("who"), is, 0) {
			out = append(out, grant(r))
		}
	}
	return out
}

// granted says whether a list of sudoers(5) names a user, aliases replaced. Later items
// count before earlier ones.
func (f *userFacts) granted(host string, who []string, is func(string) bool, depth int) bool {
	const deepest = 8
	found := false
	for _, w := range who {
		name := strings.TrimLeft(w, "!")
		not := (len(w)-len(name))%2 == 1
		members, alias := f.alias[account{host, name}]
		if is(name) || alias && depth < deepest && f.granted(host, members, is, depth+1) {
			found = !not
		}
	}
	return found
}

func grant(r *model.Record) string {
	as := "root"
	if r.Has("runas") {
		as = strings.Join(r.List("runas"), ", ")
	}
	s := "(" + as + ") "
	if tags := r.List("tags"); len(tags) > 0 {
		s += strings.Join(tags, ":") + ": "
	}
	return s + strings.Join(r.List("commands"), ", ")
}
