"""Inferencer with MMPose's interface."""

import logging
from functools import partial
from pathlib import Path
from typing import Iterator, List, Optional

from mmengine.registry import init_default_scope
from mmpose.registry import INFERENCERS
from torch import nn
from tqdm import tqdm

from integral_mmpose.inference import PoseInferencer, open_source
from integral_mmpose.inference.boxes import WHOLE_IMAGE
from integral_mmpose.inference.cameras import split_keys
from integral_mmpose.inference.images import MAX_MEGAPIXELS
from integral_mmpose.inference.results import (
    FreeNames,
    ResultWriter,
    describe,
)
from integral_mmpose.inference.sources import first_of

from .detector import MMDetector, load_detector
from .pose_model import TopdownPoseModel, load_pose_model

logger = logging.getLogger(__name__)


@INFERENCERS.register_module()
class IntegralPoseInferencer:
    """Find people and their 2D or 3D poses with a model of MMPose.

    The arguments of the constructor and the results are those of MMPose's
    inferencers. A call takes the arguments listed there: boxes are ``boxes``
    instead of ``bboxes``; MMPose's options of drawing and tracking are not
    taken. :class:`PoseInferencer` does the work.

    Example::

        inferencer = IntegralPoseInferencer('config.py', 'weights.pth')
        for result in inferencer('photos/', camera=dict(fov=60)):
            people = result['predictions'][0]

    Args:
        model (str | Config | nn.Module | object): Config, its file, a model
            of MMPose's ``init_model``, or a model of :class:`PoseInferencer`.
        weights (str, optional): Checkpoint; None leaves the model random.
        device (str): Where the models run; a built one stays where it is.
            Defaults to ``'cpu'``.
        scope (str): Registry scope of the model. Defaults to ``'mmpose'``.
        det_model (str, optional): Config file or name of a detector, see
            :func:`load_detector`. ``'whole_image'`` or None: no detector.
        det_weights (str, optional): Its weights.
        det_cat_ids (int | Sequence[int], optional): The detector's classes
            that are people. Defaults to the class ``person``.
        show_progress (bool): Show a progress bar. Defaults to False.
        half (bool): Run the pose network in half precision.

    Raises:
        FileNotFoundError, ValueError: If a model cannot be loaded.
    """

    def __init__(
        self,
        model,
        weights: Optional[str] = None,
        device: str = 'cpu',
        scope: str = 'mmpose',
        det_model: Optional[str] = None,
        det_weights: Optional[str] = None,
        det_cat_ids=None,
        show_progress: bool = False,
        half: bool = False,
    ) -> None:
        if hasattr(model, 'predict') and weights is not None:
            raise ValueError(f'weights {weights}: the model is built already')
        if hasattr(model, 'joint_names'):
            if half:
                name = type(model).__name__
                raise ValueError(f'`half` is not supported for {name}')
            self.pose_model = model
        else:
            if not isinstance(model, nn.Module):
                init_default_scope(scope)
                model = load_pose_model(model, weights, device)
            self.pose_model = TopdownPoseModel(model, half)
        detector = None
        if det_model not in (None, WHOLE_IMAGE):
            network = load_detector(det_model, det_weights, device)
            detector = MMDetector(network, det_cat_ids)
        self.show_progress = show_progress
        self._whole_image = det_model == WHOLE_IMAGE
        self.inferencer = PoseInferencer(self.pose_model, detector)
        #: Errors of the last call, by the name of the input.
        self.failed: dict = {}

    def __call__(
        self,
        inputs,
        batch_size: int = 8,
        out_dir: str = '',
        vis_out_dir: str = '',
        pred_out_dir: str = '',
        return_vis: bool = False,
        draw_bbox: bool = False,
        kpt_thr: float = 0.0,
        max_megapixels: float = MAX_MEGAPIXELS,
        **options,
    ) -> Iterator[dict]:
        """Find the people of images or of a video.

        Args:
            inputs: See :func:`open_source`: image, folder, video, webcam, or
                a sequence of images.
            batch_size (int): People that go through the network together.
            out_dir (str): Its subfolders ``visualizations`` and
                ``predictions`` are the defaults of the next two.
            vis_out_dir (str): Folder for the pictures, or for one MP4.
            pred_out_dir (str): Folder for JSON files.
            return_vis (bool): Return pictures. Defaults to False.
            draw_bbox (bool): Also draw the boxes. Defaults to False.
            kpt_thr (float): Joints below it are not drawn. Default 0.
            max_megapixels (float): Larger images are refused. Default 100.
            **options: Of :meth:`PoseInferencer.stream`: ``boxes``,
                ``bbox_thr``, ``nms_thr``, ``camera``, ``root_depth``,
                ``smooth``.

        Returns:
            Iterator[dict]: One for each image or frame, in order. Each value
            is a list of one: ``predictions``, the people as dicts of plain
            numbers (see ``UNITS``); ``visualization``, the picture as RGB;
            ``names``; ``errors``, the reason of a failure or ''; ``stems``,
            the names of the files without suffix.

        Raises:
            ValueError, OSError: If an argument is wrong, or a single input
                cannot be read. In a folder or a list, bad inputs are
                reported in ``errors``, in ``failed`` and at the end.
        """
        if out_dir:
            vis_out_dir = vis_out_dir or f'{out_dir}/visualizations'
            pred_out_dir = pred_out_dir or f'{out_dir}/predictions'
        if options.get('boxes') is None and self.inferencer.detector is None:
            options['boxes'] = WHOLE_IMAGE
            if not self._whole_image:
                logger.warning(
                    'no detector and no boxes: each image is treated as one '
                    'person'
                )
        source = open_source(inputs, vis_out_dir, max_megapixels)
        results = self.inferencer.stream(
            source, batch_size=batch_size, **options
        )
        if self.show_progress:
            results = tqdm(results, total=len(source) or None)
        more = dict(fps=source.fps) if source.video else {}
        # The files of boxes, camera and depths
        paths = [v for v in options.values() if isinstance(v, (str, Path))]
        files = [split_keys(str(path))[0] for path in paths]
        writer = ResultWriter(
            vis_out_dir,
            pred_out_dir,
            source if source.video else None,
            FreeNames([*source.paths, *files]),
            describe(self.pose_model, **more),
        )
        draw = None
        if return_vis or vis_out_dir:
            draw = partial(
                self.inferencer.draw,
                movie=source.video,
                score_thr=kpt_thr,
                draw_bbox=draw_bbox,
            )
        return self._results(results, writer, draw)

    def _results(self, results, writer, draw) -> Iterator[dict]:
        self.failed, empty = {}, []
        try:
            for result in results:
                if result.error:
                    self.failed[result.name] = result.error
                elif not result.people:
                    empty.append(result.name)
                picture = draw(result) if draw else None
                stem = writer.add(result, picture)
                yield dict(
                    predictions=[[p.to_dict() for p in result.people]],
                    visualization=[] if picture is None else [picture],
                    names=[result.name],
                    errors=[result.error],
                    stems=[stem],
                )
        finally:
            writer.close()
        _warn(empty, 'no person was found in')
        _warn(list(self.failed.values()), 'no result for')


def _warn(names: List[str], what: str) -> None:
    if names:
        logger.warning(f'{what} {len(names)} inputs: {first_of(names)}')
