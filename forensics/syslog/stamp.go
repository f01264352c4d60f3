package syslog

import (
	"time"
)

// A stamp as it stands in a line, before a year or zone is inferred.
type rawStamp struct {
	// at holds the digits as if they were UTC; without a year, those of the
	// year 2000, which has a 29 February.
	at      time.Time
	hasYear bool
	hasZone bool // at is then the true moment
	length  int  // bytes of the line that the stamp takes; 0: there is none
}

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"

func month(b []byte) time.Month {
	for m := 0; m < 12; m++ {
		if string(b) == monthNames[3*m:3*m+3] {
			return time.Month(m + 1)
		}
	}
	return 0
}

// digits reads exactly the bytes of b as a number; blanks may stand in front.
func digits(b []byte) int {
	n, seen := 0, false
	for _, c := range b {
		if c == ' ' && !seen {
			continue
		}
		if c < '0' || c > '9' {
			return -1
		}
		n, seen = n*10+int(c-'0'), true
	}
	if !seen {
		return -1
	}
	return n
}

// clock reads "15:04:05" with an optional fraction, and gives its length.
func clock(b []byte) (h, m, s, nsec, n int) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' || b[0] == ' ' || b[3] == ' ' || b[6] == ' ' {
		return 0, 0, 0, 0, 0
	}
	h, m, s = digits(b[0:2]), digits(b[3:5]), digits(b[6:8])
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 {
		return 0, 0, 0, 0, 0
	}
	n = 8
	if n < len(b) && (b[n] == '.' || b[n] == ',') {
		i, unit := n+1, int(1e9)
		for i < len(b) && i-n <= 9 && b[i] >= '0' && b[i] <= '9' {
			unit /= 10
			nsec += int(b[i]-'0') * unit
			i++
		}
		if i > n+1 {
			n = i
		}
	}
	return h, m, s, nsec, n
}

var monthDays = [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// readStamp reads the stamp at the beginning of b.
func readStamp(b []byte) rawStamp {
	if len(b) < 15 {
		return rawStamp{}
	}
	if b[4] == '-' && b[7] == '-' {
		return isoStamp(b)
	}
	if b[3] == ' ' && len(b) > 27 && b[8] == '-' { // "Fri 2026-11-20 07:52:33 UTC"
		s := isoStamp(b[4:])
		if s.length > 0 && !s.hasZone {
			rest := b[4+s.length:]
			if len(rest) > 4 && string(rest[:4]) == " UTC" {
				s.hasZone = true
				s.length += 4
			} else if len(rest) > 1 && rest[0] == ' ' {
				i := 1
				for i < len(rest) && i < 8 && rest[i] != ' ' {
					i++
				}
				s.length += i
			}
			s.length += 4
			return s
		}
		return rawStamp{}
	}
	if len(b) >= 24 && b[3] == ' ' && weekday(b[:3]) {
		return asctime(b[4:])
	}
	return traditional(b)
}

func weekday(b []byte) bool {
	switch string(b) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// asctime reads what stands behind the day of the week in a stamp of asctime(3), which
// OpenWrt writes: "Jan  2 15:04:05 2006".
func asctime(b []byte) rawStamp {
	s := traditional(b)
	if s.length != 15 || s.hasYear || len(b) < 20 || b[15] != ' ' {
		return rawStamp{}
	}
	year := digits(b[16:20])
	if year < 1970 || b[16] == ' ' {
		return rawStamp{}
	}
	s.at, s.hasYear, s.length = inYear(s.at, year), true, 4+20
	return s
}

// traditional reads "Jan  2 15:04:05", with a fraction or with a year after the
// day where a daemon writes them.
func traditional(b []byte) rawStamp {
	if b[3] != ' ' || b[6] != ' ' {
		return rawStamp{}
	}
	mon, day := month(b[:3]), digits(b[4:6])
	if mon == 0 || day < 1 || day > monthDays[mon-1] {
		return rawStamp{}
	}
	year, at := 2000, 7
	hasYear := false
	if len(b) >= 20 && b[11] == ' ' {
		if y := digits(b[7:11]); y >= 1970 {
			year, at, hasYear = y, 12, true
		}
	}
	h, m, s, ns, n := clock(b[at:])
	if n == 0 {
		return rawStamp{}
	}
	return rawStamp{at: time.Date(year, mon, day, h, m, s, ns, time.UTC), hasYear: hasYear, length: at + n}
}

// isoStamp reads "2006-01-02T15:04:05", with or without a fraction and a zone.
func isoStamp(b []byte) rawStamp {
	if len(b) < 19 || b[10] != 'T' && b[10] != ' ' || b[5] == ' ' || b[8] == ' ' || b[0] == ' ' {
		return rawStamp{}
	}
	y, mon, day := digits(b[0:4]), digits(b[5:7]), digits(b[8:10])
	if y < 0 || mon < 1 || mon > 12 || day < 1 || day > monthDays[mon-1] {
		return rawStamp{}
	}
	h, m, s, ns, n := clock(b[11:])
	if n == 0 {
		return rawStamp{}
	}
	out := rawStamp{at: time.Date(y, time.Month(mon), day, h, m, s, ns, time.UTC), hasYear: true, length: 11 + n}
	z := b[out.length:]
	switch {
	case len(z) > 0 && (z[0] == 'Z' || z[0] == 'z'):
		out.hasZone = true
		out.length++
	case len(z) >= 5 && (z[0] == '+' || z[0] == '-'):
		zh, zm, zn := digits(z[1:3]), -1, 0
		if z[3] == ':' && len(z) >= 6 {
			zm, zn = digits(z[4:6]), 6
		} else if z[3] != ':' {
			zm, zn = digits(z[3:5]), 5
		}
		if zh < 0 || zh > 23 || zm < 0 || zm > 59 {
			break
		}
		off := time.Duration(zh)*time.Hour + time.Duration(zm)*time.Minute
		if z[0] == '-' {
			off = -off
		}
		out.at = out.at.Add(-off)
		out.hasZone = true
		out.length += zn
	}
	return out
}
