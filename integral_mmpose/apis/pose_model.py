"""Run a top-down model of MMPose on the boxes of an image.

Convention: boxes are left, top, right, bottom in image px. A pose has x, y in
image px and, in 3D, z in mm relative to the root, positive is farther away.
"""

from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path
from typing import List, Optional, Sequence

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.apis import init_model
from mmpose.registry import TRANSFORMS

from integral_mmpose.config import read_config
from integral_mmpose.datasets.transforms import ConvertJoints
from integral_mmpose.engine import check_weights
from integral_mmpose.functional import HeatVectors
from integral_mmpose.inference import Pose
from integral_mmpose.inference.crop import box_padding, check_sides
from integral_mmpose.visualization import skeleton_from_metainfo


def load_pose_model(config, checkpoint: Optional[str], device: str = 'cpu'):
    """Load a model with MMPose's ``init_model``, and check its weights.

    Without a checkpoint, the weights are random.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint is of another model, or there is no
            such device.
    """
    require_device(device)
    if isinstance(config, (str, Path)):
        config = read_config(config)
    config = deepcopy(config)
    for kind in ('train', 'val', 'test'):
        dataset = (config.get(f'{kind}_dataloader') or {}).get('dataset', {})
        if dataset.get('metainfo', ...) is None:  # that of its class
            del dataset['metainfo']
    model = init_model(config, None, device='cpu')
    if checkpoint is not None:
        content = read_checkpoint(checkpoint)
        check_weights(model, content, str(checkpoint))  # loads them, too
        meta = content.get('meta', {})
        model.dataset_meta = meta.get('dataset_meta', model.dataset_meta)
    loader = config.get('test_dataloader') or {}
    for step in loader.get('dataset', {}).get('pipeline', []):
        kind = step['type']
        kind = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
        if isinstance(kind, type) and issubclass(kind, ConvertJoints):
            converted = TRANSFORMS.build(step).metainfo
            model.dataset_meta = dict(model.dataset_meta, **converted)
    joints = (model.dataset_meta or {}).get('num_keypoints')
    given = getattr(getattr(model, 'head', None), 'out_channels', None)
    # UDP's combined maps are three a joint.
    if joints and isinstance(given, int) and given % joints:
        raise ValueError(
            f'{checkpoint or "the config"}: the model gives {given} joints, '
            f'its joint set names {joints}: set metainfo of the test data set'
        )
    return model.to(device)


def require_device(device: str) -> None:
    """Raise ValueError if torch does not see the GPU."""
    if torch.device(device).type == 'cuda' and not torch.cuda.is_available():
        raise ValueError(f'device {device}: torch sees no CUDA GPU here')


def read_checkpoint(checkpoint: str) -> dict:
    """Read a checkpoint on the CPU.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no checkpoint, or a torn one.
    """
    try:
        return CheckpointLoader.load_checkpoint(str(checkpoint), 'cpu')
    except (FileNotFoundError, ValueError):  # names the file and the fix
        raise
    except Exception as error:  # a URL's loaders raise nearly anything
        raise ValueError(
            f'{checkpoint}: cannot be loaded ({type(error).__name__}: '
            f'{error}). Get the file yourself, and give its path'
        ) from error


