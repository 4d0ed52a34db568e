"""For tests: a ready worker without heavy packages. It fetches its weights as the real ones do and draws one pixel."""

import os
import struct
import zlib

from _common import Picture, ReadyWorker, serve


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


class Downloader(ReadyWorker):
    name = "downloader"
    family, decoder = "diffusion", "pixel"
    weights = "tests/downloader"
    packages = ()
    published = {"width": 1, "height": 1, "fileFormat": "png"}

    def load(self):
        from huggingface_hub import snapshot_download

        folder = snapshot_download(self.settings.weights, revision=self.settings.revision)
        with open(os.path.join(folder, "model.bin"), encoding="ascii") as file:
            self.commit = file.read()
        return {"commit": self.commit}

    def generate(self, requests, call):
        # The colour is that of the weights that were loaded.
        rows = zlib.compress(b"\0" + bytes.fromhex(self.commit[:6]))
        header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
        return [Picture(png) for _ in requests]


if __name__ == "__main__":
    serve(Downloader())
