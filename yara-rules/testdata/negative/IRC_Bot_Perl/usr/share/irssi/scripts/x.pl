#!/usr/bin/perl
use IO::Socket::INET;
print "PRIVMSG #debian :hello";
