"""For tests: breaks the protocol on purpose, without the SDK. The first argument says how."""

import json
import os
import sys

how = sys.argv[1]
hello = {
    "protocol": 2 if how == "version" else 1,
    "sdk": "none",
    "name": "raw",
    "kind": "detector" if how == "kind" else "generator",
    "traits": {},
    "model": {},
    "defaults": {},
    "gpuMemory": "",
    "maxBatch": 4,
}


def say(value):
    sys.stdout.write(value if isinstance(value, str) else json.dumps(value))
    sys.stdout.write("\n")
    sys.stdout.flush()


def items(folder, secret):
    path = os.path.join(folder, "image.png")
    if how == "missing":
        return ["nothing.png"]
    if how == "escape":
        return ["../" + os.path.basename(secret)]
    if how == "absolute":
        return [secret]
    if how == "link":
        os.symlink(secret, path)
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "folder":
        os.mkdir(path)
    elif how == "empty":
        open(path, "w").close()
    elif how == "huge-file":
        with open(path, "wb") as file:
            file.truncate(2**28 + 1)
    else:
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
    return ["image.png"] * (2 if how == "count" else 1)


folder = ""
loads = 0
for line in sys.stdin:
    request = json.loads(line)
    method, identifier = request["method"], request.get("id")
    if method == "hello":
        folder = request["params"]["folder"]
        if how == "no-hello":
            say("hello, I am a worker")
        say({"id": identifier, "result": None if how == "null-hello" else hello})
    elif method == "load":
        loads += 1
        say({"id": identifier, "result": {"fact": loads} if how == "load" else {"facts": {}}})
    elif method == "generate":
        if how == "garbage":
            say("Downloading: 3 %")
        elif how == "binary":
            sys.stdout.buffer.write(bytes(range(256)) * 40 + b"\n")
            sys.stdout.buffer.flush()
        elif how == "huge-line":
            while True:
                sys.stdout.write("x" * 65536)
        elif how == "stranger":
            say({"id": 999, "result": {}})
        elif how == "shape":
            say({"id": identifier, "result": {"items": [{"outcome": "picture"}]}})
        else:
            found = [{"outcome": "image", "file": name} for name in items(folder, sys.argv[2])]
            say({"id": identifier, "result": {"items": found}})
    elif method == "shutdown":
        break
