#!/bin/bash
# engines.sh DIR: starts Docker, containerd and Podman with their state below DIR, makes
# containers of a tiny image, and writes what each engine says of them to DIR/expect.
# It needs root, a kernel that lets runc run, and Debian's docker.io, containerd, runc,
# podman and busybox-static. Nothing is downloaded. With --record the state that the tests
# read is packed into engines.tar.gz beside this script, without the files of the roots.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
record=
[ "$1" = --record ] && { record=yes; shift; }
mkdir -p "$1"
cd "$1"
top=$PWD
mkdir -p expect run
echo "$top" >expect/top
for p in dockerd containerd ctr podman runc busybox; do
	command -v $p >/dev/null || { echo "missing: $p"; exit 77; }
done
pids=()
stop() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done
	grep " $top" /proc/mounts | cut -d' ' -f2 | sort -r | xargs -r umount 2>/dev/null || true
}
trap stop EXIT
wait_for() { for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep .2; done; echo "no answer: $*"; exit 77; }

mkdir -p image/bin image/etc
cp /bin/busybox image/bin/busybox
for a in sh sleep ls cat; do ln -sf busybox image/bin/$a; done
echo 'ID=tiny' >image/etc/os-release
tar -C image -cf tiny.tar .

# Docker, with each driver that keeps its layers in files.
for driver in overlay2 vfs; do
	dockerd --data-root "$top/docker-$driver" --exec-root "$top/run/$driver" --pidfile "$top/run/$driver.pid" \
		-H "unix://$top/run/$driver.sock" --iptables=false --bridge=none --storage-driver=$driver >"run/$driver.log" 2>&1 &
	pids+=($!)
	docker="docker -H unix://$top/run/$driver.sock"
	wait_for $docker info
	$docker import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin COLOR=blue' tiny.tar example/tiny:1.0 >/dev/null
	# A second layer, made by a container.
	$docker run --name base --network=none example/tiny:1.0 sh -c 'echo two >/etc/two'
	$docker commit base example/tiny:2.0 >/dev/null
	$docker run -d --name web --restart=always --network=host -e FOO=bar -v /:/host:ro example/tiny:2.0 \
		sh -c 'echo x >/bin/dropped; chmod 755 /bin/dropped; sleep 10000' >/dev/null
	$docker create --name priv --privileged --pid=host --restart=unless-stopped --network=none \
		-v /var/run/docker.sock:/var/run/docker.sock example/tiny:1.0 sleep 10000 >/dev/null
	$docker create --name caps --cap-add SYS_PTRACE --cap-add=CAP_NET_ADMIN --network=none -v data:/data \
		--mount type=tmpfs,dst=/t example/tiny:1.0 sleep 10 >/dev/null
	$docker run --name once --network=none example/tiny:1.0 sh -c 'exit 3' || true
	sleep 1
	$docker inspect $($docker ps -aq) >"expect/docker-$driver.json"
	$docker inspect $($docker images -q) >"expect/docker-$driver-images.json"
	[ $driver = overlay2 ] && $docker save example/tiny:2.0 -o tiny-image.tar
done

# containerd, as Kubernetes uses it.
# Nothing is started that the script does not start.
printf 'version = 2\ndisabled_plugins = ["io.containerd.internal.v1.restart"]\n' >run/containerd.toml
containerd --config run/containerd.toml --root "$top/containerd" --state "$top/run/containerd" --address "$top/run/containerd.sock" >run/containerd.log 2>&1 &
pids+=($!)
ctr="ctr --address $top/run/containerd.sock -n k8s.io"
wait_for $ctr version
$ctr images import tiny-image.tar >/dev/null
pod="--label io.cri-containerd.kind=container --label io.kubernetes.container.name=app --label io.kubernetes.pod.name=app-0 --label io.kubernetes.pod.namespace=prod"
$ctr run -d $pod --env A=b --net-host --mount type=bind,src=/,dst=/host,options=rbind:ro docker.io/example/tiny:2.0 app0 sh -c 'echo x >/etc/new; sleep 9999'
$ctr snapshots unpack --snapshotter native $($ctr images ls | awk '/tiny:2.0/ {print $3}') >/dev/null
$ctr container create --snapshotter native docker.io/example/tiny:2.0 copied sleep 9999
$ctr container create --privileged docker.io/example/tiny:2.0 privileged sleep 1
other="${ctr%k8s.io}default"
$other images import tiny-image.tar >/dev/null
$other container create --label nerdctl/name=mine --label containerd.io/restart.policy=always \
	--label containerd.io/restart.status=running docker.io/example/tiny:2.0 short sleep 1
$ctr snapshots prepare build-1 >/dev/null
for c in app0 copied privileged; do $ctr c info $c >"expect/containerd-$c.json"; done
for c in app0 privileged build-1; do $ctr snapshots mounts /x $c >"expect/containerd-$c.mounts"; done
$ctr snapshots --snapshotter native mounts /x copied >expect/containerd-copied.mounts

# Podman, of both drivers.
for driver in overlay vfs; do
	podman="podman --root $top/podman-$driver --runroot $top/run/pm-$driver --tmpdir $top/run/pmt-$driver --storage-driver=$driver
		--runtime=runc --cgroup-manager=cgroupfs --network-cmd-path=/bin/true"
	$podman import -c 'ENV PATH=/bin COLOR=blue' tiny.tar example/tiny:1.0 >/dev/null 2>&1
	$podman create --name web --restart=always --network=host --env FOO=bar -v /:/host:ro example/tiny:1.0 sh -c 'sleep 10000' >/dev/null
	$podman create --name priv --privileged --pid=host --network=none --restart=on-failure \
		-v /var/run/docker.sock:/var/run/docker.sock example/tiny:1.0 sleep 10 >/dev/null
	$podman create --name caps --cap-add SYS_PTRACE --network=none example/tiny:1.0 sleep 10 >/dev/null
	# Starting one writes its specification, also where the kernel then refuses to run it.
	for c in web priv caps; do $podman start $c >/dev/null 2>&1 || true; done
	$podman inspect web priv caps >"expect/podman-$driver.json"
	$podman mount web >"expect/podman-$driver.mount"
	$podman umount web >/dev/null
done
$ctr task rm -f app0
[ -n "$record" ] || exit 0
stop
# What the tests read of the roots is which directories there are, and what the upper ones hold.
find docker-* containerd podman-* \( -name busybox -o -name '*.log' -o -name '*-key.json' -o -name 'tar-split*' -o -name '*.tar-split.gz' \) -type f -delete
find containerd -path '*/blobs/*' -size +64k -delete
tar --sort=name --owner=0 --group=0 --numeric-owner -czf "$here/engines.tar.gz" \
	--exclude='docker-*/buildkit' --exclude='docker-*/network' --exclude='docker-*/volumes' --exclude='docker-*/containerd' \
	--exclude='*.sock' --exclude='*.lock' expect docker-* containerd podman-*
ls -l "$here/engines.tar.gz"
