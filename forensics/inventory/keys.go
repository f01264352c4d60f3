package inventory

import "icecore/forensics/model"

func keyList() List {
	return List{
		Name: "keys", Doc: "Lines of authorized_keys files: who may log in by key.",
		Extractors: []string{"sshkeys", "accounts"},
		Columns: []Column{
			{Name: "user", Doc: "the account that the key logs in to"},
			{Name: "type", Doc: "of the key"},
			{Name: "fingerprint", Doc: "SHA256, as `ssh-keygen -l` prints it"},
			{Name: "comment", Doc: "of the line"},
			{Name: "options", Doc: "of the line"},
			{Name: "invalid", Doc: "why sshd would not take it"},
			modifiedColumn(),
		},
		rows: keyRows,
	}
}

func keyRows(in *Input) []Row {
	accounts := in.live(model.AccountUser)
	var out []Row
	for _, r := range in.live(model.SSHKey) {
		user := r.Get("user")
		for _, a := range accounts {
			if a.Source.Host == r.Source.Host && !a.Is("backup") && keyUser(r, a) {
				user = a.Get("name")
				break
			}
		}
		out = append(out, Row{[]Cell{
			one(user), one(r.Get("type")), one(r.Get("fingerprint")), one(r.Get("comment")), one(r.Get("options")), one(r.Get("invalid")),
			moment(r.Time("modified")),
		}, r.Source})
	}
	return out
}
