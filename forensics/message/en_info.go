package message

// englishInfo are the fixed texts of the description of an image.
var englishInfo = map[string]string{
	"report.info.image":            "image",
	"report.info.taken":            "taken",
	"report.info.taken-unknown":    "unknown: no filesystem that could be read holds a time",
	"report.info.system":           "system",
	"report.info.system-is":        "{os}, host {hostname}, time zone {zone} (volume {volume})",
	"report.info.system-none":      "none found: no filesystem holds /etc/os-release, /etc/hostname or /etc/machine-id",
	"report.info.columns":          "volume, scheme, offset, size, type, content, label, status",
	"report.info.read":             "read",
	"report.info.unread":           "not read",
	"report.info.scanned":          "scanned",
	"report.info.filesystem":       "{volume}: {type}, {state}, {blocks} blocks of {size} bytes, {inodes} inodes",
	"report.info.created":          "created",
	"report.info.mounted":          "last mount",
	"report.info.mounted-on":       "mounted on",
	"report.info.written":          "last write",
	"report.info.features":         "features",
	"report.info.journal":          "journal",
	"report.info.journal-none":     "none",
	"report.info.journal-clean":    "nothing to replay[; commits {first} to {last}]",
	"report.info.journal-replayed": "{count} {n|transaction|transactions} ({blocks} {blocks|block|blocks}) replayed in memory[; commits {first} to {last}]",
	"report.info.journal-raw":      "{count} {n|transaction|transactions} ({blocks} {blocks|block|blocks}) NOT replayed[; commits {first} to {last}]",
	"report.info.gaps":             "Coverage gaps:",
}
