#!/bin/bash
# waits until a port answers
until exec 3<>/dev/tcp/db/5432; do sleep 1; done
