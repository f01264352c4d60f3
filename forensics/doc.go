// Package forensics joins the rooms below it into one analysis: an image is opened
// (host), each of its filesystems is walked once (scan), each file
// goes to the extractors that want it (artifact) and to YARA (content), the records
// are judged (detect), and all that was learnt is an Analysis, from which the
// reports (report, timeline) are made.
//
// It promises: the image is only read; the same image, rules and version give the
// same analysis, however many processors there are; what could not be read stands
// in the coverage; no byte of the image can end the analysis of the rest of it.
package forensics
