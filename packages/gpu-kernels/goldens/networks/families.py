"""One small network of each family of timm and of torchvision's image networks: what `sweep.py` exports.

A line is a model, its input size where that is not its own, and what else it is built with. Sizes and depths are cut
where the ops that a file asks for stay the same. `gain` scales the weights of normalisation where numbers would else grow
from block to block until float32 has no digit of the result left.
"""
import timm
import torchvision.models as vision
from torch import nn

from architectures import First

#: Most of these are the smallest of their module; modules of several families have several.
timm_models = """
halonet26t 256
lambda_resnet26rpt_256
botnet26t_256
sebotnet33ts_256
lamhalobotnet50ts_256
bat_resnext26ts 256
gcresnext26ts 128
sequencer2d_s layers=(1,1,2,1)
naflexvit_base_patch16_gap 224 depth=2
naflexvit_base_patch16_parfac_gap 224 depth=2
gemma4_vit_167m 192 depth=2
qwen3_vit_88m 224 depth=2
qwen3_vit_88m_merge 224 depth=2
deepseek_vit_412m 168 depth=2
sam2_hiera_tiny 256 stages=(1,2,3,2) global_att_blocks=(4,)
hiera_tiny_224 stages=(1,2,2,1)
hiera_base_abswin_256 stages=(1,2,2,1)
samvit_base_patch16_224 depth=3
csatv2 512
efficientvim_m1
xcit_nano_12_p16_224 depth=4
mvitv2_tiny
nextvit_small
crossvit_tiny_240
gcvit_xxtiny
focalnet_tiny_srf
focalnet_tiny_lrf
davit_tiny depths=(1,1,2,1)
edgenext_xx_small
volo_d1_224
tnt_s_patch16_224 depth=3
twins_pcpvt_small depths=(1,1,2,1)
twins_svt_small depths=(1,1,2,1)
vitamin_small_224
swinv2_cr_tiny_ns_224 depths=(1,1,2,1)
swinv2_tiny_window8_256 depths=(1,1,2,1)
swin_s3_tiny_224 depths=(1,1,2,1)
swin_tiny_patch4_window7_224 depths=(1,1,2,1)
vit_relpos_small_patch16_224 depth=2
vit_srelpos_small_patch16_224 depth=2
vit_relpos_base_patch16_clsgap_224 depth=2
convit_tiny
coat_tiny
coat_lite_tiny
cait_xxs24_224 depth=4
beit_base_patch16_224 depth=2
beitv2_base_patch16_224 depth=2
eva02_tiny_patch14_224 depth=4
eva_giant_patch14_224 depth=1
vit_tiny_patch16_dinov3_qkvb depth=4
vit_pe_core_tiny_patch16_384 depth=3
vit_pe_spatial_tiny_patch16_512 224 depth=3
vit_small_patch16_rope_224 depth=3
vit_small_patch16_rope_mixed_224 depth=3
vit_medium_patch16_rope_reg1_gap_256 depth=3
levit_128s
levit_conv_128s
efficientformer_l1
efficientformerv2_s0
efficientvit_m0 gain=0.5
efficientvit_b0
fastvit_t8
fastvit_sa12
fastvit_mci0
swiftformer_xs
shvit_s1
starnet_s050
mambaout_femto
rdnet_tiny num_init_features=32 growth_rates=(32,52,64,64,64,112,112)
mobilevit_xxs
mobilevitv2_050
mobilenetv5_base 256
mobilenetv4_conv_small_035
mobilenetv4_conv_aa_medium 160
mobilenetv4_hybrid_medium_075 256
maxvit_pico_rw_256
maxvit_tiny_tf_224 depths=(1,1,2,1)
maxvit_rmlp_pico_rw_256
maxxvit_rmlp_nano_rw_256 depths=(1,1,2,1)
maxxvitv2_nano_rw_256 depths=(1,1,2,1)
coatnet_pico_rw_224
coatnet_rmlp_nano_rw_224 depths=(1,1,2,1)
coatnext_nano_rw_224 depths=(1,1,2,1)
poolformer_s12
poolformerv2_s12
convformer_s18
caformer_s18
tiny_vit_5m_224
nest_tiny
pit_ti_224
pit_ti_distilled_224
pvt_v2_b0
pvt_v2_b2_li depths=(1,1,2,1)
visformer_tiny gain=0.5
iformer_t
lowformer_b0
cpubone_nano
fasternet_t0
cspnext_tiny
lcnetv2_small
inception_next_atto
convnext_atto
convnext_zepto_rms
convnextv2_atto
convmixer_768_32 96
mixer_s32_224
gmixer_12_224
resmlp_12_224
gmlp_ti16_224
vit_tiny_patch16_224 depth=4
vit_medium_patch16_gap_240 depth=2
vit_xsmall_patch16_clip_224 depth=3
vit_base_patch32_siglip_256 depth=2
vit_base_patch16_siglip_gap_224 depth=2
vit_small_patch14_dinov2 224 depth=3
vit_small_patch14_reg4_dinov2 224 depth=3
vit_so150m_patch16_reg4_map_256 depth=2
vit_base_patch16_xp_224 depth=2
vit_tiny_r_s16_p8_224
vit_small_resnet26d_224 depth=2
vit_base_mci_224 depth=2
flexivit_small 240 depth=3
test_vit
deit_tiny_distilled_patch16_224 depth=3
deit3_small_patch16_224 depth=3
dm_nfnet_f0 96
eca_nfnet_l0 96
nf_regnet_b0 128
nf_resnet50 96
resnetv2_50x1_bit 96
resnetv2_50d_gn 96
resnetv2_50d_evos 96
resnetv2_50d_frn 96
test_efficientnet
test_efficientnet_gn
test_efficientnet_evos
efficientnet_lite0 128
tf_efficientnet_b0 128
tf_efficientnetv2_b0 128
efficientnet_es 128
mixnet_s 128
tf_mixnet_s 128
mnasnet_small 128
fbnetc_100 128
spnasnet_100 128
mobilenetv1_100 128
mobilenetv2_035 128
tinynet_e 128
semnasnet_075 128
mobilenet_edgetpu_v2_xs 128
mobilenetv3_small_050
tf_mobilenetv3_small_075
fbnetv3_b 128
lcnet_035
hardcorenas_a 128
ghostnet_050
ghostnetv2_100 128
ghostnetv3_050 gain=0.3
repghostnet_050
repvit_m0_9
mobileone_s0 128
repvgg_a0 96
gernet_s 96
resnet51q 96
regnetz_b16 128
regnetz_b16_evos 128
resnet50_clip 224
resnet50_clip_gap 96
regnetx_002
regnety_002
regnetv_040 96
regnetz_005 128
hrnet_w18_small 128
hrnet_w18_ssld 128
dla46x_c 128
dpn48b 128
cs3darknet_focus_s 128
cs3sedarknet_l 128
cspresnet50 96
cspdarknet53 96
darknet53 96
densenet121 96
densenetblur121d 96
hgnetv2_b0 128
hgnet_tiny 128
inception_v3 128
inception_v4 128
inception_resnet_v2 128
nasnetalarge 128
pnasnet5large 128
res2net50_14w_8s 96
res2next50 96
resnest14d 96
resnest50d_4s2x40d 96
resnet18 96
resnet26t 96
resnetblur50 96
resnetaa50 96
resnetrs50 96
ecaresnet26t 96
seresnext26d_32x4d 96
ecaresnetlight 96
rexnet_100 128
rexnetr_100 128
selecsls42b 96
legacy_senet154 96
legacy_seresnet18 96
skresnet18 96
skresnext50_32x4d 96
tresnet_m 96
tresnet_v2_l 96
vgg11 96
vgg11_bn 96
ese_vovnet19b_slim_dw 96
eca_vovnet39b 96
ese_vovnet39b_evos 96
vovnet39a 96
legacy_xception 128
xception41 128
xception41p 128
"""

