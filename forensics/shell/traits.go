package shell

// TraitInfo is one row of the table of traits: something that a command does.
type TraitInfo struct {
	Name string
	// Doc says what the command does, as the rest of a sentence that begins with "the
	// command", in Markdown.
	Doc string
	// Common marks what so many harmless commands do that it is no reason to point at a
	// line.
	Common bool
}

// Traits returns the table of traits, in the order of docs/records.md. It is the one
// list of them: the code, the rules and the page are held against it by tests.
func Traits() []TraitInfo {
	return []TraitInfo{
		{Name: "fetch", Doc: "passes a URL or host to a download tool", Common: true},
		{Name: "pipe_to_shell", Doc: "pipes a download into a shell or interpreter"},
		{Name: "fetch_exec", Doc: "downloads a file and executes it"},
		{Name: "decode_exec", Doc: "decodes something and executes it"},
		{Name: "temp_exec", Doc: "executes a program in a world-writable directory"},
		{
			Name: "hidden_exec",
			Doc: "executes a program with a hidden component in its path, other than the usual ones of homes and projects " +
				"(`.nvm`, `.cargo`, `.acme.sh`, `.venv`, ...)",
		},
		{Name: "dots_dir", Doc: "uses a path with a component of three or more dots, or of blanks"},
		{Name: "dev_tcp", Doc: "opens a connection through `/dev/tcp` or `/dev/udp`"},
		{Name: "reverse_shell", Doc: "connects a shell's input and output to the network"},
		{Name: "background", Doc: "leaves a program running in the background", Common: true},
		{Name: "history_off", Doc: "disables or clears the shell history"},
		{Name: "chattr", Doc: "changes the immutable or append-only attribute of files that decide who gets in or what runs"},
		{Name: "key_write", Doc: "writes an `authorized_keys` file"},
		{
			Name: "preload_write", Doc: "writes `ld.so.preload`",
		},
		{Name: "cron_write", Doc: "writes or removes a crontab, other than by taking lines out of it"},
		{Name: "log_wipe", Doc: "empties or deletes system logs, or lines of them"},
		{Name: "kill_list", Doc: "kills at least three programs by name"},
		{Name: "miner_args", Doc: "carries the arguments of a miner"},
		{Name: "interpreter_fetch", Doc: "downloads from within Python, Perl, PHP, Ruby or Node.js"},
		{Name: "encoded", Doc: "carries a long base64 or hex string that decodes to text"},
		{Name: "path_odd", Doc: "puts a hidden or world-writable directory into `PATH`"},
		{Name: "preload_env", Doc: "sets `LD_PRELOAD` or `LD_AUDIT`, except for allocators and the like in the system's directories"},
		{Name: "bind_shell", Doc: "gives a shell to whoever connects to a port"},
		{Name: "account_write", Doc: "writes `passwd`, `shadow` or `group`, makes an account with UID 0, or sets a password"},
		{Name: "sudo_write", Doc: "writes rules of sudo, doas, polkit or PAM"},
		{Name: "startup_write", Doc: "writes a unit, an init script, a start-up file of a shell or another autostart entry"},
		{Name: "agents_off", Doc: "stops, disables, removes or kills a security agent, auditd or a log daemon"},
		{Name: "guard_off", Doc: "switches off SELinux, AppArmor or the firewall"},
		{Name: "module_load", Doc: "loads a kernel module from a file"},
		{Name: "process_hide", Doc: "mounts something over a process in `/proc`, or replaces, renames, diverts or redefines tools such as `ps`"},
		{Name: "setuid_set", Doc: "sets the setuid bit or capabilities equivalent to root"},
		{Name: "timestomp", Doc: "sets the times of files of the system, or of files it wrote"},
		{Name: "send_secret", Doc: "sends keys, hashes, credentials or typed passwords over the network"},
		{Name: "alias_filter", Doc: "filters the output of `ps`, `top`, `ls`, `netstat` or the like"},
	}
}

// telling are the traits that make a line worth pointing at.
var telling = notCommon()

func notCommon() map[string]bool {
	out := make(map[string]bool)
	for _, t := range Traits() {
		out[t.Name] = !t.Common
	}
	return out
}
