"""For tests: a generator without packages that draws a PNG of one colour per seed, and misbehaves when a prompt says so."""

from diptych_worker import Blocked, Empty, GeneratorWorker, Picture, Refused, WorkerError, serve

import os
import signal
import struct
import subprocess
import sys
import time
import zlib


def png(seed):
    """An 8 by 8 PNG, black at one corner, so that it is no placeholder."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    colour = bytes([seed & 255, seed >> 8 & 255, seed >> 16 & 255])
    rows = b"".join(b"\0" + (b"\0\0\0" if row == 0 else b"\xff\xff\xff") + colour * 7 for row in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def leave_daemon(path):
    """Starts a chatty child that leaves the worker's session and holds its stderr open, as Ray's daemons do."""
    shell = "trap '' PIPE; while sleep 0.05; do echo still here >&2; done"
    child = subprocess.Popen(["sh", "-c", shell], start_new_session=True)
    with open(path, "w") as file:
        file.write(str(child.pid))


class Colours(GeneratorWorker):
    name = "colours"
    family, decoder = "diffusion", "pixel"
    max_batch = 4
    model = {"id": "tests/colours", "revision": "1", "reference": "https://example.org", "licence": "Apache-2.0"}
    defaults = {"width": 8, "height": 8, "fileFormat": "png"}
    gpu_memory = "none"

    def load(self):
        print("a library prints while it loads")
        subprocess.run(["echo", "a program prints too"], check=True)
        if "--daemon" in sys.argv:
            leave_daemon(sys.argv[-1])
        if "--slow-load" in sys.argv:
            time.sleep(600)
        if "--no-load" in sys.argv:
            with open(sys.argv[-1], "a") as file:
                file.write("x")
            raise RuntimeError("out of memory")
        return {"device": "cpu"}

    def generate(self, requests, call):
        return [self.one(request, call) for request in requests]

    def one(self, request, call):
        word, _, rest = request.prompt.partition(" ")
        print("drawing", request.prompt)
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "kill-once" and not os.path.exists(rest):
            open(rest, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "exit":
            print("the reason is in stderr", file=sys.stderr)
            sys.exit(3)
        if word == "hang":
            time.sleep(600)
        if word == "wait":
            while True:
                call.check()
                time.sleep(0.01)
        if word == "child":
            child = subprocess.Popen(["sleep", "600"])
            with open(rest, "w") as file:
                file.write(str(child.pid))
        if word == "daemon-exit":
            leave_daemon(rest)
            sys.exit(3)
        if word == "environment":
            return Refused(os.environ.get(rest, "not set"))
        if word == "stdin":
            return Refused("stdin gave " + repr(sys.stdin.read()))
        if word == "refuse":
            return Refused("I would rather not")
        if word == "block":
            return Blocked("output", "a filter", ["violence"])
        if word == "refuse-wordless":
            return Refused("")
        if word == "block-wordless":
            return Blocked("input", "")
        if word == "nothing":
            return Empty()
        if word == "fault":
            raise WorkerError("the device is busy", retryable=True)
        if word == "bug":
            raise KeyError("missing")
        if word == "endless":
            raise RuntimeError("the shape is wrong: " + "\U0001f600" * 1000 + "x" * 10_000_000)
        if word == "nan":
            return Refused(float("nan"))
        if word == "wrong":
            return "a string"
        return Picture(png(request.seed), warnings=["size was not honoured"] if word == "warn" else [])


if __name__ == "__main__":
    serve(Colours())
