import json
import re
from pathlib import Path

import numpy as np
import pytest
from mmpose.registry import DATASETS

from integral_mmpose.datasets import H36MImageDataset
from integral_mmpose.datasets.body.h36m_files import ACTIONS, parse_name

from .conftest import FOCAL, PRINCIPAL, to_labels

FILE = 'h36m_train.npz'


def build(root, **kwargs):
    return H36MImageDataset(data_root=root, **kwargs)


def test_sample_is_the_file(h36m):
    info = build(h36m.root).get_data_info(2)
    arrays = h36m.arrays()
    points = arrays['S'][2, :, :3] * 1000
    np.testing.assert_allclose(
        info['keypoints'][0, :17, :2], arrays['part'][2, :, :2]
    )
    np.testing.assert_allclose(
        info['keypoints'][0, :17, 2], points[:, 2] - points[0, 2], atol=1e-3
    )
    np.testing.assert_allclose(
        info['keypoints_cam'][0, :17], points, rtol=1e-6
    )
    assert info['keypoints'].shape == (1, 18, 3)
    assert info['keypoints'].dtype == np.float32
    assert info['keypoints_visible'].tolist() == [[1.0] * 18]
    assert info['has_depth'].tolist() == [1.0]
    name = [info[key] for key in ('subject', 'action', 'frame', 'camera_id')]
    assert name == ['S9', 'WalkDog', 64, '54138969']
    assert info['root_depth'] == pytest.approx(points[0, 2])
    assert info['focal'].tolist() == list(FOCAL)
    assert info['principal'].tolist() == list(PRINCIPAL)
    assert info['mm_per_px'] == pytest.approx(points[0, 2] / 1145.0)
    assert info['box'] == '2000mm'
    assert Path(info['img_path']).is_file()


def test_thorax_is_the_projected_middle_not_the_middle_of_pixels(h36m):
    info = build(h36m.root).get_data_info(0)
    points = info['keypoints_cam'][0].astype(np.float64)
    np.testing.assert_allclose(
        points[17], (points[11] + points[14]) / 2, rtol=1e-6
    )
    seen = points[17, :2] / points[17, 2] * FOCAL + PRINCIPAL
    pixels = info['keypoints'][0, :, :2]
    np.testing.assert_allclose(pixels[17], seen, atol=1e-2)
    wrong = (pixels[11] + pixels[14]) / 2
    assert np.abs(wrong - seen).max() > 0.1


@pytest.mark.parametrize('box', ['2000mm', 'tight', 'file'])
def test_root_depth_estimate(h36m, tmp_path, box):
    """RootNet's k; of a tight or detected box with 1.25 x its longer side."""
    path = write_detections(tmp_path, detections(h36m))
    kwargs = dict(bbox_file=path) if box == 'file' else {}
    info = build(h36m.root, box=box, **kwargs).get_data_info(1)
    x1, y1, x2, y2 = info['bbox'][0].astype(float)
    side = max(x2 - x1, y2 - y1) * (1 if box == '2000mm' else 1.25)
    k = 2000 * (FOCAL[0] * FOCAL[1]) ** 0.5 / side
    assert info['root_depth_estimate'] == pytest.approx(k, rel=1e-6)
    assert info['depth_source'] == 'gt'
    assert info['mm_per_px'] == pytest.approx(info['root_depth'] / 1145.0)
    if box == '2000mm':  # ground truth depth made this box
        assert k == pytest.approx(info['root_depth'], rel=1e-4)
    else:
        assert abs(k / info['root_depth'] - 1) > 0.01


def test_estimated_root_depth_scales_z(h36m):
    data = build(h36m.root, box='tight', root_depth='estimate')
    info = data.get_data_info(1)
    assert info['depth_source'] == 'estimate'
    assert info['mm_per_px'] == pytest.approx(
        info['root_depth_estimate'] / 1145.0
    )
    # The crop of GetBBoxCenterScale(padding=1.25) counts as 2000 mm.
    width, height = info['bbox'][0, 2:] - info['bbox'][0, :2]
    side = 1.25 * max(width, height)
    assert info['mm_per_px'] * side == pytest.approx(2000, rel=1e-4)


