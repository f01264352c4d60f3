package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"icecore/forensics/message"
)

// plainWords matches what no responder would write in a report.
var plainWords = regexp.MustCompile(`(?i)everybody may|\bfolders?\b|odd place|\btold\b|led nowhere|` +
	`runs by itself|what mines|\bat at\b|looked (at|into)`)

// TestWords: help and messages are in the field's English.
func TestWords(t *testing.T) {
	check := func(where, s string) {
		for _, m := range plainWords.FindAllString(s, -1) {
			t.Errorf("%s says %q: %s", where, m, s)
		}
	}
	commands := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		commands++
		for _, s := range []string{c.Short, c.Long, c.Example, c.UsageString()} {
			for _, line := range strings.Split(s, "\n") {
				check(c.CommandPath(), line)
			}
			// A phrase may be broken across lines.
			check(c.CommandPath(), strings.Join(strings.Fields(s), " "))
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&app{}).root())
	if commands < 15 {
		t.Errorf("only %d commands", commands)
	}
	messages := 0
	for _, l := range message.Languages() {
		for _, id := range l.IDs() {
			messages++
			text, _ := l.Template(id)
			check(l.Lang+" "+id, text)
		}
	}
	if messages < 50 {
		t.Errorf("only %d messages", messages)
	}
}

// TestHelp: every command says in one line what it does, every flag what it is for, and
// no line of help is wider than a screen.
func TestHelp(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 70 {
			t.Errorf("%s: %q", c.CommandPath(), c.Short)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if kind := f.Value.Type(); f.Usage == "" || kind != "bool" && kind != strings.ToUpper(kind) {
				t.Errorf("%s --%s %s: %s", c.CommandPath(), f.Name, kind, f.Usage)
			}
		})
		for _, line := range strings.Split(c.Long+"\n"+c.Example, "\n") {
			if len(line) > 90 {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), len(line), line)
			}
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk((&app{}).root())
}
