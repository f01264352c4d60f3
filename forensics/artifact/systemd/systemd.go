// Package systemd reads unit files, drop-ins and the links that enable, mask and
// alias units, of the system and of users; which generators there are, whose units
// run without a login, and when timers last ran.
//
// The syntax is that of systemd.syntax(7), the search path that of
// systemd.unit(5), the prefixes and quoting of commands those of
// systemd.service(5).
//
// Records:
//
//	systemd.unit      unit, type (service, timer, ...), dropin (yes), scope
//	                  (user), linked_to (where a link leads out of the directories of
//	                  units), masked (yes: empty, or a link to /dev/null), and
//	                  where they stand there: description, documentation, user,
//	                  group, service_type, wanted_by, required_by, also, alias,
//	                  restart, environment (once for each variable),
//	                  environment_file, working_directory, root_directory; of
//	                  timers on_calendar, on_boot, on_startup, on_active,
//	                  on_inactive, persistent; of timers and paths triggers (the
//	                  unit that they start); of sockets listen; of paths watches;
//	                  of mounts what, where; resets (a list that an empty
//	                  assignment clears), traits (of the environment), error
//	                  (why systemd would not load it)
//	systemd.exec      unit, scope, directive (ExecStart, ...), dropin, prefix
//	                  (-, @, +, !, :), command, argv0 (what ps shows instead of
//	                  the program), user, and of the command programs, urls,
//	                  traits, decoded (package shell); one for each command
//	systemd.enabled   unit, target (of the link), wanted_by, scope, missing (yes:
//	                  the target does not exist)
//	systemd.alias     unit, target, scope: another name for a unit
//	systemd.generator name, scope, interpreter, programs, urls, traits, decoded,
//	                  suspicious_line: a program that makes units at every boot
//	systemd.linger    user: whose units run without a login
//	systemd.ran       unit; stamp last: when a timer ran, as systemd keeps it
package systemd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"icecore/forensics/artifact"
	"icecore/forensics/artifact/unitfile"
	"icecore/forensics/model"
	"icecore/forensics/shell"
)

// Extractor implements artifact.Extractor.
type Extractor struct{}

// Name implements artifact.Extractor.
func (Extractor) Name() string { return "systemd" }

// Patterns implements artifact.Extractor.
func (Extractor) Patterns() []string {
	var out []string
	for _, dir := range []string{
		"/etc/systemd/system", "/etc/systemd/system.control", "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.control", "/run/systemd/transient",
		"/run/systemd/generator", "/run/systemd/generator.early", "/run/systemd/generator.late", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system", "/var/lib/systemd/system",
		"/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/local/share/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user", "/usr/share/systemd/user",
		"~/.config/systemd/user", "~/.config/systemd/user.control", "~/.config/systemd/user.attached", "~/.local/share/systemd/user", "/var/lib/*/.config/systemd/user", "/var/lib/*/.local/share/systemd/user",
	} {
		out = append(out, dir+"/*", dir+"/*/*")
	}
	for _, dir := range []string{"/etc/systemd/", "/run/systemd/", "/usr/local/lib/systemd/", "/usr/lib/systemd/", "/lib/systemd/"} {
		out = append(out, dir+"system-generators/*", dir+"user-generators/*", dir+"system-environment-generators/*", dir+"user-environment-generators/*")
	}
	return append(out, "/var/lib/systemd/linger/*", "/var/lib/systemd/timers/*")
}

var unitTypes = map[string]bool{".service": true, ".timer": true, ".socket": true, ".path": true, ".mount": true, ".automount": true, ".target": true, ".slice": true, ".swap": true, ".scope": true, ".device": true}

const (
	maxDirectives = 20_000
	maxCommands   = 1000
	maxSize       = 8 << 20 // bytes of all values of a unit
	maxVariables  = 100
	maxExpanded   = 1 << 20 // bytes of a command with its variables in their place
	maxFields     = 200     // values of one directive
)

