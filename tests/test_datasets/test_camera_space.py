"""A third 3D data set in one small class, and what every one refuses."""

import json
from functools import partial

import numpy as np
import pytest

from integral_mmpose.datasets import (
    CameraSpaceAnnotations,
    CameraSpaceDataset,
)
from integral_mmpose.datasets.body.camera_space_annotations import (
    check_annotations,
)
from integral_mmpose.datasets.joints import build_metainfo

from .conftest import to_labels, write_image

FILE = 'poses.json'
FOCAL, CENTER = (600.0, 620.0), (160.0, 120.0)


class StickDataset(CameraSpaceDataset):
    """Three joints of a stick, as a made-up JSON file has them."""

    METAINFO = build_metainfo(
        'stick', ('root', 'left_end', 'right_end'), [(1, 2)], (0, 0, 0)
    )

    def read_annotations(self):
        with open(self.ann_file) as file:
            rows = json.load(file)

        def column(key):
            return np.array([row[key] for row in rows])

        return CameraSpaceAnnotations(
            names=column('image'),
            pixels=column('px'),
            points_mm=column('mm'),
            intrinsics=column('camera'),
            groups=dict(action=column('what')),
        )


def make_rows(count=4):
    rng = np.random.default_rng(0)
    rows = []
    for n in range(count):
        root = np.array([100.0 * n, -50.0, 3000.0 + 500 * n])
        points = root + np.vstack([np.zeros(3), rng.normal(size=(2, 3)) * 300])
        pixels = points[:, :2] / points[:, 2:] * FOCAL + CENTER
        rows.append(
            dict(
                image=f'{n}.png',
                px=pixels.tolist(),
                mm=points.tolist(),
                camera=[*FOCAL, *CENTER],
                what='swing' if n % 2 else 'rest',
            )
        )
    return rows


@pytest.fixture
def write(tmp_path):
    def write(rows):
        (tmp_path / FILE).write_text(json.dumps(rows))
        return str(tmp_path)

    return write


def build(root, **kwargs):
    return StickDataset(ann_file=FILE, data_root=root, **kwargs)


@pytest.mark.parametrize('box', ['2000mm', 'tight'])
def test_a_sample_by_hand(write, box):
    rows = make_rows()
    data = build(write(rows), box=box)
    for n, row in enumerate(rows):
        info = data.get_data_info(n)
        root, pixels = row['mm'][0], np.array(row['px'])
        assert info['action'] == row['what']
        assert info['img_path'].endswith(f'images/{row["image"]}')
        assert info['root_depth'] == pytest.approx(root[2])
        assert info['mm_per_px'] == pytest.approx(root[2] / 610)
        for joint, point in enumerate(row['mm']):
            got = info['keypoints'][0, joint]
            assert got[2] == pytest.approx(point[2] - root[2], abs=1e-3)
            np.testing.assert_allclose(got[:2], pixels[joint], rtol=1e-5)
        if box == 'tight':
            expected = [*pixels.min(0), *pixels.max(0)]
        else:
            half = 1000 * 610 / root[2]  # a square, by the mean of f
            expected = [*(pixels[0] - half), *(pixels[0] + half)]
        np.testing.assert_allclose(info['bbox'][0], expected, rtol=1e-5)


