"""From pictures to people in 2D or 3D: MMPose's inferencer for this project.

Images, folders, videos, webcams and URLs; person boxes from a detector, a
file or the whole image; people of several images in one batch; poses in image
px, root-relative mm and, with a camera, camera-space mm.
"""

import logging
from pathlib import Path
from typing import Iterator, List, Optional

import numpy as np
from mmengine.dataset import pseudo_collate
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmpose.apis.inferencers.base_mmpose_inferencer import (
    BaseMMPoseInferencer,
)
from mmpose.registry import INFERENCERS
from rich.progress import track
from torch import nn

from integral_mmpose.deployment import OnnxPoseModel
from integral_mmpose.visualization import (
    IntegralPoseVisualizer,
    skeleton_from_metainfo,
)

from .boxes import WHOLE_IMAGE, DetectedBoxes, GivenBoxes
from .detector import load_detector, person_label
from .images import MAX_MEGAPIXELS
from .inputs import DEFAULT_FPS, Frame, open_source
from .lifting import Lifter
from .people import find_people
from .pose_model import TopdownPoseModel, load_pose_model
from .results import (
    MOVIE_VIEW,
    ResultWriter,
    draw_people,
    fit_canvas,
    movie_size,
)
from .smoothing import PoseSmoother

_SHOWN = 5


