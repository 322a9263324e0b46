"""Which networks are timed when none is named."""

from models.library.registry import list_models

# One of each architecture, at each size its authors use. Left out: EchoApex ViT-L, which is ViT-B with twice the blocks, each
# 1.8 times as dear, and networks that differ from another one here in their weights or head alone.
NETWORKS = (
    "phantom_view", "phantom_lv",
    "EchoView47_classifier", "ResNet50_TTE47_baseline", "DenseNet121_TTE47_baseline", "EfficientNetV2_TTE47_baseline",
    "ConvNeXt_TTE47_baseline", "ViT_TTE47_baseline", "SwinTransformerV2_TTE47_baseline", "EchoSDNet", "EchoLVSNet", "EchoPDNet",
    "EchoForge_PLAX_keypoints", "EchoForge_image_quality",
    "echonet_measurements/lvid", "echonet_measurements/avvmax", "echonet_measurements/vti_av",
    "echonet_measurements/plax_quality", "echonet_dynamic/lv_deeplabv3_resnet50", "echonet_dynamic/ef_r2plus1d_18",
    "EchoMotionNet_B0_SE", "EchoMotionNet_B1_CBAM", "EchoMotionNet_B2_DANet", "EchoMotionNet_BiLSTM",
    "EchoMotionNet_TemporalTransformer", "EchoMotionNet_A4C_A2C",
    "EchoApex_ViT-S_views", "EchoApex_ViT-S_segmentation", "EchoApex_ViT-S_lvh", "EchoApex_ViT-B_views",
    "EchoPrime_video_encoder", "EchoPrime_view_classifier", "PanEcho",
)  # fmt: skip


def known_networks() -> list[str]:
    """Those of NETWORKS that this library has."""
    known = {manifest.name for manifest in list_models()}
    return [name for name in NETWORKS if name in known]
