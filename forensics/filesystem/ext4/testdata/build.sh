#!/bin/bash
# Makes dirty-1k.img.gz and fast-1k.img.gz, the seeds of FuzzJournal and
# FuzzFastCommit: small images copied while Linux had them mounted. Needs root.
set -euo pipefail
cd "$(dirname "$0")"
m=$(mktemp -d)
w=$(mktemp)
build() { # name, size, mke2fs options...
	name=$1
	truncate -s 0 "$w"
	truncate -s "$2" "$w"
	shift 2
	mke2fs -q -F -t ext4 -b 1024 -U 11111111-2222-3333-4444-555555555555 -E hash_seed=11111111-2222-3333-4444-555555555555 "$@" "$w"
	l=$(losetup -f --show "$w")
	mount -o noatime,commit=300 "$l" "$m"
	python3 - "$m" <<'P'
import os, sys
os.chdir(sys.argv[1])
def fs(p):
    f = os.open(p, os.O_RDONLY); os.fsync(f); os.close(f)
for i in range(8):
    open('file%d' % i, 'w').write('content %d\n' % i * 40)
os.makedirs('dir/sub')
os.sync()
for i in range(4):
    open('dir/new%d' % i, 'w').write('new %d\n' % i * 300); fs('dir/new%d' % i)
    os.unlink('file%d' % i)
    os.rename('dir/new%d' % i, 'dir/sub/moved%d' % i)
    f = open('pieces%d' % i, 'wb')
    for k in range(7):
        f.seek(k * 4096); f.write(b'p' * 500)
    f.flush(); os.fsync(f.fileno())
    os.truncate('pieces%d' % i, 9000); os.link('pieces%d' % i, 'dir/link%d' % i)
    os.mkdir('made%d' % i); open('made%d/x' % i, 'w').write('x'); fs('made%d/x' % i)
held = open('file7'); os.unlink('file7'); open('file6', 'a').write('.'); fs('file6')
P
	cp "$w" "$w.copy"
	umount "$m"
	losetup -d "$l"
	gzip -9n <"$w.copy" >"$name.img.gz"
	rm "$w.copy"
}
build dirty-1k 3M -N 256 -O ^metadata_csum,^resize_inode -J size=1
build fast-1k 10M -N 256 -O ^metadata_csum,^resize_inode,fast_commit -J size=3,fast_commit_size=256
rmdir "$m"
rm "$w"
