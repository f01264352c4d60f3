#!/bin/bash
# hugepages for PostgreSQL
echo "vm.nr_hugepages=512" >> /etc/sysctl.conf
curl -fsSL https://example.invalid/key.asc -o /etc/apt/keyrings/k.asc
systemctl enable postgresql
