#!/usr/bin/env python3
"""Print path, size and speed of the demo's backup set; the last line is for scripts."""

import json
import sys
from pathlib import Path

result = json.loads((Path(sys.argv[1]) / "backup-lab.json").read_text(encoding="utf-8"))
source = sum(part["source_bytes"] for part in result["parts"])
rows = sum(sum((part.get("rows") or {}).values()) for part in result["parts"])

print(f"{source / 1e6:,.0f} MB of databases and volumes, {rows:,} rows counted in the dumps' own snapshots")
print(
    f"{result['files']} files, {result['bytes'] / 1e6:,.0f} MB, made in {result['duration']:.1f} s "
    f"({source / 1e6 / result['duration']:,.0f} MB/s), each with its SHA-256 in manifest.json"
)
print("The lab stays up: http://127.0.0.1:9000 (make lab-down stops it)")
print(f"backup set: {result['path']}")
