"""Stacked HourGlass with heat map re-injection (HG-H1, HG-I1; Table 8).

The network of Newell et al. (ECCV 2016) from MMPose's residual blocks: a stem
to a quarter of the resolution, then stages of an hourglass, a residual block
and a 1x1 layer. Between stages the features and the maps, each through a 1x1
layer, are added to the input of the stage before. MMPose's HourglassNet has
CornerNet's wider blocks and no re-injection.
"""

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.models.backbones.resnet import Bottleneck, ResLayer
from mmpose.registry import MODELS
from mmpose.utils.typing import OptMultiConfig
from torch import Tensor, nn
from torch.nn import functional

from .resnet_stage import KAIMING


def residual(in_channels: int, out_channels: int) -> nn.Module:
    """A bottleneck of half the channels, as Newell's residual module.

    MMPose's, so with its ReLU after the sum; Newell's has batch norm and ReLU
    before each convolution.
    """
    return ResLayer(Bottleneck, 1, in_channels, out_channels, expansion=2)


@MODELS.register_module()
class HourglassStem(BaseBackbone):
    """What comes before the stacks: (B, 3, H, W) -> (B, C, H/4, W/4).

    Args:
        channels (int): C, the channels of the stacks. Defaults to 256.
        init_cfg (dict, optional): Kaiming by default.
    """

    def __init__(
        self, channels: int = 256, init_cfg: OptMultiConfig = None
    ) -> None:
        super().__init__(init_cfg or KAIMING)
        quarter, half = channels // 4, channels // 2
        self.layers = nn.Sequential(
            ConvModule(
                3, quarter, 7, stride=2, padding=3, norm_cfg=dict(type='BN')
            ),
            residual(quarter, half),
            nn.MaxPool2d(2),
            residual(half, half),
            residual(half, channels),
        )

    def forward(self, x: Tensor):
        """A one-tuple, as MMPose's backbones return."""
        return (self.layers(x),)


class Hourglass(nn.Module):
    """Down and up again, with a skip branch at every resolution.

    Args:
        channels (int): At every resolution.
        levels (int): Halvings.
    """

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.skip = residual(channels, channels)
        self.down = residual(channels, channels)
        if levels > 1:
            self.inner = Hourglass(channels, levels - 1)
        else:
            self.inner = residual(channels, channels)
        self.up = residual(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        low = self.inner(self.down(functional.max_pool2d(x, 2)))
        return self.skip(x) + functional.interpolate(
            self.up(low), scale_factor=2
        )


@MODELS.register_module()
class HourglassStage(BaseModule):
    """One stack: an hourglass, a residual block, a 1x1 layer.

    Args:
        in_channels (int): Channels C of the stem.
        map_channels (int): Channels of the maps of the stage before, 0 for
            the first stage. Defaults to 0.
        levels (int): Halvings of an hourglass. Defaults to 4.
        init_cfg (dict, optional): Kaiming by default.
    """

    def __init__(
        self,
        in_channels: int,
        map_channels: int = 0,
        levels: int = 4,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(init_cfg or KAIMING)
        self.out_channels = in_channels
        self.levels = levels
        if map_channels:
            self.from_features = nn.Conv2d(in_channels, in_channels, 1)
            self.from_maps = nn.Conv2d(map_channels, in_channels, 1)
        self.layers = nn.Sequential(
            Hourglass(in_channels, levels),
            residual(in_channels, in_channels),
            ConvModule(in_channels, in_channels, 1, norm_cfg=dict(type='BN')),
        )

    def merge(
        self, shared: Tensor, inputs: Tensor, features: Tensor, maps: Tensor
    ) -> Tensor:
        """Re-inject features and maps (B, map_channels, H, W) of a stage.

        Args:
            shared (Tensor): Features of the stem; not used.
            inputs (Tensor): (B, C, H, W) input of the stage before.
            features (Tensor): (B, C, H, W) its output.
            maps (Tensor): (B, map_channels, H, W) its raw maps.

        Returns:
            Tensor: (B, C, H, W).

        Raises:
            ValueError: If the maps have another size.
        """
        if maps.shape[-2:] != inputs.shape[-2:]:
            raise ValueError(
                f'the maps of a stage are {tuple(maps.shape[-2:])} (h, w), '
                f'its features {tuple(inputs.shape[-2:])}: an hourglass has '
                'the resolution of its maps, so the head must have '
                'deconv_out_channels=()'
            )
        return inputs + self.from_features(features) + self.from_maps(maps)

    @torch.no_grad()
    def scale_maps(self, factor: float) -> None:
        """Multiply what this stage reads of the maps, in its weights."""
        self.from_maps.weight.mul_(factor)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W).

        Raises:
            ValueError: If H or W cannot be halved ``levels`` times.
        """
        height, width = inputs.shape[-2:]
        if height % 2**self.levels or width % 2**self.levels:
            raise ValueError(
                f'the hourglass halves its input {self.levels} times, which '
                f'{(height, width)} (h, w) does not allow: input_size must '
                f'be a multiple of {4 * 2**self.levels} px'
            )
        return self.layers(inputs)
