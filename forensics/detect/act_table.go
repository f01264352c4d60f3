package detect

import (
	"slices"

	"icecore/forensics/model"
)

// class is a kind of starter: those of one class are judged alike.
type class uint8

// The classes, in the order of the table's columns.
const (
	classAutostart class = iota
	classOnce
	classHostContainer
	classContainer
	classPackage
	classInstall
	classBuild
	classSetting
	classTyped
	classLogged
	classScript
	classes int = iota
)

// classInfo describes a class.
type classInfo struct {
	name string
	doc  string // which starters belong to it
}

func classTable() [classes]classInfo {
	return [classes]classInfo{
		classAutostart: {"autostart", "cron, at, systemd, init, login shells, PAM, sshd and SSH keys, sudo, udev, the kernel, hooks of any service, what an interpreter loads by itself; and every script that they start"},
		classOnce:      {"first boot", "cloud-init, where it runs once"},
		classHostContainer: {"container with access to the host", "a container that is privileged, sees the host's processes, " +
			"or mounts its root directory, one of its disks or the socket of a container engine"},
		classContainer: {"container", "the command and the environment of any other container"},
		classPackage:   {"package script", "maintainer scripts of dpkg, scriptlets of rpm, scripts of apk"},
		classInstall:   {"install script", "life-cycle scripts of npm, Composer, RubyGems and pip"},
		classBuild:     {"build job", "jobs of continuous integration, tasks of editors, image builds"},
		classSetting:   {"setting", "a value of any other configuration that holds a command"},
		classTyped:     {"typed", "shell histories, sudo"},
		classLogged:    {"logged", "what cron, at or the audit system says it ran"},
		classScript:    {"loose script", "a script in a world-writable directory, or a deleted one"},
	}
}

// group says what a part of an intrusion an act belongs to: acts of several groups in one
// script weigh more than those of one.
type group uint8

const (
	groupNone group = iota
	groupRun
	groupStay
	groupAccess
	groupHide
	groupGain
)

// act is one row of the table: what a command does, and how serious that is by what
// starts it.
type act struct {
	name       string // a trait of package shell
	says       model.Message
	group      group
	phase      model.Phase
	techniques []string
	levels     [classes]Level
}

// levels reads one letter a class: i(nformational), l(ow), m(edium), h(igh), c(ritical).
func levels(letters string) (out [classes]Level) {
	n := 0
	for _, b := range letters {
		if b == ' ' || n == classes {
			continue
		}
		out[n] = map[rune]Level{'i': Informational, 'l': Low, 'm': Medium, 'h': High, 'c': Critical}[b]
		n++
	}
	return out
}

