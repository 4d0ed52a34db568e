"""Drawing image tokens with one seed for each image, so that an image does not depend on its neighbours in the batch."""

from __future__ import annotations

from typing import Any, List


class SeededDraw:
    """Classifier-free guidance over pairs of logits, then one token for each image from its own generator."""

    def __init__(self, seeds: List[int], guidance: float, temperature: float) -> None:
        import torch

        # On the CPU, so that equal probabilities give equal tokens whatever the card.
        self._generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        self._guidance = guidance
        self._temperature = temperature

    def tokens(self, conditional: Any, unconditional: Any) -> Any:
        """Logits of shape (images, vocabulary) each; tokens of shape (images,) on the same device."""
        import torch

        logits = unconditional + self._guidance * (conditional - unconditional)
        probabilities = torch.softmax(logits.float() / self._temperature, dim=-1).cpu()
        drawn = [torch.multinomial(row, 1, generator=g) for row, g in zip(probabilities, self._generators)]
        return torch.cat(drawn).to(conditional.device)


def pictures_of(decoded: Any) -> List[Any]:
    """Images of Pillow from a tensor (images, 3, height, width) in [-1, 1], cut to bytes as the Janus script does."""
    import numpy
    from PIL import Image

    pixels = decoded.detach().float().cpu().numpy().transpose(0, 2, 3, 1)
    return [Image.fromarray(image) for image in numpy.clip((pixels + 1) / 2 * 255, 0, 255).astype(numpy.uint8)]
