package message

// englishCoverage are the sentences on what was not read, and why.
var englishCoverage = map[string]string{
	// What.
	"gap.image":      "image {path}",
	"gap.partitions": "{place}",
	"gap.hollow":     "volume {volume}, content of files",
	"gap.root":       "root filesystem",
	"gap.volume":     "volume {volume}[ ({content})]",
	"gap.place":      "volume {volume}, {place}",
	"gap.file":       "volume {volume}, {path}",
	"gap.inode":      "volume {volume}, inode {inode}",
	"gap.path-inode": "volume {volume}, {path} (inode {inode})",
	"gap.ownership":  "package ownership of files[ below {root}]",
	"gap.packages":   "volume {volume}, package database",
	"gap.walk":       "volume {volume}, walk",
	"gap.scripts":    "volume {volume}, scripts started by autostart entries",
	"gap.archives":   "volume {volume}, members of {count} {count|archive|archives}",
	"gap.content":    "content of all files, by YARA",
	"gap.deleted":    "deleted files",
	"gap.records":    "records {kind}",
	"gap.more":       "{count} more {count|place|places}",
	"gap.sigma":      "Sigma rule {file}[, line {line}]",
	"gap.yara":       "YARA rules {file}[, line {line}]",
	"gap.analysis":   "analysis {name}",
	"gap.report":     "file {name} of the report",

	// Why.
	"why.error":       "{error}",
	"why.extractor":   "{extractor}: {error}",
	"why.option":      "not asked for",
	"why.hollow":      "{hollow} of {count} files looked at are zeros throughout: an image of the metadata alone (e2image), or a copy that left errors out",
	"why.no-root":     "not found on any volume that could be read",
	"why.no-packages": "unknown: no package database could be read",
	"why.volume":      "only volume {volume} was asked for",
	"why.intact":      "not unpacked: they are as their packages installed them",
	"why.scripts":     "more than {limit}; the rest was not read",
	"why.records":     "{kept} of {count} are kept, the first of each file: an analysis holds {limit} of all kinds",
	"why.more":        "not listed: the coverage holds the first {limit}",
	"why.walk":        "{error}; what it had not reached was not read",
}
