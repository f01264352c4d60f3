package model

import "slices"

// Kinds of package databases and their logs.
const (
	DpkgScript    Kind = "dpkg.script"
	DpkgList      Kind = "dpkg.list"
	DpkgPackage   Kind = "dpkg.package"
	DpkgDiversion Kind = "dpkg.diversion"
	DpkgAction    Kind = "dpkg.action"
	AptCommand    Kind = "apt.command"
	RPMDatabase   Kind = "rpm.database"
	Component     Kind = "origin.component"
)

func packageKinds() []KindInfo {
	of := textField("of the name of the file", "package", "architecture")
	return []KindInfo{
		{
			Kind: DpkgScript, Group: GroupPackages, From: "`/var/lib/dpkg/info`: deb-postinst(5) and siblings. Extractor `dpkg`.",
			Doc: "A maintainer script: it runs as root at every installation and upgrade.", Role: Autostart, Technique: "T1546.016", Whole: true,
			Excerpt: []string{"suspicious_line", "trailing_code", "appended_code"},
			Fields: slices.Concat(
				of,
				textField("preinst, postinst, prerm, postrm, config", "script"),
				script(),
				listField("what no script of a clean Debian has", "notable"),
				textField("the first command after the last exit at top level", "trailing_code"),
				textField("the first command after the last part that debhelper made", "appended_code"),
				textField("mixed, crlf", "line_endings"),
				volatile(numberField("bytes", "size")),
				yesField("only the beginning and the end were read", "cut"),
			),
		},
		{
			Kind: DpkgList, Group: GroupPackages, From: "`/var/lib/dpkg/info/*.list`. Extractor `dpkg`.",
			Doc:    "The file list of a package. Its time is that of the installation.",
			Fields: slices.Concat(of, volatile(numberField("lines", "files"))),
		},
		{
			Kind: DpkgPackage, Group: GroupPackages, From: "`/var/lib/dpkg/status`: deb-status. Extractor `dpkg`.",
			Doc:    "A package as dpkg knows it.",
			Fields: textField("the fields of that name", "package", "version", "architecture", "status", "maintainer"),
		},
		{
			Kind: DpkgDiversion, Group: GroupPackages, From: "`/var/lib/dpkg/diversions`: dpkg-divert(1). Extractor `dpkg`.",
			Doc:    "A diversion; without a package it is the administrator's.",
			Fields: slices.Concat(pathField("the path diverted, and where to", "from", "to"), textField("the package that diverts it", "package")),
		},
		{
			Kind: DpkgAction, Group: GroupPackages, From: "dpkg.log. Extractor `dpkg`.",
			Doc: "dpkg installed, upgraded or removed a package.", Role: Log,
			Fields: slices.Concat(textField("install, upgrade, remove, purge", "action"), textField("the package and its versions", "package", "architecture", "old_version", "version")),
			Times:  []TimeInfo{at("logged", "when it was logged")},
		},
		{
			Kind: AptCommand, Group: GroupPackages, From: "history.log of apt. Extractor `dpkg`.",
			Doc: "A run of apt.", Role: Log, Excerpt: []string{"command"},
			Fields: slices.Concat(
				textField("as typed", "command"),
				textField("name and number of the user", "requested_by"),
				textField("packages and versions", "install", "upgrade", "remove", "purge", "downgrade", "reinstall"),
				textField("as logged", "error"),
			),
			Times: []TimeInfo{at("started", "when it began"), about("ended", "when it ended")},
		},
		{
			Kind: RPMDatabase, Group: GroupPackages, From: "`/var/lib/rpm`, `/usr/lib/sysimage/rpm`. Extractor `dpkg`.",
			Doc:    "The RPM package database is there. Its packages are not read.",
			Fields: slices.Concat(textField("bdb, ndb, sqlite", "format"), volatile(numberField("bytes", "size"))),
		},
		{
			Kind: Component, Group: GroupPackages, From: "the manifests of pip, conda, npm, RubyGems, Composer, Go, Cargo, rustup, Maven, git and other installers, and trees whose files came together.",
			Doc: "Something that no package manager of the distribution installed. Whoever has root can write such a manifest.",
			Fields: slices.Concat(
				textField("python, conda, npm, gem, composer, go, cargo, maven, cpan, git, toolchain, homebrew, snap, flatpak; vendor: a tree whose files came together", "manager"),
				textField("as its manifest states them", "name", "version"),
				pathField("where it is installed", "directory"),
				textField("the URL that its manifest states", "installed_from"),
				textField("the package of the distribution that owns the manifest", "owner"),
				volatile(numberField("files that the manifest names", "files")),
			),
			Times: []TimeInfo{about("installed", "when its manifest was written, or its files came")},
		},
	}
}
