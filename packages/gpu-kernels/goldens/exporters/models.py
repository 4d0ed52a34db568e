"""Small networks of transformers and diffusers with random weights: what detectors, judges and generators are made of.

Every entry of `models` gives a module and its inputs by name, for two items. Nothing is downloaded.
"""
import torch
from torch import nn
import transformers as hf

def picture(batch, size, channels=3, width=None):
    shape = (batch, channels, size, width or size)
    count = 1
    for s in shape: count *= s
    return torch.tensor([i * 7919 % 2001 / 1000 - 1 for i in range(count)], dtype=torch.float32).view(shape)

def tokens(batch, length, vocab, pad=None, masked=True):
    ids = torch.tensor([[(i * 37 + b * 11) % (vocab - 3) + 3 for i in range(length)] for b in range(batch)])
    mask = torch.ones_like(ids)
    if masked:
        mask[0, length // 2 + 1:] = 0
        if pad is not None: ids[0, length // 2 + 1:] = pad
    return {"input_ids": ids, "attention_mask": mask}

class Named(nn.Module):
    """A module of transformers as a function of some inputs that gives one tensor."""
    def __init__(self, module, pick, names):
        super().__init__()
        self.module, self.pick, self.names = module, pick, names
    def forward(self, *inputs):
        return self.pick(self.module(**dict(zip(self.names, inputs))))

class Picked(nn.Module):
    def __init__(self, module, pick):
        super().__init__()
        self.module, self.pick = module, pick
    def forward(self, *inputs):
        return self.pick(self.module(*inputs))

T = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
logits = lambda out: out.logits
pooled = lambda out: out.pooler_output
last = lambda out: out.last_hidden_state

def image(name, config, pick, size=32, **settings):
    def make():
        c = getattr(hf, config)(**settings)
        m = getattr(hf, name)(c)
        inputs = {"pixel_values": picture(2, size)}
        return Named(m, pick, list(inputs)), inputs
    return make

def text(name, config, pick, length=12, vocab=100, pad=1, **settings):
    def make():
        c = getattr(hf, config)(vocab_size=vocab, **settings)
        m = getattr(hf, name)(c)
        inputs = tokens(2, length, vocab, pad)
        return Named(m, pick, list(inputs)), inputs
    return make

def decoder(name, config, **settings):
    return text(name, config, lambda out: out.logits[:, -1] if out.logits.dim() == 3 else out.logits, pad=0, pad_token_id=0, use_cache=False, **settings)

P = dict(image_size=32, patch_size=8)
models = {
    "vit": image("ViTForImageClassification", "ViTConfig", logits, **T, **P),
    "deit": image("DeiTForImageClassificationWithTeacher", "DeiTConfig", logits, **T, **P),
    "beit": image("BeitForImageClassification", "BeitConfig", logits, **T, **P, use_relative_position_bias=True),
    "data2vec-vision": image("Data2VecVisionForImageClassification", "Data2VecVisionConfig", logits, **T, **P, use_shared_relative_position_bias=True),
    "swin": image("SwinForImageClassification", "SwinConfig", logits, image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
    "swin-padded": image("SwinForImageClassification", "SwinConfig", logits, size=40, image_size=40, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
    "swinv2": image("Swinv2ForImageClassification", "Swinv2Config", logits, image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
    "swin2sr": image("Swin2SRForImageSuperResolution", "Swin2SRConfig", lambda o: o.reconstruction, size=16, image_size=16, embed_dim=16, depths=[2], num_heads=[2], window_size=4),
    "donut-swin": image("DonutSwinModel", "DonutSwinConfig", pooled, image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
    "maskformer-swin": image("MaskFormerSwinModel", "MaskFormerSwinConfig", pooled, image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4),
    "dinov2": image("Dinov2ForImageClassification", "Dinov2Config", logits, size=28, image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=2, num_attention_heads=4),
    "dinov2-resized": image("Dinov2Model", "Dinov2Config", pooled, size=42, image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=2, num_attention_heads=4),
    "dinov2-giant": image("Dinov2Model", "Dinov2Config", pooled, size=28, image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, use_swiglu_ffn=True),
    "dinov2-registers": image("Dinov2WithRegistersForImageClassification", "Dinov2WithRegistersConfig", logits, size=28, image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=2, num_attention_heads=4),
    "dinov3-vit": image("DINOv3ViTModel", "DINOv3ViTConfig", pooled, **T, **P, num_register_tokens=2),
    "dinov3-convnext": image("DINOv3ConvNextModel", "DINOv3ConvNextConfig", pooled, size=64, image_size=64, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1]),
    "clip-vision": image("CLIPVisionModelWithProjection", "CLIPVisionConfig", lambda o: o.image_embeds, **T, **P, projection_dim=16),
    
    "chinese-clip-vision": image("ChineseCLIPVisionModel", "ChineseCLIPVisionConfig", pooled, **T, **P),
    "altclip-vision": image("AltCLIPVisionModel", "AltCLIPVisionConfig", pooled, **T, **P),
    "siglip-vision": image("SiglipVisionModel", "SiglipVisionConfig", pooled, **T, **P),
    
    
    "vit-mae": image("ViTMAEModel", "ViTMAEConfig", last, **T, **P, mask_ratio=0.0),
    "vit-msn": image("ViTMSNForImageClassification", "ViTMSNConfig", logits, **T, **P),
    "ijepa": image("IJepaForImageClassification", "IJepaConfig", logits, **T, **P),
    "convnext": image("ConvNextForImageClassification", "ConvNextConfig", logits, size=64, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1]),
    "convnextv2": image("ConvNextV2ForImageClassification", "ConvNextV2Config", logits, size=64, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1]),
    "resnet": image("ResNetForImageClassification", "ResNetConfig", logits, size=64, embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1]),
    "regnet": image("RegNetForImageClassification", "RegNetConfig", logits, size=64, embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1], groups_width=8),
    "mobilevit": image("MobileViTForImageClassification", "MobileViTConfig", logits, size=64, image_size=64, hidden_sizes=[16, 24, 32], neck_hidden_sizes=[8, 16, 16, 24, 32, 40, 48], num_attention_heads=4),
    "mobilevit-odd": image("MobileViTForImageClassification", "MobileViTConfig", logits, size=72, image_size=72, hidden_sizes=[16, 24, 32], neck_hidden_sizes=[8, 16, 16, 24, 32, 40, 48], num_attention_heads=4),
    "mobilevitv2": image("MobileViTV2ForImageClassification", "MobileViTV2Config", logits, size=64, image_size=64, width_multiplier=0.25, base_attn_unit_dims=[32, 48, 64], n_attn_blocks=[1, 1, 1]),
    "mobilenet-v1": image("MobileNetV1ForImageClassification", "MobileNetV1Config", logits, size=64, image_size=64, depth_multiplier=0.25),
    "mobilenet-v2": image("MobileNetV2ForImageClassification", "MobileNetV2Config", logits, size=64, image_size=64, depth_multiplier=0.25),
    "efficientnet": image("EfficientNetForImageClassification", "EfficientNetConfig", logits, size=64, image_size=64, width_coefficient=0.25, depth_coefficient=0.3, hidden_dim=320),
    "segformer": image("SegformerForImageClassification", "SegformerConfig", logits, size=64, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4], depths=[1, 1, 1, 1]),
    "segformer-map": image("SegformerForSemanticSegmentation", "SegformerConfig", logits, size=64, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4], depths=[1, 1, 1, 1], decoder_hidden_size=16),
    "pvt": image("PvtForImageClassification", "PvtConfig", logits, size=64, image_size=64, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4], depths=[1, 1, 1, 1]),
    "pvt-v2": image("PvtV2ForImageClassification", "PvtV2Config", logits, size=64, image_size=64, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4], depths=[1, 1, 1, 1]),
    "pvt-v2-linear": image("PvtV2ForImageClassification", "PvtV2Config", logits, size=64, image_size=64, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4], depths=[1, 1, 1, 1], linear_attention=True),
    "levit": image("LevitForImageClassificationWithTeacher", "LevitConfig", logits, size=64, image_size=64, hidden_sizes=[16, 24, 32], num_attention_heads=[2, 3, 4], depths=[1, 1, 1], key_dim=[8, 8, 8]),
    "cvt": image("CvtForImageClassification", "CvtConfig", logits, size=64, embed_dim=[8, 16, 32], num_heads=[1, 2, 4], depth=[1, 1, 2], cls_token=[False, False, True]),
    "focalnet": image("FocalNetForImageClassification", "FocalNetConfig", logits, size=32, image_size=32, embed_dim=16, hidden_sizes=[16, 24], depths=[1, 1], focal_levels=[2, 2], focal_windows=[3, 3]),
    "poolformer": image("PoolFormerForImageClassification", "PoolFormerConfig", logits, size=64, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1]),
    "hgnetv2": image("HGNetV2ForImageClassification", "HGNetV2Config", logits, size=64),
    "textnet": image("TextNetForImageClassification", "TextNetConfig", logits, size=64),
    "hiera": image("HieraForImageClassification", "HieraConfig", logits, size=64, image_size=[64, 64], embed_dim=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], mask_unit_size=[4, 4]),
    "bit": image("BitForImageClassification", "BitConfig", logits, size=64, embedding_size=8, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1], num_groups=4),
    "dpt": image("DPTForDepthEstimation", "DPTConfig", lambda o: o.predicted_depth, size=32, **{**T, "num_hidden_layers": 4}, **P, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 16, 16, 16], fusion_hidden_size=16),
    
    "glpn": image("GLPNForDepthEstimation", "GLPNConfig", lambda o: o.predicted_depth, size=64, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 2, 4], depths=[1, 1, 1, 1], decoder_hidden_size=16),
    "yolos": image("YolosForObjectDetection", "YolosConfig", lambda o: torch.cat([o.logits, o.pred_boxes], -1), size=32, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=[32, 32], patch_size=8, num_detection_tokens=5),
    
    
    "swiftformer": image("SwiftFormerForImageClassification", "SwiftFormerConfig", logits, size=64, depths=[1, 1, 2, 1], embed_dims=[8, 16, 24, 32]),
    
    
    "vitdet": image("VitDetModel", "VitDetConfig", last, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=4, window_size=4, window_block_indices=[0], use_relative_position_embeddings=True),
    "sam-vision": image("SamVisionModel", "SamVisionConfig", last, hidden_size=32, output_channels=16, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=4, window_size=4, global_attn_indexes=[1], mlp_dim=64),
    "aimv2-vision": image("Aimv2VisionModel", "Aimv2VisionConfig", last, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8),
    "pixio": image("PixioModel", "PixioConfig", pooled, **T, **P),
    "internvl-vision": image("InternVLVisionModel", "InternVLVisionConfig", last, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=[32, 32], patch_size=[8, 8]),
    "mlcd-vision": image("MLCDVisionModel", "MLCDVisionConfig", pooled, **T, **P),
    
    "git-vision": image("GitVisionModel", "GitVisionConfig", last, **T, **P),
    "x-clip-vision": image("XCLIPVisionModel", "XCLIPVisionConfig", pooled, **T, **P, num_frames=2),
    
    
    
    "metaclip2-vision": image("MetaClip2VisionModelWithProjection", "MetaClip2VisionConfig", lambda o: o.image_embeds, **T, **P, projection_dim=16),
    
    # text
    "bert": text("BertForSequenceClassification", "BertConfig", logits, **T),
    "distilbert": text("DistilBertForSequenceClassification", "DistilBertConfig", logits, dim=32, hidden_dim=64, n_layers=2, n_heads=4),
    "roberta": text("RobertaForSequenceClassification", "RobertaConfig", logits, max_position_embeddings=20, pad_token_id=1, **T),
    "xlm-roberta": text("XLMRobertaForSequenceClassification", "XLMRobertaConfig", logits, max_position_embeddings=20, pad_token_id=1, **T),
    "deberta": text("DebertaForSequenceClassification", "DebertaConfig", logits, **T, relative_attention=True, pos_att_type=["c2p", "p2c"]),
    "deberta-v2": text("DebertaV2ForSequenceClassification", "DebertaV2Config", logits, **T),
    "deberta-v3": text("DebertaV2ForSequenceClassification", "DebertaV2Config", logits, **T, relative_attention=True, pos_att_type=["p2c", "c2p"], share_att_key=True, norm_rel_ebd="layer_norm", position_buckets=8, position_biased_input=False, type_vocab_size=0, max_relative_positions=-1),
    "electra": text("ElectraForSequenceClassification", "ElectraConfig", logits, embedding_size=16, **T),
    "mpnet": text("MPNetForSequenceClassification", "MPNetConfig", logits, **T),
    "albert": text("AlbertForSequenceClassification", "AlbertConfig", logits, embedding_size=16, **T),
    "modernbert": text("ModernBertForSequenceClassification", "ModernBertConfig", logits, pad_token_id=0, **{**T, "num_hidden_layers": 4}, local_attention=8, cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3),
    
    "t5-encoder": text("T5EncoderModel", "T5Config", last, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4),
    "umt5-encoder": text("UMT5EncoderModel", "UMT5Config", last, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4),
    "clip-text": text("CLIPTextModelWithProjection", "CLIPTextConfig", lambda o: o.text_embeds, max_position_embeddings=12, eos_token_id=99, projection_dim=16, **T),
    "siglip-text": text("SiglipTextModel", "SiglipTextConfig", pooled, max_position_embeddings=12, projection_size=16, **T),
    "bert-feature": text("BertModel", "BertConfig", last, **T),
    
    "camembert": text("CamembertForSequenceClassification", "CamembertConfig", logits, max_position_embeddings=20, pad_token_id=1, **T),
    "squeezebert": text("SqueezeBertForSequenceClassification", "SqueezeBertConfig", logits, embedding_size=32, **T),
    "mobilebert": text("MobileBertForSequenceClassification", "MobileBertConfig", logits, embedding_size=16, true_hidden_size=16, intra_bottleneck_size=16, **T),
    "eurobert": text("EuroBertForSequenceClassification", "EuroBertConfig", logits, pad_token_id=0, num_key_value_heads=4, **T),
    "gpt2": text("GPT2ForSequenceClassification", "GPT2Config", logits, pad=0, pad_token_id=0, use_cache=False, n_embd=32, n_layer=2, n_head=4, n_positions=20),
    "qwen2": decoder("Qwen2ForSequenceClassification", "Qwen2Config", num_key_value_heads=2, **T),
    "qwen3": decoder("Qwen3ForSequenceClassification", "Qwen3Config", num_key_value_heads=2, head_dim=8, **T),
    "llama": decoder("LlamaForSequenceClassification", "LlamaConfig", num_key_value_heads=2, **T),
    "llama-guard": decoder("LlamaForCausalLM", "LlamaConfig", num_key_value_heads=2, **T),
    "gemma": decoder("GemmaForSequenceClassification", "GemmaConfig", num_key_value_heads=1, head_dim=8, **T),
    "gemma2": decoder("Gemma2ForSequenceClassification", "Gemma2Config", num_key_value_heads=2, head_dim=8, sliding_window=8, **T),
    "gemma3": decoder("Gemma3TextForSequenceClassification", "Gemma3TextConfig", num_key_value_heads=2, head_dim=8, sliding_window=8, **T),
    "mistral": decoder("MistralForSequenceClassification", "MistralConfig", num_key_value_heads=2, sliding_window=8, **T),
    "phi3": decoder("Phi3ForSequenceClassification", "Phi3Config", num_key_value_heads=2, **T),
    "smollm3": decoder("SmolLM3ForSequenceClassification", "SmolLM3Config", num_key_value_heads=2, **T),
}

