"""Which versions of weights and of a checkout a worker uses: settled before it says what it is, so that what it says stays true.

A branch of the hub moves. So it is turned into a commit once: the hub's cache knows it, or the hub is asked and the
cache keeps the answer. Weights are then loaded by that commit, in this run, when it is resumed, and on a machine that
gives the commit as `--revision`.
"""

from __future__ import annotations

import os
import re
import subprocess

from diptych_worker import WorkerError

#: What stands for a commit where there is none.
FOLDER = "a folder"
UNKNOWN = "unknown"


def _is_commit(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}", text) is not None


def cached_commit(weights: str, revision: str) -> str:
    """The commit that the hub's cache holds for a branch or tag; empty where it holds none."""
    home = os.environ.get("HF_HOME") or os.path.join(os.path.expanduser("~"), ".cache", "huggingface")
    cache = os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")
    path = os.path.join(cache, "models--" + weights.replace("/", "--"), "refs", revision)
    try:
        with open(path, encoding="ascii") as file:
            commit = file.read().strip()
    except OSError:
        return ""
    return commit if _is_commit(commit) else ""


def commit_of_weights(weights: str, revision: str) -> str:
    """The commit that a revision means. Asks the hub at most once, and only where a study allows downloads."""
    if os.path.isdir(weights):
        return FOLDER
    if _is_commit(revision):
        return revision
    may_ask = os.environ.get("DIPTYCH_WORKER") == "1" and os.environ.get("HF_HUB_OFFLINE") != "1"
    commit = cached_commit(weights, revision)
    if commit or not may_ask:
        return commit or revision
    try:
        from huggingface_hub import snapshot_download

        # Fetches no file, but writes into the cache which commit the revision is.
        folder = snapshot_download(weights, revision=revision, allow_patterns=[])
    except Exception as error:
        raise WorkerError(
            f"Expected the hub to say which commit {revision} of {weights} is, received {type(error).__name__}: {error}. "
            "Check the network, the licence and the token, or give --revision COMMIT."
        ) from error
    commit = cached_commit(weights, revision) or os.path.basename(folder)
    return commit if _is_commit(commit) else revision


def commit_of_checkout(folder: str) -> str:
    """The commit of a checkout, with `+changes` where files that git tracks were changed."""

    def git(*words: str) -> str:
        command = ["git", "--no-optional-locks", "-C", folder, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=50).stdout.strip()

    try:
        if os.path.realpath(git("rev-parse", "--show-toplevel")) != os.path.realpath(folder):
            return UNKNOWN  # A copy inside some other checkout.
        commit = git("rev-parse", "HEAD")
        return commit + "+changes" if git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN


def checked_commit(folder: str, repository: str, wanted: str) -> str:
    """The commit of a checkout, which must be the wanted one unless any is."""
    found = commit_of_checkout(folder)
    if wanted in ("any", found):
        return found
    raise WorkerError(
        f"Expected {folder} to be a checkout of {repository} at commit {wanted}, found {found}. "
        f"Run `git -C {folder} checkout {wanted}`, or give --repoCommit COMMIT, or `any` for what is there."
    )
