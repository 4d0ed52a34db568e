"""For tests: loaded by Python from PYTHONPATH at its start; does what record-connections.mjs does for Node."""

import os
import sys


def note(event, given):
    if event == "socket.connect" and isinstance(given[1], tuple):
        what = f"{given[1][0]}:{given[1][1]}"
    elif event == "socket.getaddrinfo" and given[0]:
        what = f"name {given[0]}"
    else:
        return
    with open(os.environ["CONNECTIONS"], "a", encoding="utf-8") as file:
        file.write(what + "\n")


sys.addaudithook(note)
