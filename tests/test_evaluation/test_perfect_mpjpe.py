"""The command that measures what a perfect answer would have."""

from functools import partial

import numpy as np
import pytest

from integral_mmpose.datasets import H36MImageDataset

#: k1, k2, p1, p2, k3, of the size of a real lens.
LENS = (-0.2, 0.25, -0.001, 0.0015, -0.003)


@pytest.fixture
def run(run_tool):
    return partial(run_tool, 'perfect_mpjpe.py')


def _frames(root, **kwargs):
    dataset = H36MImageDataset(
        ann_file='annotations/h36m_test.npz', data_root=str(root), **kwargs
    )
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def _mm(output, name):
    (line,) = [x for x in output.splitlines() if x.startswith(f'{name}: ')]
    assert line.endswith(' mm')
    return float(line.split()[1])


def _lens(x, y):
    """The distortion of the OpenCV manual (Camera Calibration), by hand."""
    k1, k2, p1, p2, k3 = LENS
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    return (
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
        y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
    )


def test_pixels_of_a_pinhole_camera_leave_nothing(run, root):
    status, output, _ = run(root)
    assert status == 0
    assert [
        _mm(output, name) for name in ('MPJPE', 'PA-MPJPE', 'PA-MPJPE-sim')
    ] == [0, 0, 0]
    assert f'{len(_frames(root))} frames' in output
    assert 'lens' not in output


def test_a_lens_leaves_what_back_projecting_without_it_does(run, root):
    errors, shifts = [], []
    for frame in _frames(root):
        points = []
        for x, y, z in frame['keypoints_cam'][0].astype(float):
            seen = _lens(x / z, y / z)
            shifts.append(
                np.hypot(
                    (seen[0] - x / z) * frame['focal'][0],
                    (seen[1] - y / z) * frame['focal'][1],
                )
            )
            points.append((seen[0] * z, seen[1] * z, z))
        points = np.array(points) - points[0]
        truth = frame['keypoints_cam'][0] - frame['keypoints_cam'][0][0]
        errors += [
            np.linalg.norm(a - b) for a, b in zip(points[:17], truth[:17])
        ]
    assert np.mean(errors) > 0.5  # a lens that does something
    status, output, _ = run(root, '--lens', *LENS)
    assert status == 0
    assert _mm(output, 'MPJPE') == pytest.approx(np.mean(errors), abs=0.006)
    assert f'moves a joint by up to {max(shifts):.2f} px' in output


def test_an_estimated_root_depth_changes_the_size_alone(run, root):
    errors = []
    for frame in _frames(root, box='tight'):
        truth = frame['keypoints_cam'][0].astype(float)
        left, top, right, bottom = frame['bbox'][0].astype(float)
        focal = np.sqrt(np.prod(frame['focal'].astype(float)))
        side = 1.25 * max(right - left, bottom - top)
        size = 2000 * focal / side / truth[0, 2]
        for point in truth[:17]:
            errors.append(abs(size - 1) * np.linalg.norm(point - truth[0]))
    assert np.mean(errors) > 10
    status, output, _ = run(root, '--box', 'tight', '--root-depth', 'estimate')
    assert status == 0
    assert _mm(output, 'MPJPE') == pytest.approx(np.mean(errors), abs=0.006)
    assert _mm(output, 'PA-MPJPE-sim') == 0
    assert 'root depth estimated from the box' in output


def test_frames_are_thinned_out(run, root):
    status, output, _ = run(root, '--frame-step', 1000)
    assert status == 0
    assert f'{len(_frames(root, frame_step=1000))} frames' in output


@pytest.mark.parametrize(
    'options, said',
    [
        (['--ann-file', 'annotations/none.npz'], 'none.npz'),
        (['--box', 'file'], 'bbox_file'),
    ],
)
def test_bad_input_is_an_error(run, root, options, said):
    status, output, error = run(root, *options)
    assert (status, output) == (1, '')
    assert error.startswith('error: ')
    assert said in error


def test_a_folder_without_data_is_an_error(run, tmp_path):
    status, _, error = run(tmp_path / 'nowhere')
    assert status == 1
    assert 'nowhere' in error
