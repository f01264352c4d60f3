#!/bin/sh
# Measures false alarms: unpacks at least 5 GB of Debian packages (list:
# falsepositives.txt) into a tree with a package database, makes an ext4 image of
# it without root, and lets icecore look at it twice: as a system whose packages
# are known, and as mere files. Fails if a finding is above low that is not in
# falsepositives.known (real miners, with the reason).
#
#   ICECORE=./icecore FP_DIR=/var/tmp/icecore-fp yara-rules/falsepositives.sh
#
# Needs apt-get (network), dpkg-deb, mke2fs, debugfs, python3; about 25 GB of disk, which is
# given back at the end unless KEEP=1. With FP_IMAGES="a.raw b.raw" these images
# are looked at too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${FP_DIR:-/var/tmp/icecore-fp}
want=${FP_BYTES:-5368709120}
icecore=${ICECORE:-$here/../icecore}
list=${FP_LIST:-$here/falsepositives.txt}

[ -x "$icecore" ] || { echo "$icecore: no such program; make build, or set ICECORE" >&2; exit 1; }
mkdir -p "$dir/tree/var/lib/dpkg/info" "$dir/deb" "$dir/done"
touch "$dir/missing"
info=$dir/tree/var/lib/dpkg/info

unpack() { # PACKAGE: its files, and what dpkg would know of it
	rm -f "$dir"/deb/*.deb
	(cd "$dir/deb" && apt-get download -qq "$1" >/dev/null 2>&1) || return 1
	for deb in "$dir"/deb/*.deb; do
		[ -f "$deb" ] || return 1
		# Debian 12's packages may hold files in /lib beside /usr/lib: a tree
		# without the links of a merged /usr keeps both, which is what is wanted.
		dpkg-deb -x "$deb" "$dir/tree" 2>/dev/null || return 1
		dpkg-deb -c "$deb" | awk '{p=$6; sub(/^\./,"",p); sub(/\/$/,"",p); print p==""?"/.":p}' >"$info/$1.list"
		dpkg-deb -I "$deb" md5sums >"$info/$1.md5sums" 2>/dev/null || rm -f "$info/$1.md5sums"
		for script in preinst postinst prerm postrm; do
			dpkg-deb -I "$deb" "$script" >"$info/$1.$script" 2>/dev/null || rm -f "$info/$1.$script"
		done
		{ dpkg-deb -f "$deb" | sed '1a Status: install ok installed'; echo; } >>"$dir/tree/var/lib/dpkg/status"
	done
	rm -f "$dir"/deb/*.deb
}

sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$list" | while read -r p; do
	[ -e "$dir/done/$p" ] && continue
	if unpack "$p"; then : >"$dir/done/$p"; else echo "$p" >>"$dir/missing"; fi
done
grep -q '^PRETTY_NAME' "$dir/tree/etc/os-release" 2>/dev/null || {
	mkdir -p "$dir/tree/etc"
	printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n' >"$dir/tree/etc/os-release"
}
bytes=$(find "$dir/tree" -type f -printf '%s\n' | awk '{s+=$1} END {printf "%.0f", s}')
files=$(find "$dir/tree" -type f | wc -l)
echo "packages: $(ls "$dir/done" | wc -l) unpacked, $(sort -u "$dir/missing" | wc -l) not in the archive; $files files, $bytes bytes"
if [ "$bytes" -lt "$want" ]; then
	echo "only $bytes bytes, $want are wanted: add packages to $list" >&2
	exit 1
fi
[ "${1:-}" = fetch ] && exit 0

image() { # TREE IMAGE
	size=$(du -s --apparent-size -k "$1" | awk '{print int($1*1.15/1024)+512}')
	inodes=$(($(find "$1" | wc -l) + 20000))
	rm -f "$2"
	mke2fs -q -t ext4 -b 4096 -N "$inodes" -d "$1" "$2" "${size}M"
}

status=0
look() { # NAME IMAGE
	"$icecore" analyze --format json --quiet "$2" >"$dir/$1.json" || true
	python3 "$here/falsepositives.py" "$1" "$dir/$1.json" "$here/falsepositives.known" || status=1
}

# The package database stands in the disk or does not: one name, put there and taken
# away without mounting.
database() { # yes|no
	if [ "$1" = yes ]; then from=dpkg.aside to=dpkg; else from=dpkg to=dpkg.aside; fi
	debugfs -R "stat /var/lib/$from" "$dir/packages.raw" 2>/dev/null | grep -q '^Inode:' || return 0
	printf 'link /var/lib/%s /var/lib/%s\nunlink /var/lib/%s\n' "$from" "$to" "$from" | debugfs -w -f - "$dir/packages.raw" >/dev/null 2>&1
}

[ -e "$dir/packages.raw" ] || image "$dir/tree" "$dir/packages.raw"
database yes
look packages "$dir/packages.raw"
# The same files as nobody's: no package vouches for them. What is found here is
# what the rules alone say.
database no
look nobodys "$dir/packages.raw"
database yes
for i in ${FP_IMAGES:-}; do look "$(basename "$i")" "$i"; done
[ "${KEEP:-}" = 1 ] || rm -rf "$dir"
exit $status
