"""Align poses for the MPJPE family, and compute PCK curves.

MPJPE compares poses whose roots are aligned. PA-MPJPE first aligns the
prediction with the truth by a rotation and translation (rigid, the paper's
code) or by a rotation, translation and scale (similarity, most later work).
The two numbers differ.

Convention: poses are (..., K, 3) in mm; numpy or torch in, the same out.
Alignment is computed in float64. A rotation is proper: a mirrored pose stays
mirrored.
"""

from typing import Optional, Sequence

import numpy as np

from .check import (
    as_array,
    check_finite,
    check_joint,
    check_shape,
    is_tensor,
)


def root_align(points, root: int = 0):
    """Put the root joint at 0.

    Args:
        points (ndarray or Tensor): (..., K, 3).
        root (int): Index of the root joint.

    Returns:
        The same type and shape; float64 where ``points`` holds whole numbers
        or half-precision ones.

    Raises:
        ValueError: If there is no such joint, or the shape is another.

    Example:
        >>> root_align(np.array([[1., 2., 3.], [2., 2., 5.]]))[1]
        array([1., 0., 2.])
    """
    sizes = check_shape(points, '... K 3', 'points')
    check_joint(root, sizes['K'])
    points = _exact(points)
    return points - points[..., root : root + 1, :]


def rigid_align(pred, gt):
    """Rotate and translate the prediction onto the truth (Kabsch).

    Args:
        pred (ndarray or Tensor): (..., K, 3).
        gt (ndarray or Tensor): (..., K, 3).

    Returns:
        The aligned prediction, of the type of ``pred``; float64 where
        ``pred`` holds whole numbers.

    Raises:
        ValueError: If the shapes differ or a number is not finite.

    Example:
        >>> pose = np.array([[0., 0., 0.], [1., 0., 0.], [0., 2., 0.]])
        >>> bool(np.allclose(rigid_align(pose[:, [1, 2, 0]] + 5, pose), pose))
        True
    """
    return _align(pred, gt, with_scale=False)


def similarity_align(pred, gt):
    """Rotate, translate and scale the prediction onto the truth (Umeyama).

    Arguments, returns and errors are those of :func:`rigid_align`. A
    prediction whose joints all coincide keeps its scale.

    Example:
        >>> pose = np.array([[0., 0., 0.], [1., 0., 0.], [0., 2., 0.]])
        >>> bool(np.allclose(similarity_align(3 * pose + 5, pose), pose))
        True
    """
    return _align(pred, gt, with_scale=True)


def joint_distances(pred, gt):
    """Return the distance of every joint from the truth.

    Args:
        pred (ndarray or Tensor): (..., K, 3), aligned as the protocol asks.
        gt (ndarray or Tensor): (..., K, 3).

    Returns:
        ndarray or Tensor: (..., K) in the unit of the poses; float64 where
        they hold whole numbers or half-precision ones.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> joint_distances(np.array([[3., 4., 0.]]), np.zeros((1, 3)))
        array([5.])
    """
    _check_pair(pred, gt)
    return ((_exact(pred) - _exact(gt)) ** 2).sum(-1) ** 0.5


#: Of PCK and its AUC, in units of the normaliser: 0, 0.01, …, 0.5.
PCK_THRESHOLDS = np.arange(51) / 100


