"""Inferencer for 2D and 3D poses, without torch and MMPose."""

from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Union

import numpy as np

from integral_mmpose.geometry import Person, check_counts
from integral_mmpose.visualization import (
    place_people,
    pose_figure,
    render,
    render_frame,
)

from .boxes import DETECTED_THR, DetectedBoxes, GivenBoxes
from .find_people import ImageResult, find_people
from .frames import DEFAULT_FPS
from .images import MAX_MEGAPIXELS
from .onnx_model import OnnxPoseModel
from .placement import PersonPlacer
from .sources import open_source
from .tracking import PoseSmoother
from .yolox import YoloxDetector

#: Attributes that :class:`PoseInferencer` needs of a model.
MODEL = ('crop', 'predict', 'joint_names', 'skeleton', 'depth_range_mm')


class PoseInferencer:
    """Find people and their 2D or 3D poses.

    Example::

        infer = PoseInferencer()                 # the bundled model
        for person in infer('photo.jpg')[0]:
            print(person.keypoints_2d, person.keypoints_3d_mm, person.scores)

    Args:
        model (str | Path | object, optional): ONNX file of
            ``tools/deployment/export_onnx.py``, or an object with the
            methods of :class:`OnnxPoseModel`. Defaults to the bundled
            model.
        detector (str | Path | object, optional): ONNX file of YOLOX, or an
            object with the method ``detect`` of :class:`YoloxDetector`.
            Without a detector and boxes, the whole image is one person.
        threads (int, optional): Threads of ONNX Runtime, by default its
            choice.
        flip_test (bool): See :class:`OnnxPoseModel`; for an ONNX file only.

    Attributes:
        joint_names (list[str]): Names of the K joints.
        skeleton (Skeleton): Bones and colours.

    Raises:
        FileNotFoundError, ValueError: If a model cannot be loaded.
        TypeError: If a model is neither a file nor such an object.
    """

    def __init__(
        self,
        model: Union[None, str, Path, Any] = None,
        detector: Union[None, str, Path, Any] = None,
        threads: Optional[int] = None,
        flip_test: bool = False,
    ) -> None:
        if model is None or isinstance(model, (str, Path)):
            model = OnnxPoseModel(model, threads, flip_test)
        elif flip_test:
            raise ValueError('flip_test is for an ONNX file, not an object')
        if isinstance(detector, (str, Path)):
            detector = YoloxDetector(detector, threads)
        check_methods(model, MODEL, 'model')
        if detector is not None:
            check_methods(detector, ('detect',), 'detector')
        self.model, self.detector = model, detector
        self.joint_names: List[str] = list(model.joint_names)
        self.skeleton = model.skeleton

    def __call__(self, inputs, **options) -> List[List[Person]]:
        """Find the people of all images.

        Args:
            inputs: See :func:`open_source`: image, folder, video, or a
                sequence of images.
            **options: See :meth:`stream`.

        Returns:
            list[list[Person]]: One list for each image, in order.

        Raises:
            ValueError, OSError: If an argument is wrong or an image cannot
                be used. :meth:`stream` continues after a bad image.
        """
        results = []
        for result in self.stream(inputs, **options):
            if result.error:
                raise ValueError(result.error)
            results.append(result.people)
        return results

    def stream(
        self,
        inputs,
        boxes=None,
        bbox_thr: Optional[float] = None,
        nms_thr: float = 0.65,
        batch_size: int = 8,
        camera=None,
        root_depth=None,
        smooth=None,
        fps: Optional[float] = None,
        max_megapixels: float = MAX_MEGAPIXELS,
    ) -> Iterator[ImageResult]:
        """Find the people of each image or frame, one at a time.

        Args:
            inputs: See :func:`open_source`: image, folder, video, stream,
                webcam, a sequence of images, or what it returns.
            boxes: Boxes instead of the detector's, see :class:`GivenBoxes`.
            bbox_thr (float, optional): Lowest score of a box. By default 0.3
                for the detector's, 0 for given ones.
            nms_thr (float): Largest IoU of two detected boxes. Defaults to
                0.65.
            batch_size (int): People that go through the network together.
            camera: See :class:`CameraReader`. Adds camera-space mm.
            root_depth: ``'estimate'`` (the default), mm, or mm by image.
            smooth: ``'one_euro'`` for videos, see :class:`PoseSmoother`.
            fps (float, optional): Treat a folder or a sequence as a video
                with this number of frames per second.
            max_megapixels (float): Larger images are refused. Default 100.

        Returns:
            Iterator[ImageResult]: In the order of the images. ``error`` says
            why an image failed.

        Raises:
            ValueError, OSError: At the call, if an argument is wrong or a
                single input cannot be read.
        """
        check_counts(batch_size=batch_size)
        source = open_source(inputs, '', max_megapixels, fps)
        if boxes is None and self.detector is not None:
            thr = DETECTED_THR if bbox_thr is None else bbox_thr
            where: Any = DetectedBoxes(self.detector, thr, nms_thr)
        else:
            where = GivenBoxes(boxes, 0.0 if bbox_thr is None else bbox_thr)
        placer = PersonPlacer(
            self.model.depth_range_mm, self.skeleton.root, camera, root_depth
        )
        rate = source.fps or DEFAULT_FPS
        smoother = PoseSmoother(smooth, rate) if smooth else None
        return find_people(
            source, where, self.model, placer, smoother, batch_size
        )

    def draw(
        self, result: ImageResult, movie: bool = False, **options
    ) -> Optional[np.ndarray]:
        """Draw a result as RGB; None for an unreadable image.

        With ``movie``, all pictures have one size. The options are
        ``score_thr`` and ``draw_bbox`` of :func:`render`.
        """
        if result.image is None:
            return None
        given = result.image[..., ::-1], result.people, self.skeleton
        if not movie:
            return render(*given, **options)
        views = self.model.depth_range_mm is not None
        return render_frame(*given, views, **options)

    def scene(self, people: List[Person]):
        """Return a plotly figure of people in 3D, see :func:`pose_figure`."""
        scores = [person.scores for person in people]
        poses_mm = place_people(people)
        return pose_figure(poses_mm, self.skeleton, self.joint_names, scores)


def check_methods(value, names: Sequence[str], what: str) -> None:
    """Raise TypeError if an object lacks an attribute."""
    missing = [name for name in names if not hasattr(value, name)]
    if missing:
        raise TypeError(
            f'{what} must be an ONNX file or an object with '
            f'{", ".join(names)}; {type(value).__name__} has no '
            f'{", ".join(missing)}'
        )
