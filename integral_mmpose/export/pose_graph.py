"""The exported graph of a pose model: crops in, joints out.

Normalisation of the pixels, backbone, neck, head, softmax and integral (or
the argmax of the heat map methods) are one graph, so a user of the file needs
no mean, order of channels or size of a bin.

Convention: crops are (N, 3, H, W) float32, BGR as OpenCV reads them, 0 to
255. Keypoints are (N, K, 2) x, y in px of the crop, or (N, K, 3) with z in mm
relative to the root, of a volume of ``depth_range_mm``.
"""

import copy
from typing import Tuple

import torch
from mmengine.model import ImgDataPreprocessor
from torch import Tensor, nn

from integral_mmpose.functional import norm_to_px
from integral_mmpose.geometry import norm_to_mm


class PoseGraph(nn.Module):
    """A top-down pose model without its data samples.

    It calls the parts of a copy of the model: data preprocessor,
    ``extract_feat``, and the head's ``forward``, ``coordinates`` and
    ``scores``. It has no flip test.

    Args:
        model (nn.Module): From ``mmpose.apis.init_model``, with a head of
            this package and its codec.
        half (bool): Run backbone, neck and head in float16. Normalisation,
            softmax and all after it stay in float32. Defaults to ``False``.

    Raises:
        ValueError: If the head is not of this package or has no codec.
    """

    def __init__(self, model: nn.Module, half: bool = False) -> None:
        super().__init__()
        head = model.head
        if not hasattr(head, 'coordinates') or head.decoder is None:
            raise ValueError(
                f'{type(head).__name__} cannot be exported: it must be '
                'IntegralHead, IntegralMultiStageHead or '
                'DirectRegressionHead, with a decoder'
            )
        self.model = copy.deepcopy(model)
        self.dtype = torch.float16 if half else torch.float32
        for name in ('backbone', 'neck', 'head'):
            part = getattr(self.model, name, None)
            if part is not None:
                part.to(self.dtype)
        self.eval()

    def forward(self, crops: Tensor) -> Tuple[Tensor, ...]:
        """Find the joints of a batch of crops.

        Args:
            crops (Tensor): (N, 3, H, W) BGR, 0 to 255.

        Returns:
            tuple[Tensor, ...]: Keypoints (N, K, 2 or 3), px and mm; keypoint
            scores (N, K); and, where the maps are probabilities, standard
            deviations (N, K, 2 or 3), px and mm; all float32.
        """
        # The base class: MMPose's also writes into data samples.
        data = ImgDataPreprocessor.forward(
            self.model.data_preprocessor, dict(inputs=crops)
        )
        head = self.model.head
        features = self.model.extract_feat(data['inputs'].to(self.dtype))
        outputs = head(features)
        norm, scores = head.coordinates(outputs), head.scores(outputs)
        keypoints = norm_to_px(norm[..., :2], head.decoder.input_size)
        if norm.shape[-1] == 3:
            depth = norm_to_mm(norm[..., 2:], head.decoder.depth_range_mm)
            keypoints = torch.cat([keypoints, depth], -1)
        spread = head.spread(outputs)
        if spread is None:
            return keypoints, scores
        sides = [*head.decoder.input_size, head.decoder.depth_range_mm]
        return keypoints, scores, norm_to_px(spread, sides[: norm.shape[-1]])
