"""Detectors and judges on vision transformers, built from the configurations of Hugging Face's `transformers`."""

import torch
from torch import nn
from transformers import (
    CLIPVisionConfig, CLIPVisionModelWithProjection, SiglipConfig, SiglipForImageClassification, SiglipVisionConfig,
    ViTConfig, ViTForImageClassification,
)

from common import Unit, filled, load_strictly, randomise

SMALL = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2)
CLIP_L_14 = dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, patch_size=14, projection_dim=768)
CLIP_B_32 = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, patch_size=32, projection_dim=512)


def clip(sources, size=CLIP_L_14):
    """CLIP's image tower with QuickGELU. The user's is a folder of Hugging Face's layout; noise without one."""
    if sources.folder is not None:
        return CLIPVisionModelWithProjection.from_pretrained(sources.folder, local_files_only=True).eval()
    if not sources.is_random:
        raise SystemExit("Expected --backbone, a folder that holds CLIP in Hugging Face's layout. Pass it.")
    return randomise(unfilled_clip({**size, **SMALL, "projection_dim": 12} if sources.small else size)).eval()


def unfilled_clip(size):
    return CLIPVisionModelWithProjection(CLIPVisionConfig(image_size=224, hidden_act="quick_gelu", **size))


class Tower(nn.Module):
    """The projected embedding, raw: what Q16, MHSC, LAION's head and the safety checker stand on."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model(pixel_values=pixels).image_embeds


class OnEmbedding(nn.Module):
    """A head on the projected embedding, as it is or of unit length."""

    def __init__(self, model, head, unit=False):
        super().__init__()
        self.tower, self.unit, self.head = Tower(model), Unit() if unit else nn.Identity(), head

    def forward(self, pixels):
        return self.head(self.unit(self.tower(pixels)))


class OnPooled(nn.Module):
    """A head on the pooled output before CLIP's projection."""

    def __init__(self, model, head):
        super().__init__()
        self.model, self.head = model.vision_model, head

    def forward(self, pixels):
        return self.head(self.model(pixel_values=pixels).pooler_output)


def univfd(sources):
    """UnivFD (arXiv 2302.10174): one linear layer on the raw embedding. Its file holds the layer alone."""
    model = clip(sources)
    return OnEmbedding(model, filled(nn.Linear(model.config.projection_dim, 1), sources)).eval()


def c2p_clip(sources):
    """C2P-CLIP (arXiv 2408.09647): a linear layer on the unit embedding; the file holds the whole tower, merged, and `fc`."""
    model = clip(sources)
    head = nn.Linear(model.config.projection_dim, 1)
    if sources.is_random:
        randomise(head)
    else:
        state = {name.removeprefix("model."): value for name, value in sources.state().items()}
        load_strictly(head, {name[3:]: state.pop(name) for name in ("fc.weight", "fc.bias")})
        load_strictly(model, state)
    return OnEmbedding(model, head, unit=True).eval()


def effort(sources):
    """Effort (arXiv 2411.15633): attention weights as a frozen main part and a residual of rank 1, two classes on the pooled output."""
    model = clip(sources)
    head = nn.Linear(model.config.hidden_size, 2)
    if sources.is_random:
        randomise(head)
    else:
        state = merged_residuals(sources.state())
        load_strictly(head, {name[5:]: state.pop(name) for name in ("head.weight", "head.bias")})
        load_strictly(model.vision_model, {name.removeprefix("backbone."): value for name, value in state.items()})
    return OnPooled(model, head).eval()


def merged_residuals(state):
    """W = main + U diag(s) V, once and for all: the sum that the reference forms at every call."""
    plain = {}
    for name, value in state.items():
        if name.endswith("weight_main"):
            stem = name.removesuffix("weight_main")
            parts = [state[stem + part] for part in ("U_residual", "S_residual", "V_residual")]
            plain[stem + "weight"] = value + parts[0] @ torch.diag(parts[1]) @ parts[2]
        elif not name.endswith(("U_residual", "S_residual", "V_residual")) and not is_factor(name, state):
            plain[name] = value
    return plain


