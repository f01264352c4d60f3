package model

import "time"

// SchemaName names the form of the JSON of an [Analysis].
const SchemaName = "icecore.analysis/2"

// Analysis is everything learnt from the images of one server. Its JSON form is the
// file analysis.json and the output of `icecore analyze --format json`.
type Analysis struct {
	Schema   string
	Tool     Tool
	Image    Image
	Others   []Image // the server's other disks, where several images were given
	Snapshot Snapshot
	Volumes  []Volume
	Hosts    []Host // the server itself first; more are containers and chroots
	Verdict  Verdict
	Findings []Finding // most serious first
	Records  []Record  // in the order of volume, path and place
	Story    []StoryLine
	Windows  []Window  // of an intruder's presence, in the order of time; none: nothing is proven
	Touched  []Touched // what changed within them
	Coverage Coverage
}

// Tool says by what an analysis was made.
type Tool struct {
	Name    string
	Version string
	Rules   Rules
}

// Rules identifies the rules in force by the SHA-256 over all their bytes, hex.
type Rules struct {
	YARA  string
	Sigma string
}

// Image describes the files that were read.
type Image struct {
	ID          string // i1
	Path        string
	Format      string // raw, qcow2, ...
	VirtualSize int64  // of the disk, bytes
	Files       []ImageFile
}

// ImageFile is one file of an image. The hash is missing where hashing was not asked
// for.
type ImageFile struct {
	Path   string
	Size   int64
	SHA256 string
}

// Snapshot says when the image was taken, as far as the image shows: never later than
// that, perhaps a little earlier.
type Snapshot struct {
	TakenAt time.Time // zero: unknown
	Source  string    // what it was read from
}

// Volume describes a volume.
type Volume struct {
	ID         string
	Image      string // the id of the image
	Scheme     string // gpt, mbr, ...
	Offset     int64  // in the disk, bytes
	Size       int64
	Type       string
	Filesystem string
	UUID       string
	Label      string
	Journal    *Journal
	Files      int64
	Reason     string // why it was not read
}

// Journal says what became of a filesystem's journal.
type Journal struct {
	Replayed     bool
	Transactions int
	LastCommit   time.Time // zero: unknown
}

// Host is one system within the volumes: the server itself, or a container's or
// chroot's tree.
type Host struct {
	ID        string // h1
	Kind      string // server, system (another that can be booted), container, root (a chroot)
	Name      string // of a container, as its engine has it
	Image     string // that a container was made of
	Volume    string // of its root filesystem
	Root      string // its root directory on that volume: / or that of a container
	Hostname  string
	OS        string // PRETTY_NAME of os-release(5)
	OSID      string // ID of os-release(5): debian, centos, alinux, ...
	MachineID string
	Timezone  string
	Mounts    []Mount
}

// Mount is a filesystem or directory that a host mounts.
type Mount struct {
	Target   string   // the mount point
	Device   string   // as its table names it; of a bind mount a directory
	Type     string   // of the filesystem, as its table names it
	Options  []string // as its table has them
	Volume   string   // the volume that holds it; empty: none, or a bind mount
	Inferred string   // from what it was concluded, where no table states it: superblock, ostree
}

// System returns the server itself, the zero value where no system was found.
func (a *Analysis) System() Host {
	if len(a.Hosts) == 0 {
		return Host{}
	}
	return a.Hosts[0]
}

// Record returns the record of a short number, or nil.
func (a *Analysis) Record(id string) *Record {
	// Numbers are those of the order; a foreign file may have others.
	for i := range a.Records {
		if a.Records[i].ID == id {
			return &a.Records[i]
		}
	}
	return nil
}