class TopdownPoseModel:
    """A top-down model of MMPose with the methods of :class:`OnnxPoseModel`.

    Args:
        model (nn.Module): From :func:`load_pose_model`.
        half (bool): Run the network in half precision: float16 on CUDA,
            bfloat16 elsewhere. The softmax and the integral stay in float32.
    """

    def __init__(self, model, half: bool = False) -> None:
        init_default_scope(model.cfg.get('default_scope', 'mmpose'))
        dataset = model.cfg.test_dataloader.dataset
        self.model = model
        self.dataset_meta = model.dataset_meta
        names = model.dataset_meta['keypoint_id2name']
        self.joint_names = [names[i] for i in range(len(names))]
        self.skeleton = skeleton_from_metainfo(model.dataset_meta)
        self.name = type(model.head).__name__
        codec = model.head.decoder
        #: Depth in mm of the codec's volume; None in 2D.
        self.depth_range_mm = getattr(codec, 'depth_range_mm', None)
        self._pipeline = Compose(dataset.pipeline)
        padding, by_pipeline = box_padding(dataset)
        self._factor = padding / by_pipeline
        self._half = half

    def crop(
        self,
        image: np.ndarray,
        box: np.ndarray,
        mm_per_px: Optional[float] = None,
    ) -> dict:
        """See :meth:`OnnxPoseModel.crop`; padded as by the test pipeline.

        Returns:
            dict: ``inputs`` and ``data_samples`` of MMPose.
        """
        check_sides(image)
        center, half = (box[:2] + box[2:4]) / 2, (box[2:4] - box[:2]) / 2
        half = half * self._factor
        scaled = np.concatenate([center - half, center + half])
        info = dict(
            img=image,
            bbox=scaled[None].astype(np.float32),
            bbox_score=np.ones(1, np.float32),
            **self.dataset_meta,
        )
        if mm_per_px is not None:
            info['mm_per_px'] = mm_per_px
        return self._pipeline(info)

    def predict(self, crops: Sequence[dict]) -> List[Pose]:
        """Predict the poses of crops of one or several images."""
        samples = [crop['data_samples'] for crop in crops]
        with torch.no_grad(), self._precision():
            samples = self.model.predict(self._inputs(crops), samples)
        return [
            Pose(
                sample.pred_instances.keypoints[0],
                sample.pred_instances.keypoint_scores[0],
                float(np.max(sample.metainfo['input_scale'])),
            )
            for sample in samples
        ]

    def heat_vectors(self, crops: Sequence[dict]):
        """Compute heat vectors (Eq. 5), xy maps and joints of crops.

        Maps that are no probabilities (H1, H3) are clipped at 0 and divided
        by their sum.

        Returns:
            tuple: :class:`HeatVectors` of (B, K, n); xy maps (B, K, H, W),
            the marginals over z; decoded joints (B, K, 2 or 3), normalised.

        Raises:
            ValueError: If the model has no heat maps.
        """
        head = self.model.head
        with torch.no_grad(), self._precision():
            logits = head.forward(self.model.extract_feat(self._inputs(crops)))
        if isinstance(logits, list):  # one of each stage
            head, logits = head.heads[-1], logits[-1]
        if not hasattr(head, 'visible_volume'):
            raise ValueError(f'{type(head).__name__} has no heat maps to show')
        volume = head.visible_volume(logits).clamp(min=0)
        total = volume.flatten(2).sum(-1).clamp(min=1e-12)
        volume = volume / total[(..., *[None] * (volume.dim() - 2))]
        flat = volume if head.depth == 1 else volume.sum(2)
        depth = None if head.depth == 1 else volume.sum((3, 4))
        vectors = HeatVectors(flat.sum(2), flat.sum(3), depth)
        return vectors, flat, head.coordinates(logits)

    def depth_range_of(self, crop: dict) -> Optional[float]:
        """Return the depth range of a crop in mm; None in 2D."""
        if self.depth_range_mm is None:
            return None
        meta = crop['data_samples'].metainfo
        return self.model.head.decoder.depth_range(
            meta.get('mm_per_px'), meta.get('input_scale')
        )

    def _inputs(self, crops: Sequence[dict]) -> torch.Tensor:
        """Return normalised images (B, 3, H, W) on the model's device.

        The samples stay on the host: copying them takes as long as cropping.
        """
        images = dict(
            inputs=[crop['inputs'] for crop in crops], data_samples=[]
        )
        return self.model.data_preprocessor(images, False)['inputs']

    def _precision(self):
        if not self._half:
            return nullcontext()
        kind = next(self.model.parameters()).device.type
        dtype = torch.float16 if kind == 'cuda' else torch.bfloat16
        return torch.autocast(kind, dtype)
