"""Image -> person boxes -> 2D or 3D poses, with no ground truth.

Convention: boxes are (N, 4) left, top, right, bottom in image px. A 3D pose
has x, y in image px and z in mm relative to the root (positive is farther
from the camera). Where no camera is known, x and y in mm are weak
perspective: a pixel has the same size all over the person, and the side of
the box stands for the depth range of the model (2000 mm).
"""

import json
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import mmcv
import numpy as np
from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.apis import inference_topdown, init_model
from mmpose.structures import PoseDataSample
from mmpose.utils import adapt_mmdet_pipeline

from integral_mmpose.engine import check_weights
from integral_mmpose.functional import weak_perspective_mm

#: Detected boxes are tight; the public code of the paper pads them by 1.25.
DETECTION_PADDING = 1.25


def load_pose_model(config: str, checkpoint: str, device: str = 'cpu'):
    """Build a model and load its weights, after a check that they fit.

    Args:
        config (str): Config file.
        checkpoint (str): Its weights.
        device (str): Where the model goes.

    Returns:
        nn.Module: As MMPose's ``init_model`` gives it.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint is of another model.
    """
    model = init_model(str(config), None, device='cpu')
    content = read_checkpoint(checkpoint)
    check_weights(model, content, str(checkpoint))
    return init_model(str(config), str(checkpoint), device=device)


def read_checkpoint(checkpoint: str) -> dict:
    """The content of a checkpoint, on the CPU.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If it is no checkpoint, or a torn one.
    """
    try:
        return CheckpointLoader.load_checkpoint(str(checkpoint), 'cpu')
    except FileNotFoundError:
        raise
    except Exception as error:  # a torn pickle raises nearly anything
        raise ValueError(
            f'{checkpoint}: cannot be read as a checkpoint '
            f'({type(error).__name__}: {error}). Get it again'
        ) from error


def load_detector(config: str, checkpoint: str, device: str = 'cpu'):
    """An MMDetection model that works beside a pose model.

    MMPose changes the default scope; the detector's pipeline names its own.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint cannot be read or is of another model.
    """
    from mmdet.apis import init_detector

    content = checkpoint and read_checkpoint(checkpoint)
    detector = init_detector(config, checkpoint, device=device)
    if content:
        check_weights(detector, content, str(checkpoint))
    detector.cfg = adapt_mmdet_pipeline(detector.cfg)
    return detector