@INFERENCERS.register_module()
class IntegralPoseInferencer(BaseMMPoseInferencer):
    """Find people and their 2D or 3D poses.

    Example::

        inferencer = IntegralPoseInferencer('config.py', 'weights.pth')
        for result in inferencer('photos/', camera=dict(fov=60)):
            people = result['predictions'][0]

    Args:
        model (str | Config | nn.Module | object): Config, its file, a model
            of MMPose's ``init_model``, or an object with the methods of
            :class:`TopdownPoseModel`.
        weights (str, optional): Checkpoint; None leaves the model random.
        device (str): Where the models run; a built one stays where it is.
            Defaults to ``'cpu'``.
        scope (str): Registry scope of the model. Defaults to ``'mmpose'``.
        det_model (str, optional): Config file or name of a detector, see
            :func:`load_detector`. ``'whole_image'`` or None: no detector.
        det_weights (str, optional): Its weights.
        det_cat_ids (int | Sequence[int], optional): The detector's classes
            that are people. By default the class ``person``.
        show_progress (bool): Show a bar. Defaults to False.
        half (bool): Run the pose network in half precision.

    Raises:
        FileNotFoundError, ValueError: If a model cannot be loaded.
    """

    preprocess_kwargs = {'boxes', 'bbox_thr', 'nms_thr', 'max_megapixels'}
    forward_kwargs = {'camera', 'root_depth', 'smooth'}
    visualize_kwargs = {'return_vis', 'draw_bbox', 'kpt_thr', 'vis_out_dir'}
    postprocess_kwargs = {'pred_out_dir'}

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
        if weights is not None and hasattr(model, 'predict'):
            raise ValueError(f'weights {weights}: the model is built already')
        if isinstance(model, nn.Module):
            self.show_progress = show_progress
            self.pose_model = TopdownPoseModel(model, half)
        elif isinstance(model, OnnxPoseModel):
            raise ValueError(
                f'{model.path}: give the inferencer onnx_pose_model(path), '
                'which cuts the people out, not OnnxPoseModel(path)'
            )
        elif hasattr(model, 'predict'):
            if half:
                raise ValueError(
                    f'half: {type(model).__name__} says itself how it runs'
                )
            self.show_progress = show_progress
            self.pose_model = model
        else:
            init_default_scope(scope)
            super().__init__(model, weights, device, scope, show_progress)
            self.pose_model = TopdownPoseModel(self.model, half)
        self.visualizer = IntegralPoseVisualizer(f'inferencer_{id(self)}')
        self.visualizer.set_dataset_meta(self.pose_model.dataset_meta)
        #: Why inputs of the last call could not be used, by their names.
        self.failed: dict = {}
        self.detector, self.det_labels = None, None
        if det_model not in (None, WHOLE_IMAGE):
            self.detector = load_detector(det_model, det_weights, device)
            self.det_labels = (
                [person_label(self.detector)]
                if det_cat_ids is None
                else np.ravel(det_cat_ids).tolist()
            )
        self._whole_image = det_model == WHOLE_IMAGE

    def __call__(
        self, inputs, batch_size: int = 8, out_dir: str = '', **kwargs
    ) -> Iterator[dict]:
        """Find the people of images or of a video.

        Args:
            inputs: See :func:`open_source`: image, folder, video, webcam, or
                a sequence of images.
            batch_size (int): People that go through the network together.
            out_dir (str): ``vis_out_dir`` and ``pred_out_dir`` below it.
            **kwargs: As follows.
            boxes: Given boxes instead of the detector's, see
                :class:`GivenBoxes`.
            bbox_thr (float): Lowest score of a detected box. Default 0.3.
            nms_thr (float): Largest overlap of detected boxes. Default 0.65.
            max_megapixels (float): Larger images are refused. Default 100.
            camera: See :class:`CameraReader`: gives camera-space mm.
            root_depth: ``'estimate'`` (the default), mm, or mm by image.
            smooth: ``'one_euro'``, see :class:`PoseSmoother`; the inputs are
                the frames of a video.
            return_vis (bool): Return pictures. Defaults to False.
            draw_bbox (bool): Draw the boxes, too. Defaults to False.
            kpt_thr (float): Joints below it are not drawn. Default 0.
            vis_out_dir (str): Folder for the pictures, or for one MP4.
            pred_out_dir (str): Folder for JSON files.

        Yields:
            dict: One for each image or frame, in their order. Lists of one:
            ``predictions``, the people, dicts of plain numbers (see
            ``results.UNITS``); ``visualization``, the picture as RGB;
            ``names``, ``errors``, '' or why the input has no result, and
            ``stems``, what its files are called, without the suffix.

        Raises:
            ValueError, OSError: If an argument is wrong, or a single input
                cannot be read. In a folder or a list, bad inputs are
                reported in ``errors``, in ``failed`` and at the end.
        """
        if out_dir:
            kwargs.setdefault('vis_out_dir', f'{out_dir}/visualizations')
            kwargs.setdefault('pred_out_dir', f'{out_dir}/predictions')
        if batch_size < 1:
            raise ValueError(f'batch_size must be >= 1, got {batch_size}')
        pre, forward, draw, post = self._dispatch_kwargs(**kwargs)
        source = open_source(
            inputs,
            draw.get('vis_out_dir', ''),
            pre.pop('max_megapixels', MAX_MEGAPIXELS),
        )
        rate = getattr(source, 'fps', DEFAULT_FPS)
        smooth = forward.pop('smooth', None)
        model = self.pose_model
        root = skeleton_from_metainfo(model.dataset_meta).root
        people = find_people(
            source,
            self._boxes(**pre),
            model,
            Lifter(model.depth_range_mm, root, **forward),
            PoseSmoother(smooth, rate) if smooth else None,
            batch_size,
        )
        writer = ResultWriter(
            draw.get('vis_out_dir', ''),
            post.get('pred_out_dir', ''),
            source if source.video else None,
            [*source.paths, *_files(pre, forward)],
        )
        return self._results(people, source, writer, draw)

    def _boxes(self, boxes=None, **thresholds):
        """Where the boxes come from: given ones go before the detector."""
        if boxes is None and self.detector is not None:
            return DetectedBoxes(self.detector, self.det_labels, **thresholds)
        if boxes is None and not self._whole_image:
            print_log(
                'no detector and no boxes: every image is taken as a whole '
                'as one person',
                'current',
                logging.WARNING,
            )
        return GivenBoxes(boxes)

    def _results(self, people, source, writer, draw) -> Iterator[dict]:
        self.failed, empty = {}, []
        if self.show_progress:
            people = track(people, 'Inference', len(source) or None)
        try:
            for frame, found in people:
                if frame.error:
                    self.failed[frame.name] = frame.error
                elif not found:
                    empty.append(frame.name)
                picture = self.visualize(
                    frame, found, movie=source.video, **draw
                )
                stem = writer.add(frame, found, picture)
                yield dict(
                    predictions=[found],
                    visualization=[] if picture is None else [picture],
                    names=[frame.name],
                    errors=[frame.error],
                    stems=[stem],
                )
        finally:
            writer.close()
        _warn(empty, 'no person was found in')
        _warn(list(self.failed.values()), 'no result for')

    def visualize(
        self,
        frame: Frame,
        people: List[dict],
        return_vis: bool = False,
        draw_bbox: bool = False,
        kpt_thr: float = 0.0,
        vis_out_dir: str = '',
        movie: bool = False,
    ) -> Optional[np.ndarray]:
        """The picture of a frame, RGB, if one is wanted and can be made.

        Those of a ``movie`` have one size, whatever they show.
        """
        if frame.image is None or not (return_vis or vis_out_dir):
            return None
        options = dict(draw_bbox=draw_bbox, kpt_thr=kpt_thr)
        if not movie:
            return draw_people(self.visualizer, frame.image, people, **options)
        picture = draw_people(
            self.visualizer,
            frame.image,
            people,
            min_view=MOVIE_VIEW,
            **options,
        )
        views = self.pose_model.depth_range_mm is not None
        return fit_canvas(picture, *movie_size(frame.image, views))

    def _init_collate(self, cfg):
        return pseudo_collate

    def _init_model(self, cfg, weights, device='cpu'):
        return load_pose_model(cfg, weights, device)


def _files(*options: dict) -> List[str]:
    """The files that are read: boxes, a camera, depths."""
    given = [value for group in options for value in group.values()]
    return [
        str(value).split('#')[0]
        for value in given
        if isinstance(value, (str, Path))
    ]


def _warn(names: List[str], what: str) -> None:
    if names:
        more = f' and {len(names) - _SHOWN} more' * (len(names) > _SHOWN)
        print_log(
            f'{what} {len(names)} inputs: {", ".join(names[:_SHOWN])}{more}',
            'current',
            logging.WARNING,
        )
