"""The architectures that the runtime must run, each small (for goldens) and at its real size (for measurements).

Every entry gives a module with random weights and its inputs by name. Nothing is downloaded.
"""
import torch
import timm
import torchvision.models as vision
from torch import nn

from tiny import computed_weights, merged_windows


class First(nn.Module):
    """Gives one tensor of what a module of transformers or diffusers returns."""

    def __init__(self, module, pick, names=None):
        super().__init__()
        self.module, self.pick, self.names = module, pick, names

    def forward(self, *inputs):
        if self.names is None:
            return self.pick(self.module(*inputs))
        return self.pick(self.module(**dict(zip(self.names, inputs))))


def picture(batch, size, channels=3):
    """Numbers that a test can make again: thousandths in no order."""
    count = batch * channels * size * size
    return torch.tensor([i * 7919 % 2001 / 1000 - 1 for i in range(count)]).view(batch, channels, size, size)


def resnet(small):
    if small:
        return timm.models.resnet.ResNet(timm.models.resnet.Bottleneck, (1, 1, 1, 1), channels=(8, 16, 24, 32), stem_width=8, num_classes=10), 64
    return vision.resnet50(), 224


def convnext(small):
    if small:
        return timm.models.convnext.ConvNeXt(depths=(1, 1, 2, 1), dims=(8, 16, 24, 32), num_classes=10, ls_init_value=0.5), 64
    return vision.convnext_tiny(), 224


def efficientnet(small):
    if small:
        settings, last = vision.efficientnet._efficientnet_conf("efficientnet_b0", width_mult=0.25, depth_mult=0.25)
        return vision.efficientnet.EfficientNet(settings, 0.0, last_channel=last or 64, num_classes=10), 64
    return vision.efficientnet_b0(), 224


def mobilenet_v2(small):
    return (vision.mobilenet_v2(width_mult=0.1, num_classes=10), 64) if small else (vision.mobilenet_v2(), 224)


def mobilenet_v3(small):
    if small:
        settings, last = vision.mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", width_mult=0.25)
        return vision.mobilenetv3.MobileNetV3(settings, last, num_classes=10), 64
    return vision.mobilenet_v3_large(), 224


def inception(small):
    module = vision.Inception3(num_classes=10 if small else 1000, aux_logits=False, init_weights=False)
    return module, 75 if small else 299


def densenet(small):
    if small:
        return vision.DenseNet(growth_rate=8, block_config=(2, 2, 2), num_init_features=16, num_classes=10), 64
    return vision.densenet121(), 224


def vit(small):
    if small:
        return timm.models.vision_transformer.VisionTransformer(32, 8, embed_dim=32, depth=2, num_heads=4, num_classes=10), 32
    return vision.vit_b_32(), 224


def vit_large(small):
    if small:
        return vision.VisionTransformer(32, 8, 2, 4, 32, 64, num_classes=10), 32
    return vision.vit_l_16(), 224


def clip_configs(small, last=None, attention="sdpa"):
    """`last`: the token that ends a text; 2, as in the first files of CLIP, stands for the largest number among the tokens."""
    from transformers import CLIPTextConfig, CLIPVisionConfig

    common = dict(attn_implementation=attention)
    if small:
        sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, projection_dim=16, **common)
        return CLIPVisionConfig(image_size=32, patch_size=8, **sizes), CLIPTextConfig(vocab_size=100, max_position_embeddings=12, eos_token_id=last or 99, **sizes)
    sizes = dict(projection_dim=512, **common)
    return (
        CLIPVisionConfig(image_size=224, patch_size=16, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, **sizes),
        CLIPTextConfig(eos_token_id=last or 49407, **sizes),
    )


def clip_vision(small):
    from transformers import CLIPVisionModelWithProjection

    config, _ = clip_configs(small)
    return First(CLIPVisionModelWithProjection(config), lambda out: out.image_embeds), config.image_size


