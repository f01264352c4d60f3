import base64, os, subprocess
ICON = base64.b64decode("iVBORw0KGgo=")
os.chmod("/tmp/report", 0o644)
subprocess.run(["ls"])
