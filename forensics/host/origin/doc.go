// Package origin finds out who brought the files that no package of the distribution
// owns: pip, conda, npm, RubyGems, Composer, Go, Cargo, rustup, Maven, git and other
// installers leave manifests beside what they install, and a vendor's tree that was
// unpacked at once is known by the times of its files.
//
// An [Index] gets the name of every file of a host ([Index.See]), reads the manifests
// among them ([Index.Load]), and then answers for a path ([Index.Origin]): which
// component brought it, and on what that rests.
//
//	listed    a manifest names the file; most state a digest, too
//	within    the file lies in the directory of a component that states no list
//	siblings  the file came in the same minutes as the rest of its tree
//
// The state says what follows from that: intact, changed, listed (named without a
// digest), inferred, later (written well after its component was installed), unlisted
// (lies among the files of a component whose manifest does not name it).
//
// What it promises: a manifest speaks only for what lies in its own tree, so that a
// RECORD that names /etc/cron.d/x lends that no origin. What was not read, or not
// wholly, is listed by [Index.Problems]. Manifests, entries, components and bytes have
// bounds. Nothing here panics on any input.
//
// What it does not do: whoever has root can write any of these manifests. So an origin
// states a provenance, and never that a file is harmless: it must not lower a finding
// about what a file does. Nor does an inferred origin take a file out of the window of
// an intruder: a kit that was unpacked at once is a tree of siblings, too, and
// [Origin].Installed says when it came.
//
// The formats are described where they are read, one file a family; [formats] is the
// list of them.
package origin
