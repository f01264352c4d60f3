package model

import "slices"

// Kind names what a record states: cron.job, systemd.unit, auth.login, ...
type Kind string

// KindInfo is one row of the table of kinds.
type KindInfo struct {
	Kind Kind
	// Group is the heading under which docs/records.md lists it.
	Group Group
	// From says what the record is read from, and by which extractors.
	From string
	// Doc says what one record of the kind states.
	Doc string
	// Role says what such a record is to the rest: an autostart, a log, an account.
	Role Role
	// Runs marks a kind of another role whose programs the system runs without a user asking, too: command=
	// of an SSH key, ForceCommand of sshd.
	Runs bool
	// Technique is the ATT&CK technique that the thing stands for where it is an
	// intruder's; empty: none.
	Technique string
	// Whole marks a kind whose fact is the whole file, such as a script: another content is
	// another fact.
	Whole bool
	// Excerpt names the fields of which the first that is there is shown as proof.
	Excerpt []string
	Fields  []FieldInfo
	Times   []TimeInfo
}

// Role says what a record of a kind is to the rest of the analysis.
type Role uint8

// The roles of kinds.
const (
	Fact      Role = iota // none of the others
	Autostart             // something that the system runs without a user asking
	Log                   // what a log states: it happened, also where the file was deleted since
	Account               // an account, a key, a right
)

// String returns the word that docs/records.md uses for the role.
func (r Role) String() string { return [...]string{"", "autostart", "log", "account"}[r] }

// FieldInfo describes a field of a kind.
type FieldInfo struct {
	Name string
	Type Type
	Doc  string
	// Volatile marks what changes without the fact being another one: counts, sizes.
	Volatile bool
	// Derived marks what icecore concludes from the rest of the fact, from a command or the
	// content of the file: another version may conclude more.
	Derived bool
}

// TimeInfo describes a stamp of a kind, besides those of the inode that any record may
// have: modified, changed, created, deleted, accessed.
type TimeInfo struct {
	What string
	Doc  string
	// Identifies marks a time that makes two otherwise equal facts different ones.
	Identifies bool
}

// Group is a heading of docs/records.md.
type Group string

// The groups, in their order.
const (
	GroupCron       Group = "Cron and at"
	GroupSystemd    Group = "Systemd"
	GroupBoot       Group = "Boot, login, and other autostarts"
	GroupContainers Group = "Containers"
	GroupPackages   Group = "Packages"
	GroupNetwork    Group = "Network"
	GroupLogs       Group = "Logs of logins"
	GroupAccounts   Group = "Accounts, keys and shell histories"
	GroupFiles      Group = "Files"
)

// GroupInfo describes a group.
type GroupInfo struct {
	Group Group
	Doc   string // what its kinds share, in Markdown; empty: nothing
}

// Groups returns the groups in their order.
func Groups() []GroupInfo {
	return []GroupInfo{
		{Group: GroupCron},
		{Group: GroupSystemd},
		{Group: GroupBoot},
		{Group: GroupContainers, Doc: "What a container engine says of its containers. An engine's state directory is known by the files in it, wherever it lies."},
		{Group: GroupPackages},
		{Group: GroupNetwork},
		{Group: GroupLogs, Doc: "Text logs and the systemd journal give the same kinds. The line and offset of a record made of several lines are those of the first. " +
			"An event that a text log and the journal both state is one finding, proved by both.\n\n" +
			"Of a record from the journal (see [its notes on the format](../forensics/artifact/journald/journald.md)) the times are exact: the time at which the message was sent, " +
			"else the time at which it was logged. Offset and length are those of the message in the file, or of the program's path; entries with the same message share it."},
		{Group: GroupAccounts},
		{Group: GroupFiles, Doc: "The walk over each volume looks at every file once, and gives these."},
	}
}

// textField and its siblings make the rows of fields that share a type and a
// description.
func textField(doc string, names ...string) []FieldInfo   { return rows(Text, doc, names) }
func pathField(doc string, names ...string) []FieldInfo   { return rows(Path, doc, names) }
func listField(doc string, names ...string) []FieldInfo   { return rows(List, doc, names) }
func numberField(doc string, names ...string) []FieldInfo { return rows(Number, doc, names) }
func yesField(doc string, names ...string) []FieldInfo    { return rows(Bool, doc, names) }

func rows(t Type, doc string, names []string) []FieldInfo {
	out := make([]FieldInfo, len(names))
	for i, n := range names {
		out[i] = FieldInfo{Name: n, Type: t, Doc: doc}
	}
	return out
}

// volatile marks rows as no part of a stable name.
func volatile(in []FieldInfo) []FieldInfo {
	for i := range in {
		in[i].Volatile = true
	}
	return in
}

// derived marks rows as concluded from the rest of the fact.
func derived(in []FieldInfo) []FieldInfo {
	for i := range in {
		in[i].Derived = true
	}
	return in
}

