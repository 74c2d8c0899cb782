"""No metric scores a prediction that is not finite.

pycocotools gives AP 1.000 to predictions that are all NaN, and a NaN distance
counts as a miss: both hide a broken model.
"""

import numpy as np


def finite_keypoints(data_sample: dict, metric: str) -> np.ndarray:
    """Predicted keypoints of a sample, checked.

    Args:
        data_sample (dict): With ``pred_instances`` and, for the message,
            ``img_path``.
        metric (str): Name of the metric, for the message.

    Returns:
        np.ndarray: (N, K, C) float64.

    Raises:
        ValueError: If there is no prediction or a number is not finite.
    """
    where = data_sample.get('img_path', data_sample.get('id', 'a sample'))
    found = data_sample.get('pred_instances')
    if found is None or 'keypoints' not in found:
        raise ValueError(f'{metric}: {where}: no predicted keypoints')
    keypoints = np.asarray(found['keypoints'], dtype=np.float64)
    if not np.isfinite(keypoints).all():
        joint = int(np.argwhere(~np.isfinite(keypoints))[0][-2])
        raise ValueError(
            f'{metric}: {where}: the predicted joint {joint} is not finite. '
            'The model has diverged: take an earlier checkpoint or a lower '
            'learning rate')
    return keypoints


def required(data_sample: dict, field: str, metric: str):
    """A ground-truth field of a sample, of ``gt_instances`` or metainfo.

    Raises:
        ValueError: Naming metric, image and field if it is missing.
    """
    truth = data_sample.get('gt_instances', {})
    if field in truth:
        return truth[field]
    if data_sample.get(field) is not None:
        return data_sample[field]
    where = data_sample.get('img_path', data_sample.get('id', 'a sample'))
    raise ValueError(
        f'{metric}: {where}: the field {field!r} is missing. Take a dataset '
        'that has it, and list it in meta_keys of PackPoseInputs')
