package model

import "slices"

// Kinds of accounts, keys, rights and shell histories.
const (
	AccountUser    Kind = "account.user"
	AccountShadow  Kind = "account.shadow"
	AccountGroup   Kind = "account.group"
	SSHKey         Kind = "ssh.key"
	SSHDOption     Kind = "sshd.option"
	SudoRule       Kind = "sudo.rule"
	SudoAlias      Kind = "sudo.alias"
	SudoDefault    Kind = "sudo.default"
	SudoInclude    Kind = "sudo.include"
	SudoOddity     Kind = "sudo.oddity"
	PolkitRule     Kind = "polkit.rule"
	HistoryFile    Kind = "history.file"
	HistoryCommand Kind = "history.command"
	HistoryPath    Kind = "history.path"
	HistoryHost    Kind = "history.host"
)

func accountKinds() []KindInfo {
	backup := yesField("of the copy that the shadow tools leave", "backup")
	invalid := textField("why the line is none of the format", "invalid")
	ignored := textField("why sudo would not read the file", "ignored")
	const sudoers = "sudoers(5), doas.conf(5). Extractor `sudoers`."
	return []KindInfo{
		{
			Kind: AccountUser, Group: GroupAccounts, From: "passwd(5). Extractor `accounts`.", Doc: "An account. Values are not trimmed.", Role: Account,
			Fields: slices.Concat(
				textField("of the account", "name"), textField("where it stands in passwd itself: set, empty", "password"), textField("the number that the C library reads; as written in a line that is invalid", "uid", "gid"),
				textField("what is written, where it is another text", "uid_written", "gid_written"), textField("the field of that name", "gecos"),
				pathField("the fields of that name", "home", "shell"), backup, invalid,
			),
		},
		{
			Kind: AccountShadow, Group: GroupAccounts, From: "shadow(5). Extractor `accounts`.", Doc: "The password of an account. The hash itself is never in a record.", Role: Account,
			Fields: slices.Concat(
				textField("of the account", "name"), textField("set, locked, none, empty", "password"), textField("its type", "hash"), textField("date of the last change", "changed"), yesField("at the next login", "must_change"), textField("date", "expires"), backup, invalid,
			),
		},
		{
			Kind: AccountGroup, Group: GroupAccounts, From: "group(5). Extractor `accounts`.", Doc: "A group.", Role: Account,
			Fields: slices.Concat(
				textField("of the group", "name"), textField("the number that the C library reads; as written in a line that is invalid", "gid"), textField("what is written, where it is another text", "gid_written"), listField("the accounts in it", "members"), textField("set", "password"), backup, invalid,
			),
		},
		{
			Kind: SSHKey, Group: GroupAccounts, From: "authorized_keys: sshd(8). Extractor `sshkeys`.", Doc: "A line of an authorized_keys file.", Role: Account, Runs: true, Technique: "T1098.004",
			Fields: slices.Concat(
				textField("of the key", "type"), textField("SHA256, as ssh-keygen -l prints it", "fingerprint"), textField("of the line", "comment", "options"), textField("whose file it is, as far as its path shows", "user"), textField("why sshd would not take it", "invalid"),
				textField("what stands there instead of base64", "data"), command(),
			),
		},
		{
			Kind: SSHDOption, Group: GroupAccounts, From: "sshd_config(5). Extractor `sshkeys`.", Doc: "An option that decides who gets in.", Role: Account, Runs: true, Technique: "T1098.004",
			Fields: slices.Concat(textField("of the line", "option", "value"), textField("the condition it stands under", "match"), command()),
		},
		{
			Kind: SudoRule, Group: GroupAccounts, From: sudoers, Doc: "Who may run what as whom.", Role: Account,
			Fields: slices.Concat(listField("of the rule, as they are written", "who", "hosts", "runas", "commands"), listField("NOPASSWD, ...", "tags"), yesField("one of its commands needs no password", "nopasswd"), ignored),
		},
		{
			Kind: SudoAlias, Group: GroupAccounts, From: sudoers, Doc: "An alias.",
			Fields: slices.Concat(textField("User, Runas, Host, Cmnd", "type"), textField("of the alias", "name"), listField("of the alias, as they are written", "members"), ignored),
		},
		{
			Kind: SudoDefault, Group: GroupAccounts, From: sudoers, Doc: "A Defaults line.",
			Fields: slices.Concat(textField("what follows Defaults: `@host`, `:user`, `!command`, `>runas`", "scope"), textField("as in the file", "settings"), ignored),
		},
		{
			Kind: SudoInclude, Group: GroupAccounts, From: sudoers, Doc: "A file or directory that is read, too.",
			Fields: slices.Concat(pathField("as in the file", "path"), ignored),
		},
		{
			Kind: SudoOddity, Group: GroupAccounts, From: sudoers, Doc: "A line that is none of these.",
			Fields: slices.Concat(textField("the line", "text"), ignored),
		},
		{
			Kind: PolkitRule, Group: GroupAccounts, From: "polkit(8): `rules.d`, and `.pkla` files of older versions. Extractor `polkit`.",
			Doc: "A grant of polkit. A rule in JavaScript that answers yes whatever is asked is one for all.", Role: Account,
			Fields: slices.Concat(
				listField("who: `unix-user:NAME`, `unix-group:NAME`; `*`: all", "identities"), listField("what; `*`: all", "actions"), textField("yes", "result"),
			),
		},
		{
			Kind: HistoryFile, Group: GroupAccounts, From: "the histories of shells and clients. Extractor `history`.", Doc: "The history of a shell or client.", Role: Log,
			Fields: slices.Concat(
				textField("bash, zsh, mysql, vim, ...", "shell"), textField("whose home directory it lies in", "user"), volatile(numberField("of it", "lines")), volatile(numberField("bytes", "size")), yesField("nothing in it", "empty"), pathField("of a link: /dev/null keeps nothing", "link_target"),
				volatile(numberField("commands over a bound", "left_out")),
			),
			Times: []TimeInfo{about("first", "the first command, where the history has times"), about("last", "the last command")},
		},
		{
			Kind: HistoryCommand, Group: GroupAccounts, From: "the histories of shells. Extractor `history`.", Doc: "A command that an investigation cares for, or that a Sigma rule of the user's matches.", Role: Log, Technique: "T1059.004", Excerpt: []string{"command"},
			Fields: slices.Concat(textField("as typed", "command"), textField("as above", "user", "shell"), command()),
			Times:  []TimeInfo{at("typed", "where the history has times")},
		},
		{
			Kind: HistoryPath, Group: GroupAccounts, From: "`.viminfo` of vim(1), `.lesshst` of less(1). Extractor `history`.", Doc: "A file that a user opened in an editor or pager.", Role: Log, Excerpt: []string{"path"},
			Fields: slices.Concat(pathField("of the file", "path"), textField("as above", "user"), textField("vim, less", "shell")),
			Times:  []TimeInfo{about("opened", "when it was last, as far as the program keeps it")},
		},
		{
			Kind: HistoryHost, Group: GroupAccounts, From: "`.wget-hsts` of wget(1), `known_hosts` of ssh(1) but for hashed names. Extractor `history`.", Doc: "A server that a user connected to.", Role: Log, Excerpt: []string{"host"},
			Fields: slices.Concat(textField("its name or address", "host"), numberField("TCP", "port"), textField("as above", "user"), textField("wget, ssh", "shell")),
			Times:  []TimeInfo{about("contacted", "when it was last, as far as the program keeps it")},
		},
	}
}