def own(name):
    def keep(make):
        models[name] = make
        return make
    return keep

def pair(vision, text_, **more):
    return {**{"vision_config": vision, "text_config": text_}, **more}

V = {**T, **P}
X = dict(vocab_size=100, max_position_embeddings=12, **T)

def named(model, pick, inputs):
    return Named(model, pick, list(inputs)), inputs

@own("clip")
def _():
    c = hf.CLIPConfig(text_config=dict(eos_token_id=99, **X), vision_config=V, projection_dim=16)
    return named(hf.CLIPModel(c), lambda o: torch.cat([o.image_embeds, o.text_embeds], -1), {**tokens(2, 12, 100), "pixel_values": picture(2, 32)})
@own("clip-classify")
def _():
    c = hf.CLIPConfig(text_config=dict(eos_token_id=99, **X), vision_config=V, projection_dim=16)
    return named(hf.CLIPForImageClassification(c), logits, {"pixel_values": picture(2, 32)})
@own("siglip-classify")
def _():
    c = hf.SiglipConfig(text_config=X, vision_config=V)
    return named(hf.SiglipForImageClassification(c), logits, {"pixel_values": picture(2, 32)})
@own("siglip")
def _():
    c = hf.SiglipConfig(text_config=dict(projection_size=32, **X), vision_config=V)
    return named(hf.SiglipModel(c), lambda o: torch.cat([o.image_embeds, o.text_embeds], -1), {**tokens(2, 12, 100), "pixel_values": picture(2, 32)})
