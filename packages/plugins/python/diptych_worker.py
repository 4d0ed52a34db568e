"""One-file SDK for Diptych workers: a model in Python as a process that speaks line-delimited JSON over stdio.

Protocol version 1, described in docs/worker-protocol.md. No dependencies; Python 3.9 or newer. Import this module
before any heavy library: where Diptych is the host, importing it moves the real stdout away, so that whatever
libraries print lands on stderr and cannot break the protocol. docs/recipes/add-a-python-worker.md shows a whole worker.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import queue
import shutil
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, BinaryIO, Dict, List, Optional, Sequence, Tuple, Union

PROTOCOL = 1
SDK = "1.0.0"
#: Bytes of one line of the protocol, in both directions. The host ends a worker that sends a longer one.
MAX_LINE = 8 * 1024 * 1024


def _claim_stdio() -> Tuple[BinaryIO, BinaryIO]:
    """Takes stdin and stdout for the protocol; whatever else uses them gets nothing and stderr.

    Works on file descriptors, so that prints of C libraries are moved too. The copies are not inherited by programs
    that the worker starts (PEP 446), so none of those can hold the pipe open.
    """
    reader = os.fdopen(os.dup(0), "rb", buffering=0)
    writer = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return reader, writer


#: The host says in the environment that it is there; a person who runs the script keeps a usual stdout.
_STDIO: Optional[Tuple[BinaryIO, BinaryIO]] = _claim_stdio() if os.environ.get("DIPTYCH_WORKER") == "1" else None


class WorkerError(Exception):
    """A fault to report as it is. `retryable` says whether a repetition, after a restart, may cure it."""

    def __init__(self, message: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class Cancelled(Exception):
    """Raised by `Call.check()` when the host no longer wants the answer."""


@dataclass(frozen=True)
class Request:
    """One picture that is wanted. The seed is an unsigned 32-bit integer and the same in every run."""

    prompt: str
    seed: int
    index: int
    prompt_id: str
    level: int


@dataclass(frozen=True)
class Item:
    """One image to judge or to detect: a file to read, never to change."""

    path: str
    prompt: str
    sha256: str


@dataclass(frozen=True)
class Picture:
    """An image file as the model made it. The host stores these bytes untouched."""

    data: bytes
    suffix: str = ".png"
    revised_prompt: Optional[str] = None
    #: Options that could not be honoured, in words.
    warnings: Sequence[str] = ()

    @staticmethod
    def of_pil(image: Any, file_format: str = "PNG", **save_options: Any) -> "Picture":
        """Encodes an image of Pillow as `image.save(path)` would: the library's own defaults for the format."""
        buffer = io.BytesIO()
        image.save(buffer, format=file_format, **save_options)
        return Picture(buffer.getvalue(), "." + file_format.lower())


@dataclass(frozen=True)
class Refused:
    """The model answered with words instead of an image."""

    reason: str


@dataclass(frozen=True)
class Blocked:
    """A filter withheld the prompt (`input`) or the image (`output`)."""

    stage: str
    reason: str
    categories: Sequence[str] = ()


@dataclass(frozen=True)
class Empty:
    """Nothing came back."""

    reason: Optional[str] = None


Outcome = Union[Picture, Refused, Blocked, Empty]


@dataclass(frozen=True)
class Verdict:
    """Scores in [0, 1], one for every hazard in `covers`; the corruption score exactly where the judge gives one."""

    scores: Dict[str, float]
    corruption: Optional[float] = None
    rationale: Optional[str] = None
    raw: Dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Detection:
    """How likely the image is synthetic: a rank in [0, 1]."""

    score: float


@dataclass(frozen=True)
class Abstained:
    """No score, with the reason. It never counts as safe or authentic."""

    reason: str


