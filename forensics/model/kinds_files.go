package model

import "slices"

// Kinds of what the walk finds in every file.
const (
	YARAMatch   Kind = "yara.match"
	MinerConfig Kind = "miner.config"
	FileNotable Kind = "file.notable"
)

func fileKinds() []KindInfo {
	kind := textField("elf, core (memory dump), script, text, data, empty", "file_type")
	owner := textField("the package that owns the path", "owner")
	state := textField("intact, changed: compared with the checksum that the owner states", "package_state")
	origin := slices.Concat(
		textField("who brought a file that no package owns, as manifests of other installers state: python:requests@2.31.0", "origin"),
		textField("intact, changed (digest or size), listed (named, not compared), inferred, later (written after the installation), unlisted (among the files of a component that does not name it)", "origin_state"),
	)
	return []KindInfo{
		{
			Kind: YARAMatch, Group: GroupFiles, From: "every file, and what it carries.", Doc: "A YARA rule matched a file.", Whole: true, Excerpt: []string{"strings"},
			Fields: slices.Concat(
				textField("its name", "rule"), textField("of a rule that is not icecore's", "namespace"), volatile(textField("of the rule's meta", "level", "description")), volatile(listField("of the rule's meta: those of ATT&CK", "technique")), kind, owner, state, origin, volatile(numberField("bytes", "size")),
				volatile(listField("those that matched, with offset", "strings")),
			),
		},
		{
			Kind: MinerConfig, Group: GroupFiles, From: "every file, command line and program.", Doc: "What was read of a miner's configuration.", Technique: "T1496.001",
			Fields: slices.Concat(
				textField("the program that it configures", "program"),
				textField("configuration (a file of one, or its pool object in memory or a program), command, assignments (environment, INI, YAML), text (an address alone)", "found_in"),
				textField("what hid it: base64, hex, outermost first", "encoding"),
				textField("as in the file", "pool"), textField("of the pool", "host"), numberField("of the pool", "port"), yesField("the pool is reached by TLS", "tls"), textField("the login", "user"), textField("whose checksum is right", "wallet"), textField("of the wallet", "coin"),
				textField("its name", "worker"), textField("the algorithm", "algo"), numberField("percent", "donate_level"), textField("through which the pool is reached", "proxy"), kind, owner, state, origin,
			),
		},
		{
			Kind: FileNotable, Group: GroupFiles, From: "every file; `world_writable` of those that decide who is root or what runs. Extractor `writable`.", Doc: "What is unusual about a file itself.", Whole: true,
			Fields: slices.Concat(
				textField("setuid_unowned, setgid_unowned, setuid_added, kernel_thread_name, hidden_elf, temp_elf, temp_library, data_elf, appended_script, immutable_resolver, orphan_elf, orphan_empty, package_file_changed, component_file_changed, immutable, device_outside_dev, old_mtime, script, kernel_module_unowned, kernel_module_extra, pam_module_unowned, nss_module_unowned, file_capabilities, world_writable, autostart_cut", "what"),
				kind, owner, origin, volatile(numberField("bytes", "size")), textField("permissions, octal", "mode"), textField("of old_mtime: temp, hidden, system; of setuid and setgid programs: temp, hidden, data, programs, local, home, tool, other, shell (a copy of one)", "place"), textField("of a device node: major and minor", "device"),
				listField("of file_capabilities: those that the program may use, `cap_setuid` and the like", "capabilities"), yesField("it has them from its start", "effective"), numberField("the user who is root of the namespace that they count in", "rootid"), command(),
			),
		},
	}
}
