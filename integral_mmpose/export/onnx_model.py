"""A pose model in an ONNX file, where MMPose expects a pose model.

No network is built and no checkpoint is read: the file has the weights and
describes itself. Crops are cut and joints are carried back into the image by
the code that serves every other model.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.structures import PoseDataSample

from integral_mmpose.codecs import IntegralLabel
from integral_mmpose.functional import check_finite, check_shape

from .metadata import KEY, PoseMetadata
from .writers import INPUT, OUTPUTS

META_KEYS = (
    'img_path',
    'ori_shape',
    'img_shape',
    'input_size',
    'input_center',
    'input_scale',
    'flip_indices',
    'mm_per_px',
)


class OnnxPoseModel:
    """A file of ``tools/deployment/export_onnx.py`` on ONNX Runtime.

    It has what MMPose's ``inference_topdown`` and this package's inferencer
    ask of a model: ``cfg``, ``dataset_meta``, ``head.decoder`` and
    ``test_step``. Called, it takes crops.

    Args:
        path (str): The ONNX file.
        threads (int, optional): Of ONNX Runtime; by default those of torch.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no ONNX file, or not one of this package.
        ImportError: If onnxruntime is not installed.
    """

    test_cfg: dict = {}
    #: From px of the crop to px of the image, as for every other model.
    add_pred_to_datasample = TopdownPoseEstimator.add_pred_to_datasample

    def __init__(self, path: str, threads: Optional[int] = None) -> None:
        self.path = str(path)
        self.session = open_session(self.path, threads)
        entries = self.session.get_modelmeta().custom_metadata_map
        self.metadata = PoseMetadata.from_json(entries.get(KEY), self.path)
        self._check_graph()
        self.dataset_meta = self.metadata.dataset_meta()
        decoder = IntegralLabel(
            self.metadata.input_size,
            self.metadata.depth_range_mm,
            self.metadata.depth_unit,
        )
        self.head = SimpleNamespace(decoder=decoder)
        self.cfg = Config(
            dict(
                default_scope='mmpose',
                test_dataloader=dict(dataset=dict(pipeline=self._pipeline())),
            )
        )

    def __call__(self, crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Find the joints of a batch of crops.

        Args:
            crops (np.ndarray): (N, 3, H, W) BGR, 0 to 255.

        Returns:
            tuple[np.ndarray, np.ndarray]: Keypoints (N, K, 2 or 3), x, y in
            px of the crop and z in mm relative to the root, and scores (N, K).

        Raises:
            ValueError: If the crops have another size, or a pixel or a
                result is not finite.
        """
        width, height = self.metadata.input_size
        check_shape(crops, f'N 3 {height} {width}', 'crops')
        crops = np.ascontiguousarray(crops, np.float32)
        # Here, because ONNX Runtime's ReLU turns NaN into 0.
        check_finite(torch.from_numpy(crops), 'crops')
        keypoints, scores = self.session.run(OUTPUTS, {INPUT: crops})
        for array, name in ((keypoints, 'keypoints'), (scores, 'scores')):
            check_finite(torch.from_numpy(array), f'{self.path}: {name}')
        return keypoints, scores

    def test_step(self, batch: dict) -> List[PoseDataSample]:
        """Predict what MMPose's data pipeline has packed.

        Args:
            batch (dict): ``inputs``, a list of (3, H, W) crops, and
                ``data_samples``.

        Returns:
            list[PoseDataSample]: As of :meth:`predict`.
        """
        inputs = self.data_preprocessor(batch)['inputs']
        return self.predict(inputs, batch['data_samples'])

    def data_preprocessor(self, batch: dict, training: bool = False) -> dict:
        """``inputs`` as one tensor; the graph itself normalises them."""
        return dict(batch, inputs=torch.stack(batch['inputs']))

    def predict(
        self, inputs: torch.Tensor, samples: List[PoseDataSample]
    ) -> List[PoseDataSample]:
        """Predict crops (N, 3, H, W) with their N samples.

        Returns:
            list[PoseDataSample]: With ``pred_instances`` in image px and mm.
        """
        crops = inputs.numpy()
        keypoints, scores = self(crops)
        if self.metadata.num_axes == 3:
            keypoints[..., 2] *= self._depth_scales(samples)[:, None]
        instances = [
            InstanceData(keypoints=k[None], keypoint_scores=s[None])
            for k, s in zip(keypoints, scores)
        ]
        return self.add_pred_to_datasample(instances, None, samples)

    def _depth_scales(self, samples: List[PoseDataSample]) -> np.ndarray:
        """Depth of each sample's volume over that in the graph, (N,)."""
        decoder = self.head.decoder
        ranges = [
            decoder.depth_range(
                s.metainfo.get('mm_per_px'), s.metainfo.get('input_scale')
            )
            for s in samples
        ]
        return np.array(ranges, np.float32) / decoder.depth_range_mm

    def _pipeline(self) -> List[dict]:
        metadata = self.metadata
        return [
            dict(type='LoadImageChecked'),
            dict(type='GetBBoxCenterScale', padding=metadata.box_padding),
            dict(
                type='TopdownAffine',
                input_size=metadata.input_size,
                use_udp=metadata.use_udp,
            ),
            dict(type='PackPoseInputs', meta_keys=META_KEYS),
        ]

    def _check_graph(self) -> None:
        """The description must be that of the graph beside it."""
        metadata = self.metadata
        joints = len(metadata.keypoint_names)
        expected = {
            INPUT: [3, *metadata.input_size[::-1]],
            OUTPUTS[0]: [joints, metadata.num_axes],
            OUTPUTS[1]: [joints],
        }
        nodes = self.session.get_inputs() + self.session.get_outputs()
        found = {node.name: node.shape[1:] for node in nodes}
        if found != expected:
            raise ValueError(
                f'{self.path}: the graph has {found} but its metadata say '
                f'{expected}: export the model again'
            )


def open_session(path: str, threads: Optional[int] = None):
    """ONNX Runtime's session on the CPU; arguments and errors as above."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            'onnxruntime is not installed: pip install onnxruntime'
        ) from error
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: no such ONNX file')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=['CPUExecutionProvider']
        )
    except Exception as error:  # it has a class for every kind of damage
        raise ValueError(
            f'{path}: ONNX Runtime cannot read it ({type(error).__name__}): '
            'export it again with tools/deployment/export_onnx.py'
        ) from error
