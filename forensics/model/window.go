package model

import "time"

// Window is a stretch of time of an intruder's presence on a host: a login's session, or
// the minutes around what is proven.
type Window struct {
	ID          string // W-01, in the order of time
	Host        string // the id of the host
	From, Until time.Time
	Account     string // that was logged in, empty: unknown
	Address     string // from which, empty: unknown
	// Why says by what the window is known, Texts the same as sentences, filled at the
	// border; Findings and Records prove it.
	Why      []Message
	Texts    []string
	Findings []string
	Records  []string
}

// Holds says whether a moment lies in the window, both ends included.
func (w *Window) Holds(t time.Time) bool {
	return !t.IsZero() && !t.Before(w.From) && !t.After(w.Until)
}

// Touched is a group of what changed within a window: the blast radius.
type Touched struct {
	Window string // its id
	Group  TouchedGroup
	Count  int64         // of all
	Items  []TouchedItem // the first of them in the order of time, within a bound
}

// TouchedGroup says what kind of thing changed.
type TouchedGroup string

// The groups of what changed.
const (
	TouchedKeys      TouchedGroup = "keys"       // SSH keys and what lets in
	TouchedAccounts  TouchedGroup = "accounts"   // accounts, passwords, rights
	TouchedStarts    TouchedGroup = "autostarts" // units, crontabs, start-up files, hooks
	TouchedMade      TouchedGroup = "made"       // files that were made
	TouchedChanged   TouchedGroup = "changed"    // files whose content or metadata changed
	TouchedDeleted   TouchedGroup = "deleted"    // inodes that were freed
	TouchedPackages  TouchedGroup = "packages"   // actions of package managers
	TouchedPackaged  TouchedGroup = "packaged"   // files that are a package's
	TouchedLogins    TouchedGroup = "logins"     // logins, sudo and su
	TouchedLoginLogs TouchedGroup = "login-logs" // files that record logins
	TouchedChurn     TouchedGroup = "churn"      // logs, caches, data that change on other days, too
)

// TouchedGroups returns the groups in the order in which they are shown.
func TouchedGroups() []TouchedGroup {
	return []TouchedGroup{
		TouchedKeys, TouchedAccounts, TouchedStarts, TouchedMade, TouchedChanged, TouchedDeleted, TouchedPackages,
		TouchedLogins, TouchedLoginLogs, TouchedPackaged, TouchedChurn,
	}
}

// TouchedItem is one thing that changed.
type TouchedItem struct {
	Time   time.Time
	Change string // created, changed, modified, deleted; of a record logged
	Volume string
	Path   string // as the host knew it; empty: none is known
	Inode  uint64
	State  State
	Record string // the id of the record that states it, empty: the inode does
}
