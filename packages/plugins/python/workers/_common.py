"""What the ready workers share: the SDK on the path, arguments, revisions, devices and seeds."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# First, before any library that may print.
from diptych_worker import Call, GeneratorWorker, Picture, Request, WorkerError, serve  # noqa: E402

import argparse  # noqa: E402
from typing import Any, Dict, List, Optional, Sequence  # noqa: E402

from _versions import checked_commit, commit_of_weights  # noqa: E402

__all__ = [
    "Call",
    "GeneratorWorker",
    "Picture",
    "ReadyWorker",
    "Request",
    "WorkerError",
    "call_seed",
    "serve",
]


class ReadyWorker(GeneratorWorker):
    """A worker whose published settings may be overridden by arguments; what is used stands in the manifest."""

    #: Repository on the hub.
    weights = ""
    #: Where the published settings were read.
    reference = ""
    licence = ""
    gate = ""
    #: Settings as published; those with a number or word may be given as arguments.
    published: Dict[str, Any] = {}
    #: URL of the model's own repository, where the worker needs a checkout of it, and the commit it was written for.
    repository = ""
    repository_commit = ""
    #: Further repositories on the hub that the authors' code takes weights or settings from.
    companions: Sequence[str] = ()
    packages = ("torch", "transformers", "pillow")

    def __init__(self, argv: Optional[List[str]] = None) -> None:
        self.settings = self._parse(argv)
        overridable = {name: getattr(self.settings, name) for name in self.published if hasattr(self.settings, name)}
        changed = sorted(name for name, value in overridable.items() if value != self.published[name])
        self.defaults = {**self.published, **overridable, "changed": changed}
        self.model = {
            "id": self.settings.weights,
            "revision": self.settings.revision,
            "reference": self.reference,
            "licence": self.licence,
            "gate": self.gate,
            **({"repository": self.repository, "repositoryCommit": self.settings.repoCommit} if self.repository else {}),
        }
        self.max_batch = min(self.max_batch, self.settings.batch) if self.settings.batch else self.max_batch

    def hello(self) -> Dict[str, Any]:
        self.settle_versions()
        return super().hello()

    def settle_versions(self) -> None:
        """Turns branches into commits, which are then loaded and stand in the manifest."""
        settings = self.settings
        settings.revision = self.model["revision"] = commit_of_weights(settings.weights, settings.revision)
        if self.companions:
            self.model["companions"] = {name: commit_of_weights(name, "main") for name in self.companions}
        # Where there is no folder, loading says so.
        if self.repository and os.path.isdir(settings.repo):
            found = checked_commit(os.path.abspath(settings.repo), self.repository, settings.repoCommit)
            self.model["repositoryCommit"] = found

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Further arguments of a model."""

    def _parse(self, argv: Optional[List[str]]) -> argparse.Namespace:
        parser = argparse.ArgumentParser(description=f"{self.name}: {self.weights}")
        parser.add_argument("--weights", default=self.weights, help="repository on the hub, or a folder")
        parser.add_argument("--revision", default="main", help="branch, tag or commit on the hub")
        parser.add_argument("--device", default="auto", help="auto, cuda, cuda:1, cpu")
        parser.add_argument("--batch", type=int, default=0, help="most images in one call; 0: the worker's own")
        if self.repository:
            parser.add_argument("--repo", default="", help=f"folder of a checkout of {self.repository}")
            parser.add_argument("--repoCommit", default=self.repository_commit, help="commit it must be at, or any")
        for name, value in self.published.items():
            if isinstance(value, (int, float, str)) and not isinstance(value, bool) and name not in ("fileFormat", "sampler"):
                parser.add_argument(f"--{name}", type=float if isinstance(value, float) else type(value), default=value)
        self.arguments(parser)
        return parser.parse_args(argv)

    def pick_device(self) -> str:
        import torch

        if self.settings.device != "auto":
            return self.settings.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    def torch_dtype(self) -> Any:
        import torch

        return getattr(torch, self.settings.dtype)

    def add_repository(self, *below: str) -> str:
        """Makes the packages of the model's own checkout importable."""
        folder = os.path.abspath(os.path.join(self.settings.repo, *below))
        if not self.settings.repo or not os.path.isdir(folder):
            raise WorkerError(
                f"Expected --repo to be a checkout of {self.repository}, {folder} is no folder. "
                f"Run `git clone {self.repository}` and give its path."
            )
        sys.path.insert(0, folder)
        return folder

    def facts(self) -> Dict[str, Any]:
        """What a log line says after loading."""
        import torch

        device = self.pick_device()
        name = torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu"
        return {"device": name, "torch": torch.__version__}


def call_seed(seed: int) -> None:
    """Seeds every generator that a model's own code may draw from, as the authors' scripts do."""
    import random

    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
