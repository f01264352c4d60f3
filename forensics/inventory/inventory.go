// Package inventory lists what a server has, benign things too: cron jobs, units,
// autostart entries, accounts, keys, log-ins, packages, containers, listeners, mounts and
// deleted files. It turns records into rows, one file a list.
//
// It judges nothing and leaves nothing out but what a list's description names. The rows
// of a list are those of the server itself first, then those of the hosts within it, in
// the order of their sources, or in an order that the list's description gives. The same
// analysis gives the same rows.
package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"icecore/forensics/guard"
	"icecore/forensics/model"
)

// List is one inventory.
type List struct {
	Name string // on the command line
	Doc  string // one line: what it lists, and in which order
	// Extractors names those whose records it is made of; none: all.
	Extractors []string
	// Image marks a list that is made from the files of the image itself: an
	// analysis.json does not hold it.
	Image bool
	// Packages marks the list for which the package databases are read.
	Packages bool
	Columns  []Column
	rows     func(*Input) []Row
}

// Column is one column of a list.
type Column struct {
	Name string // snake_case: the name in JSON and CSV
	Type model.Type
	Doc  string
	// Hidden leaves it out of the table for a screen, which has no room for all.
	Hidden bool
}

// Cell is one value: no items where it is unknown or empty, several only in a list. A
// number is in decimal digits, a yes/no value yes or no, a time RFC 3339 in UTC.
type Cell []string

// Row is one thing of a list, and where its facts were read.
type Row struct {
	Cells  []Cell // one a column
	Source model.Source
}

// Input is what lists are made of. Only Analysis must be there.
type Input struct {
	Analysis *model.Analysis
	// Package gives the package that owns the file at a source, empty where none does
	// or ownership is unknown.
	Package func(*model.Source) string
	// Packages replaces the packages of the records by those that a package database
	// gives, verified or not.
	Packages []Package
	// Mounts are what the system mounts, besides the mount units of the records.
	Mounts []Mount
	// Deleted are the deleted and orphan files of the image.
	Deleted []Deleted
}

// Lists returns all lists, in the order of the help. To add one, write a file with its
// columns and rows, and one line here.
func Lists() []List {
	return []List{
		cronList(), unitList(), autostartList(), userList(), keyList(), loginList(), packageList(), containerList(),
		listenerList(), mountList(), deletedList(),
	}
}

// Find returns the list of a name.
func Find(name string) (List, error) {
	lists := Lists()
	if i := slices.IndexFunc(lists, func(l List) bool { return l.Name == name }); i >= 0 {
		return lists[i], nil
	}
	return List{}, fmt.Errorf("no list %q; there are %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all lists.
func Names() []string {
	var out []string
	for _, l := range Lists() {
		out = append(out, l.Name)
	}
	return out
}

// Rows makes the rows of a list. A panic in it is an error.
func (l *List) Rows(in *Input) (rows []Row, err error) {
	err = guard.Do("list "+l.Name, func() error {
		rows = l.rows(in)
		order := hostOrder(in.Analysis)
		slices.SortStableFunc(rows, func(a, b Row) int { return order[a.Source.Host] - order[b.Source.Host] })
		return nil
	})
	return rows, err
}

// hostOrder gives the place of each host in the analysis. What belongs to none comes first.
func hostOrder(a *model.Analysis) map[string]int {
	out := make(map[string]int, len(a.Hosts))
	for i := range a.Hosts {
		out[a.Hosts[i].ID] = i
	}
	return out
}

// one makes a cell of a text, empty or not.
func one(s string) Cell {
	if s == "" {
		return nil
	}
	return Cell{s}
}

// yes makes a cell of a yes/no value.
func yes(v bool) Cell {
	if v {
		return Cell{"yes"}
	}
	return Cell{"no"}
}

// number makes a cell of a number.
func number[N ~int | ~int64 | ~uint64](n N) Cell { return Cell{fmt.Sprint(n)} }

// moment makes a cell of a time, to the second.
func moment(t time.Time) Cell {
	if t.IsZero() {
		return nil
	}
	return Cell{t.UTC().Format(time.RFC3339)}
}

// owner makes the cell of the package that owns the file of a record.
func (in *Input) owner(src *model.Source) Cell {
	if in.Package == nil {
		return nil
	}
	return one(in.Package(src))
}

// live gives the records of some kinds that a file of the running system gave.
func (in *Input) live(kinds ...model.Kind) []*model.Record {
	var out []*model.Record
	for i := range in.Analysis.Records {
		if r := &in.Analysis.Records[i]; r.Source.State == model.Live && slices.Contains(kinds, r.Kind) {
			out = append(out, r)
		}
	}
	return out
}

// Columns that several lists have.
func packageColumn() Column {
	return Column{Name: "package", Doc: "the package that owns the file; empty: none, or unknown"}
}

func modifiedColumn() Column { return Column{Name: "modified", Doc: "the file was modified, UTC"} }

func ignoredColumn() Column { return Column{Name: "ignored", Doc: "why it is not run"} }