@own("siglip2")
def _():
    c = hf.Siglip2VisionConfig(num_patches=16, patch_size=8, **T)
    x = {"pixel_values": picture(2, 16, 1, 192).view(2, 16, 192), "pixel_attention_mask": torch.ones(2, 16, dtype=torch.long), "spatial_shapes": torch.tensor([[4, 4], [4, 4]])}
    return named(hf.Siglip2VisionModel(c), pooled, x)
@own("clipseg")
def _():
    c = hf.CLIPSegConfig(text_config=dict(eos_token_id=99, **X), vision_config=V, projection_dim=16, extract_layers=[0, 1], reduce_dim=16, decoder_num_attention_heads=4, decoder_intermediate_size=32)
    return named(hf.CLIPSegForImageSegmentation(c), logits, {"input_ids": tokens(2, 12, 100)["input_ids"], "pixel_values": picture(2, 32)})
@own("owlvit")
def _():
    c = hf.OwlViTConfig(text_config=dict(eos_token_id=99, **X), vision_config=V, projection_dim=16)
    return named(hf.OwlViTModel(c), lambda o: torch.cat([o.image_embeds, o.text_embeds], -1), {**tokens(2, 12, 100), "pixel_values": picture(2, 32)})
@own("groupvit")
def _():
    c = hf.GroupViTConfig(text_config=dict(eos_token_id=99, **X), vision_config=dict(hidden_size=32, intermediate_size=64, depths=[1, 1, 1], num_hidden_layers=3, num_attention_heads=4, num_group_tokens=[8, 4, 0], num_output_groups=[8, 4, 4], image_size=32, patch_size=8), projection_dim=16, projection_intermediate_dim=32)
    return named(hf.GroupViTModel(c), lambda o: torch.cat([o.image_embeds, o.text_embeds], -1), {**tokens(2, 12, 100), "pixel_values": picture(2, 32)})