// at makes a stamp that identifies the fact, about one that does not.
func at(what, doc string) TimeInfo    { return TimeInfo{what, doc, true} }
func about(what, doc string) TimeInfo { return TimeInfo{what, doc, false} }

// Every kind with a command or a script has these fields; see "What a command does" in
// docs/records.md.
func command() []FieldInfo {
	return derived(slices.Concat(
		listField("of the command: see [what a command does](#what-a-command-does)", "programs", "urls", "traits", "aside"),
		textField("of the command: see [what a command does](#what-a-command-does)", "decoded"),
	))
}

func script() []FieldInfo {
	return derived(slices.Concat(
		textField("what the `#!` line names; `ELF` or `data` where the file is no script", "interpreter"),
		listField("of the script: see [what a command does](#what-a-command-does); programs are those named by a path", "programs", "urls", "traits", "aside"),
		textField("of the script: see [what a command does](#what-a-command-does)", "decoded"),
		textField("the first line with a trait worth pointing at; the source is its place", "suspicious_line"),
	))
}

// JournalFields are the fields that a record of any kind has, besides its own, where it
// was read from the systemd journal.
func JournalFields() []FieldInfo {
	return slices.Concat(
		volatile(numberField("where in the file the entry stands that names the message: its numbers and times", "entry_offset")),
		volatile(textField("how the bytes at the source are packed: zstd, lz4, xz", "compressed")),
		volatile(yesField("the index of the file does not name the entry", "recovered")),
		textField("program and user id of the sender, where that is neither root nor the program in whose name the message is: any process can log under any name", "sender"),
		yesField("the message does not fit the hash beside it: it was edited in place", "altered"),
		textField("the machine that it came from, in a journal received from others; such a record proves nothing about this host", "remote_host"),
	)
}

var journalFields = JournalFields()

var (
	table    = slices.Concat(cronKinds(), systemdKinds(), bootKinds(), containerKinds(), packageKinds(), networkKinds(), logKinds(), accountKinds(), fileKinds(), demandKinds())
	byKind   = index(table)
	allNames = fieldNames(table)
)

func index(list []KindInfo) map[Kind]*KindInfo {
	out := make(map[Kind]*KindInfo, len(list))
	for i := range list {
		out[list[i].Kind] = &list[i]
	}
	return out
}

func fieldNames(list []KindInfo) map[string]bool {
	out := make(map[string]bool)
	for i := range list {
		for _, f := range list[i].Fields {
			out[f.Name] = true
		}
	}
	for _, f := range journalFields {
		out[f.Name] = true
	}
	return out
}

// Kinds returns the table of kinds, in the order of docs/records.md.
func Kinds() []KindInfo { return slices.Clone(table) }

// IsField says whether any kind has a field of that name.
func IsField(name string) bool { return allNames[name] }

// Info returns the row of a kind, or nil where the table has none.
func (k Kind) Info() *KindInfo { return byKind[k] }

// Field returns the row of a field, also of one that only records from the systemd
// journal have; nil where the kind has no such field.
func (i *KindInfo) Field(name string) *FieldInfo {
	if i == nil {
		return nil
	}
	for n := range i.Fields {
		if i.Fields[n].Name == name {
			return &i.Fields[n]
		}
	}
	for n := range journalFields {
		if journalFields[n].Name == name {
			return &journalFields[n]
		}
	}
	return nil
}

// HasTime says whether a record of the kind may have a stamp of that meaning, of its
// own or of the inode.
func (i *KindInfo) HasTime(what string) bool {
	switch what {
	case "modified", "changed", "created", "deleted", "accessed":
		return true
	}
	return i != nil && slices.ContainsFunc(i.Times, func(t TimeInfo) bool { return t.What == what })
}

func (i *KindInfo) identifies(what string) bool {
	return i != nil && slices.ContainsFunc(i.Times, func(t TimeInfo) bool { return t.What == what && t.Identifies })
}

// typeOf returns the type of a field, Text where the table does not have it.
func (k Kind) typeOf(name string) Type {
	if f := k.Info().Field(name); f != nil {
		return f.Type
	}
	return Text
}

// IsAutostart says whether a record of the kind makes the system run something by
// itself.
func (k Kind) IsAutostart() bool { i := k.Info(); return i != nil && (i.Role == Autostart || i.Runs) }

// IsLog says whether a record of the kind states what a log says.
func (k Kind) IsLog() bool { i := k.Info(); return i != nil && i.Role == Log }

// IsAccount says whether a record of the kind is an account, a key or a right.
func (k Kind) IsAccount() bool { i := k.Info(); return i != nil && i.Role == Account }

// Technique returns the ATT&CK technique that the kind stands for, empty if none.
func (k Kind) Technique() string {
	if i := k.Info(); i != nil {
		return i.Technique
	}
	return ""
}
