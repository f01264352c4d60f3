#!/usr/bin/env python3
"""Counts the findings of an analysis by level and lists those above low.

usage: falsepositives.py NAME ANALYSIS.json KNOWN

KNOWN holds lines "NAME LEVEL PATH  # reason": a finding about that path, up to that
level, is a real miner. Any other finding above low is a false alarm: exit 1.
"""
import collections
import fnmatch
import json
import os
import sys

LEVELS = ["informational", "low", "medium", "high", "critical"]


def known(path):
    out = []
    if os.path.exists(path):
        for line in open(path):
            parts = line.split("#")[0].split()
            if len(parts) == 3:
                out.append(parts)
    return out


def main():
    name, analysis, allowed = sys.argv[1:4]
    data = json.load(open(analysis))
    allow = known(allowed)
    count = collections.Counter(f["level"] for f in data["findings"])
    hits = collections.Counter(r["fields"].get("rule", "?") for r in data["records"] if r["kind"] == "yara.match")
    cov = data["coverage"]
    print(f"{name}: {cov['files']} files, {cov['bytes_scanned']} bytes scanned, verdict {data['verdict']['state']}; findings: " +
          ", ".join(f"{count[l]} {l}" for l in reversed(LEVELS)))
    print(f"{name}: YARA matches: " + (", ".join(f"{n} {r}" for r, n in hits.most_common()) or "none"))
    bad = 0
    for f in data["findings"]:
        if LEVELS.index(f["level"]) <= 1:
            continue
        path = f.get("source", {}).get("path", "")
        ok = any(n in (name, "*") and LEVELS.index(f["level"]) <= LEVELS.index(l) and fnmatch.fnmatch(path, p) for n, l, p in allow)
        bad += not ok
        print(f"{name}: {'known' if ok else 'FALSE POSITIVE'}: {f['level']} {f['rule']} {path}: {f['title']}")
    for n in cov.get("not_read") or []:
        print(f"{name}: not read: {n['what']}: {n['why']}")
    sys.exit(1 if bad else 0)


main()
