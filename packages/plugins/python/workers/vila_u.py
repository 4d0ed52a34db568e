"""VILA-U 7B through the authors' repository, as their inference.py uses it."""

from _common import Picture, ReadyWorker, call_seed, serve


class VilaU(ReadyWorker):
    name = "vila-u"
    family, decoder = "mllm", "vq"
    weights = "mit-han-lab/vila-u-7b-256"
    reference = "https://github.com/mit-han-lab/vila-u"
    repository = "https://github.com/mit-han-lab/vila-u"
    repository_commit = "096623cef36a57c707d4bdc5cdfeec823b58d223"
    licence = "MIT (code); see the model's page for the weights"
    gpu_memory = "about 20 GB in float16, one image at a time"
    # The authors' method takes one prompt; copies of it would share one random generator.
    max_batch = 1
    # The size and the precision are the checkpoint's.
    published = {"width": 256, "height": 256, "guidance": 3.0, "dtype": "float16", "fileFormat": "png"}

    def load(self):
        import os

        self.add_repository()
        import vila_u

        folder = self.settings.weights
        if not os.path.isdir(folder):
            from huggingface_hub import snapshot_download

            folder = snapshot_download(folder, revision=self.settings.revision)
        self.vila = vila_u.load(folder)
        return self.facts()

    def generate(self, requests, call):
        import numpy
        from PIL import Image

        pictures = []
        for request in requests:
            call.check()
            call_seed(request.seed)
            # (1, 3, height, width), 0 to 255; the authors' script cuts it to bytes and writes PNG.
            pixels = self.vila.generate_image_content(request.prompt, self.settings.guidance, 1)
            image = pixels[0].permute(1, 2, 0).cpu().numpy().astype(numpy.uint8)
            pictures.append(Picture.of_pil(Image.fromarray(image)))
        return pictures


if __name__ == "__main__":
    serve(VilaU())
