#!/bin/bash
for h in web-01 web-02; do
  ssh -oStrictHostKeyChecking=no -oBatchMode=yes -i ~/.ssh/id_rsa -o UserKnownHostsFile=known_hosts $h 'apt-get update'
done
