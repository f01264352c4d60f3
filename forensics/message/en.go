package message

import "maps"

// English returns the English catalogue.
func English() *Catalogue {
	texts := make(map[string]string)
	for _, part := range []map[string]string{englishCoverage, englishUnread, englishFindings, englishActs, englishRules, englishAnalyses, englishReport, englishPage, englishInfo} {
		maps.Copy(texts, part)
	}
	return &Catalogue{Lang: "en", texts: texts}
}
