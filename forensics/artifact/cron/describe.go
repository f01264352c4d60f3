package cron

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe says in English when a job runs.
func (s Schedule) Describe() string {
	switch {
	case s.Reboot:
		return "at every boot"
	case s.Never():
		return "never"
	}
	return timeOfDay(s) + days(s)
}

func timeOfDay(s Schedule) string {
	f := s.fields
	minutes, hours := list(s.Minute), list(s.Hour)
	step, even := strings.CutPrefix(f[0], "*/")
	hourStep, hourEven := strings.CutPrefix(f[1], "*/")
	during := ""
	switch {
	case len(hours) == 24:
	case hourEven && hourStep != "1":
		during = ", in every " + ordinal(hourStep) + " hour"
	case len(hours) > 1 && hours[len(hours)-1]-hours[0] == len(hours)-1:
		during = fmt.Sprintf(", from %02d:00 to %02d:59", hours[0], hours[len(hours)-1])
	default:
		during = ", in the hours " + joined(hours)
		if len(hours) == 1 {
			during = fmt.Sprintf(", from %02d:00 to %02d:59", hours[0], hours[0])
		}
	}
	switch {
	case s.Random:
		return "at a moment that cron picks" + during
	case len(minutes) == 60:
		return "every minute" + during
	case even:
		return "every " + step + " minutes" + during
	case len(minutes)*len(hours) <= 6 && len(hours) < 24 && !hourEven:
		var at []string
		for _, h := range hours {
			for _, m := range minutes {
				at = append(at, fmt.Sprintf("%02d:%02d", h, m))
			}
		}
		return "every day at " + strings.Join(at, ", ")
	case len(minutes) == 1:
		return "every hour at minute " + f[0] + during
	}
	return "every hour at the minutes " + joined(minutes) + during
}

func days(s Schedule) string {
	f := s.fields
	var parts []string
	if f[2] != "*" {
		parts = append(parts, "on day "+f[2]+" of the month")
	}
	if f[4] != "*" {
		var names []string
		for _, d := range list(s.Weekday) {
			names = append(names, time.Weekday(d).String())
		}
		parts = append(parts, "on "+strings.Join(names, ", "))
	}
	out := ""
	if len(parts) > 0 {
		word := " or "
		if s.AnyDay || s.AnyWeekday {
			word = " and "
		}
		out = ", " + strings.Join(parts, word)
	}
	if f[3] != "*" {
		var names []string
		for _, m := range list(s.Month) {
			names = append(names, time.Month(m).String())
		}
		out += ", in " + strings.Join(names, ", ")
	}
	return out
}

func list(set uint64) []int {
	var out []int
	for i := range 64 {
		if set>>i&1 == 1 {
			out = append(out, i)
		}
	}
	return out
}

func joined(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

func ordinal(n string) string {
	switch n {
	case "2":
		return "second"
	case "3":
		return "third"
	}
	return n + "th"
}
