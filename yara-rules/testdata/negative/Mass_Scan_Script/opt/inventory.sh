#!/bin/bash
# our own networks, each Sunday
masscan -p22,443,6379 198.51.100.0/24 -oX /srv/inventory.xml
