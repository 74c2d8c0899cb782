"""Alignment against scipy and an independent Umeyama; PCK by hand."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from integral_mmpose import functional as F


def poses(count, kind, seed=0):
    rng = np.random.default_rng(seed)
    gt = rng.normal(size=(count, 17, 3)) * 300
    pred = gt + rng.normal(size=gt.shape) * 60
    if kind == 'mirrored':
        pred = pred * [-1, 1, 1]
    elif kind == 'planar':
        gt[..., 2] = pred[..., 2] = 0
    elif kind == 'random':
        pred = rng.normal(size=gt.shape) * 200
    turns = Rotation.random(count, random_state=seed).as_matrix()
    return pred @ turns.transpose(0, 2, 1) + [1, 2, 5000], gt


def one_by_scipy(pred, gt, with_scale):
    a, b = pred - pred.mean(0), gt - gt.mean(0)
    rotation, _ = Rotation.align_vectors(b, a)
    turned = rotation.apply(a)
    if with_scale:
        turned *= (turned * b).sum() / (a * a).sum()
    return turned + gt.mean(0)


@pytest.mark.parametrize('kind', ['noisy', 'mirrored', 'planar', 'random'])
@pytest.mark.parametrize('with_scale', [False, True])
def test_error_equals_scipy_on_10000_poses(kind, with_scale):
    pred, gt = poses(2500, kind)
    align = F.similarity_align if with_scale else F.rigid_align
    found = align(pred, gt)
    for i in range(0, 2500, 1 if kind == 'noisy' else 10):
        expected = one_by_scipy(pred[i], gt[i], with_scale)
        error = [np.linalg.norm(a - gt[i], axis=-1).mean()
                 for a in (found[i], expected)]
        assert abs(error[0] - error[1]) <= 1e-6
    assert np.isfinite(found).all()


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
        F.rigid_align(gt * [-1, 1, 1], gt) - gt, axis=-1).mean()
    assert error > 50


def test_coinciding_joints_and_types():
    gt = torch.randn(2, 17, 3)
    flat = F.similarity_align(torch.zeros(2, 17, 3), gt)
    assert torch.isfinite(flat).all() and flat.dtype == torch.float32
    assert F.rigid_align(gt.numpy(), gt.numpy()).dtype == np.float32
    with pytest.raises(ValueError, match='same shape'):
        F.rigid_align(gt, gt[:, :16])
    gt[0, 3, 1] = float('nan')
    with pytest.raises(ValueError, match='pred holds'):
        F.rigid_align(gt, torch.zeros(2, 17, 3))


def test_root_align():
    points = np.arange(12.).reshape(2, 2, 3)
    assert F.root_align(points, 1)[:, 1].tolist() == [[0, 0, 0]] * 2
    assert F.root_align(points)[0, 1].tolist() == [3, 3, 3]


def test_pck_curve_equals_loop():
    rng = np.random.default_rng(4)
    distances, valid = rng.random((30, 4)), rng.random((30, 4)) > 0.3
    thresholds = np.array([0.1, 0.5, 0.9])
    pck, counts = F.pck_curve(distances, thresholds, valid)
    for t, threshold in enumerate(thresholds):
        for joint in range(4):
            seen = [d for d, v in zip(distances[:, joint], valid[:, joint])
                    if v]
            right = sum(d <= threshold for d in seen)
            assert pck[t, joint] == pytest.approx(100 * right / len(seen))
            assert counts[joint] == len(seen)
    assert F.pck_auc(pck).shape == (4, )
