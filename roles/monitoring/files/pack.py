"""Packs the collection on the controller for a host that will run it: pack.py COLLECTION FOLDER.

The same files always give the same archive, so its digest shows whether a host already has them. It contains only what
a check run needs: no tests, no inventories, no temporary files of a checkout.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

WANTED = ("LICENSE", "MANIFEST.json", "galaxy.yml", "meta", "playbooks", "plugins", "roles")


def files_of(collection):
    """Paths below the collection, in a stable order."""
    for name in WANTED:
        path = os.path.join(collection, name)
        if os.path.isfile(path):
            yield name
        for folder, subfolders, names in os.walk(path):
            subfolders[:] = sorted(subfolder for subfolder in subfolders if subfolder != "__pycache__")
            for file in sorted(names):
                if not file.endswith((".pyc", ".swp", "~")):
                    yield os.path.relpath(os.path.join(folder, file), collection)


def pack(collection):
    """The archive as bytes, not compressed yet."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in files_of(collection):
            with open(os.path.join(collection, name), "rb") as stream:
                content = stream.read()
            member = tarfile.TarInfo(f"ansible_collections/maxops/ops/{name}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def main():
    """Write the archive and print its path."""
    collection, folder = os.path.realpath(sys.argv[1]), sys.argv[2]
    content = pack(collection)
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = os.path.join(folder, f"maxops-ops-{digest}.tar.gz")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(gzip.compress(content, compresslevel=6, mtime=0))
    print(json.dumps({"digest": digest, "path": path}))


main()
