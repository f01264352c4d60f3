package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Schedule is when a job runs: a bit for each minute, hour, day, month, day of
// the week (0 and 7 are Sunday, bit 0).
type Schedule struct {
	Minute, Hour, Day, Month, Weekday uint64
	// AnyDay and AnyWeekday say that the field began with a star: crontab(5)
	// takes a day that matches either field only where neither does.
	AnyDay, AnyWeekday bool
	Reboot             bool // at boot only
	// Random says that a range with ~ stands in it: one value of the range,
	// which cron picks when it starts. The bits are those of the whole range.
	Random bool
}

var (
	monthNames   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// named are the schedules that have a name.
var named = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *", "@every_minute": "* * * * *",
}

// ParseSchedule reads the five fields of crontab(5), or a name such as @daily.
func ParseSchedule(text string) (Schedule, error) {
	var s Schedule
	if strings.HasPrefix(text, "@") {
		if strings.EqualFold(text, "@reboot") {
			return Schedule{Reboot: true}, nil
		}
		fields, ok := named[strings.ToLower(text)]
		if !ok {
			return s, fmt.Errorf("no schedule is named %q", text)
		}
		text = fields
	}
	f := strings.Fields(text)
	if len(f) != 5 {
		return s, fmt.Errorf("%d fields, not five", len(f))
	}
	for i, x := range []struct {
		name     string
		min, max int
		names    []string
		out      *uint64
	}{
		{"minute", 0, 59, nil, &s.Minute}, {"hour", 0, 23, nil, &s.Hour}, {"day of month", 1, 31, nil, &s.Day}, {"month", 1, 12, monthNames, &s.Month}, {"day of week", 0, 7, weekdayNames, &s.Weekday},
	} {
		bits, random, err := parseField(f[i], x.min, x.max, x.names)
		if err != nil {
			return s, fmt.Errorf("%s: %w", x.name, err)
		}
		*x.out = bits
		s.Random = s.Random || random
	}
	if s.Weekday&(1<<7) != 0 {
		s.Weekday = s.Weekday&^(1<<7) | 1
	}
	s.AnyDay, s.AnyWeekday = strings.HasPrefix(f[2], "*"), strings.HasPrefix(f[4], "*")
	return s, nil
}

func parseField(text string, low, high int, names []string) (set uint64, random bool, err error) {
	for _, part := range strings.Split(text, ",") {
		span, step, hasStep := strings.Cut(part, "/")
		n := 1
		if hasStep {
			if n, err = strconv.Atoi(step); err != nil || n < 1 || n > 1<<16 {
				return 0, false, fmt.Errorf("%q is no step", step)
			}
		}
		from, to := low, high
		switch a, b, isRange := strings.Cut(span, "-"); {
		case span == "*":
		case strings.Contains(span, "~"):
			random = true
			a, b, _ := strings.Cut(span, "~")
			if a != "" {
				if from, err = value(a, low, high, names); err != nil {
					return 0, false, err
				}
			}
			if b != "" {
				if to, err = value(b, low, high, names); err != nil {
					return 0, false, err
				}
			}
		default:
			if from, err = value(a, low, high, names); err != nil {
				return 0, false, err
			}
			switch {
			case isRange:
				if to, err = value(b, low, high, names); err != nil {
					return 0, false, err
				}
			case !hasStep:
				to = from
			}
		}
		if from > to {
			return 0, false, fmt.Errorf("%q runs backwards", span)
		}
		for v := from; v <= to; v += n {
			set |= 1 << v
		}
	}
	return set, random, nil
}

func value(s string, low, high int, names []string) (int, error) {
	for i, n := range names {
		if strings.EqualFold(s, n) {
			return i + low, nil
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high || s[0] == '+' {
		return 0, fmt.Errorf("%q is not between %d and %d", s, low, high)
	}
	return n, nil
}

// Matches says whether a job runs in the minute of t.
func (s Schedule) Matches(t time.Time) bool {
	if s.Reboot || s.Minute>>t.Minute()&1 == 0 || s.Hour>>t.Hour()&1 == 0 || s.Month>>int(t.Month())&1 == 0 {
		return false
	}
	day, weekday := s.Day>>t.Day()&1 == 1, s.Weekday>>int(t.Weekday())&1 == 1
	if s.AnyDay || s.AnyWeekday {
		return day && weekday
	}
	return day || weekday
}

// RunsPerDay gives how often a job runs on a day on which it does.
func (s Schedule) RunsPerDay() int {
	return bits.OnesCount64(s.Minute) * bits.OnesCount64(s.Hour)
}

// Describe says a schedule in English.
func Describe(text string) string {
	if strings.EqualFold(text, "@reboot") {
		return "at every boot"
	}
	s, err := ParseSchedule(text)
	if err != nil {
		return ""
	}
	f := strings.Fields(text)
	if n, ok := named[strings.ToLower(text)]; ok {
		f = strings.Fields(n)
	}
	return timeOfDay(s, f) + days(s, f)
}

func timeOfDay(s Schedule, f []string) string {
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

func days(s Schedule, f []string) string {
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