@own("blip-vision")
def _():
    return named(hf.BlipVisionModel(hf.BlipVisionConfig(**V)), pooled, {"pixel_values": picture(2, 32)})
@own("blip")
def _():
    c = hf.BlipConfig(text_config=dict(encoder_hidden_size=32, bos_token_id=1, **X), vision_config=V, projection_dim=16, image_text_hidden_size=16)
    return named(hf.BlipForImageTextRetrieval(c), lambda o: o.itm_score, {**tokens(2, 12, 100), "pixel_values": picture(2, 32)})
@own("blip2-vision")
def _():
    return named(hf.Blip2VisionModel(hf.Blip2VisionConfig(**V)), pooled, {"pixel_values": picture(2, 32)})
@own("align-vision")
def _():
    c = hf.AlignVisionConfig(image_size=64, width_coefficient=0.25, depth_coefficient=0.3, hidden_dim=320)
    return named(hf.AlignVisionModel(c), pooled, {"pixel_values": picture(2, 64)})
@own("flava-image")
def _():
    return named(hf.FlavaImageModel(hf.FlavaImageConfig(**V)), pooled, {"pixel_values": picture(2, 32)})
@own("chinese-clip-text")
def _():
    return named(hf.ChineseCLIPTextModel(hf.ChineseCLIPTextConfig(vocab_size=100, **T)), last, tokens(2, 12, 100))
