package rules

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime gives the processor time that the calling thread has used. The caller
// keeps its goroutine on the thread. On a busy machine it says what wall time does
// not.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const cpuClock = "processor time of one thread"