def pck_curve(distances, thresholds, valid: Optional[np.ndarray] = None):
    """Compute the percentage of correct keypoints at each threshold.

    A keypoint is correct when its distance is at most the threshold.

    Args:
        distances (ndarray): (N, K) distances in units of the normaliser.
        thresholds (ndarray): (T,) thresholds in the same units.
        valid (ndarray, optional): (N, K) which keypoints are labelled.

    Returns:
        tuple: ``pck`` (T, K) in percent, NaN for a keypoint that is never
        labelled, and ``counts`` (K,) of labelled keypoints.

    Raises:
        ValueError: If a threshold is NaN.

    Example:
        >>> pck_curve(np.array([[0.1], [0.4]]), np.array([0.1, 0.5]))[0]
        array([[ 50.],
               [100.]])
    """
    distances = np.asarray(distances, dtype=np.float64)
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if np.isnan(thresholds).any():
        raise ValueError('a threshold of the PCK curve is NaN')
    valid = (
        np.ones(distances.shape, bool)
        if valid is None
        else np.asarray(valid, bool)
    )
    counts = valid.sum(0)
    # One pass: the first threshold that a distance is at most. NaN and what
    # is beyond the last one come after all of them.
    order = np.argsort(thresholds)
    first = np.searchsorted(thresholds[order], distances, side='left')
    cells = len(thresholds) + 1
    joints = np.broadcast_to(np.arange(distances.shape[1]), distances.shape)
    histogram = np.bincount(
        (joints * cells + first)[valid], minlength=counts.size * cells
    ).reshape(-1, cells)
    right = np.empty((len(thresholds), counts.size))
    right[order] = histogram.cumsum(1)[:, :-1].T
    with np.errstate(invalid='ignore', divide='ignore'):
        return 100.0 * right / counts, counts


def mean_pck(
    pck: np.ndarray, counts: np.ndarray, joints: Sequence[int]
) -> Optional[np.ndarray]:
    """Average the curves of joints by their counts; None without labels.

    Args:
        pck (np.ndarray): (T, K) of :func:`pck_curve`.
        counts (np.ndarray): (K,) of labelled keypoints.
        joints (Sequence[int]): Joints to average, if labelled.

    Returns:
        np.ndarray: (T,) in percent.

    Example:
        >>> pck = np.array([[20.0, 80.0, np.nan]])
        >>> mean_pck(pck, np.array([1, 3, 0]), [0, 1, 2])
        array([65.])
    """
    joints = [joint for joint in joints if counts[joint]]
    if not joints:
        return None
    return np.average(pck[:, joints], 1, counts[joints])


def _align(pred, gt, with_scale: bool):
    source, target = as_array(pred, np.float64), as_array(gt, np.float64)
    _check_pair(source, target)
    check_finite(source, 'pred')
    check_finite(target, 'gt')
    center, center_gt = (p.mean(-2, keepdims=True) for p in (source, target))
    source, target = source - center, target - center_gt
    # pred^T gt = U S V^T; the rotation of row vectors is U diag(1, 1, d) V^T.
    u, s, vh = np.linalg.svd(source.swapaxes(-1, -2) @ target)
    sign = np.ones_like(s)
    sign[..., 2] = np.sign(np.linalg.det(u @ vh))
    aligned = source @ ((u * sign[..., None, :]) @ vh)
    if with_scale:
        energy = (source**2).sum((-2, -1))
        scale = (s * sign).sum(-1) / np.where(energy > 0, energy, 1)
        aligned *= np.where(energy > 0, scale, 1)[..., None, None]
    aligned = aligned + center_gt
    # Whole numbers would cut the aligned pose off at the mm.
    if is_tensor(pred):
        import torch

        dtype = pred.dtype if pred.is_floating_point() else torch.float64
        return torch.from_numpy(aligned).to(pred.device, dtype)
    dtype = np.asarray(pred).dtype
    floating = np.issubdtype(dtype, np.floating)
    return aligned.astype(dtype if floating else np.float64)


def _exact(points):
    """Whole numbers and halves as float64: their squares overflow."""
    if is_tensor(points):
        exact = points.is_floating_point() and points.element_size() > 2
        return points if exact else points.double()
    exact = points.dtype.kind == 'f' and points.dtype.itemsize > 2
    return points if exact else points.astype(np.float64)


def _check_pair(pred, gt) -> None:
    if pred.shape != gt.shape:
        raise ValueError(
            f'pred {tuple(pred.shape)} and gt {tuple(gt.shape)} must '
            'have the same shape'
        )
    check_shape(pred, '... K 3', 'pred')
