// Package modeltest makes records for tests.
package modeltest

import (
	"strings"

	"icecore/forensics/model"
)

// Fields makes the fields of a record of that kind from NAME=VALUE pairs; the items of
// a list are separated by commas.
func Fields(kind model.Kind, pairs ...string) model.Fields {
	r := model.Record{Kind: kind}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		if row := kind.Info().Field(name); row != nil && row.Type == model.List {
			r.AddList(name, strings.Split(value, ","))
			continue
		}
		r.Add(name, value)
	}
	return r.Fields
}