// Extract implements artifact.Extractor.
func (Extractor) Extract(ctx context.Context, in *artifact.Input, emit artifact.Emit) error {
	dir, name := path.Dir(in.Path), path.Base(in.Path)
	parent := path.Base(dir)
	u := &unit{ctx: ctx, emit: emit, name: name, file: in.Path, home: "/root"}
	if strings.Contains(dir, "/systemd/user") {
		u.scope = "user"
		u.owner = in.Owner("~/.config/systemd/**/*", "~/.local/share/systemd/**/*")
		u.home = homeOf(in.Path)
	}
	switch {
	case dir == "/var/lib/systemd/linger":
		r := artifact.Record{Kind: model.SystemdLinger}
		r.Add("user", name)
		emit(r)
		return nil
	case dir == "/var/lib/systemd/timers":
		return ran(in, strings.TrimPrefix(name, "stamp-"), emit)
	case strings.HasSuffix(parent, "-generators"):
		if in.Content == nil || in.Target == "/dev/null" {
			return nil
		}
		r := artifact.Record{Kind: model.SystemdGenerator}
		r.Add("name", name)
		r.Add("scope", u.scope)
		err := shell.AddScript(&r, in.Content)
		if strings.Contains(parent, "-environment-") {
			prints(&r, in)
		}
		if in.Inode != nil && in.Inode.Mode&0o111 == 0 {
			r.Add("ignored", "not executable")
		}
		emit(r)
		return err
	}
	target := in.Target
	if target != "" && !strings.HasPrefix(target, "/") {
		target = path.Join(dir, target)
	}
	for _, kind := range []string{".wants", ".requires", ".upholds"} {
		if wants, ok := strings.CutSuffix(parent, kind); ok && in.Target != "" {
			r := artifact.Record{Kind: model.SystemdEnabled}
			r.Add("unit", name)
			r.Add("target", in.Target)
			r.Add("wanted_by", wants)
			r.Add("scope", u.scope)
			if in.Content == nil && target != "/dev/null" {
				r.AddBool("missing", true)
			}
			emit(r)
			if in.Content == nil {
				return nil
			}
			if known(in.Path, target) {
				if instance(name) == "" {
					return nil
				}
				u.instance = true // its commands are those of the template with its name
			} else {
				u.linked = in.Target
			}
			return u.read(in)
		}
	}
	switch {
	case strings.HasSuffix(parent, ".d") && strings.HasSuffix(name, ".conf"):
		u.name, u.dropin = strings.TrimSuffix(parent, ".d"), true
	case !unitTypes[path.Ext(name)] || strings.HasSuffix(parent, ".d"):
		return nil
	}
	switch {
	case target == "/dev/null" || in.Target == "" && in.Content != nil && in.Content.Size() == 0 && !u.dropin:
		r := artifact.Record{Kind: model.SystemdUnit}
		u.head(&r)
		r.AddBool("masked", true)
		emit(r)
		return nil
	case in.Target != "" && known(in.Path, target):
		r := artifact.Record{Kind: model.SystemdAlias}
		r.Add("unit", u.name)
		r.Add("target", in.Target)
		r.Add("scope", u.scope)
		emit(r)
		return nil
	}
	u.linked = in.Target
	if in.Content == nil {
		if in.Target == "" {
			return nil
		}
		r := artifact.Record{Kind: model.SystemdUnit}
		u.head(&r)
		r.Add("error", "the target of the link does not exist")
		emit(r)
		return nil
	}
	return u.read(in)
}

func ran(in *artifact.Input, unit string, emit artifact.Emit) error {
	if in.Inode == nil || path.Ext(unit) != ".timer" {
		return nil
	}
	t := in.Inode.Mtime.Time()
	if t.IsZero() {
		return nil
	}
	r := artifact.Record{Kind: model.SystemdRan, Times: []artifact.Stamp{{What: "last", Time: t}}}
	r.Add("unit", unit)
	emit(r)
	return nil
}

// unit reads one unit file or drop-in.
type unit struct {
	ctx                       context.Context
	emit                      artifact.Emit
	name, file, scope, linked string
	owner                     string // of a user's own unit: the user
	home                      string // of the user whose manager runs it: %h
	dropin                    bool
	instance                  bool // only the commands that the name of the instance is put into are wanted

	list  []unitfile.Directive
	env   []string // NAME=value, in the order in which systemd sets them: files last
	user  string
	unset int  // variables over the bound
	cut   bool // a command was longer than maxExpanded
}

func (u *unit) head(r *artifact.Record) {
	r.Add("unit", u.name)
	r.Add("type", strings.TrimPrefix(path.Ext(u.name), "."))
	if u.dropin {
		r.AddBool("dropin", true)
	}
	r.Add("scope", u.scope)
	r.Add("linked_to", u.linked)
}

// separated are the directives that hold several names with blanks between them.
var separated = map[string]bool{
	"Documentation": true, "WantedBy": true, "RequiredBy": true, "UpheldBy": true, "Also": true, "Alias": true,
}

