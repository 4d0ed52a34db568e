"""What onnxruntime gives for the public ONNX files that cards take as they are: by hand, the files are yours to bring.

    python check_public.py open-nsfw|nudenet MODEL.onnx IMAGE.png …

Prints a JSON list of scores for each image. Needs onnxruntime and OpenCV besides requirements.txt.
"""

import json
import sys

import onnxruntime
from PIL import Image, ImageOps

import reference

PREPARE = {"open-nsfw": reference.open_nsfw_input, "nudenet": reference.nudenet_input}
SCORES = {"open-nsfw": lambda output: output, "nudenet": lambda output: output[4:].max(1)}


def main():
    name, model, *images = sys.argv[1:]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows = []
    for path in images:
        image = Image.open(path)
        # OpenCV turns pictures when it reads them.
        pixels = PREPARE[name]((ImageOps.exif_transpose(image) if name == "nudenet" else image).convert("RGB"))
        (output,) = session.run(None, {session.get_inputs()[0].name: pixels[None]})
        rows.append([float(score) for score in SCORES[name](output[0])])
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