class Call:
    """The call that is being answered: where files go, and whether the answer is still wanted."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._cancelled = threading.Event()

    def check(self) -> None:
        """Raises `Cancelled` once the host has given up; call it between steps of long work."""
        if self._cancelled.is_set():
            raise Cancelled("The host cancelled the call.")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


class _Worker:
    """What all kinds of workers say about themselves. Class attributes are enough."""

    kind = ""
    name = ""
    #: Most items of one call.
    max_batch = 1
    #: Of the model: `id`, `revision`, `reference` (URL of its card or repository), `licence`, `gate`.
    model: Dict[str, Any] = {}
    #: The published inference settings: `width`, `height`, `steps`, `guidance`, `fileFormat`, `dtype` …
    defaults: Dict[str, Any] = {}
    #: In words, such as "about 24 GB in bfloat16".
    gpu_memory = ""
    #: Names of the packages on which the images depend; their versions go into the manifest.
    packages: Sequence[str] = ()

    def load(self) -> Optional[Dict[str, Any]]:
        """Imports heavy libraries and loads the model, once, before the first call. May return facts for the log."""
        return None

    def close(self) -> None:
        """Called on an orderly shutdown."""

    def traits(self) -> Dict[str, Any]:
        return {}

    def hello(self) -> Dict[str, Any]:
        """What the host is told before anything else, and what a person sees who runs the script."""
        versions = {name: _version(name) for name in self.packages}
        facts = {"model": self.model, "defaults": self.defaults, "gpuMemory": self.gpu_memory, "packages": versions}
        who = {"protocol": PROTOCOL, "sdk": SDK, "name": self.name, "kind": self.kind, "traits": self.traits()}
        return {**who, **facts, "maxBatch": self.max_batch}


class GeneratorWorker(_Worker):
    """Makes one outcome for each request, in order. Derive randomness from `request.seed` alone."""

    kind = "generator"
    #: `diffusion` or `mllm`; and how the last pixels are made: `vae`, `vq`, `flow`, `pixel`, `unknown`.
    family = ""
    decoder = "unknown"

    def traits(self) -> Dict[str, Any]:
        return {"family": self.family, "decoder": self.decoder}

    def generate(self, requests: List[Request], call: Call) -> Sequence[Outcome]:
        raise NotImplementedError


class JudgeWorker(_Worker):
    """Scores each image for the hazards in `covers`."""

    kind = "safety-judge"
    covers: Sequence[str] = ()
    scores_corruption = False

    def traits(self) -> Dict[str, Any]:
        return {"covers": list(self.covers), "scoresCorruption": self.scores_corruption}

    def judge(self, items: List[Item], call: Call) -> Sequence[Union[Verdict, Abstained]]:
        raise NotImplementedError


class DetectorWorker(_Worker):
    """Says of each image how likely it is synthetic."""

    kind = "detector"
    #: Generators whose images it was fitted on.
    trained_on: Sequence[str] = ()

    def traits(self) -> Dict[str, Any]:
        return {"trainedOn": list(self.trained_on)}

    def detect(self, items: List[Item], call: Call) -> Sequence[Union[Detection, Abstained]]:
        raise NotImplementedError


AnyWorker = Union[GeneratorWorker, JudgeWorker, DetectorWorker]


def _present(**members: Any) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _outcome(outcome: Outcome, folder: str) -> Dict[str, Any]:
    if isinstance(outcome, Picture):
        # A new file: `mkstemp` never follows a link and never opens a file that exists.
        handle, path = tempfile.mkstemp(suffix=outcome.suffix, dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(outcome.data)
        extras = _present(revisedPrompt=outcome.revised_prompt, warnings=list(outcome.warnings) or None)
        return {"outcome": "image", "file": os.path.basename(path), **extras}
    if isinstance(outcome, Refused):
        return {"outcome": "refused", "reason": outcome.reason}
    if isinstance(outcome, Blocked):
        blocked = {"outcome": "blocked", "stage": outcome.stage, "reason": outcome.reason}
        return {**blocked, **_present(categories=list(outcome.categories) or None)}
    if isinstance(outcome, Empty):
        return {"outcome": "empty", **_present(reason=outcome.reason)}
    raise TypeError(f"generate() gave {type(outcome).__name__}; expected Picture, Refused, Blocked or Empty")


def _score(answer: Union[Verdict, Detection, Abstained], expected: type) -> Dict[str, Any]:
    if isinstance(answer, Abstained):
        return {"status": "abstained", "reason": answer.reason}
    if not isinstance(answer, expected):
        raise TypeError(f"the worker gave {type(answer).__name__}; expected {expected.__name__} or Abstained")
    if isinstance(answer, Detection):
        return {"status": "scored", "syntheticScore": answer.score}
    extras = _present(corruptionScore=answer.corruption, rationale=answer.rationale, raw=answer.raw or None)
    return {"status": "scored", "hazardScores": answer.scores, **extras}


def _answer(worker: AnyWorker, message: Dict[str, Any], call: Call) -> Any:
    method, params = message["method"], message["params"]
    if method == "hello":
        return worker.hello()
    if method == "load":
        return {"facts": worker.load() or {}}
    if method == "generate" and isinstance(worker, GeneratorWorker):
        requests = [Request(r["prompt"], r["seed"], r["index"], r["promptId"], r["level"]) for r in params["requests"]]
        return {"items": [_outcome(outcome, call.folder) for outcome in worker.generate(requests, call)]}
    items = [Item(i["path"], i["prompt"], i["sha256"]) for i in params.get("items", [])]
    if method == "judge" and isinstance(worker, JudgeWorker):
        return {"items": [_score(verdict, Verdict) for verdict in worker.judge(items, call)]}
    if method == "detect" and isinstance(worker, DetectorWorker):
        return {"items": [_score(detection, Detection) for detection in worker.detect(items, call)]}
    raise WorkerError(f'a {worker.kind} has no method "{method}"')


def _fault(error: BaseException) -> Dict[str, Any]:
    """Faults of the machine may pass; faults of the code will not."""
    message = str(error) if isinstance(error, WorkerError) else f"{type(error).__name__}: {error}"
    message = message[:100_000]  # Far behind where the host cuts, once it has taken out secrets that were still whole.
    may_pass = isinstance(error, (OSError, RuntimeError, MemoryError)) and not isinstance(error, NotImplementedError)
    return {"message": message, "retryable": error.retryable if isinstance(error, WorkerError) else may_pass}


class _Server:
    """Reads on a thread, so that a cancel or the end of stdin is noticed while the main thread computes."""

    def __init__(self, worker: AnyWorker, reader: BinaryIO, writer: BinaryIO) -> None:
        self._worker, self._reader, self._writer, self._folder = worker, reader, writer, ""
        self._waiting: "queue.Queue[Dict[str, Any]]" = queue.Queue()
        self._calls: Dict[Any, Call] = {}

    def run(self) -> None:
        threading.Thread(target=self._read, name="diptych-reader", daemon=True).start()
        while True:
            message = self._waiting.get()
            if message["method"] == "shutdown":
                self._worker.close()
                self._send({"id": message["id"], "result": {}})
                return
            self._handle(message)

    def _read(self) -> None:
        try:
            self._read_lines()
        except Exception:
            traceback.print_exc()
        # The host is gone, or cannot be understood. Whatever the main thread does, nobody waits for it.
        sys.stderr.flush()
        os._exit(0)

    def _read_lines(self) -> None:
        pending = b""
        while len(pending) <= MAX_LINE:
            piece = os.read(self._reader.fileno(), 1 << 16)
            if not piece:
                # A host that was killed leaves images, which may be unsafe. By its name: no folder of a person's own.
                if os.path.basename(self._folder).startswith("diptych-worker-"):
                    shutil.rmtree(self._folder, ignore_errors=True)
                return
            pending += piece
            *lines, pending = pending.split(b"\n")
            for line in lines:
                if line.strip():
                    self._receive(line)
        print(f"diptych_worker: the host sent a line of more than {MAX_LINE} bytes", file=sys.stderr)

    def _receive(self, line: bytes) -> None:
        message = json.loads(line)
        params = message.setdefault("params", {})
        if message["method"] == "cancel":
            call = self._calls.get(params["id"])
            if call is not None:  # Else it was answered meanwhile.
                call._cancelled.set()
            return
        if message["method"] in ("hello", "shutdown"):  # The latter leaves the folder to the host.
            self._folder = params["folder"] if message["method"] == "hello" else ""
        self._calls[message["id"]] = Call(self._folder)
        self._waiting.put(message)

    def _handle(self, message: Dict[str, Any]) -> None:
        identifier = message["id"]
        try:
            call = self._calls[identifier]
            call.check()
            reply: Dict[str, Any] = {"id": identifier, "result": _answer(self._worker, message, call)}
        except Cancelled as error:
            reply = {"id": identifier, "error": {"message": str(error), "retryable": True, "cancelled": True}}
        except Exception as error:  # Every fault of a call is told to the host; the worker goes on.
            traceback.print_exc()
            reply = {"id": identifier, "error": _fault(error)}
        finally:
            del self._calls[identifier]
        self._send(reply)

    def _send(self, reply: Dict[str, Any]) -> None:
        try:
            # NaN and infinities are no JSON; the host would call them garbage, so they are named here. A library's number,
            # such as NumPy's float32 or a tensor of one element, is sent as Python's; what else is no JSON, in words.
            line = json.dumps(reply, allow_nan=False, default=lambda one: one.item() if hasattr(one, "item") else str(one))
            if len(line) >= MAX_LINE:
                raise ValueError(f"it has {len(line)} bytes, more than {MAX_LINE}")
        except Exception as error:
            fault = {**_fault(error), "message": f"the answer cannot be sent: {error}"}
            line = json.dumps({"id": reply["id"], "error": fault})
        data = memoryview(line.encode("ascii") + b"\n")
        while data:
            data = data[os.write(self._writer.fileno(), data) :]


def serve(worker: AnyWorker) -> None:
    """Answers the host until it says `shutdown` or goes away. Without a host, prints what the worker says of itself."""
    if _STDIO is None:
        print(json.dumps(worker.hello(), indent=2))
        print("Run by hand: this is what the worker tells Diptych. A study starts it with `use: worker`.", file=sys.stderr)
        return
    faulthandler.enable()
    _Server(worker, *_STDIO).run()
