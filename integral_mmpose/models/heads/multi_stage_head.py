"""Stages that each read the maps of the one before: MS-* and HG-*.

Every stage has its own head and loss; the last one predicts.
"""

from typing import List, Optional, Sequence, Tuple

from mmengine.model import ModuleList
from mmpose.models.heads import BaseHead
from mmpose.registry import MODELS
from mmpose.utils.typing import (
    ConfigType,
    Features,
    OptConfigType,
    OptSampleList,
    Predictions,
)
from torch import Tensor

from integral_mmpose.geometry import check_counts

from .common import CheckedTestCfg, check_features, read_test_cfg
from .integral_head import IntegralHead


@MODELS.register_module()
class IntegralMultiStageHead(CheckedTestCfg, BaseHead):
    """Stages and their integral heads (Tables 4 and 5 of the paper).

    A stage gets the raw maps of the stage before, whatever its loss, so that
    an I network starts as the function that its H network has learned.

    Args:
        in_channels (int): Channels of the features that the stages share.
        out_channels (int): Number of joints K.
        num_stages (int): Number of stages.
        stage (dict): Config of a stage, ``IntegralResNetStage`` or
            ``HourglassStage``; its channels are filled in here.
        depths (Sequence[int], optional): Depth bins of each stage; the paper's
            two-stage HourGlass has (1, 64). By default every stage has those
            of ``depth``.
        depth (int): Depth bins D of every stage; 1 is 2D. Defaults to 1.
        decoder (dict, optional): Config of the codec, for the last stage.
        **head: Other arguments of :class:`IntegralHead`, for all stages.

    Raises:
        ValueError: If ``depths`` does not give one depth for each stage.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_stages: int,
        stage: ConfigType,
        depths: Optional[Sequence[int]] = None,
        depth: int = 1,
        decoder: OptConfigType = None,
        **head,
    ) -> None:
        super().__init__()
        check_counts(in_channels=in_channels, num_stages=num_stages)
        self.in_channels = in_channels
        depths = (depth,) * num_stages if depths is None else depths
        if len(depths) != num_stages:
            raise ValueError(
                f'depths must give one depth for each of the {num_stages} '
                f'stages, got {depths}'
            )
        # mmengine's lists initialise what they hold; torch's do not.
        self.stages = ModuleList()
        self.heads = ModuleList()
        map_channels = 0
        for number, depth in enumerate(depths, 1):
            module = MODELS.build(
                dict(stage, in_channels=in_channels, map_channels=map_channels)
            )
            self.stages.append(module)
            self.heads.append(
                IntegralHead(
                    module.out_channels,
                    out_channels,
                    depth,
                    decoder=decoder if number == num_stages else None,
                    **head,
                )
            )
            map_channels = out_channels * depth
        self.decoder = self.heads[-1].decoder

    def before_last_head(
        self, feats: Tuple[Tensor]
    ) -> Tuple[Tuple[Tensor], List[Tensor]]:
        """Features for the last head, and the logits of the heads before."""
        shared = inputs = feats[-1]
        check_features(self, shared)
        features, logits = None, []
        for stage, head in zip(self.stages, self.heads):
            if logits:
                # Depth bins are channels to the next stage.
                maps = logits[-1].flatten(1, -3)
                inputs = stage.merge(shared, inputs, features, maps)
            features = stage(inputs)
            if len(logits) < len(self.heads) - 1:
                logits.append(head((features,)))
        return (features,), logits

    def forward(self, feats: Tuple[Tensor]) -> List[Tensor]:
        """Logits (B, K, [D,] H, W) of each stage."""
        last, logits = self.before_last_head(feats)
        return [*logits, self.heads[-1](last)]

    @property
    def finds_by_argmax(self) -> bool:
        """That of the last stage."""
        return self.heads[-1].finds_by_argmax

    def coordinates(self, outputs: List[Tensor]) -> Tensor:
        """Normalised coordinates (B, K, 2 or 3) of the last stage."""
        return self.heads[-1].coordinates(outputs[-1])

    def scores(self, outputs: List[Tensor]) -> Tensor:
        """Confidence (B, K) of the last stage."""
        return self.heads[-1].scores(outputs[-1])

    def spread(self, outputs: List[Tensor]) -> Optional[Tensor]:
        """Standard deviation (B, K, 2 or 3) of the last stage."""
        return self.heads[-1].spread(outputs[-1])

    def sharpen(self, factor: float) -> None:
        """Multiply the maps of every stage; each reads what it read before."""
        for head in self.heads:
            head.sharpen(factor)
        for stage in self.stages[1:]:
            stage.scale_maps(1 / factor)

    def loss(
        self,
        feats: Tuple[Tensor],
        batch_data_samples: OptSampleList,
        train_cfg: OptConfigType = None,
    ) -> dict:
        """Losses of every stage, and ``acc_pose`` of the last.

        Returns:
            dict: ``s0.loss_heatmap``, ``s0.loss_joint``, ``s1.…`` as
            configured; ``acc_pose``.
        """
        last, logits = self.before_last_head(feats)
        found = [
            head.losses_of_logits(maps, batch_data_samples)
            for head, maps in zip(self.heads, logits)
        ]
        found.append(self.heads[-1].loss(last, batch_data_samples, train_cfg))
        accuracies = [losses.pop('acc_pose') for losses in found]
        losses = {
            f's{number}.{name}': loss
            for number, losses in enumerate(found)
            for name, loss in losses.items()
        }
        return dict(losses, acc_pose=accuracies[-1])

    def predict(
        self,
        feats: Features,
        batch_data_samples: OptSampleList,
        test_cfg: OptConfigType = None,
    ) -> Predictions:
        """Predict by the last stage; see :meth:`IntegralHead.predict`."""
        if read_test_cfg(test_cfg).get('flip_test', False):
            last = [self.before_last_head(f)[0] for f in feats]
        else:
            last = self.before_last_head(feats)[0]
        return self.heads[-1].predict(last, batch_data_samples, test_cfg)
