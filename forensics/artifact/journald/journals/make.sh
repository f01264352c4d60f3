#!/bin/sh
# Makes the journals of this directory from events.py with systemd's own writer, and what journalctl
# says of them: NAME.journal.gz and NAME.json.gz. As root, on Debian 12:
#   apt-get install systemd systemd-journal-remote
# REMOTE names systemd-journal-remote where it is elsewhere. The writer gives its
# files random names and keys, so each run makes other bytes; the tests compare with
# what journalctl said of these.
set -eu
cd "$(dirname "$0")"
remote=${REMOTE:-/lib/systemd/systemd-journal-remote}
work=$(mktemp -d)
# A small filesystem makes small journals: 512 KiB.
mount -t tmpfs -o size=16M journals "$work"
trap 'umount "$work"; rmdir "$work"' EXIT
python3 events.py > "$work/events"
for compact in 0 1; do
	for keyed in 0 1; do
		for compress in 0 1; do
			name=compact$compact-keyed$keyed-zstd$compress
			SYSTEMD_JOURNAL_COMPACT=$compact SYSTEMD_JOURNAL_KEYED_HASH=$keyed "$remote" --compress=$compress -o "$work/$name.journal" "$work/events" 2>/dev/null
			journalctl --file "$work/$name.journal" --all -o json | gzip -9n > "$name.json.gz"
			gzip -9n < "$work/$name.journal" > "$name.journal.gz"
			rm "$work/$name.journal"
		done
	done
done
# The sealed one: the writer wants a key in /var/log/journal, which is made in a mount
# that nobody else sees.
export remote work
unshare -m sh -eu <<'END'
mkdir -p /var/log/journal
mount -t tmpfs -o size=16M journals /var/log/journal
mkdir "/var/log/journal/$(cat /etc/machine-id)"
journalctl --setup-keys --interval=1s --force --quiet > /dev/null 2>&1
"$remote" --seal=yes -o /var/log/journal/sealed.journal "$work/events" 2>/dev/null
journalctl --file /var/log/journal/sealed.journal --all -o json | gzip -9n > sealed.json.gz
gzip -9n < /var/log/journal/sealed.journal > sealed.journal.gz
END
