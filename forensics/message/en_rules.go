package message

// englishRules are the sentences on rules and lists that the user brought.
var englishRules = map[string]string{
	"gap.sigma.refused": "{count} Sigma {count|rule|rules} not in force",
	"why.sigma.refused": "they can never match here:[ {source} for a log source without records;]" +
		"[ {field} for a field or value that no record has;][ {counts} that count events;] " +
		"`icecore rules check` names each",
	"gap.indicators":        "indicators {file}[, line {line}]",
	"gap.indicators.more":   "indicators of {count} more {count|place|places}",
	"known_indicator.about": "Known indicator",
	"known_indicator.about.text": "A list of indicators given with --iocs-in names the digest or path of a file, or an address, domain, URL or wallet in a record. " +
		"A digest is high; a path, a host or a wallet medium at most, high in an autostart entry, a miner's configuration or an accepted login; failed logins, block lists and files of packages low.",
	"known_indicator.benign":   "Hosts that changed hands; paths that others use as well",
	"known_indicator.title":    "Known {type} {value} in {field}",
	"known_indicator.file":     "File with known {type}",
	"known_indicator.list":     "Listed in {list}[: {comment}][, score {score}].",
	"site.contradiction.about": "Not in the site's profile",
	"site.contradiction.about.text": "With --site: a login from an address, an SSH key or an account with a login shell that the profile of the site does not name, where it names any. " +
		"A finding about the same is raised by one level instead.",
	"site.contradiction.benign": "A profile that is out of date",
	"site.other.address":        "Login from {value}, an address that the site's profile does not name",
	"site.other.key":            "SSH key {value} is not in the site's profile",
	"site.other.account":        "Account {value} is not in the site's profile",
	"site.explained":            "Explained by {file}, line {line}; otherwise {level}.",
	"gap.advisories":            "advisories {file}",
	"known_package.about":       "Package that is known to be malicious or vulnerable",
	"known_package.about.text": "A package of npm, PyPI, RubyGems, Maven, Packagist, Go, crates.io or the distribution is a release that an advisory names: malicious ones (a list of the best-known is embedded, " +
		"--osv adds others) are high, vulnerable ones (--osv) informational, one finding a package.",
	"known_package.benign":     "A copy kept for an investigation",
	"known_package.malicious":  "Malicious release of {manager} package {package}",
	"known_package.vulnerable": "Package {package} has {count} known {count|vulnerability|vulnerabilities}",
	"known_package.ids":        "{ids}[ and {more} more].",
	"known_package.advisory":   "{id}[: {summary}][ ({reference})].",
	"rule.intact":              "Counted as low instead of {level}: the file is as its package installed it.",
	"rule.expected":            "Counted as low instead of {level}: the rule expects false positives ({benign}).",
}