def test_excluded_sequences(h36m):
    def names(**kwargs):
        data = build(h36m.root, **kwargs)
        infos = [data.get_data_info(n) for n in range(len(data))]
        return [info['id'] for info in infos], infos[0]['excluded']

    assert names() == ([0, 1, 2, 3, 4, 5], [])
    assert names(exclude=['S9_Photo_2', 'S11_SittingDown_1']) == (
        [0, 1, 2],
        ['S9_Photo_2', 'S11_SittingDown_1'],
    )
    assert names(exclude=['S9_WalkingDog.54138969'])[0] == [0, 1, 3, 4, 5]
    # Not by the first letters: S1_Directions_1 is not S1_Directions_10.
    with pytest.raises(ValueError, match="no sequence 'S1_Directions'.*S9_Ph"):
        names(exclude=['S1_Directions'])


def test_an_interval_that_would_be_ignored(h36m):
    with pytest.raises(ValueError, match='sample_interval=5.*frame_step'):
        build(h36m.root, sample_interval=5)
    assert len(build(h36m.root, sample_interval=1)) == 6
    with pytest.raises(ValueError, match='filter_cfg=.*exclude'):
        build(h36m.root, filter_cfg=dict(bbox_score_thr=0.3))


def write_detections(tmp_path, detections):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(detections))
    return str(path)


def detections(h36m):
    return [
        dict(imgname=str(name), bbox=[n, 2, 30, 40], score=score)
        for n, name in enumerate(h36m.arrays()['imgname'])
        for score in (0.5, 0.25)
    ]


def test_boxes_of_other_names(h36m, tmp_path):
    """Not a detector that found nobody: names that were written otherwise."""
    boxes = detections(h36m)
    for box in boxes:
        box['imgname'] = f'images/{box["imgname"]}'
    path = write_detections(tmp_path, boxes)
    with pytest.raises(ValueError, match='none of its names.* has images/S1'):
        build(h36m.root, box='file', bbox_file=path)


def test_detected_box_of_highest_score(h36m, tmp_path):
    boxes = detections(h36m)
    boxes[4]['bbox'] = [7, 8, 10, 20]
    data = build(
        h36m.root,
        box='file',
        bbox_file=write_detections(tmp_path, boxes),
        subjects=['S9'],
    )
    info = data.get_data_info(0)
    assert info['bbox'].tolist() == [[7, 8, 17, 28]]
    assert info['bbox_score'].tolist() == [0.5]


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda d: d[2].pop('bbox'), 'id 2: field `bbox` is missing'),
        (lambda d: d[2].update(bbox=[1, 2, 3]), 'id 2: field `bbox`'),
        (lambda d: d[2].update(bbox=[1, 2, 0, 3]), 'id 2: field `bbox`'),
        (lambda d: d[2].update(score=float('nan')), 'id 2: field `score`'),
        (lambda d: d[2].update(imgname=3), 'id 2: field `imgname`'),
        (
            lambda d: d.__delitem__(slice(0, 2)),
            'S1_Directions_1.54138969_000001',
        ),
    ],
)
def test_bad_detection_file(h36m, tmp_path, change, message):
    boxes = detections(h36m)
    change(boxes)
    path = write_detections(tmp_path, boxes)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        build(h36m.root, box='file', bbox_file=path)
    assert path in str(error.value)


@pytest.mark.parametrize(
    'selection,rows',
    [
        (dict(subjects=['S9', 11]), [2, 3, 4, 5]),
        (dict(actions=['Photo', 'WalkingDog']), [2, 3]),
        (dict(actions=['TakingPhoto']), [3]),
        (dict(frame_step=64), [0, 2, 4, 5]),
        (dict(frame_step=5), [0, 1, 4]),
        (dict(subjects=['S1'], frame_step=5, actions=['Directions']), [0, 1]),
        (dict(indices=2), [0, 1]),
        (dict(indices=[5, 0]), [5, 0]),
    ],
)
@pytest.mark.parametrize('serialize', [True, False])
def test_selection(h36m, selection, rows, serialize):
    data = build(h36m.root, serialize_data=serialize, **selection)
    assert [data.get_data_info(n)['id'] for n in range(len(data))] == rows


def test_get_subset_and_lazy_init(h36m):
    data = build(h36m.root, lazy_init=True)
    data.full_init()
    subset = data.get_subset([4, 1])
    assert [subset.get_data_info(n)['id'] for n in range(2)] == [4, 1]


