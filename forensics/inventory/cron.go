package inventory

import (
	"icecore/forensics/model"
)

func cronList() List {
	return List{
		Name: "cron", Doc: "Jobs of cron, anacron, run-parts and at.",
		Extractors: []string{"cron", "accounts"},
		Columns: []Column{
			{Name: "schedule", Doc: "as in the file; `@daily` and the like for scripts of run-parts; of at(1) the time"},
			{Name: "user", Doc: "the user that it runs as"},
			{Name: "command", Doc: "as in the file; of a script its path"},
			ignoredColumn(), packageColumn(), modifiedColumn(),
		},
		rows: cronRows,
	}
}

func cronRows(in *Input) []Row {
	names := userNames(in)
	var out []Row
	for _, r := range in.live(model.CronJob, model.CronScript, model.AtJob) {
		var schedule, user, command string
		switch r.Kind {
		case model.CronScript:
			schedule, user, command = "@"+r.Get("period"), "root", r.Source.InHost()
		case model.AtJob:
			schedule, command = "", r.Source.InHost()
			if t := moment(r.Time("scheduled")); t != nil {
				schedule = t[0]
			}
			user = names.of(r.Source.Host, r.Get("uid"))
		default:
			schedule, user, command = r.Get("schedule"), r.Get("user"), r.Get("command")
			if in := r.Get("stdin"); in != "" {
				command += "%" + in
			}
		}
		out = append(out, Row{[]Cell{
			one(schedule), one(user), one(command), one(r.Get("ignored")), in.owner(&r.Source), moment(r.Time("modified")),
		}, r.Source})
	}
	return out
}

// users gives the names of accounts by host and number.
type users map[[2]string]string

func userNames(in *Input) users {
	out := make(users)
	for _, r := range in.live(model.AccountUser) {
		k := [2]string{r.Source.Host, r.Get("uid")}
		if _, there := out[k]; !there && !r.Is("backup") {
			out[k] = r.Get("name")
		}
	}
	return out
}

// of gives the name of a user, or the number where no account has it.
func (u users) of(host, uid string) string {
	if name := u[[2]string{host, uid}]; name != "" {
		return name
	}
	return uid
}
