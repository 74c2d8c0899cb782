"""One stage of the multi-stage ResNet (MS-H1 and MS-I1 of Tables 4 and 5).

All stages read the same conv3 features (``layer2`` of MMPose's ResNet); each
passes its own conv4 and conv5 blocks. From the second on, a stage also reads
the maps of the stage before, concatenated to the features.
"""

import torch
from mmengine.model import BaseModule, constant_init
from mmpose.models.backbones.resnet import (
    BasicBlock,
    Bottleneck,
    ResLayer,
    ResNet,
    get_expansion,
)
from mmpose.registry import MODELS
from mmpose.utils.typing import OptMultiConfig
from torch import Tensor
from torch.nn import functional

KAIMING = [
    dict(type='Kaiming', layer='Conv2d'),
    dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
]
#: The layers that read the maps as extra input channels.
FIRST_LAYERS = ('layer3.0.conv1.weight', 'layer3.0.downsample.0.weight')


@MODELS.register_module()
class IntegralResNetStage(BaseModule):
    """conv4 and conv5 blocks of a ResNet on conv3 features and maps.

    The weights of a plain ResNet fit: where they have no channel for the
    maps, it starts at zero, so every stage starts as the plain trunk.

    Args:
        in_channels (int): Channels of the shared features.
        map_channels (int): Channels of the maps of the stage before, 0 for
            the first stage. Defaults to 0.
        depth (int): Of the ResNet: 18, 34, 50, 101 or 152. Defaults to 50.
        base_channels (int): Of the ResNet. Defaults to 64.
        style (str): Of the ResNet: ``pytorch`` or ``caffe``. Defaults to
            ``pytorch``.
        init_cfg (dict, optional): ``Pretrained`` with the file of the plain
            ResNet; Kaiming by default, with residual branches from zero as
            in MMPose's ResNet.

    Raises:
        ValueError: If ``in_channels`` is not what conv3 of that ResNet has.
    """

    def __init__(
        self,
        in_channels: int,
        map_channels: int = 0,
        depth: int = 50,
        base_channels: int = 64,
        style: str = 'pytorch',
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(init_cfg or KAIMING)
        block, blocks = ResNet.arch_settings[depth]
        conv3 = 2 * base_channels * get_expansion(block)
        if in_channels != conv3:
            raise ValueError(
                f'conv3 of a ResNet-{depth} with base_channels='
                f'{base_channels} has {conv3} channels, but the features '
                f'have in_channels={in_channels}: the backbone must be a '
                'ResNet of the same depth with num_stages=2, out_indices=(1,)'
            )
        self.in_channels = in_channels
        self.map_channels = map_channels
        self.out_channels = 4 * conv3
        halve = dict(stride=2, style=style)
        self.layer3 = ResLayer(
            block, blocks[2], in_channels + map_channels, 2 * conv3, **halve
        )
        self.layer4 = ResLayer(block, blocks[3], 2 * conv3, 4 * conv3, **halve)
        self._register_load_state_dict_pre_hook(self._pad_first_layers)

    def init_weights(self) -> None:
        """By ``init_cfg``; from scratch, residual branches start at zero."""
        super().init_weights()
        if self.init_cfg != KAIMING:
            return
        for module in self.modules():
            if isinstance(module, Bottleneck):
                constant_init(module.norm3, 0)
            elif isinstance(module, BasicBlock):
                constant_init(module.norm2, 0)

    def merge(
        self, shared: Tensor, inputs: Tensor, features: Tensor, maps: Tensor
    ) -> Tensor:
        """Input of this stage from the stage before.

        Args:
            shared (Tensor): (B, C, H, W) features that all stages read.
            inputs (Tensor): Input of the stage before; not used.
            features (Tensor): Output of the stage before; not used.
            maps (Tensor): (B, map_channels, h, w) its raw maps. Larger ones
                are averaged to the size of the features.

        Returns:
            Tensor: (B, C + map_channels, H, W).
        """
        size = shared.shape[-2:]
        if maps.shape[-1] < size[-1] or maps.shape[-2] < size[-2]:
            raise ValueError(
                f'the maps of a stage are {tuple(maps.shape[-2:])} (h, w), '
                f'smaller than the conv3 features {tuple(size)}: '
                'multi-stage needs at least two deconvolutions'
            )
        height, width = maps.shape[-2:]
        if height % size[0] or width % size[1]:
            maps = functional.adaptive_avg_pool2d(maps, size)
        else:  # the same, and deterministic on CUDA, too
            window = (height // size[0], width // size[1])
            maps = functional.avg_pool2d(maps, window)
        return torch.cat([shared, maps.to(shared.dtype)], 1)

    @torch.no_grad()
    def scale_maps(self, factor: float) -> None:
        """Multiply what this stage reads of the maps, in its weights."""
        for name in FIRST_LAYERS:
            self.get_parameter(name)[:, self.in_channels :].mul_(factor)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, in_channels + map_channels, H, W) -> (B, out, H/4, W/4)."""
        return self.layer4(self.layer3(inputs))

    def _pad_first_layers(self, state_dict, prefix, *args) -> None:
        """Give plain ResNet weights zero channels for the maps."""
        for name in FIRST_LAYERS:
            weight = state_dict.get(prefix + name)
            if weight is not None and weight.shape[1] == self.in_channels:
                state_dict[prefix + name] = functional.pad(
                    weight, (0, 0, 0, 0, 0, self.map_channels)
                )
