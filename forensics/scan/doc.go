// Package scan is the one walk over the volumes of an image: it finds the files, and
// its workers read each of them once, within bounds, for the extractors, for YARA and
// for what content carries inside itself. It gives records; what they mean, others
// say.
package scan
