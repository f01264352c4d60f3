export LD_PRELOAD=/usr/local/lib/libsystem-x.so