def test_names_of_files():
    for action in ACTIONS:
        for trial in ('', '_1', '_2'):
            name = f'S11_{action}{trial}.55011271_000193.jpg'
            found = parse_name(f'S11/x/{name}')
            assert found == ('S11', action, '55011271', 192)
    assert parse_name('s_09_act_02_subact_01_ca_01_000001.jpg') is None
    assert parse_name('S1_Directions.54138969_000000.jpg') is None
    # Above 64 bits numpy ends with an OverflowError.
    assert parse_name(f'S1_Directions.54138969_{10**20}.jpg') is None


def test_names_in_arrays(h36m):
    assert [
        parse_name(n).frame + 1 for n in h36m.arrays()['imgname'].tolist()
    ] == [1, 6, 65, 64, 1, 129]


@pytest.mark.parametrize(
    'kwargs,message',
    [
        (dict(subjects=['S7']), "subject 'S7'; the file has"),
        (dict(subjects=[]), 'no frame is left'),
        (dict(actions=['Dancing']), "no action 'Dancing'"),
        (dict(actions=['Eating']), "action 'Eating'; the file has"),
        (dict(subjects=['S9'], frame_step=1000), 'no frame is left'),
        (dict(frame_step=0), 'frame_step must be'),
        (dict(frame_step=2.5), 'frame_step must be a whole number .* 2.5'),
        (dict(frame_step='2'), 'frame_step must be a whole number'),
        (dict(subjects=9), 'subjects must be a list, got 9'),
        (dict(actions='Eating'), "actions must be a list, got 'Eating'"),
        (dict(box='3000mm'), 'box must be one of'),
        (dict(root_depth='guess'), "root_depth must be .* 'guess'"),
        (dict(exclude=['S7_Posing_1']), "no sequence 'S7_Posing_1'"),
        (
            dict(actions=['Photo'], exclude=['S9_Photo_2']),
            "no frame is left .*exclude=.'S9_Photo_2'",
        ),
        (dict(box='file'), 'bbox_file goes with'),
    ],
)
def test_bad_selection(h36m, kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(h36m.root, **kwargs)


@pytest.mark.parametrize(
    'kwargs,name',
    [
        (dict(ann_file='annotations/h36m_test.npz'), 'h36m_test.npz'),
        (dict(camera_file='annotations/cams.json'), 'cams.json'),
        (dict(ann_file='labels/h36m_test.npz'), 'labels'),
        (dict(box='file', bbox_file='boxes.json'), 'boxes.json'),
    ],
)
def test_missing_file(h36m, kwargs, name):
    with pytest.raises(FileNotFoundError, match=name):
        build(h36m.root, **kwargs)


def test_missing_root(tmp_path):
    with pytest.raises(FileNotFoundError, match='data root .*nowhere'):
        build(str(tmp_path / 'nowhere'))


@pytest.mark.parametrize('field', ['imgname', 'part', 'S'])
def test_missing_field(h36m, field):
    arrays = h36m.arrays()
    del arrays[field]
    with pytest.raises(ValueError, match=f'{FILE}.*`{field}` is missing'):
        build(h36m.write(arrays))


@pytest.mark.parametrize('field', ['part', 'S'])
@pytest.mark.parametrize(
    'change',
    [
        lambda a: a[:, :16],
        lambda a: a[:5],
        lambda a: a[..., :1],
        lambda a: a.astype(str),
        lambda a: a.reshape(-1),
    ],
)
def test_wrong_shape(h36m, field, change):
    arrays = h36m.arrays()
    arrays[field] = change(arrays[field])
    with pytest.raises(ValueError, match=f'{FILE}: id all: field `{field}`'):
        build(h36m.write(arrays))


@pytest.mark.parametrize(
    'field,axis,value,problem',
    [
        ('part', 0, np.nan, 'not finite'),
        ('part', 1, np.inf, 'not finite'),
        ('part', 0, 1e9, 'above'),
        ('S', 0, np.nan, 'not finite'),
        ('S', 2, np.nan, 'not finite'),
        ('S', 2, -4.0, 'behind the camera'),
        ('S', 2, 0.0, 'behind the camera'),
        ('S', 2, 5000.0, 'check its unit'),
    ],
)
def test_wrong_number_names_file_id_and_field(
    h36m, field, axis, value, problem
):
    arrays = h36m.arrays()
    arrays[field][4, 9, axis] = value
    with pytest.raises(ValueError) as error:
        build(h36m.write(arrays))
    place = 'id 4 (S11/S11_Sitting'
    for part in (FILE, place, f'`{field}`', 'joint 9', problem):
        assert part in str(error.value)


@pytest.mark.parametrize(
    'value,problem', [(0.0, 'behind the camera'), (np.nan, 'not finite')]
)
def test_a_frame_without_a_pose_is_named(h36m, value, problem):
    """Zeros or NaN in all joints: what some releases write for no pose."""
    arrays = h36m.arrays()
    arrays['part'][3], arrays['S'][3] = 0, value
    with pytest.raises(ValueError, match=problem) as error:
        build(h36m.write(arrays))
    assert 'id 3 (S9/S9_Photo_2.54138969/S9_Photo_2' in str(error.value)


def test_a_joint_beyond_the_depth_range_has_weight_zero(h36m):
    arrays = h36m.arrays()
    points = arrays['S'][1, :, :3]
    points[5] = points[0] + [0, 0, 1.4]
    pixels = points[:, :2] / points[:, 2:] * FOCAL + PRINCIPAL
    arrays['part'][1, :, :2] = pixels
    pipeline = to_labels(depth_range_mm=2000.0)
    data = build(h36m.write(arrays), pipeline=pipeline)
    sample = data[1]
    weights = sample['keypoint_weights'][0]
    assert weights[5].tolist() == [0, 0, 0]
    assert (np.delete(weights, 5, 0) == 1).all()
    assert np.isfinite(sample['keypoint_labels']).all()


def test_a_frame_that_is_not_used_may_be_bad(h36m):
    arrays = h36m.arrays()
    arrays['S'][4] = np.nan
    assert len(build(h36m.write(arrays), subjects=['S1', 'S9'])) == 4


def test_wrong_name(h36m):
    arrays = h36m.arrays()
    arrays['imgname'][3] = 's_09_act_02_subact_01_ca_01_000001.jpg'
    with pytest.raises(ValueError, match='id 3: field `imgname`'):
        build(h36m.write(arrays))


def test_pickled_arrays_are_not_unpickled(h36m):
    arrays = h36m.arrays()
    arrays['S'] = arrays['S'].astype(object)
    with pytest.raises(ValueError, match=f'{FILE}: id all: field `S`.*pickle'):
        build(h36m.write(arrays))


@pytest.mark.parametrize(
    'content', [b'', b'text', b'PK\x03\x04broken', 'truncated']
)
def test_not_an_npz(h36m, content):
    path = Path(h36m.root, 'annotations', FILE)
    if content == 'truncated':
        content = path.read_bytes()[:-200]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'{FILE}.*not a readable npz'):
        build(h36m.root)


