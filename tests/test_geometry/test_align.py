"""Alignment against scipy and Horn's quaternions; PCK by hand."""

import warnings

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from integral_mmpose import functional as F
from integral_mmpose.geometry import (
    joint_distances,
    mean_pck,
    pck_curve,
    root_align,
    weak_perspective_mm,
)

KINDS = ('noisy', 'mirrored', 'planar', 'collinear', 'random')


def poses(count, kind, seed=0):
    rng = np.random.default_rng(seed)
    gt = rng.normal(size=(count, 17, 3)) * 300
    pred = gt + rng.normal(size=gt.shape) * 60
    if kind == 'mirrored':
        pred = pred * [-1, 1, 1]
    elif kind == 'planar':
        gt[..., 2] = pred[..., 2] = 0
    elif kind == 'collinear':
        pred[..., 1:] = 0
    elif kind == 'random':
        pred = rng.normal(size=gt.shape) * 200
    turns = Rotation.random(count, random_state=seed).as_matrix()
    return pred @ turns.transpose(0, 2, 1) + [1, 2, 5000], gt


def by_scipy(pred, gt, with_scale):
    a, b = pred - pred.mean(0), gt - gt.mean(0)
    with warnings.catch_warnings():
        # A collinear pose may turn about its own line.
        warnings.filterwarnings('ignore', 'Optimal rotation is not uniquely')
        rotation, _ = Rotation.align_vectors(b, a)
    turned = rotation.apply(a)
    if with_scale:
        turned *= (turned * b).sum() / (a * a).sum()
    return turned + gt.mean(0)


def by_quaternion(pred, gt, with_scale):
    """Horn 1987: the largest eigenvector of a 4x4 matrix, no SVD."""
    a, b = pred - pred.mean(0), gt - gt.mean(0)
    m = np.zeros((3, 3))
    for p, q in zip(a, b):
        m += np.outer(p, q)
    curl = [m[1, 2] - m[2, 1], m[2, 0] - m[0, 2], m[0, 1] - m[1, 0]]
    n = np.empty((4, 4))
    n[0, 0], n[0, 1:], n[1:, 0] = np.trace(m), curl, curl
    n[1:, 1:] = m + m.T - np.trace(m) * np.eye(3)
    values, vectors = np.linalg.eigh(n)
    w, *xyz = vectors[:, -1]
    rotation = Rotation.from_quat([*xyz, w])
    scale = values[-1] / (a * a).sum() if with_scale else 1
    return scale * rotation.apply(a) + gt.mean(0)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('with_scale', [False, True])