@own("altclip-text")
def _():
    return named(hf.AltCLIPTextModel(hf.AltCLIPTextConfig(vocab_size=100, max_position_embeddings=20, project_dim=16, pad_token_id=1, **T)), pooled, tokens(2, 12, 100, 1))
@own("detr")
def _():
    c = hf.DetrConfig(use_timm_backbone=False, backbone=None, use_pretrained_backbone=False, backbone_config=hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], out_features=["stage4"]), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=5)
    return named(hf.DetrForObjectDetection(c), lambda o: torch.cat([o.logits, o.pred_boxes], -1), {"pixel_values": picture(2, 64)})
@own("rt-detr")
def _():
    b = hf.RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], out_features=["stage2", "stage3", "stage4"], layer_type="basic")
    c = hf.RTDetrConfig(backbone_config=b, d_model=32, encoder_hidden_dim=32, encoder_in_channels=[16, 24, 32], encoder_ffn_dim=32, encoder_attention_heads=4, decoder_attention_heads=4, decoder_layers=1, decoder_ffn_dim=32, num_queries=5, num_denoising=0, decoder_in_channels=[32, 32, 32])
    return named(hf.RTDetrForObjectDetection(c), lambda o: torch.cat([o.logits, o.pred_boxes], -1), {"pixel_values": picture(2, 64)})
