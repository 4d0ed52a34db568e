"""For tests: a worker that echoes its secret wherever a worker can say anything."""

import os
import sys

from diptych_worker import Blocked, Empty, GeneratorWorker, Picture, Refused, WorkerError, serve

KEY = os.environ["PLANTED_KEY"]


class Leaky(GeneratorWorker):
    name = f"leaky {KEY}"
    family, decoder = "mllm", "pixel"
    model = {"id": f"model?token={KEY}", "revision": "1", KEY: "a name of a fact"}
    defaults = {"prompt": KEY}
    gpu_memory = f"with {KEY}"

    def load(self):
        print("loading with", KEY)
        return {"token": KEY}

    def generate(self, requests, call):
        return [self.one(request.prompt.split(" ")[0]) for request in requests]

    def one(self, word):
        print(f"{word} with {KEY}", file=sys.stderr)
        if word == "refuse":
            return Refused(f"The key {KEY} may not draw this.")
        if word == "block":
            return Blocked("output", f"a filter of {KEY}", [KEY])
        if word == "nothing":
            return Empty(f"nothing for {KEY}")
        if word == "fault":
            raise WorkerError(f"HTTP 401 for {KEY}")
        if word == "long":
            raise ValueError("x " * 1990 + KEY)
        if word == "exit":
            print("x " * 40_000 + KEY + " y" * 32_760, file=sys.stderr)
            sys.exit(3)
        if word == "garbage":
            from diptych_worker import _STDIO

            os.write(_STDIO[1].fileno(), (f"{'x ' * 94}{KEY} is no JSON\n").encode())
        with open("picture.png", "rb") as file:
            return Picture(file.read(), revised_prompt=f"drawn by {KEY}", warnings=[KEY])


if __name__ == "__main__":
    if "--broken" in sys.argv:
        print(f"cannot log in with {KEY}", file=sys.stderr)
        sys.exit(1)
    serve(Leaky())
