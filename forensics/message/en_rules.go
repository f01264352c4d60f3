package message

// englishRules are the sentences on rules and lists that the user brought.
var englishRules = map[string]string{
	"gap.sigma.refused": "{count} Sigma {count|rule|rules} not in force",
	"why.sigma.refused": "they can never match here:[ {source} for a log source without records;]" +
		"[ {field} for a field or value that no record has;][ {text} for words in whole log lines;][ {counts} that count events;] " +
		"`icecore rules check` names each",
	"rule.intact":   "Counted as low instead of {level}: the file is as its package installed it.",
	"rule.expected": "Counted as low instead of {level}: the rule expects false positives ({benign}).",
}
