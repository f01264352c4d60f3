// Package rules holds the YARA rules in force, icecore's own and those of the user,
// and the tools for those who write rules: checking, testing, measuring.
package rules
