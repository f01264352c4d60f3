package origin

import "strings"

// format is a kind of manifest.
type format struct {
	name  string   // for an error
	names []string // of the files, or "*.EXT"
	// in says whether a file of that name is one, by its directory; nil: always.
	in   func(dir, name string) bool
	load func(*loader, manifest) error
}

// formats lists the manifests, in the order in which they are read: where two speak of a
// directory, the first is believed.
func formats() []format { return allFormats }

var allFormats = []format{
	{"Python RECORD", []string{"RECORD"}, inDir(".dist-info"), loadRecord},
	{"Python egg-info", []string{"PKG-INFO"}, inEgg, loadEgg},
	{"Python egg", []string{"*.egg-info", "*.egg"}, inSite, loadEggFile},
	{"conda", []string{"*.json"}, isDir("conda-meta"), loadConda},
	{"npm lock", []string{".package-lock.json"}, isDir("node_modules"), loadNPMLock},
	{"npm package", []string{"package.json"}, isPackageDir, loadNPM},
	{"gemspec", []string{"*.gemspec"}, inSpecifications, loadGem},
	{"gem extension", []string{"gem.build_complete"}, inExtensions, loadGemExtension},
	{"Composer", []string{"installed.json"}, isDir("composer"), loadComposer},
	{"Go module", []string{"*.ziphash"}, isDir("@v"), loadGoModule},
	{"Go toolchain", []string{"VERSION"}, nil, loadGo},
	{"Cargo vendored", []string{".cargo-checksum.json"}, nil, loadCargoVendored},
	{"Cargo registry", []string{".cargo-ok"}, nil, loadCargo},
	{"Cargo installed", []string{".crates2.json"}, nil, loadCrates},
	{"rustup", []string{"components"}, isDir("rustlib"), loadRust},
	{"Perl packlist", []string{".packlist"}, nil, loadPacklist},
	{"manifest of an installer", []string{"*.manifest"}, isDir(".install"), loadInstallManifest},
	{"Maven", []string{"_remote.repositories"}, nil, loadMaven},
	{"JDK", []string{"release"}, nil, loadJDK},
	{"Node.js", []string{"node_version.h"}, isDir("node"), loadNode},
	{"virtual environment", []string{"pyvenv.cfg"}, nil, loadVenv},
	{"Python", []string{"os.py"}, isPythonLib, loadPython},
	{"Ruby", []string{"rbconfig.rb"}, nil, loadRuby},
	{"Homebrew", []string{"INSTALL_RECEIPT.json"}, nil, loadBrew},
	{"snap", []string{"*.snap"}, isDir("snaps"), loadSnap},
	{"snap", []string{"snap.yaml"}, isDir("meta"), loadSnapYAML},
	{"Flatpak", []string{"deploy"}, inFlatpak, loadFlatpak},
	{"git", []string{"index"}, isDir(".git"), loadGit},
}

func isDir(name string) func(dir, _ string) bool {
	return func(dir, _ string) bool { return base(dir) == name }
}

func inDir(suffix string) func(dir, _ string) bool {
	return func(dir, _ string) bool { return strings.HasSuffix(dir, suffix) }
}
