"""Detect people with MMDetection models.

Convention: boxes are (N, 5) left, top, right, bottom, score in image px.
"""

from pathlib import Path
from typing import List, Optional, Sequence

import numpy as np
import torch
from mmcv.ops import get_compiling_cuda_version
from mmpose.apis.inferencers.utils import default_det_models
from mmpose.utils import adapt_mmdet_pipeline

from integral_mmpose.config import read_config
from integral_mmpose.engine import check_weights

from .pose_model import read_checkpoint, require_device


def load_detector(config: str, checkpoint: Optional[str], device: str = 'cpu'):
    """Load an MMDetection model for use beside a pose model.

    Its pipeline names MMDetection's scope, as MMPose changes the default one.

    Args:
        config (str): Config file, the name of a model of MMDetection such as
            ``rtmdet_tiny_8xb32-300e_coco``, or MMPose's ``human``.
        checkpoint (str, optional): Its weights. None downloads those of a
            named model, and leaves those of a config file random.
        device (str): Device of the model.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint cannot be read or is of another model,
            the name is unknown, there is no such device, or mmcv has no
            operators for it.
    """
    require_device(device)
    # The NMS of MMDetection's models is one of mmcv's operators.
    if (
        torch.device(device).type == 'cuda'
        and get_compiling_cuda_version() == 'not available'
    ):
        raise ValueError(
            'mmcv has no CUDA operators, so the detector cannot run on a '
            'GPU: use device cpu, or MMCV_OPS=compile FORCE_CUDA=1 make setup'
        )
    from mmdet.apis import DetInferencer, init_detector

    if config in default_det_models:
        known = default_det_models[config]
        config, checkpoint = known['model'], checkpoint or known['weights']
    content = checkpoint and read_checkpoint(checkpoint)
    if Path(config).suffix == '.py':
        detector = init_detector(
            read_config(config), checkpoint, device=device
        )
    else:
        detector = DetInferencer(
            config, checkpoint, device, 'mmdet', show_progress=False
        ).model
        detector.cfg = detector.cfg.copy()
    if content:
        check_weights(detector, content, str(checkpoint))
    detector.cfg = adapt_mmdet_pipeline(detector.cfg)
    return detector


class MMDetector:
    """An MMDetection model as the detector of :class:`PoseInferencer`.

    Args:
        model (nn.Module): From :func:`load_detector`.
        labels (int | Sequence[int], optional): Indices of the classes that
            are people. Defaults to the class ``person``.

    Raises:
        ValueError: If it has no class ``person``.
    """

    def __init__(self, model, labels=None) -> None:
        classes = list(model.dataset_meta.get('classes', ()))
        if labels is None and 'person' not in classes:
            raise ValueError(
                f'the detector has no class "person", but {classes}: use a '
                'detector that was trained on people'
            )
        self.model = model
        self.labels = [classes.index('person')] if labels is None else labels

    def detect(
        self, images: Sequence[np.ndarray], threshold: float = 0.0
    ) -> List[np.ndarray]:
        """Detect the people of several images in one batch.

        Args:
            images (Sequence[np.ndarray]): (H, W, 3) BGR; sizes may differ.
            threshold (float): Lowest score of a box. Defaults to 0.

        Returns:
            list[np.ndarray]: (N, 5) boxes of each image.
        """
        from mmcv.transforms import Compose
        from mmdet.utils import get_test_pipeline_cfg

        steps = get_test_pipeline_cfg(self.model.cfg.copy())
        steps[0].type = 'mmdet.LoadImageFromNDArray'
        pipeline = Compose(steps)
        packed = [pipeline(dict(img=image, img_id=0)) for image in images]
        batch = {key: [p[key] for p in packed] for key in packed[0]}
        with torch.no_grad():
            results = self.model.test_step(batch)
        return [self._keep(r.pred_instances, threshold) for r in results]

    def _keep(self, instances, threshold: float) -> np.ndarray:
        found = instances.cpu().numpy()
        keep = np.isin(found.labels, self.labels) & (found.scores >= threshold)
        return np.concatenate(
            [found.bboxes[keep], found.scores[keep, None]], 1
        ).astype(np.float32)
