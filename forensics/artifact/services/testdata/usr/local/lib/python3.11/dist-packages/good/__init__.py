import base64
VERSION = base64.b64decode("MS4w").decode()
