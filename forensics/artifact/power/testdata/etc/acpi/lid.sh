#!/bin/sh
/tmp/.x/run &