def test_it_goes_through_the_pipeline_to_a_perfect_score(write, tmp_path):
    from integral_mmpose.evaluation import IntegralMPJPE

    rows = make_rows()
    for row in rows:
        write_image(tmp_path / 'images' / row['image'], 240, 320)
    data = build(write(rows), pipeline=to_labels(depth_range_mm=2000.0))
    metric = IntegralMPJPE(num_joints=3)
    for n in range(len(data)):
        sample = data[n]
        assert sample['keypoint_labels'].shape == (1, 3, 3)
        assert (sample['keypoint_weights'] == 1).all()
        info = data.get_data_info(n)
        metric.process(
            {}, [dict(info, pred_instances=dict(keypoints=info['keypoints']))]
        )
    scores = metric.evaluate(len(data))
    assert scores['h36m/MPJPE'] < 0.01
    assert {'h36m/MPJPE/rest', 'h36m/MPJPE/swing'} <= set(scores)


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda r: r[2]['px'][1].__setitem__(0, 99999), 'pixels` joint 1 '),
        (lambda r: r[2]['px'][1].__setitem__(0, np.inf), 'pixels` joint 1 '),
        (lambda r: r[2]['mm'][2].__setitem__(1, np.nan), 'points_mm` joint 2'),
        (lambda r: r[2]['mm'][2].__setitem__(2, -5.5), 'behind the camera'),
        (lambda r: r[2]['mm'][0].__setitem__(2, 1e-40), 'behind the camera'),
        (lambda r: r[2]['mm'][0].__setitem__(0, 1e6), 'farther than 100 m'),
        (lambda r: r[2]['camera'].__setitem__(1, 0), 'intrinsics` must lie'),
        (
            lambda r: r[2]['camera'].__setitem__(2, np.inf),
            'intrinsics` is not',
        ),
        (lambda r: r[2]['camera'].__setitem__(2, 900), 'projection of'),
        (lambda r: r[2].update(image='1.png'), 'also that of id 1 .1.png.'),
        (
            lambda r: r[2].update(mm=[[1.0, 2, 3000 + n] for n in range(3)]),
            'points_mm` spans less than 100 mm',
        ),
    ],
)
def test_a_bad_number_names_file_frame_and_field(write, change, message):
    rows = make_rows()
    change(rows)
    with pytest.raises(ValueError, match=f'{FILE}: id 2 .*{message}'):
        build(write(rows))


@pytest.mark.parametrize(
    'change,field',
    [
        (lambda r: r.update(px=r['px'][:2]), 'pixels'),
        (lambda r: r.update(mm=[['a'] * 3] * 3), 'points_mm'),
        (lambda r: r.update(camera=[True] * 4), 'intrinsics'),
        (lambda r: r.update(what=['x']), 'group action'),
        (lambda r: r.update(image=3), 'names'),
    ],
)
def test_a_bad_column_is_named(write, change, field):
    rows = make_rows()
    for row in rows:
        change(row)
    with pytest.raises(ValueError, match=f'{FILE}: id all: field `{field}`'):
        build(write(rows))


def test_all_fields_are_told_at_once(write):
    rows = make_rows()
    rows[1]['px'][0][0] = np.nan
    rows[3]['camera'][0] = -1.0
    with pytest.raises(ValueError) as error:
        build(write(rows))
    for part in ('id 1 (1.png): field `pixels`', 'id 3 (3.png): field `intr'):
        assert part in str(error.value)


def test_a_tight_box_without_area_is_refused(write):
    rows = make_rows()
    # On a line through the camera.
    rows[1]['mm'] = [[0, 0, 3000], [0, 0, 3300], [0, 0, 3600]]
    rows[1]['px'] = [CENTER] * 3
    assert len(build(write(rows))) == 4
    with pytest.raises(ValueError, match=f'{FILE}: id 1 .*no area'):
        build(write(rows), box='tight')


@pytest.mark.parametrize(
    ('change', 'passes'),
    [
        (lambda px: px, True),
        # k_1 of Human3.6M's lenses at 400 px from the middle.
        (lambda px: px * (1 - 0.2 * (400 / 1145) ** 2), True),
        (lambda px: px * 1.3, False),
        (lambda px: px * 512 / 1145, False),
        (lambda px: px[::-1], False),
    ],
)
def test_a_wrong_camera_of_small_people_is_seen(change, passes):
    """No person is 50 px off: it shows in the shape of the people."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(9, 18, 3)) * (150, 200, 100) + (0, 0, 9000)
    camera = np.array([1150.0, 1140.0, 500.0, 490.0])
    seen = points[..., :2] / points[..., 2:] * camera[:2]
    pixels = change(seen)
    assert np.linalg.norm(pixels - seen, axis=-1).mean(-1).max() < 50
    names = np.array([f'{n}.jpg' for n in range(len(points))])
    frames = CameraSpaceAnnotations(
        names, pixels + camera[2:], points, np.tile(camera, (len(points), 1))
    )
    fields = 'names pixels points_mm focal principal'.split()
    check = partial(
        check_annotations, frames, 18, 'a.npz', dict(zip(fields, fields))
    )
    if passes:
        check()
        return
    with pytest.raises(ValueError, match='id 0 .*`pixels` has another shape'):
        check()
