// Package engine compiles YARA rules and runs them over bytes. The same code runs
// on the system's libyara (the default), on the one inside
// github.com/Velocidex/go-yara (build tag yara_bundled), and, without cgo, on none:
// then every call gives [ErrUnavailable].
package engine

import "errors"

// ErrUnavailable says that the program was built without YARA.
var ErrUnavailable = errors.New("this program was built without YARA (no cgo)")

// Source is one rule file.
type Source struct{ Name, Namespace, Text string }

// Problem is an error or a warning of the compiler.
type Problem struct {
	File    string
	Line    int
	Text    string
	Warning bool
}

// Info describes a compiled rule.
type Info struct {
	Name, Namespace string
	Tags            []string
	Meta            map[string]string
}

// Externals are the values of the external variables of one scan.
type Externals struct {
	Filename, Filepath, Extension, Filetype, Owner string
	IsELF, IsScript, IsText                        bool
}

// Match is a rule that matched.
type Match struct {
	Info
	Strings []String
}

// String is one place at which a string of a rule matched.
type String struct {
	Name   string
	Offset int64
	Data   []byte // at most maxData bytes
}

const (
	maxData    = 128
	maxStrings = 32 // places listed of one match
)