def test_missing_cameras(h36m):
    root = h36m.write(cameras=h36m.cameras(['S1', 'S9']))
    with pytest.raises(ValueError, match='no camera 54138969 .* S11'):
        build(root)
    assert len(build(root, subjects=['S1'])) == 2


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda c: c.pop('f'), '`f` is missing'),
        (lambda c: c.update(c=[1, 2, 3]), '`c` must have the shape'),
        (lambda c: c.update(f=[1, float('nan')]), '`f` holds a number'),
        (lambda c: c.update(f=[-1150, 1150]), '`f` must be at least 1 px'),
        (lambda c: c.update(f='wide'), '`f` must hold numbers'),
    ],
)
def test_wrong_camera(h36m, change, message):
    cameras = json.loads(json.dumps(h36m.cameras()))
    change(cameras['S9']['54138969'])
    with pytest.raises(ValueError, match=message) as error:
        build(h36m.write(cameras=cameras))
    assert 'cameras.json: id S9/54138969' in str(error.value)


def test_camera_of_another_data_set(h36m):
    cameras = json.loads(json.dumps(h36m.cameras()))
    cameras['S11']['54138969']['f'] = [500, 500]
    with pytest.raises(ValueError, match='px away from the projection'):
        build(h36m.write(cameras=cameras))