torchvision_models = """
alexnet
vgg11 96
resnet18 96
resnext50_32x4d 96
squeezenet1_0 96
squeezenet1_1 96
densenet121 96
googlenet 96
inception_v3 128
shufflenet_v2_x0_5
mobilenet_v2
mobilenet_v3_small
mnasnet0_5
regnet_x_400mf 96
regnet_y_400mf 96
efficientnet_b0 128
efficientnet_v2_s 128
convnext_tiny 96
vit_b_32
swin_t
swin_v2_t
maxvit_t
lraspp_mobilenet_v3_large 128
deeplabv3_mobilenet_v3_large 128
deeplabv3_resnet50 97
fcn_resnet50 96
"""


def line_of(text):
    """`model [size] [name=value …]`"""
    words = text.split()
    options = {key: eval(value, {}) for key, value in (word.split("=") for word in words if "=" in word)}
    plain = [word for word in words if "=" not in word]
    size = int(plain.pop()) if plain[-1].isdigit() else None
    return plain[-1], size, options


def entries():
    """(library, model, size, options) of every line."""
    for library, lines in (("timm", timm_models), ("torchvision", torchvision_models)):
        for text in lines.strip().splitlines():
            yield library, *line_of(text)


def flat(module):
    return First(module, lambda out: next(iter(out.values())) if isinstance(out, dict) else out[0] if isinstance(out, (tuple, list)) else out)


def build_timm(name, size, options):
    """Where a model takes `img_size`, its tables of positions are for that size."""
    own = timm.get_pretrained_cfg(name) if timm.is_model_pretrained(name) else None
    given = dict(options)
    if size is not None:
        given["img_size"] = size
    try:
        module = timm.create_model(name, **given)
    except TypeError:
        given.pop("img_size", None)
        module = timm.create_model(name, **given)
    module_name = type(module).__module__.split(".")[-1]
    size = size or (own.input_size if own else module.default_cfg["input_size"])[-1]
    return module_name, module, size


def build_torchvision(name, size, options):
    make = getattr(vision, name, None) or getattr(vision.segmentation, name)
    given = dict(options)
    if name in ("googlenet", "inception_v3"):
        given.update(aux_logits=False, init_weights=False)
    if make.__module__.startswith("torchvision.models.segmentation"):
        given.update(weights_backbone=None)
    module = make(weights=None, **given)
    return make.__module__.split(".", 2)[-1], module, size or 224


def build_entry(library, name, size, options):
    family, module, size = (build_timm if library == "timm" else build_torchvision)(name, size, options)
    return family, flat(module), size
