#!/bin/bash
# Clean-up after the incident of 12 March: end what came back, until the machine is rebuilt.
for name in kdevtmpfsi kinsing xmrig kthreaddk watchbog sysrv; do
    pkill -9 -f "$name"
done
ps aux | grep -v grep | grep -E 'minerd|kerberods' | awk '{print $2}' | xargs -r kill -9
chattr -i /var/spool/cron/crontabs/root
rm -f /tmp/kinsing /tmp/kdevtmpfsi
crontab -l | grep -v c2.example.invalid | crontab -