@pytest.mark.parametrize('shift, passes', [(30, True), (60, False)])
def test_a_camera_may_err_as_much_as_a_lens_distorts(h36m, shift, passes):
    """The principal point is that many px off, and so is every joint."""
    cameras = json.loads(json.dumps(h36m.cameras()))
    for camera in cameras['S9'].values():
        camera['c'][0] += shift
    root = h36m.write(cameras=cameras)
    if passes:
        assert len(build(root)) == 6
        return
    with pytest.raises(ValueError, match='60.*px away from the projection'):
        build(root)


def test_registered_where_the_inferencer_finds_a_detector(h36m):
    from mmpose.apis.inferencers.utils import default_det_models

    for name in ('H36MImageDataset', 'MpiiExactDataset', 'MixedDataset'):
        module = DATASETS.get(name).__module__
        kind = module.split('datasets.')[-1].split('.')[0].lower()
        assert kind in default_det_models


def test_a_file_of_another_step_is_refused(tmp_path):
    """Of every 5th frame only every 320th is a 64th."""
    from integral_mmpose.datasets.body.h36m_files import read_annotations

    def write(numbers):
        names = [
            f'S9/S9_Posing_1.54138969/S9_Posing_1.54138969_{n + 1:06d}.jpg'
            for n in numbers
        ]
        points = np.zeros((len(names), 17, 4), np.float32)
        points[..., 2] = 4.0
        np.savez(
            tmp_path / 'a.npz',
            imgname=np.array(names),
            part=np.ones((len(names), 17, 3), np.float32),
            S=points,
        )
        return str(tmp_path / 'a.npz')

    with pytest.raises(ValueError, match='every 320th'):
        read_annotations(write(range(0, 1000, 5)), frame_step=64)
    kept = read_annotations(write(range(0, 1000, 64)), frame_step=64)
    assert len(kept.ids) == 16


def crop_arrays(arrays, offset, scale):
    """Every image moved by an offset and scaled, by hand."""
    part = arrays['part'].copy()
    part[..., :2] = (part[..., :2] - offset[:, None]) * scale
    count = len(part)
    return dict(
        arrays,
        part=part,
        f=np.tile(np.float32(FOCAL) * scale, (count, 1)),
        c=((np.float32(PRINCIPAL) - offset) * scale).astype(np.float32),
    )


def test_a_camera_for_each_image(h36m):
    """Crops: the box and depth scale move with f and c of each image."""
    whole = build(h36m.root)
    before = [whole.get_data_info(n) for n in range(len(whole))]
    offset = np.float32([[10 * n, 100 - n] for n in range(6)])
    root = h36m.write(arrays=crop_arrays(h36m.arrays(), offset, 0.5))
    Path(root, 'annotations/cameras.json').unlink()  # not needed then
    dataset = build(root)
    for n, old in enumerate(before):
        new = dataset.get_data_info(n)
        np.testing.assert_allclose(new['focal'], (575, 570))
        np.testing.assert_allclose(
            new['principal'],
            ((500 - 10 * n) / 2, (490 - 100 + n) / 2),
        )
        moved = (old['keypoints'][0, :, :2] - offset[n]) / 2
        np.testing.assert_allclose(
            new['keypoints'][0, :, :2], moved, atol=1e-3
        )
        np.testing.assert_array_equal(
            new['keypoints_cam'], old['keypoints_cam']
        )
        box = (old['bbox'].reshape(2, 2) - offset[n]) / 2
        np.testing.assert_allclose(new['bbox'].reshape(2, 2), box, atol=1e-3)
        assert new['mm_per_px'] == pytest.approx(2 * old['mm_per_px'])


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda a: a.pop('c'), 'field `c` must hold numbers'),
        (lambda a: a.update(f=a['f'][:, :1]), 'field `f` must hold numbers'),
        (lambda a: a['f'].__setitem__((2, 0), np.nan), 'id 2 .*: field `f`'),
        (lambda a: a['c'].__setitem__((3, 0), np.inf), 'id 3 .*: field `c`'),
        (lambda a: a['f'].__setitem__((1, 1), -5), 'id 1 .*: field `f`'),
        (lambda a: a.update(c=a['c'] + 300), 'away from the projection'),
    ],
)
def test_a_wrong_camera_of_an_image(h36m, change, message):
    arrays = crop_arrays(h36m.arrays(), np.zeros((6, 2), np.float32), 1.0)
    change(arrays)
    with pytest.raises(ValueError, match=message):
        build(h36m.write(arrays=arrays))
