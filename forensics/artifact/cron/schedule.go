package cron

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Family says whose rules a crontab is read by. They differ in small things that decide
// whether a job runs.
type Family uint8

// The families. No version of the other crons takes what neither of these does.
const (
	Debian  Family = iota // cron of Debian and Ubuntu, 3.0pl1
	Cronie                // of Red Hat and most others, all versions: what one of them takes is taken
	BusyBox               // of Alpine and OpenWrt: the schedules of cronie, a % is none of the syntax
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

	fields [5]string // as far as cron reads them
}

var (
	monthNames   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// named are the schedules that have a name, in small letters.
var named = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// ParseSchedule reads the five fields of crontab(5), or a name such as @daily, as the
// cron of that family does: what it takes is taken, however odd, and what makes it
// refuse the line is an error. Words behind the fifth are not allowed.
func ParseSchedule(text string, family Family) (Schedule, error) {
	var s Schedule
	if strings.HasPrefix(text, "@") {
		if text == "@reboot" {
			return Schedule{Reboot: true}, nil
		}
		fields, ok := named[text]
		if !ok {
			return s, fmt.Errorf("no schedule is named %q", shortened(text))
		}
		text = fields
	}
	f := strings.Fields(text)
	if len(f) != 5 {
		return s, fmt.Errorf("%d fields, not five", len(f))
	}
	for i, x := range []struct {
		name string
		of   units
		out  *uint64
	}{
		{"minute", units{0, 59, nil}, &s.Minute},
		{"hour", units{0, 23, nil}, &s.Hour},
		{"day of month", units{1, 31, nil}, &s.Day},
		{"month", units{1, 12, monthNames}, &s.Month},
		{"day of week", units{0, 7, weekdayNames}, &s.Weekday},
	} {
		p := fieldParser{text: f[i], units: x.of, family: family}
		if err := p.list(); err != nil {
			return s, fmt.Errorf("%s: %w", x.name, err)
		}
		*x.out, s.Random, s.fields[i] = p.set, s.Random || p.random, f[i][:p.at]
	}
	if s.Weekday&(1<<7) != 0 {
		s.Weekday = s.Weekday&^(1<<7) | 1
	}
	s.AnyDay, s.AnyWeekday = f[2][0] == '*', f[4][0] == '*'
	return s, nil
}

// Never says that no minute can match: a range that runs backwards is empty.
func (s Schedule) Never() bool {
	if s.Reboot {
		return false
	}
	noDay := s.Day == 0 && s.Weekday == 0
	if s.AnyDay || s.AnyWeekday {
		noDay = s.Day == 0 || s.Weekday == 0
	}
	return s.Minute == 0 || s.Hour == 0 || s.Month == 0 || noDay
}

// RunsPerDay gives how often a job runs on a day on which it does.
func (s Schedule) RunsPerDay() int {
	return bits.OnesCount64(s.Minute) * bits.OnesCount64(s.Hour)
}

// units are the values of a field.
type units struct {
	low, high int
	names     []string // of the values from low on
}

// fieldParser reads one field: list = range {"," range}. Behind the last range cron
// passes over whatever stands there up to the next blank.
type fieldParser struct {
	units
	text   string
	family Family

	at     int // what was read
	set    uint64
	random bool
}

// peek is the byte at hand, 0 at the end.
func (p *fieldParser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// next steps over a byte where it is the one at hand.
func (p *fieldParser) next(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *fieldParser) list() error {
	for {
		if err := p.span(); err != nil {
			return err
		}
		if !p.next(',') {
			return nil
		}
	}
}

// span reads one range: a star or two values, and a step behind them; or one value.
func (p *fieldParser) span() error {
	from, to := p.low, p.high
	start, isRange := p.at, true
	switch {
	case p.next('*'):
	case p.family == Cronie && p.next('~'):
		return p.pick(from)
	default:
		var err error
		if from, err = p.value(); err != nil {
			return err
		}
		switch {
		case p.family == Cronie && p.next('~'):
			return p.pick(from)
		case p.next('-'):
			if to, err = p.value(); err != nil {
				return err
			}
			if p.family == Cronie && from > to && to == 0 && p.high == 7 {
				to = 7 // fri-sun
			}
		case p.family == Debian && p.peek() == '/':
			return fmt.Errorf("%q: a step without a range", shortened(p.text))
		default:
			to, isRange = from, false
		}
	}
	step := 1
	if isRange && p.next('/') {
		var err error
		if step, err = p.number(); err != nil || step < 1 {
			return fmt.Errorf("%q: no step", shortened(p.text))
		}
	}
	for _, v := range []int{from, to} {
		if v < p.low || v > p.high {
			return fmt.Errorf("%q is not between %d and %d", shortened(p.text[start:p.at]), p.low, p.high)
		}
	}
	if p.family == BusyBox && from > to { // it goes on at the beginning
		size := p.high - p.low + 1
		if p.high == 7 {
			size = 7 // Sunday has two numbers
		}
		for v := from; v <= to+size; v += step {
			p.set |= 1 << (p.low + (v-p.low)%size)
		}
		return nil
	}
	for v := from; v <= to; v += step {
		p.set |= 1 << v
	}
	return nil
}

// pick reads what stands behind the ~ of cronie: one value between the two, at random.
func (p *fieldParser) pick(from int) error {
	to := p.high
	if c := p.peek(); c != 0 && c != ',' {
		var err error
		if to, err = p.value(); err != nil {
			return err
		}
	}
	if from < p.low || to > p.high || from > to {
		return fmt.Errorf("%q is not between %d and %d", shortened(p.text), p.low, p.high)
	}
	p.random = true
	for v := from; v <= to; v++ {
		p.set |= 1 << v
	}
	return nil
}

var errNoNumber = errors.New("no number")

// value reads a name or a number.
func (p *fieldParser) value() (int, error) {
	word := p.word()
	for i, n := range p.names {
		if strings.EqualFold(word, n) {
			return i + p.low, nil
		}
	}
	n, err := number(word)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", shortened(p.text), err)
	}
	return n, nil
}

func (p *fieldParser) number() (int, error) { return number(p.word()) }

// word reads letters and digits.
func (p *fieldParser) word() string {
	start := p.at
	for c := p.peek(); c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'; c = p.peek() {
		p.at++
	}
	return p.text[start:p.at]
}

// number reads digits as atoi(3) does: what does not fit in 32 bits loses its head.
func number(word string) (int, error) {
	if word == "" || strings.Trim(word, "0123456789") != "" {
		return 0, errNoNumber
	}
	n, _ := strconv.ParseInt(word, 10, 64) // out of range gives the largest number, as there
	return int(int32(n)), nil
}
