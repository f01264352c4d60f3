// Package engine compiles YARA rules and runs them over bytes. The same code runs
// on the system's libyara (the default), on the one inside
// github.com/Velocidex/go-yara (build tag yara_bundled), and, without cgo, on none:
// then every call gives [ErrUnavailable].
//
// Rules are compiled into two sets, one for text and one for all other content, so
// that text is not searched for machine code, nor programs for PHP. What a rule
// wants to know of a file apart from its bytes (what kind of program it is, where
// it stands, who owns it) comes as external variables: [Externals].
package engine

import (
	"errors"
	"fmt"

	"icecore/forensics/text"
)

// ErrUnavailable says that the program was built without YARA.
var ErrUnavailable = errors.New("this program was built without YARA (no cgo)")

// Set says what content a rule file is made for.
type Set uint8

// The sets. The zero value is that of the users' rules.
const (
	Any Set = iota
	Binary
	Text
)

// String gives the name of the set, as `icecore rules list` shows it.
func (s Set) String() string {
	return [...]string{"any", "binary", "text"}[s%3]
}

// Source is one rule file. Files of one namespace must not use the name of a rule
// twice.
type Source struct {
	Name, Namespace, Text string
	For                   Set
}

// Problem is an error or a warning of the compiler.
type Problem struct {
	File    string
	Line    int // 0: unknown
	Text    string
	Warning bool
}

// String writes the problem as compilers do: file, line, kind, text.
func (p Problem) String() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s: %s", text.Escape(p.File), p.Line, kind, text.Escape(p.Text))
	}
	return fmt.Sprintf("%s: %s: %s", text.Escape(p.File), kind, text.Escape(p.Text))
}

// Info describes a compiled rule.
type Info struct {
	Name, Namespace string
	Tags            []string
	Meta            map[string]string
	File            string // of [Rules.List]: where the rule stands
	Line            int
	For             Set
}

// Externals are the values of the external variables of one scan: what rules may
// ask about a file. The variable's name in a rule is the field's name in
// snake_case (ELFType: elf_type, IsELF: is_elf); docs/rules.md explains each.
// Text that a field holds is as on the disk, not escaped.
type Externals struct {
	// What public rule sets expect. Filepath begins with "/"; Extension with
	// "."; Filetype is elf, script, text, data or empty; Owner is the package
	// that owns the path.
	Filename, Filepath, Extension, Filetype, Owner string

	IsELF    bool // an ELF file that can be loaded: program, library, module
	IsScript bool // begins with #!
	IsText   bool // text, scripts too
	IsMemory bool // what was in memory: swap, a core dump, an image of memory

	ELFType     string // exec, pie, library, object (kernel modules too), core; empty: no ELF
	ELFMachine  string // x86_64, i386, aarch64, arm, mips, ppc64, riscv, s390x, other
	ELFSections int    // entries of the section table
	ELFSegments int    // entries of the program header table
	ELFStripped bool   // an ELF file without a table of symbols
	ELFStatic   bool   // a program that needs no library
	ELFRWX      bool   // a loaded segment is both writable and executable
	ELFOverlay  int64  // bytes behind everything that the headers name
	ELFExports  string // functions that a library offers, of those that hiders replace: "readdir readdir64"

	IsGo      bool    // made by the Go compiler
	GoModule  string  // the main module: github.com/xmrig/xmrig
	GoPackage string  // the path of the main package
	Entropy   float64 // bits per byte of an ELF file's first 4 MiB; 0: not computed
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
	maxStrings = 32      // places listed of one match
	maxPlaces  = 8       // of them, of one string
	secondPass = 8 << 20 // bytes: larger content gives the first place of each string alone
)
