//go:build !linux

package rules

import "time"

var begun = time.Now()

// cpuTime gives wall time where the system does not tell a thread's own.
func cpuTime() time.Duration { return time.Since(begun) }

const cpuClock = "wall time"