@pytest.mark.parametrize('oracle', [by_scipy, by_quaternion])
def test_10000_poses(kind, with_scale, oracle, figure):
    """5 kinds x 2,000 poses: PA-MPJPE and every coordinate to 1e-9 mm."""
    pred, gt = poses(2000, kind)
    align = F.similarity_align if with_scale else F.rigid_align
    found = align(pred, gt)
    expected = np.stack([oracle(p, g, with_scale) for p, g in zip(pred, gt)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    errors = [
        np.linalg.norm(a - gt, axis=-1).mean(-1) for a in (found, expected)
    ]
    what = 'PA-MPJPE of 10,000 poses, mm'
    figure('R5', what, np.abs(errors[0] - errors[1]).max(), 1e-9)


def test_truth_on_a_line():
    """The rotation about the line is free, the squared error is not."""
    gt, pred = poses(200, 'collinear')
    found = F.rigid_align(pred, gt)
    for n in range(200):
        expected = by_quaternion(pred[n], gt[n], False)
        squared = [((a - gt[n]) ** 2).sum() for a in (found[n], expected)]
        assert squared[0] == pytest.approx(squared[1], rel=1e-12)


@pytest.mark.parametrize('align', [F.rigid_align, F.similarity_align])
@pytest.mark.parametrize('shape', [(4, 3), (2, 3, 5, 3), (0, 5, 3)])
def test_batched_equals_one_by_one(align, shape):
    rng = np.random.default_rng(5)
    pred, gt = rng.normal(size=shape), rng.normal(size=shape)
    before = pred.copy()
    found = align(pred, gt)
    assert found.shape == shape
    np.testing.assert_array_equal(pred, before)
    for index in np.ndindex(shape[:-2]):
        np.testing.assert_allclose(
            found[index], align(pred[index], gt[index]), atol=1e-12
        )
    tensor = align(torch.from_numpy(pred), torch.from_numpy(gt))
    np.testing.assert_allclose(tensor.numpy(), found, atol=1e-12)


@pytest.mark.parametrize('make', [np.array, torch.tensor])
def test_whole_numbers_are_not_cut_off(make):
    pose = [[0, 0, 0], [3, 0, 0], [0, 4, 0]]
    gt = np.array(pose) + 0.5
    found = F.rigid_align(make(pose), make(gt))
    np.testing.assert_allclose(np.asarray(found), gt, atol=1e-12)


@pytest.mark.parametrize('align', [F.rigid_align, F.similarity_align])
def test_one_point_pose_lands_on_the_mean(align):
    """Rounding noise of equal joints must not be scaled up."""
    gt = np.random.default_rng(6).normal(size=(17, 3)) * 300
    found = align(np.full((17, 3), 5000.1), gt)
    np.testing.assert_allclose(
        found, np.broadcast_to(gt.mean(0), (17, 3)), atol=1e-9
    )
    found = align(gt, np.full((17, 3), 5000.1))
    assert np.isfinite(found).all()


def test_joint_distances():
    pred = np.array([[[3.0, 4.0, 0.0], [1.0, 2.0, 2.0]]])
    found = joint_distances(pred, np.zeros((1, 2, 3)))
    assert found.tolist() == [[5.0, 3.0]]
    tensor = joint_distances(torch.tensor(pred), torch.zeros(1, 2, 3))
    assert tensor.tolist() == [[5.0, 3.0]]
    # (1, 2, 3) against (2, 3) would broadcast without a word.
    with pytest.raises(ValueError, match='same shape'):
        joint_distances(pred, np.zeros((2, 3)))


@pytest.mark.parametrize('align', [F.rigid_align, F.similarity_align])
def test_exact_inverse_of_a_rigid_motion(align):
    """Planar and collinear poses too, to 1e-9 mm."""
    rng = np.random.default_rng(2)
    gt = rng.normal(size=(10, 17, 3)) * 300
    gt[3:6, :, 2] = 0
    gt[6:9, :, 1:] = 0
    turns = Rotation.random(10, random_state=3).as_matrix()
    moved = gt @ turns.transpose(0, 2, 1) + 100
    np.testing.assert_allclose(align(moved, gt), gt, atol=1e-9)


def test_scale_only_where_asked():
    _, gt = poses(3, 'noisy')
    np.testing.assert_allclose(F.similarity_align(3 * gt, gt), gt, atol=1e-9)
    rigid = F.rigid_align(3 * gt, gt)
    assert np.abs(rigid - gt).max() > 100


def test_a_mirrored_pose_stays_mirrored():
    """scipy.spatial.procrustes would reflect it: no oracle for PA-MPJPE."""
    _, gt = poses(50, 'noisy')
    error = np.linalg.norm(
        F.rigid_align(gt * [-1, 1, 1], gt) - gt, axis=-1
    ).mean()
    assert error > 50


def test_coinciding_joints_and_types():
    gt = torch.randn(2, 17, 3)
    flat = F.similarity_align(torch.zeros(2, 17, 3), gt)
    assert torch.isfinite(flat).all() and flat.dtype == torch.float32
    assert F.rigid_align(gt.numpy(), gt.numpy()).dtype == np.float32
    with pytest.raises(ValueError, match='same shape'):
        F.rigid_align(gt, gt[:, :16])
    gt[0, 3, 1] = float('nan')
    with pytest.raises(ValueError, match=r'pred: 1 of .*index .0, 3, 1.'):
        F.rigid_align(gt, torch.zeros(2, 17, 3))


def test_root_align():
    points = np.arange(12.0).reshape(2, 2, 3)
    assert root_align(points, 1)[:, 1].tolist() == [[0, 0, 0]] * 2
    assert root_align(points)[0, 1].tolist() == [3, 3, 3]


def test_pck_curve_equals_loop():
    rng = np.random.default_rng(4)
    distances, valid = rng.random((30, 4)), rng.random((30, 4)) > 0.3
    thresholds = np.array([0.1, 0.5, 0.9])
    pck, counts = pck_curve(distances, thresholds, valid)
    for t, threshold in enumerate(thresholds):
        for joint in range(4):
            seen = [
                d for d, v in zip(distances[:, joint], valid[:, joint]) if v
            ]
            right = sum(d <= threshold for d in seen)
            assert pck[t, joint] == pytest.approx(100 * right / len(seen))
            assert counts[joint] == len(seen)


def test_mean_pck_leaves_out_what_nobody_has():
    """By hand: (10 * 1 + 40 * 2) / 3, and (20 * 1 + 50 * 2) / 3."""
    pck = np.array([[10.0, np.nan, 40.0, 7.0], [20.0, np.nan, 50.0, 7.0]])
    counts = np.array([1, 0, 2, 5])
    assert mean_pck(pck, counts, [0, 1, 2]).tolist() == [30, 40]
    assert mean_pck(pck, counts, [1]) is None


def test_pck_curve_at_its_edges():
    """Ties count, NaN never does, and the order of thresholds is kept."""
    distances = np.array(
        [[0.1, np.nan, 2.0], [0.1 + 0.2, np.inf, 2.0], [0.3, 0.0, 2.0]]
    )
    valid = np.ones((3, 3), bool)
    valid[:, 2] = False
    thresholds = [0.3, 0.1, 0.1, np.inf, -1.0]
    pck, counts = pck_curve(distances, thresholds, valid)
    # 0.1 + 0.2 is a little more than 0.3.
    right = [[2, 1], [1, 1], [1, 1], [3, 2], [0, 0]]
    np.testing.assert_array_equal(pck[:, :2], 100 * np.array(right) / 3)
    assert np.isnan(pck[:, 2]).all() and counts.tolist() == [3, 3, 0]
    assert pck_curve(np.zeros((0, 2)), [0.5])[1].tolist() == [0, 0]
    with pytest.raises(ValueError, match='NaN'):
        pck_curve(distances, [0.1, np.nan])


@pytest.mark.parametrize('make', [np.asarray, torch.as_tensor])
@pytest.mark.parametrize('dtype', ['float16', 'int16', 'uint8'])
def test_distances_of_short_numbers_do_not_overflow(make, dtype):
    far = 300 if dtype != 'uint8' else 200
    a = make(np.array([[0, 0, 0], [0, 0, far]], dtype))
    b = make(np.array([[1, 0, 0], [0, far, 0]], dtype))
    expected = [1, np.hypot(far, far)]
    np.testing.assert_allclose(joint_distances(a, b), expected)
    np.testing.assert_allclose(root_align(a, 1)[0], [0, 0, -far])


@pytest.mark.parametrize('root', [-1, 2, 1.0, True])
def test_a_root_that_is_no_joint(root):
    with pytest.raises(ValueError, match=r'a joint in 0\.\.1, got'):
        root_align(np.zeros((2, 3)), root)
    with pytest.raises(ValueError, match=r'a joint in 0\.\.1, got'):
        weak_perspective_mm(np.zeros((2, 3)), 1.0, root)
