"""Run a pose model of an ONNX file, without torch and MMPose.

``tools/deployment/export_onnx.py`` writes the file, with the weights and their
description.
"""

from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Union

import numpy as np

from integral_mmpose.geometry import check_finite, check_shape
from integral_mmpose.visualization.skeleton import skeleton_from_metainfo

from .crop import Crop, crop_person
from .metadata import INPUT, KEY, OUTPUTS, STD, PoseMetadata
from .onnx_session import open_session

#: The model bundled with the package.
DEFAULT_MODEL = Path(__file__).with_name('default_model.onnx')
#: Fraction of the crop's longer side. If the joints of a crop and its mirror
#: are further apart, they are two modes of the heat map.
MODES_APART = 1 / 16


class Pose(NamedTuple):
    """A pose in the image.

    ``keypoints`` is (K, 2) image px, or (K, 3) with z in mm relative to the
    root; ``scores`` is (K,); ``side_px`` is the longer side of the crop in
    image px; ``std`` is (K, 2 or 3), the standard deviation along each axis
    in the same units, or None.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    side_px: float
    std: Optional[np.ndarray] = None


class OnnxPoseModel:
    """A pose model in an ONNX file.

    ``crop`` and ``predict`` are the two steps from an image to poses.
    :class:`PoseInferencer` takes any object with these methods and
    ``joint_names``, ``skeleton`` and ``depth_range_mm``.

    Args:
        path (str): The ONNX file. Defaults to the bundled model.
        threads (int, optional): Threads of ONNX Runtime, by default its
            choice.
        flip_test (bool): Average with the mirrored crop: more accurate, twice
            the time. Of two modes, the one with the higher score is taken.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no ONNX file of this package, or has no flip
            pairs for ``flip_test``.
        ImportError: If onnxruntime is not installed.
    """

    def __init__(
        self,
        path: Union[None, str, Path] = None,
        threads: Optional[int] = None,
        flip_test: bool = False,
    ) -> None:
        self.flip_test = flip_test
        self.path = str(DEFAULT_MODEL if path is None else path)
        self.session = open_session(self.path, threads)
        entries = self.session.get_modelmeta().custom_metadata_map
        self.metadata = PoseMetadata.from_json(entries.get(KEY), self.path)
        self._outputs = self._check_graph()
        if flip_test and not self.metadata.flip_pairs:
            raise ValueError(
                f'{self.path}: has no flip pairs for the flip test: leave '
                'flip_test out, or export the model with flip_pairs in its '
                'metainfo'
            )
        self.name = Path(self.path).name
        self.joint_names = list(self.metadata.keypoint_names)
        self.skeleton = skeleton_from_metainfo(vars(self.metadata))
        self.depth_range_mm = self.metadata.depth_range_mm

    def __call__(self, crops: np.ndarray) -> tuple:
        """Find the joints of a batch of crops.

        Args:
            crops (np.ndarray): (N, 3, H, W) BGR, 0 to 255.

        Returns:
            tuple: Keypoints (N, K, 2 or 3), x, y in px of the crop and z in
            mm relative to the root; scores (N, K); and, where the graph has
            them, standard deviations (N, K, 2 or 3) in the same units.

        Raises:
            ValueError: If the crops have another size, or a pixel or a
                result is not finite.
        """
        width, height = self.metadata.input_size
        check_shape(crops, f'N 3 {height} {width}', 'crops')
        crops = np.ascontiguousarray(crops, np.float32)
        # Here, because ONNX Runtime's ReLU turns NaN into 0.
        check_finite(crops, 'crops')
        results = self._run(crops)
        if self.flip_test:
            mirrored = self._mirror_back(*self._run(crops[..., ::-1].copy()))
            results = self._merge(results, mirrored)
        return tuple(results)

    def _run(self, crops: np.ndarray) -> List[np.ndarray]:
        results = self.session.run(self._outputs, {INPUT: crops})
        for array, name in zip(results, self._outputs):
            check_finite(array, f'{self.path}: {name}')
        return results

    def _mirror_back(self, keypoints, *others) -> List[np.ndarray]:
        """Mirror the results of mirrored crops back."""
        swap = self.metadata.flip_indices
        keypoints = keypoints[:, swap]
        keypoints[..., 0] = self.metadata.input_size[0] - 1 - keypoints[..., 0]
        return [keypoints, *(array[:, swap] for array in others)]

    def _merge(self, results, mirrored) -> List[np.ndarray]:
        """Average both, or take the mode with the higher score."""
        distance = np.abs(results[0] - mirrored[0])[..., :2].max(-1)
        apart = distance > MODES_APART * max(self.metadata.input_size)
        # 1, 0, or 1/2 where the scores are equal, as those of R1.
        better = (1 + np.sign(results[1] - mirrored[1])) / 2
        share = np.where(apart, better, np.float32(0.5))[..., None]
        others = [(a + b) / 2 for a, b in zip(results[1:], mirrored[1:])]
        return [share * results[0] + (1 - share) * mirrored[0], *others]

    def crop(
        self,
        image: np.ndarray,
        box: np.ndarray,
        mm_per_px: Optional[float] = None,
    ) -> tuple:
        """Cut out one person for the network.

        Args:
            image (np.ndarray): (H, W, 3) BGR uint8.
            box (np.ndarray): (4 or more,) left, top, right, bottom, px.
            mm_per_px (float, optional): Size of a pixel at the person, if
                known. It sets the depth range of the crop.

        Returns:
            tuple: The crop, and the depth range of this crop as a multiple
            of that of the graph: input of :meth:`predict`.

        Raises:
            ValueError: If the image is too large for OpenCV.
        """
        metadata = self.metadata
        crop = crop_person(
            image,
            box,
            metadata.input_size,
            metadata.box_padding,
            metadata.use_udp,
        )
        return crop, self._depth_scale(crop, mm_per_px)

    def predict(self, crops: Sequence[tuple]) -> List[Pose]:
        """Predict the poses of crops of one or several images."""
        pixels = np.stack([crop.pixels for crop, _ in crops])
        results = self(pixels.transpose(0, 3, 1, 2))
        poses = []
        for number, (crop, depth_scale) in enumerate(crops):
            keypoints, scores, *std = (array[number] for array in results)
            scale = np.array([1.0, 1.0, depth_scale])[: keypoints.shape[-1]]
            keypoints = keypoints * scale
            keypoints[:, :2] = crop.to_image(keypoints[:, :2])
            image_px = crop.size / self.metadata.input_size
            scale[:2] *= image_px
            poses.append(
                Pose(
                    keypoints,
                    scores,
                    float(crop.size.max()),
                    std[0] * scale if std else None,
                )
            )
        return poses

    def _depth_scale(self, crop: Crop, mm_per_px: Optional[float]) -> float:
        """Return the crop's depth range divided by the graph's."""
        metadata = self.metadata
        if mm_per_px is None or metadata.depth_range_mm is None:
            return 1.0
        if metadata.depth_unit == 'metric':
            return 1.0
        return mm_per_px * float(crop.size.max()) / metadata.depth_range_mm

    def _check_graph(self) -> List[str]:
        """Check the graph against its metadata; return the output names."""
        metadata = self.metadata
        joints = len(metadata.keypoint_names)
        expected = {
            INPUT: [3, *metadata.input_size[::-1]],
            OUTPUTS[0]: [joints, metadata.num_axes],
            OUTPUTS[1]: [joints],
        }
        nodes = self.session.get_inputs() + self.session.get_outputs()
        found = {node.name: node.shape[1:] for node in nodes}
        if STD in found:
            expected[STD] = [joints, metadata.num_axes]
        if found != expected:
            raise ValueError(
                f'{self.path}: the graph has {found} but its metadata say '
                f'{expected}: export the model again'
            )
        return [*OUTPUTS, STD] if STD in found else list(OUTPUTS)
