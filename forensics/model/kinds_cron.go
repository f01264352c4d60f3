package model

import "slices"

// Kinds of cron and at.
const (
	CronJob    Kind = "cron.job"
	CronScript Kind = "cron.script"
	AtJob      Kind = "at.job"
	CronOddity Kind = "cron.oddity"
	CronRun    Kind = "cron.run"
	CronChange Kind = "cron.change"
)

func cronKinds() []KindInfo {
	return []KindInfo{
		{
			Kind: CronJob, Group: GroupCron, From: "`/etc/crontab`, `/etc/cron.d`, the spools of both families, `/etc/crontabs` of Alpine and OpenWrt, `/etc/anacrontab`: crontab(5) of Debian's cron, of cronie and of BusyBox, anacrontab(5). Extractor `cron`.",
			Doc: "One line of a crontab.", Role: Autostart, Technique: "T1053.003", Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("as in the file: five fields, or `@reboot` and the like; of anacron `N days`", "schedule"),
				derived(textField("the schedule in words", "description")),
				volatile(numberField("runs on a day on which it runs", "runs_per_day")),
				textField("the user it runs as", "user"),
				textField("up to the first `%`, escapes undone", "command"),
				textField("what follows the `%`", "stdin"),
				listField("the variables set above it, `NAME=value`", "environment"),
				numberField("of a user's table: the owner of the file", "file_uid"),
				textField("why cron would not run it: the name of the file, an error in the table (by the rules of the cron that the system has)", "ignored"),
				command(),
			),
		},
		{
			Kind: CronScript, Group: GroupCron, From: "`/etc/cron.{hourly,daily,weekly,monthly,yearly}`, `/etc/periodic`: run-parts(8). Extractor `cron`.",
			Doc: "A script that run-parts runs at an interval.", Role: Autostart, Technique: "T1053.003", Whole: true, Excerpt: []string{"suspicious_line"},
			Fields: slices.Concat(
				textField("15min, hourly, daily, weekly, monthly, yearly", "period"),
				script(),
				textField("why run-parts would not run it", "ignored"),
			),
		},
		{
			Kind: AtJob, Group: GroupCron, From: "the spools of at(1) and batch(1). Extractor `cron`.",
			Doc: "A job of at(1).", Role: Autostart, Technique: "T1053.002", Whole: true, Excerpt: []string{"suspicious_line"},
			Fields: slices.Concat(
				textField("the letter of the queue, `=` while it runs", "queue"),
				numberField("the user and group it runs as", "uid", "gid"),
				script(),
				textField("why atd would not run it", "ignored"),
			),
			Times: []TimeInfo{at("scheduled", "when it is to run, from the name of the file")},
		},
		{
			Kind: CronOddity, Group: GroupCron, From: "the same files. Extractor `cron`.",
			Doc:    "A crontab that is more than a crontab.",
			Fields: textField("a Redis dump around the lines, binary data, a line without end", "what"),
		},
		{
			Kind: CronRun, Group: GroupCron, From: "the logs of cron. Extractors `authlog`, `journald`.",
			Doc: "Cron logged that it ran a command: proof of execution, also of what was removed since.", Role: Log, Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("the user it ran as", "user"),
				textField("as logged", "command"),
				volatile(numberField("runs in this log", "count")),
				command(),
			),
			Times: []TimeInfo{at("first", "the first run"), about("last", "the last run")},
		},
		{
			Kind: CronChange, Group: GroupCron, From: "the logs of cron. Extractors `authlog`, `journald`.",
			Doc: "crontab(1) logged a change, or cron that it noticed one.", Role: Log,
			Fields: slices.Concat(
				textField("replace, delete, reload, ...", "action"),
				textField("the user who changed it", "user"),
				textField("the user whose table it is", "target"),
			),
			Times: []TimeInfo{at("logged", "when it was logged")},
		},
	}
}