def read_image(path: str) -> np.ndarray:
    """Read an image as (H, W, 3) BGR, upright by its EXIF orientation.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is no image, or a broken one.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'{path}: no such image')
    image = mmcv.imread(str(path), flag='color')
    if image is None:
        raise ValueError(f'{path}: cannot be decoded as an image')
    return image


def detect_persons(
    detector, image: np.ndarray, threshold: float = 0.3
) -> np.ndarray:
    """Find persons with an MMDetection model.

    Args:
        detector (nn.Module): From ``mmdet.apis.init_detector``.
        image (np.ndarray): (H, W, 3) BGR.
        threshold (float): Lowest score of a box.

    Returns:
        np.ndarray: (N, 5) left, top, right, bottom, score.

    Raises:
        ValueError: If the detector has no class ``person``.
    """
    from mmdet.apis import inference_detector

    label = person_label(detector)
    found = inference_detector(detector, image).pred_instances
    return keep_persons(found, label, threshold)


def person_label(detector) -> int:
    """The number that a detector gives to persons.

    Raises:
        ValueError: If the detector has no class ``person``.
    """
    classes = list(detector.dataset_meta.get('classes', ()))
    if 'person' not in classes:
        raise ValueError(
            f'the detector knows {classes} but no class "person": give a '
            'detector that was trained on persons'
        )
    return classes.index('person')


def keep_persons(instances, label: int, threshold: float) -> np.ndarray:
    """Persons of one image with a score of at least ``threshold``.

    Args:
        instances (InstanceData): ``bboxes``, ``labels`` and ``scores``.
        label (int): From :func:`person_label`.
        threshold (float): Lowest score of a box.

    Returns:
        np.ndarray: (N, 5) left, top, right, bottom, score.
    """
    found = instances.cpu().numpy()
    keep = (found.labels == label) & (found.scores >= threshold)
    return np.concatenate(
        [found.bboxes[keep], found.scores[keep, None]], 1
    ).astype(np.float32)


def load_boxes(path: str) -> Dict[str, np.ndarray]:
    """Read boxes by image name from a JSON file.

    Args:
        path (str): ``{"name.jpg": [[left, top, right, bottom], …], …}``.

    Returns:
        dict[str, np.ndarray]: (N, 5) per image, the score is 1.

    Raises:
        ValueError: If an entry is not a list of four finite numbers with a
            positive size.
    """
    with open(path) as file:
        boxes = json.load(file)
    result = {}
    for name, rows in boxes.items():
        try:
            array = np.array(rows, dtype=np.float32).reshape(-1, 4)
            good = len(array) == len(rows) and np.isfinite(array).all()
        except ValueError:
            good = False
        if not good or not (array[:, 2:] > array[:, :2]).all():
            raise ValueError(
                f'{path}: {name}: boxes must be lists of four numbers left, '
                f'top, right, bottom with left < right, got {rows}'
            )
        result[name] = np.concatenate(
            [array, np.ones((len(array), 1), np.float32)], 1
        )
    return result


def estimate_poses(
    model,
    image: np.ndarray,
    boxes: Optional[np.ndarray] = None,
    padding: float = DETECTION_PADDING,
) -> List[PoseDataSample]:
    """Estimate the pose in each box.

    Args:
        model (nn.Module): From ``mmpose.apis.init_model``.
        image (np.ndarray): (H, W, 3) BGR.
        boxes (np.ndarray, optional): (N, 4 or 5) tight person boxes.
            ``None`` takes the whole image, unpadded, as one box.
        padding (float): Factor on the size of the boxes.

    Returns:
        list[PoseDataSample]: One per box; empty if there is no box.
    """
    height, width = image.shape[:2]
    if boxes is None:
        boxes = np.array([[0, 0, width, height]], np.float32)
        padding = 1.0
    if len(boxes) == 0:
        return []
    center = (boxes[:, :2] + boxes[:, 2:4]) / 2
    half = (boxes[:, 2:4] - boxes[:, :2]) / 2 * padding
    padded = np.concatenate([center - half, center + half], 1)
    samples = inference_topdown(model, image, padded)
    for sample, box in zip(samples, boxes):
        # The box as it was given; the padded one is input_center and _scale.
        sample.pred_instances.bboxes = box[None, :4]
        if len(box) > 4:
            sample.pred_instances.bbox_scores = box[4:5]
    return samples


def poses_to_json(
    samples: Sequence[PoseDataSample], depth_range_mm: Optional[float]
) -> List[dict]:
    """Turn predictions into plain dicts.

    Args:
        samples (Sequence[PoseDataSample]): From :func:`estimate_poses`.
        depth_range_mm (float, optional): Of the codec; ``None`` in 2D.

    Returns:
        list[dict]: ``bbox``, ``bbox_score``, ``keypoints`` (image px),
        ``keypoint_scores``, and in 3D ``keypoints_mm``.
    """
    people = []
    for sample in samples:
        found = sample.pred_instances
        keypoints = found.keypoints[0]
        person = dict(
            bbox=found.bboxes[0].tolist(),
            bbox_score=float(found.bbox_scores[0]),
            keypoints=keypoints[:, :2].tolist(),
            keypoint_scores=found.keypoint_scores[0].tolist(),
        )
        if depth_range_mm is not None:
            side = float(np.max(sample.metainfo['input_scale']))
            person['keypoints_mm'] = weak_perspective_mm(
                keypoints, mm_per_px=depth_range_mm / side
            ).tolist()
        people.append(person)
    return people
