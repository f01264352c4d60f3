package shell

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used: a command
// that reads no script, such as a listing, does not wait for all of them.
type pattern struct{ re func() *regexp.Regexp }

func lazy(expr string) pattern {
	return pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

func (p pattern) MatchString(s string) bool              { return p.re().MatchString(s) }
func (p pattern) FindString(s string) string             { return p.re().FindString(s) }
func (p pattern) FindStringIndex(s string) []int         { return p.re().FindStringIndex(s) }
func (p pattern) FindStringSubmatch(s string) []string   { return p.re().FindStringSubmatch(s) }
func (p pattern) FindAllString(s string, n int) []string { return p.re().FindAllString(s, n) }
func (p pattern) Split(s string, n int) []string         { return p.re().Split(s, n) }
func (p pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.re().FindAllStringSubmatch(s, n)
}

func (p pattern) FindAllStringIndex(s string, n int) [][]int { return p.re().FindAllStringIndex(s, n) }