// fields are the directives that are recorded, and as what.
var fields = map[string]string{
	"Description": "description", "Documentation": "documentation", "User": "user", "Group": "group", "Type": "service_type", "WantedBy": "wanted_by", "RequiredBy": "required_by", "UpheldBy": "wanted_by", "Also": "also", "Alias": "alias",
	"Restart": "restart", "EnvironmentFile": "environment_file", "WorkingDirectory": "working_directory", "RootDirectory": "root_directory", "OnCalendar": "on_calendar", "OnBootSec": "on_boot", "OnStartupSec": "on_startup",
	"OnUnitActiveSec": "on_active", "OnUnitInactiveSec": "on_inactive", "OnActiveSec": "on_active", "Persistent": "persistent", "Unit": "triggers", "ListenStream": "listen", "ListenDatagram": "listen", "ListenFIFO": "listen",
	"PathExists": "watches", "PathExistsGlob": "watches", "PathChanged": "watches", "PathModified": "watches", "DirectoryNotEmpty": "watches", "What": "what", "Where": "where",
}

// commands are the directives whose value is a command (systemd.service(5),
// systemd.socket(5)).
var commands = map[string]bool{"ExecStart": true, "ExecStartPre": true, "ExecStartPost": true, "ExecCondition": true, "ExecReload": true, "ExecReloadPost": true, "ExecStop": true, "ExecStopPre": true, "ExecStopPost": true}

func (u *unit) read(in *artifact.Input) error {
	size := 0
	err := unitfile.Parse(io.NewSectionReader(in.Content, 0, in.Content.Size()), func(d unitfile.Directive) error {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		if size += len(d.Value); len(u.list) == maxDirectives || size > maxSize {
			return artifact.Cut(fmt.Errorf("more than %d directives or %d bytes; the rest was not read", maxDirectives, maxSize))
		}
		u.list = append(u.list, d)
		return nil
	})
	r := artifact.Record{Kind: model.SystemdUnit, Source: artifact.Source{Length: in.Content.Size()}}
	u.head(&r)
	reset := make(map[string]bool)
	last := make(map[string]int) // assignment of each directive
	for i, d := range u.list {
		last[d.Name] = i
	}
	left := 0
	for i, d := range u.list {
		switch {
		case d.Value == "":
			if !reset[d.Name] && (commands[d.Name] || fields[d.Name] != "" || d.Name == "Environment") {
				reset[d.Name] = true
				r.Add("resets", d.Name)
			}
		case d.Name == "Environment":
			for _, w := range unitfile.Words(d.Value) {
				switch {
				case !strings.Contains(w, "="):
				case len(u.env) == maxVariables:
					u.unset++
				default:
					u.env = append(u.env, w)
					r.AddText("environment", w)
				}
			}
		case fields[d.Name] == "":
		case model.SystemdUnit.Info().Field(fields[d.Name]).Type != model.List:
			// Of a directive that stands more than once, the last one counts.
			if i == last[d.Name] {
				r.AddText(fields[d.Name], d.Value)
			}
		default:
			values := []string{d.Value}
			if separated[d.Name] {
				values = unitfile.Words(d.Value)
			}
			for _, v := range values {
				if len(r.List(fields[d.Name])) == maxFields {
					left++
					continue
				}
				r.AddText(fields[d.Name], v)
			}
		}
	}
	if u.user = r.Get("user"); u.owner != "" {
		u.user = u.owner // the manager of a user becomes no other
	}
	if ext := path.Ext(u.name); (ext == ".timer" || ext == ".path") && !u.dropin && !r.Has("triggers") {
		r.Add("triggers", strings.TrimSuffix(u.name, ext)+".service")
	}
	u.files(in)
	exported := u.exported()
	if p := u.value("ExecSearchPath"); p != "" {
		exported += "export PATH=" + shell.Quote(p) + "\n"
	}
	if f := shell.Analyze(exported); len(f.Traits) > 0 {
		r.AddList("traits", f.Traits)
	}
	if errors.Is(err, unitfile.ErrBadSection) {
		r.Add("error", err.Error())
		err = nil
	}
	if !u.instance {
		u.emit(r)
	}
	n := 0
	for _, d := range u.list {
		if !commands[d.Name] || d.Value == "" || u.instance && !namesInstance.MatchString(d.Value) {
			continue
		}
		for _, c := range unitfile.Commands(d.Value) {
			if n++; n > maxCommands {
				return artifact.Cut(fmt.Errorf("more than %d commands; the rest was not read", maxCommands))
			}
			u.emit(u.exec(d, c))
		}
		if err := u.ctx.Err(); err != nil {
			return err
		}
	}
	if left > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("%d values of directives were not read: more than %d of one", left, maxFields)))
	}
	if u.unset > 0 {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("%d variables were not read: more than %d", u.unset, maxVariables)))
	}
	if u.cut {
		err = errors.Join(err, artifact.Cut(fmt.Errorf("a command is longer than %d bytes with its variables; its end was not read", maxExpanded)))
	}
	return err
}