// acts is the table act x starter -> level. Every act of package shell stands in it, and
// no cell is empty: tests see to that. An informational act makes no finding of its own.
func acts() []act {
	const (
		stay, run, hide, mine = PhasePersistence, PhaseExecution, PhaseEvasion, PhaseMining
	)
	return []act{
		//                                                                       auto once host cont pack inst build set typed log script
		{"miner_args", model.Msg("act.miner_args"), groupGain, mine, list("T1496.001"), levels("c c c c c c c c h c h")},
		{"reverse_shell", model.Msg("act.reverse_shell"), groupRun, run, list("T1059.004"), levels("h h h h h h h h m h h")},
		{"bind_shell", model.Msg("act.bind_shell"), groupRun, run, list("T1059.004"), levels("h h h m h h m h m h h")},
		{"dots_dir", model.Msg("act.dots_dir"), groupHide, hide, list("T1564.001"), levels("h h h h h h h h m h h")},
		{"pipe_to_shell", model.Msg("act.pipe_to_shell"), groupRun, run, list("T1059.004", "T1105"), levels("h l h m m m l h l m l")},
		{"fetch_exec", model.Msg("act.fetch_exec"), groupRun, run, list("T1059.004", "T1105"), levels("h l h m m m l h l m l")},
		{"decode_exec", model.Msg("act.decode_exec"), groupRun, run, list("T1027", "T1140"), levels("h m h m m m m h m h m")},
		{"send_secret", model.Msg("act.send_secret"), groupAccess, run, list("T1048", "T1552"), levels("h m h m h h m h m h m")},
		{"process_hide", model.Msg("act.process_hide"), groupHide, hide, list("T1564", "T1036"), levels("h m h l m h m h m h m")},
		{"key_write", model.Msg("act.key_write"), groupAccess, stay, list("T1098.004"), levels("h i h l m h m h l l m")},
		{"account_write", model.Msg("act.account_write"), groupAccess, stay, list("T1136.001", "T1098"), levels("h l h i l h m h l l m")},
		{"sudo_write", model.Msg("act.sudo_write"), groupAccess, stay, list("T1548.003"), levels("h l h i l h m h l l m")},
		{"hidden_exec", model.Msg("act.hidden_exec"), groupHide, hide, list("T1564.001"), levels("h l m m m m l h i h l")},
		{"preload_write", model.Msg("act.preload_write"), groupStay, stay, list("T1574.006"), levels("h m h l m h m h m h m")},
		{"preload_env", model.Msg("act.preload_env"), groupStay, stay, list("T1574.006"), levels("m m m l m m m m m m m")},
		{"agents_off", model.Msg("act.agents_off"), groupHide, hide, list("T1562.001"), levels("h l h l l h l h l m m")},
		{"guard_off", model.Msg("act.guard_off"), groupHide, hide, list("T1562.001", "T1562.004"), levels("l l l i l l l l l l l")},
		{"interpreter_fetch", model.Msg("act.interpreter_fetch"), groupRun, run, list("T1105", "T1059"), levels("m i m l l l l m l m l")},
		{"dev_tcp", model.Msg("act.dev_tcp"), groupRun, run, list("T1059.004", "T1095"), levels("m l m l m m l m l m l")},
		{"temp_exec", model.Msg("act.temp_exec"), groupNone, run, list("T1059.004"), levels("m l m m m m l m i l l")},
		{"cron_write", model.Msg("act.cron_write"), groupStay, stay, list("T1053.003"), levels("m l h l l m l m i m l")},
		{"module_load", model.Msg("act.module_load"), groupHide, stay, list("T1547.006"), levels("m l m m l m l m l m m")},
		{"startup_write", model.Msg("act.startup_write"), groupStay, stay, list("T1543.002", "T1037"), levels("m i h i i m l m i l l")},
		{"log_wipe", model.Msg("act.log_wipe"), groupHide, hide, list("T1070.002"), levels("m l m i l m m m l m m")},
		{"chattr", model.Msg("act.chattr"), groupHide, hide, list("T1222.002"), levels("m l m l m m l m l l l")},
		{"alias_filter", model.Msg("act.alias_filter"), groupHide, hide, list("T1564"), levels("m l m l m m l m l m l")},
		{"path_odd", model.Msg("act.path_odd"), groupStay, stay, list("T1574.007"), levels("m l m l m m l m l m l")},
		{"timestomp", model.Msg("act.timestomp"), groupHide, hide, list("T1070.006"), levels("m l m i l m l m l m m")},
		{"setuid_set", model.Msg("act.setuid_set"), groupAccess, stay, list("T1548.001"), levels("m l m i l m l m l m m")},
		{"kill_list", model.Msg("act.kill_list"), groupGain, run, list("T1489", "T1562.001"), levels("l l l l l l l l l l l")},
		{"history_off", model.Msg("act.history_off"), groupHide, hide, list("T1562.003"), levels("l l l i l l l l l l l")},
		{"encoded", model.Msg("act.encoded"), groupNone, run, list("T1027"), levels("i i i i i i i i i i i")},
		{"fetch", model.Msg("act.fetch"), groupNone, run, list("T1105"), levels("i i i i i i i i i i l")},
		{"background", model.Msg("act.background"), groupNone, run, nil, levels("i i i i i i i i i i i")},
	}
}

func list(s ...string) []string { return s }

// actsByName is the table by the names of its rows.
func actsByName() map[string]*act {
	rows := acts()
	out := make(map[string]*act, len(rows))
	for i := range rows {
		out[rows[i].name] = &rows[i]
	}
	return out
}

// classOf gives the class of what starts the command or script of a record, and false for
// what starts nothing and says nothing of something that ran.
func classOf(rec *model.Record) (class, bool) {
	switch k := rec.Kind; k {
	case model.ContainerAutostart, model.ContainerManual:
		if hostAccess(rec) {
			return classHostContainer, true
		}
		return classContainer, true
	case model.PackageScript:
		return classPackage, true
	case model.HookCommand, model.HookScript:
		return classOfEvent(rec.Get("event")), true
	case model.StartedScript:
		if model.Kind(rec.Get("starter")) == model.HookCommand {
			return classOfEvent(rec.Get("starter_event")), true
		}
		return classAutostart, true
	case model.HistoryCommand, model.AuthSudo:
		if rec.Get("shell") == "postgresql" {
			return classAutostart, true // nobody typed it: a database ran it
		}
		return classTyped, true
	case model.FileNotable:
		return classScript, rec.Get("what") == "script"
	default:
		if k.IsLog() {
			return classLogged, true
		}
		return classAutostart, true
	}
}

// classOfEvent gives the class of a hook by its event.
func classOfEvent(event string) class {
	switch event {
	case "cloud-init-once":
		return classOnce
	case "npm", "composer", "gem", "pip", "editor-extension", "install":
		return classInstall
	case "ci", "build", "task":
		return classBuild
	case "configuration":
		return classSetting
	}
	return classAutostart
}

// hostAccess says whether a container reaches the host.
func hostAccess(rec *model.Record) bool {
	return slices.ContainsFunc(rec.List("risky"), func(r string) bool {
		switch r {
		case "privileged", "host_pid", "host_root_mounted", "docker_socket_mounted", "host_disk_mounted":
			return true
		}
		return false
	})
}
