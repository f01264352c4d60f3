package filesystem

import (
	"math/big"
	"strconv"
	"time"
)

// Time is a moment as a filesystem stores it. It reaches further than a count
// of nanoseconds in 64 bits does (ext4 stores times up to the year 2446). The
// zero Time means that the disk holds none.
type Time struct {
	Sec   int64 // seconds since 1970-01-01 00:00:00 UTC
	Nsec  int32 // 0 to 999,999,999
	Known bool
}

// Unix makes a known Time.
func Unix(sec int64, nsec int32) Time { return Time{Sec: sec, Nsec: nsec, Known: true} }

// Time gives t as a [time.Time] in UTC, the zero one if t is not known.
func (t Time) Time() time.Time {
	if !t.Known {
		return time.Time{}
	}
	return time.Unix(t.Sec, int64(t.Nsec)).UTC()
}

// Before says whether t is earlier than u.
func (t Time) Before(u Time) bool { return t.Sec < u.Sec || t.Sec == u.Sec && t.Nsec < u.Nsec }

// Nanoseconds writes t as a whole number of nanoseconds since 1970 in decimal.
func (t Time) Nanoseconds() string {
	if -9e9 < t.Sec && t.Sec < 9e9 {
		return strconv.FormatInt(t.Sec*1e9+int64(t.Nsec), 10)
	}
	n := new(big.Int).Mul(big.NewInt(t.Sec), big.NewInt(1e9))
	return n.Add(n, big.NewInt(int64(t.Nsec))).String()
}

// String writes t as RFC 3339 in UTC with nanoseconds where it has them.
func (t Time) String() string {
	if !t.Known {
		return ""
	}
	return t.Time().Format(time.RFC3339Nano)
}