@own("depth-anything")
def _():
    b = hf.Dinov2Config(image_size=28, patch_size=7, hidden_size=32, num_hidden_layers=4, num_attention_heads=4, out_indices=[1, 2, 3, 4], apply_layernorm=True, reshape_hidden_states=False)
    c = hf.DepthAnythingConfig(backbone_config=b, patch_size=7, reassemble_hidden_size=32, neck_hidden_sizes=[8, 16, 16, 16], fusion_hidden_size=16, head_hidden_size=8)
    return named(hf.DepthAnythingForDepthEstimation(c), lambda o: o.predicted_depth, {"pixel_values": picture(2, 28)})
@own("upernet")
def _():
    b = hf.ConvNextConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], out_features=["stage1", "stage2", "stage3", "stage4"])
    c = hf.UperNetConfig(backbone_config=b, hidden_size=16, num_labels=5, use_auxiliary_head=False)
    return named(hf.UperNetForSemanticSegmentation(c), logits, {"pixel_values": picture(2, 64)})
@own("llava")
def _():
    c = hf.LlavaConfig(vision_config=hf.CLIPVisionConfig(**V), text_config=hf.LlamaConfig(vocab_size=100, num_key_value_heads=2, **T), image_token_index=99)
    m = hf.LlavaModel(c)
    class Tower(nn.Module):
        def __init__(self):
            super().__init__(); self.m = m
        def forward(self, pixel_values):
            f = self.m.vision_tower(pixel_values, output_hidden_states=True).hidden_states[-2][:, 1:]
            return self.m.multi_modal_projector(f)
    return Tower(), {"pixel_values": picture(2, 32)}
@own("pixtral-vision")
def _():
    c = hf.PixtralVisionConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)
    return named(hf.PixtralVisionModel(c), last, {"pixel_values": picture(1, 32)})
