package scan

import (
	"fmt"
	"testing"

	"icecore/forensics/filesystem"
)

// listed counts how often directories are listed.
type listed struct {
	*tree
	n int
}

func (l *listed) ReadDir(r filesystem.Ref) ([]filesystem.DirEntry, error) {
	l.n++
	return l.tree.ReadDir(r)
}

// TestNeighbours: what stands around programs is read once of a directory, however many of
// them it holds, and each has the others as company.
func TestNeighbours(t *testing.T) {
	scan := func(programs int) (lists, alone int) {
		files := map[string]string{
			"/var/lib/dpkg/status":      "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n",
			"/var/lib/dpkg/info/a.list": "/.\n/usr/bin/a\n", "/usr/bin/a": "x", "/etc/os-release": "ID=debian\n",
		}
		for i := range programs {
			files[fmt.Sprintf("/var/lib/x/y/p%03d", i)] = fmt.Sprintf("\x7fELF%d", i)
		}
		l := &listed{tree: newTree(files)}
		r := scanOf(t, imageOf(l), nil, Options{Jobs: 1}, nil)
		for i := range r.Records {
			if r.Records[i].Get("what") == "data_elf" {
				alone++
			}
		}
		return l.n, alone
	}
	few, alone := scan(2)
	if alone != 2 {
		t.Errorf("of two programs among data %d are said to stand there", alone)
	}
	some, alone := scan(20)
	many, _ := scan(60)
	if alone != 0 {
		t.Errorf("%d of a tree of 20 programs are said to stand alone", alone)
	}
	if some != many || few > many {
		t.Errorf("directories are listed %d times for 2 programs, %d for 20, %d for 60", few, some, many)
	}
}
