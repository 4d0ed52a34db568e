"""For tests: stands in for the hub's library and its cache. FAKE_HUB is a file with the commit that `main` is now.

As the library does: a branch is asked of the hub and written into `refs`, a commit is taken as it is, and files are
fetched only where the snapshot lacks them.
"""

import fnmatch
import os
import re

FILES = ("README.md", "model.bin")


def snapshot_download(repo_id, *, revision="main", allow_patterns=None):
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise OSError("offline")
    folder = os.path.join(os.environ["HF_HOME"], "hub", "models--" + repo_id.replace("/", "--"))
    commit = revision
    if not re.fullmatch("[0-9a-f]{40}", revision):
        with open(os.environ["FAKE_HUB"], encoding="ascii") as file:
            commit = file.read().strip()
        reference = os.path.join(folder, "refs", revision)
        os.makedirs(os.path.dirname(reference), exist_ok=True)
        with open(reference, "w", encoding="ascii") as file:
            file.write(commit)
    snapshot = os.path.join(folder, "snapshots", commit)
    os.makedirs(snapshot, exist_ok=True)
    for name in FILES:
        if allow_patterns is None or any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
            with open(os.path.join(snapshot, name), "w", encoding="ascii") as file:
                file.write(commit)
    return snapshot