@own("idefics3-vision")
def _():
    c = hf.Idefics3VisionConfig(**T, **P)
    return named(hf.Idefics3VisionTransformer(c), last, {"pixel_values": picture(2, 32)})
@own("ayavision-siglip")
def _():
    c = hf.SiglipVisionConfig(**T, **P, vision_use_head=False)
    return named(hf.SiglipVisionModel(c), last, {"pixel_values": picture(2, 32)})

# diffusers
def diffusion(make):
    def build():
        import diffusers
        return make(diffusers)
    return build

@own("vae-encoder")
@diffusion
def _(d):
    m = d.AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=16)
    class Encode(nn.Module):
        def __init__(self):
            super().__init__(); self.m = m
        def forward(self, x): return self.m.encode(x).latent_dist.mode()
    return Encode(), {"x": picture(2, 16)}
@own("vae-reconstruct")
@diffusion
def _(d):
    m = d.AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=16)
    return Picked(m, lambda o: o.sample), {"x": picture(2, 16)}
@own("autoencoder-tiny")
@diffusion
def _(d):
    return Picked(d.AutoencoderTiny(encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8), num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1)), lambda o: o.sample), {"x": picture(2, 16)}
@own("vq-model")
@diffusion
def _(d):
    return Picked(d.VQModel(block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=4, num_vq_embeddings=16, latent_channels=3), lambda o: o.sample), {"x": picture(2, 16)}
@own("asymmetric-vae")
@diffusion
def _(d):
    return Picked(d.AsymmetricAutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, down_block_out_channels=(8, 16), up_block_out_channels=(8, 16), layers_per_down_block=1, layers_per_up_block=1, norm_num_groups=4), lambda o: o.sample), {"x": picture(2, 16)}
@own("autoencoder-dc")
@diffusion
def _(d):
    return Picked(d.AutoencoderDC(in_channels=3, latent_channels=4, attention_head_dim=2, encoder_block_types=("ResBlock", "EfficientViTBlock"), decoder_block_types=("ResBlock", "EfficientViTBlock"), encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)), encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1), downsample_block_type="conv", upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu"), lambda o: o.sample), {"x": picture(2, 16)}
@own("unet2d")
@diffusion
def _(d):
    m = d.UNet2DModel(sample_size=16, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, attention_head_dim=4, down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))
    return Picked(m, lambda o: o.sample), {"x": picture(2, 16), "time": torch.tensor([3.0, 750.0])}
@own("unet2d-condition")
@diffusion
def _(d):
    m = d.UNet2DConditionModel(sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=12, attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
    return Picked(m, lambda o: o.sample), {"x": picture(2, 8, 4), "time": torch.tensor([3.0, 750.0]), "words": picture(2, 6, 2).view(2, 6, 12)}
@own("dit")
@diffusion
def _(d):
    m = d.DiTTransformer2DModel(num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=4, num_layers=2, sample_size=8, patch_size=2, num_embeds_ada_norm=10, norm_num_groups=4)
    class Dit(nn.Module):
        def __init__(self):
            super().__init__(); self.m = m
        def forward(self, x, time, label): return self.m(x, timestep=time, class_labels=label).sample
    return Dit(), {"x": picture(2, 8, 4), "time": torch.tensor([3, 75]), "label": torch.tensor([1, 7])}
@own("sd3-transformer")
@diffusion
def _(d):
    m = d.SD3Transformer2DModel(sample_size=8, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=2, joint_attention_dim=12, caption_projection_dim=16, pooled_projection_dim=12, out_channels=4, pos_embed_max_size=8)
    class Sd3(nn.Module):
        def __init__(self):
            super().__init__(); self.m = m
        def forward(self, x, words, pooled, time): return self.m(x, encoder_hidden_states=words, pooled_projections=pooled, timestep=time).sample
    return Sd3(), {"x": picture(2, 8, 4), "words": picture(2, 6, 2).view(2, 6, 12), "pooled": picture(2, 2, 1)[:, 0].repeat(1, 3, 1).reshape(2, 12), "time": torch.tensor([3.0, 750.0])}

