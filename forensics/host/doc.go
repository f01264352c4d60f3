// Package host makes servers of volumes: an image is opened with all volumes and
// filesystems on it, and each is one tree of paths as the running server saw it. It
// lists and describes files, says of what system they are, and reads what stands at
// a source.
package host