def is_factor(name, state):
    """Factors of the frozen main part, which newer training code stores beside it."""
    stem, _, part = name.rpartition(".")
    return part in ("U_r", "S_r", "V_r") and f"{stem}.weight_main" in state


class Rine(nn.Module):
    """RINE (arXiv 2402.19091): class tokens of the second norm of every block, projected, weighted over blocks, two more projections and a head."""

    def __init__(self, model, layers, width, projection):
        super().__init__()
        self.model = model.vision_model
        steps = lambda first: nn.Sequential(  # noqa: E731: numbers of the layers are those of the published file
            nn.Dropout(), *[part for i in range(layers) for part in (nn.Linear(first if i == 0 else projection, projection), nn.ReLU(), nn.Dropout())]
        )
        self.proj1, self.proj2 = steps(width), steps(projection)
        self.alpha = nn.Parameter(torch.zeros(1, len(self.model.encoder.layers), projection))
        self.head = nn.Sequential(
            nn.Linear(projection, projection), nn.ReLU(), nn.Dropout(), nn.Linear(projection, projection), nn.ReLU(), nn.Dropout(), nn.Linear(projection, 1)
        )

    def forward(self, pixels):
        tokens = []
        hooks = [layer.layer_norm2.register_forward_hook(lambda _m, _i, out: tokens.append(out[:, 0])) for layer in self.model.encoder.layers]
        self.model(pixel_values=pixels)
        for hook in hooks:
            hook.remove()
        z = torch.softmax(self.alpha, 1) * self.proj1(torch.stack(tokens, 1))
        return self.head(self.proj2(z.sum(1)))


def rine(sources):
    model = clip(sources)
    width = model.config.hidden_size
    network = Rine(model, 4, width, 8 if sources.small else 128)
    if sources.is_random:
        for part in (network.proj1, network.proj2, network.head):
            randomise(part)
        with torch.no_grad():
            network.alpha.normal_()
    else:
        own = {name: value for name, value in sources.state().items() if not name.startswith("clip.")}
        load_strictly(network, {**{f"model.{name}": value for name, value in model.vision_model.state_dict().items()}, **own})
    return network.eval()


class WithText(nn.Module):
    """DE-FAKE's classifier (arXiv 2210.06998) with the embedding of one text in place of the image's own caption."""

    def __init__(self, model, mlp, text):
        super().__init__()
        self.tower, self.mlp = Tower(model), mlp
        self.register_buffer("text", text)

    def forward(self, pixels):
        image = self.tower(pixels)
        return self.mlp(torch.cat([image, self.text.expand(image.shape[0], -1)], 1))


class Perceptron(nn.Module):
    def __init__(self, inputs, hidden, classes):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(inputs, hidden[0]), nn.Linear(hidden[0], hidden[1]), nn.Linear(hidden[1], classes)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def de_fake(sources):
    """The image branch alone: the text half is zero, so this is not the published detector, which captions each image."""
    model = clip(sources, CLIP_B_32)
    width = model.config.projection_dim
    mlp = filled(Perceptron(2 * width, (16, 8) if sources.small else (512, 256), 2), sources)
    return WithText(model, mlp, torch.zeros(1, width)).eval()


def clip_tower(sources):
    return Tower(clip(sources)).eval()


class Logits(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model(pixel_values=pixels).logits


def classifier(sources, make_model, random_model):
    if sources.folder is not None:
        return Logits(make_model.from_pretrained(sources.folder, local_files_only=True)).eval()
    if not sources.is_random:
        raise SystemExit("Expected --backbone, the folder of the published model in Hugging Face's layout. Pass it.")
    return Logits(randomise(random_model())).eval()


def aiornot_siglip2(sources):
    size = SMALL if sources.small else dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
    vision = SiglipVisionConfig(image_size=224, patch_size=16, hidden_act="gelu_pytorch_tanh", **size)
    config = SiglipConfig(vision_config=vision.to_dict(), num_labels=2)
    return classifier(sources, SiglipForImageClassification, lambda: SiglipForImageClassification(config))


def falconsai_nsfw(sources):
    size = SMALL if sources.small else {}
    config = ViTConfig(image_size=224, patch_size=16, num_labels=2, **size)
    return classifier(sources, ViTForImageClassification, lambda: ViTForImageClassification(config))