def texts(config):
    """A short text, filled up, and one that takes all places; and which tokens are of the text."""
    length, last = config.max_position_embeddings, config.vocab_size - 1
    tokens = torch.tensor([[(i * 37 + b * 11) % (config.vocab_size - 2) for i in range(length)] for b in range(2)])
    tokens[0, length // 2 :] = last
    tokens[1, length - 1] = last
    mask = torch.ones_like(tokens)
    mask[0, length // 2 + 1 :] = 0
    return {"input_ids": tokens, "attention_mask": mask}


def clip_text(small):
    from transformers import CLIPTextModelWithProjection

    _, config = clip_configs(small)
    return First(CLIPTextModelWithProjection(config), lambda out: out.text_embeds, ("input_ids",)), {"input_ids": texts(config)["input_ids"]}


def clip_text_masked(small):
    from transformers import CLIPTextModelWithProjection

    _, config = clip_configs(small, 2, "eager")
    inputs = texts(config)
    return First(CLIPTextModelWithProjection(config), lambda out: out.text_embeds, tuple(inputs)), inputs


def siglip_text(small):
    from transformers import SiglipTextConfig, SiglipTextModel

    config = (
        SiglipTextConfig(vocab_size=100, max_position_embeddings=12, projection_size=16, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
        if small
        else SiglipTextConfig()
    )
    inputs = texts(config)
    return First(SiglipTextModel(config), lambda out: out.pooler_output, tuple(inputs)), inputs


def siglip(small):
    from transformers import SiglipVisionConfig, SiglipVisionModel

    config = (
        SiglipVisionConfig(image_size=32, patch_size=8, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
        if small
        else SiglipVisionConfig(image_size=224, patch_size=16)
    )
    return First(SiglipVisionModel(config), lambda out: out.pooler_output), config.image_size


def roberta(small):
    """Positions are counted from the tokens: a sum of integers whose results are indices."""
    from transformers import RobertaConfig, RobertaModel

    config = (
        RobertaConfig(vocab_size=100, max_position_embeddings=14, pad_token_id=1, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
        if small
        else RobertaConfig(vocab_size=50265, max_position_embeddings=66, pad_token_id=1, type_vocab_size=1)
    )
    tokens = torch.tensor([[(i * 37 + b * 11) % (config.vocab_size - 2) + 2 for i in range(config.max_position_embeddings - 2)] for b in range(2)])
    tokens[0, 7:] = config.pad_token_id
    inputs = {"input_ids": tokens, "attention_mask": (tokens != config.pad_token_id).long()}
    return First(RobertaModel(config), lambda out: out.pooler_output, tuple(inputs)), inputs


def t5_encoder(small):
    from transformers import T5Config, T5EncoderModel

    config = T5Config(vocab_size=100, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4) if small else T5Config()
    tokens = torch.tensor([[(i * 37 + b * 11) % (config.vocab_size - 2) + 2 for i in range(12 if small else 64)] for b in range(2)])
    tokens[0, 7:] = 0
    inputs = {"input_ids": tokens, "attention_mask": (tokens != 0).long()}
    return First(T5EncoderModel(config), lambda out: out.last_hidden_state, tuple(inputs)), inputs


def dinov2(small):
    from transformers import Dinov2Config, Dinov2Model

    config = (
        Dinov2Config(image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=2, num_attention_heads=4)
        if small
        else Dinov2Config(image_size=224, patch_size=14, hidden_size=384, num_hidden_layers=12, num_attention_heads=6)
    )
    return First(Dinov2Model(config), lambda out: out.pooler_output), config.image_size


def swin(small):
    if small:
        module = timm.models.swin_transformer.SwinTransformer(32, 2, embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4, num_classes=10)
        return module, 32
    return timm.create_model("swin_tiny_patch4_window7_224"), 224


def convnext_strided(small):
    """torchvision's, whose one pixel before the head the newer exporter reads through indices that count the batch."""
    assert small
    settings = [vision.convnext.CNBlockConfig(8, 16, 1), vision.convnext.CNBlockConfig(16, 24, 1), vision.convnext.CNBlockConfig(24, None, 2)]
    return vision.ConvNeXt(settings, layer_scale=0.5, num_classes=10), 32


def swin_scattered(small):
    """torchvision's, whose masks of shifted windows the newer exporter scatters."""
    assert small
    return vision.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=10), 32


def swin_v2(small):
    assert small
    blocks = {"block": vision.swin_transformer.SwinTransformerBlockV2, "downsample_layer": vision.swin_transformer.PatchMergingV2}
    return vision.SwinTransformer([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=10, **blocks), 32


def conv(inputs, outputs, kernel=1, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs, eps=1e-3), nn.SiLU())


class C2f(nn.Module):
    """The block of YOLOv8: half of the channels through residual bottlenecks, all results joined."""

    def __init__(self, inputs, outputs, count, residual):
        super().__init__()
        self.half, self.residual = outputs // 2, residual
        self.enter, self.leave = conv(inputs, outputs), conv((2 + count) * self.half, outputs)
        self.blocks = nn.ModuleList(nn.Sequential(conv(self.half, self.half, 3), conv(self.half, self.half, 3)) for _ in range(count))

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            y = block(parts[-1])
            parts.append(parts[-1] + y if self.residual else y)
        return self.leave(torch.cat(parts, 1))


class Pyramid(nn.Module):
    """SPPF: one image and three repeated 5x5 maxima of it."""

    def __init__(self, channels):
        super().__init__()
        self.enter, self.leave = conv(channels, channels // 2), conv(channels * 2, channels)

    def forward(self, x):
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(nn.functional.max_pool2d(parts[-1], 5, 1, 2))
        return self.leave(torch.cat(parts, 1))


class Yolo(nn.Module):
    """A detector of the shape of YOLOv8: backbone, two-way neck, heads with distributions over distances."""

    def __init__(self, size, width, depth, classes, bins=16):
        super().__init__()
        c = [max(8, int(w * width)) for w in (64, 128, 256, 512, 1024)]
        n = lambda count: max(1, round(count * depth))
        self.bins, self.classes = bins, classes
        self.stem = nn.Sequential(conv(3, c[0], 3, 2), conv(c[0], c[1], 3, 2), C2f(c[1], c[1], n(3), True))
        self.p3 = nn.Sequential(conv(c[1], c[2], 3, 2), C2f(c[2], c[2], n(6), True))
        self.p4 = nn.Sequential(conv(c[2], c[3], 3, 2), C2f(c[3], c[3], n(6), True))
        self.p5 = nn.Sequential(conv(c[3], c[4], 3, 2), C2f(c[4], c[4], n(3), True), Pyramid(c[4]))
        self.up = nn.Upsample(scale_factor=2)
        self.n4, self.n3 = C2f(c[4] + c[3], c[3], n(3), False), C2f(c[3] + c[2], c[2], n(3), False)
        self.d3, self.m4 = conv(c[2], c[2], 3, 2), C2f(c[2] + c[3], c[3], n(3), False)
        self.d4, self.m5 = conv(c[3], c[3], 3, 2), C2f(c[3] + c[4], c[4], n(3), False)
        box, score = max(16, c[2] // 4, bins * 4), max(c[2], min(classes, 100))
        head = lambda inputs, inner, outputs: nn.Sequential(conv(inputs, inner, 3), conv(inner, inner, 3), nn.Conv2d(inner, outputs, 1))
        self.boxes = nn.ModuleList(head(i, box, 4 * bins) for i in c[2:])
        self.scores = nn.ModuleList(head(i, score, classes) for i in c[2:])
        places, steps = [], []
        for stride in (8, 16, 32):
            side = size // stride
            y, x = torch.meshgrid(torch.arange(side) + 0.5, torch.arange(side) + 0.5, indexing="ij")
            places.append(torch.stack([x, y]).view(2, -1))
            steps.append(torch.full((1, side * side), float(stride)))
        self.register_buffer("places", torch.cat(places, 1).unsqueeze(0))
        self.register_buffer("steps", torch.cat(steps, 1))

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        p4 = self.p4(p3)
        p5 = self.p5(p4)
        n4 = self.n4(torch.cat([self.up(p5), p4], 1))
        n3 = self.n3(torch.cat([self.up(n4), p3], 1))
        m4 = self.m4(torch.cat([self.d3(n3), n4], 1))
        m5 = self.m5(torch.cat([self.d4(m4), p5], 1))
        maps = [torch.cat([box(m), score(m)], 1).flatten(2) for box, score, m in zip(self.boxes, self.scores, (n3, m4, m5))]
        box, score = torch.cat(maps, 2).split((4 * self.bins, self.classes), 1)
        batch, _, count = box.shape
        bins = torch.arange(self.bins, dtype=torch.float32).view(1, self.bins, 1, 1)
        distance = (box.view(batch, 4, self.bins, count).transpose(1, 2).softmax(1) * bins).sum(1)
        before, after = distance.chunk(2, 1)
        first, last = self.places - before, self.places + after
        return torch.cat([torch.cat([(first + last) / 2, last - first], 1) * self.steps, score.sigmoid()], 1)


def yolo(small):
    return (Yolo(64, 0.0625, 0.34, 3, bins=4), 64) if small else (Yolo(640, 0.25, 0.34, 80), 640)


def vae(small):
    from diffusers import AutoencoderKL

    if small:
        return AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(8, 16),
            layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=16)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=(128, 256, 512, 512),
        layers_per_block=2, latent_channels=4, sample_size=512)


class Encode(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module.quant_conv(self.module.encoder(x))


class Decode(Encode):
    def forward(self, x):
        return self.module.decoder(self.module.post_quant_conv(x))


def vae_encoder(small):
    return Encode(vae(small)), 16 if small else 256


def vae_decoder(small):
    return Decode(vae(small)), {"x": picture(2 if small else 1, 8 if small else 32, 4)}


def unet(small):
    from diffusers import UNet2DConditionModel

    if small:
        module = UNet2DConditionModel(
            sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=12, attention_head_dim=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
        inputs = {"x": picture(2, 8, 4), "time": torch.tensor([3.0, 750.0]), "words": picture(2, 6, 2).view(2, 6, 12)}
    else:
        module = UNet2DConditionModel(
            sample_size=32, block_out_channels=(64, 128, 256), layers_per_block=1, cross_attention_dim=256, attention_head_dim=8,
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"))
        inputs = {"x": picture(1, 32, 4), "time": torch.tensor([250.0]), "words": picture(1, 64, 1)[:, :, :16].reshape(1, 4, 256)}
    return First(module, lambda out: out.sample, ("sample", "timestep", "encoder_hidden_states")), inputs


#: name → what builds it, and which of torch's two exporters writes the small one (`dynamo` is the newer).
architectures = {
    "resnet": (resnet, "script"),
    "convnext": (convnext, "script"),
    "efficientnet": (efficientnet, "script"),
    "mobilenet-v2": (mobilenet_v2, "dynamo"),
    "mobilenet-v3": (mobilenet_v3, "script"),
    "inception-v3": (inception, "script"),
    "densenet": (densenet, "dynamo"),
    "vit": (vit, "script"),
    "vit-large": (vit_large, "dynamo"),
    "clip-vision": (clip_vision, "dynamo"),
    "clip-text": (clip_text, "dynamo"),
    "clip-text-masked": (clip_text_masked, "script"),
    "siglip": (siglip, "dynamo"),
    "siglip-text": (siglip_text, "dynamo"),
    "roberta": (roberta, "dynamo"),
    "t5-encoder": (t5_encoder, "script"),
    "dinov2": (dinov2, "dynamo"),
    "swin": (swin, "dynamo"),
    "yolo": (yolo, "script"),
    "vae-encoder": (vae_encoder, "dynamo"),
    "vae-decoder": (vae_decoder, "script"),
    "unet": (unet, "dynamo"),
}

#: Small networks for forms that one exporter writes in one opset: name → what builds it, exporter, opset.
forms = {
    "computed-weights": (computed_weights, "script", 17),
    "merged-windows": (merged_windows, "script", 17),
    "convnext-strided": (convnext_strided, "dynamo", 20),
    "swin-scattered": (swin_scattered, "dynamo", 20),
    "swin-v2": (swin_v2, "dynamo", 20),
    "vit-attention": (vit, "dynamo", 23),
}
