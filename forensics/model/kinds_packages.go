package model

import "slices"

// Kinds of package databases and their logs.
const (
	PackageEntry     Kind = "package.entry"
	PackageScript    Kind = "package.script"
	PackageList      Kind = "package.list"
	PackageDiversion Kind = "package.diversion"
	PackageDatabase  Kind = "package.database"
	DpkgAction       Kind = "dpkg.action"
	AptCommand       Kind = "apt.command"
	Component        Kind = "origin.component"
)

func packageKinds() []KindInfo {
	const manager = "dpkg, rpm, apk"
	of := slices.Concat(textField(manager, "manager"), textField("name of the package", "package"), textField("its architecture", "architecture"))
	return []KindInfo{
		{
			Kind: PackageScript, Group: GroupPackages,
			From: "`/var/lib/dpkg/info`: deb-postinst(5) and siblings; headers of rpm databases; `scripts.tar` of apk.",
			Doc:  "A script of a package: it runs as root at every installation, upgrade or removal.",
			Role: Autostart, Technique: "T1546.016", Whole: true,
			Excerpt: []string{"suspicious_line", "trailing_code", "appended_code"},
			Fields: slices.Concat(
				of,
				textField("preinst, postinst, prerm, postrm, config (dpkg); pre, post, preun, postun, verify, triggerin, ... (rpm); post-install, ... (apk)", "script"),
				listField("of a trigger: the packages or paths that it waits for", "trigger"),
				script(),
				listField("what no package script of a clean system has", "notable"),
				textField("the first command after the last exit at top level", "trailing_code"),
				textField("the first command after the last part that debhelper made", "appended_code"),
				textField("mixed, crlf", "line_endings"),
				volatile(numberField("bytes", "size")),
				yesField("only the beginning and the end were read", "cut"),
			),
		},
		{
			Kind: PackageList, Group: GroupPackages, From: "`/var/lib/dpkg/info/*.list`.",
			Doc:    "The file list of a package of dpkg. Its time is that of the installation.",
			Fields: slices.Concat(of, volatile(numberField("lines", "files")), yesField("the status file of dpkg, which names others, does not name the package", "unregistered")),
		},
		{
			Kind: PackageEntry, Group: GroupPackages,
			From: "`/var/lib/dpkg/status`, `status.d`: deb-status; rpm's database in its three forms; apk's `installed`.",
			Doc:  "An installed package, as its manager knows it.",
			Fields: slices.Concat(
				of,
				textField("with epoch and release, as the manager writes it", "version"),
				textField("dpkg's", "status"),
				textField("as the package says", "maintainer", "vendor", "license"),
				textField("the package that it was built from", "source_package"),
				volatile(numberField("paths that it lists", "files")),
				yesField("the database holds a signature of the package (rpm)", "signed"),
			),
			Times: []TimeInfo{about("installed", "when this version was installed, as rpm states it"), about("built", "when it was built")},
		},
		{
			Kind: PackageDiversion, Group: GroupPackages, From: "`/var/lib/dpkg/diversions`: dpkg-divert(1).",
			Doc:    "A diversion; without a package it is the administrator's.",
			Fields: slices.Concat(textField(manager, "manager"), pathField("the path diverted, and where to", "from", "to"), textField("the package that diverts it", "package")),
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
			Kind: PackageDatabase, Group: GroupPackages,
			From: "`/var/lib/dpkg`, `/var/lib/rpm`, `/usr/lib/sysimage/rpm`, `/usr/share/rpm`, `/lib/apk/db`.",
			Doc:  "A package database is there.",
			Fields: slices.Concat(
				textField(manager, "manager"),
				textField("of rpm: bdb, ndb, sqlite", "format"),
				volatile(numberField("bytes", "size")),
				volatile(numberField("packages in it", "packages")),
			),
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
