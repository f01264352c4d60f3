package message

// englishFindings are the sentences of findings and of the attack timeline.
var englishFindings = map[string]string{
	// A rule has its own title and description, in the language of its author.
	"rule.title":       "{title}",
	"rule.description": "{description}",
	"text":             "{text}",
	"story.finding":    "{title}[: {path}]",
}
