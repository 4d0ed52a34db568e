"""For tests: what the worker of Emu3 gives to the model for a prompt, as JSON on stderr.

    python emu3_tokens.py WEIGHTS PROMPT
"""

import json
import sys

from emu3 import Emu3

worker = Emu3(["--weights", sys.argv[1], "--device", "cpu", "--dtype", "float32", "--width", "8", "--height", "8"])
worker.load()
given = {}


class Stop(Exception):
    pass


def record(**arguments):
    given.update(arguments)
    raise Stop


class Asked:
    prompt, seed = sys.argv[2], 1


worker.emu.generate = record
try:
    worker.draw(Asked, None)
except Stop:
    pass
words = worker.tokenizer.convert_ids_to_tokens
print(json.dumps([words(given[name][0]) for name in ("input_ids", "negative_prompt_ids")]), file=sys.stderr)
