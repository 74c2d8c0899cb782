import os

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import (
    KeypointConverter,
    RandomFlip,
    RandomHalfBody,
    TopdownAffine,
)
from scipy import stats

from integral_mmpose.datasets.joints import H36M18_METAINFO, build_metainfo
from integral_mmpose.datasets.transforms import (
    ConvertJoints,
    IntegralReadImage,
    LoadImageChecked,
    OfficialBBoxTransform,
    RandomChannelScale,
    RandomHalfBody3D,
    UniformBBoxTransform,
)


def person(joints=17, axes=3, seed=0):
    rng = np.random.default_rng(seed)
    return dict(
        keypoints=rng.uniform(1, 99, (2, joints, axes)).astype(np.float32),
        keypoints_visible=np.ones((2, joints), np.float32),
    )


def test_mapping_by_hand():
    results = person(16, 2)
    source = results['keypoints'].copy()
    out = ConvertJoints('mpii_to_h36m')(results)
    table = [6, 2, 1, 0, 3, 4, 5, -1, 8, -1, 9, 13, 14, 15, 12, 11, 10, 7]
    assert out['keypoints'].shape == (2, 18, 2)
    for target, index in enumerate(table):
        if index < 0:
            assert not out['keypoints'][:, target].any()
            assert not out['keypoints_visible'][:, target].any()
        else:
            np.testing.assert_array_equal(
                out['keypoints'][:, target], source[:, index]
            )
            assert out['keypoints_visible'][:, target].all()
    assert out['has_depth'].tolist() == [0, 0]
    assert out['dataset_name'] == 'h36m18'


def test_an_image_without_labels_only_gets_the_joint_set():
    """As when a pose is to be found."""
    out = ConvertJoints('mpii_to_h36m')(dict(img_path='a.jpg'))
    assert 'keypoints' not in out and out['dataset_name'] == 'h36m18'
    assert len(out['flip_indices']) == 18


@pytest.mark.parametrize('axes', [2, 3])
def test_a_joint_between_two_others(axes):
    """The spine of MPII's people: in the middle of pelvis and thorax."""
    results = person(16, axes)
    results['keypoints_visible'][:] = 1
    plain = ConvertJoints('mpii_to_h36m', dim=3)(dict(results))
    convert = ConvertJoints('mpii_to_h36m', dim=3, between=[(7, 0, 17)])
    out = convert(dict(results))
    pelvis, thorax = (results['keypoints'][:, j] for j in (6, 7))
    middle = (pelvis + thorax) / 2
    np.testing.assert_allclose(out['keypoints'][:, 7, :axes], middle)
    assert (out['keypoints_visible'][:, 7] == 1).all()
    assert (plain['keypoints_visible'][:, 7] == 0).all()
    others = np.arange(18) != 7
    for key in ('keypoints', 'keypoints_visible'):
        np.testing.assert_array_equal(
            out[key][:, others], plain[key][:, others]
        )
    # One end without a label: none in the middle.
    results['keypoints_visible'][:, 7] = 0
    assert (convert(dict(results))['keypoints_visible'][:, 7] == 0).all()


@pytest.mark.parametrize(
    'joints',
    [(18, 0, 17), (7, 0, 18), (7, 0, 9), (8, 0, 17), (7, -1, 17), (7, 0)],
)
def test_a_joint_between_wrong_ones(joints):
    with pytest.raises(ValueError, match=r'between: .* without: \[7, 9\]'):
        ConvertJoints('mpii_to_h36m', between=[joints])


def test_the_truth_in_camera_space_is_reordered_too():
    points = np.arange(9.0).reshape(1, 3, 3)
    sample = dict(
        keypoints=points[..., :2],
        keypoints_visible=np.ones((1, 3)),
        keypoints_cam=points,
    )
    target = build_metainfo('own', ('b', 'a', 'c'), (), (0, 0, 0))
    found = ConvertJoints([1, 0, 2], target).transform(dict(sample))
    np.testing.assert_array_equal(found['keypoints_cam'], points[:, [1, 0, 2]])
    # A joint without a source has no truth: the metrics say so.
    found = ConvertJoints([1, -1, 2], target).transform(dict(sample))
    assert 'keypoints_cam' not in found


def test_z_stays_where_upstream_drops_it():
    results = person(18)
    kept = ConvertJoints('h36m18_to_h36m17')(dict(results))
    np.testing.assert_array_equal(
        kept['keypoints'], results['keypoints'][:, :17]
    )
    assert kept['has_depth'].tolist() == [1, 1]
    upstream = KeypointConverter(17, [(i, i) for i in range(17)])
    assert upstream(person(18))['keypoints'].shape[-1] == 2


@pytest.mark.parametrize(
    'axes,dim,expected,depth',
    [(2, 3, 3, 0), (3, 2, 2, 0), (3, 3, 3, 1), (2, None, 2, 0)],
)
def test_dim(axes, dim, expected, depth):
    out = ConvertJoints('coco_to_h36m', dim=dim)(person(17, axes))
    assert out['keypoints'].shape == (2, 18, expected)
    assert out['has_depth'].tolist() == [depth, depth]
    if axes < expected:
        assert not out['keypoints'][..., 2].any()


def test_has_depth_of_the_data_set_is_kept():
    results = person(18)
    results['has_depth'] = np.zeros(1, np.float32)
    out = ConvertJoints('h36m18_to_h36m17')(results)
    assert out['has_depth'].tolist() == [0]


def test_flip_after_conversion_is_conversion_after_flip():
    """The flip indices must be the target's."""
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from integral_mmpose.datasets.joints import MPII_METAINFO

    source = parse_pose_metainfo(MPII_METAINFO)['flip_indices']
    outs = []
    for first in ('flip', 'convert'):
        results = person(16, 2)
        results['keypoints_visible'][:, 4] = 0
        results.update(
            img=np.zeros((80, 120, 3), np.uint8),
            img_shape=(80, 120),
            flip_indices=source,
        )
        steps = [RandomFlip(prob=1.0), ConvertJoints('mpii_to_h36m')]
        for step in steps if first == 'flip' else steps[::-1]:
            results = step(results)
        outs.append(results)
    a, b = outs
    np.testing.assert_array_equal(
        a['keypoints_visible'], b['keypoints_visible']
    )
    seen = a['keypoints_visible'] > 0
    np.testing.assert_allclose(a['keypoints'][seen], b['keypoints'][seen])


def test_a_joint_set_of_ones_own():
    target = build_metainfo(
        'legs', ['right_foot', 'left_foot', 'tail'], [(0, 1)], [0, 0, 0]
    )
    out = ConvertJoints([3, 6, -1], target=target)(person(18))
    assert out['flip_indices'] == [1, 0, 2]
    np.testing.assert_array_equal(
        out['keypoints'][:, :2], person(18)['keypoints'][:, [3, 6]]
    )


@pytest.mark.parametrize(
    'args,message',
    [
        (('nothing',), 'no joint table'),
        (([0, 1],), 'target must be'),
        (([0.9] * 18, H36M18_METAINFO), 'mapping must list the source'),
        (([-2] * 18, H36M18_METAINFO), 'mapping must list the source'),
        (([0, 1], 'h36m'), 'target must be'),
        (([0, 1], H36M18_METAINFO), '2 entries, .* 18 joints'),
        (('mpii_to_h36m', None, 4), 'dim must be'),
    ],
)
def test_wrong_conversion(args, message):
    with pytest.raises(ValueError, match=message):
        ConvertJoints(*args)


def test_wrong_number_of_source_joints_names_the_image():
    results = dict(person(17, 2), img_path='a/b.jpg')
    with pytest.raises(ValueError, match='a/b.jpg.*16 source.*has 17'):
        ConvertJoints('mpii_to_h36m')(results)


def half_body(axes):
    results = person(18, axes)
    results.update(
        upper_body_ids=list(range(7, 18)),
        lower_body_ids=list(range(7)),
        bbox_center=np.zeros((2, 2), np.float32),
        bbox_scale=np.ones((2, 2), np.float32),
    )
    return results


def test_half_body_keeps_z_and_is_upstreams_in_2d():
    outs = []
    for kind, axes in (
        (RandomHalfBody, 2),
        (RandomHalfBody3D, 2),
        (RandomHalfBody3D, 3),
    ):
        np.random.seed(0)
        results = half_body(3)
        keypoints = results['keypoints']
        results['keypoints'] = keypoints[..., :axes]
        outs.append(kind(prob=1.0)(results))
        np.testing.assert_array_equal(
            outs[-1]['keypoints'], keypoints[..., :axes]
        )
    for out in outs[1:]:
        np.testing.assert_allclose(out['bbox_center'], outs[0]['bbox_center'])
        np.testing.assert_allclose(out['bbox_scale'], outs[0]['bbox_scale'])
    with pytest.raises(ValueError, match='too many values'):
        RandomHalfBody(prob=1.0)(half_body(3))


def draws(transform, count=20000):
    np.random.seed(0)
    return transform._get_transform_params(count)


def test_uniform_augmentation_is_uniform_and_always():
    shift, scale, rotation = draws(UniformBBoxTransform())
    for values, low, high in (
        (shift[:, 0], -0.02, 0.02),
        (shift[:, 1], -0.02, 0.02),
        (scale[:, 0], 0.75, 1.25),
        (rotation, -30, 30),
    ):
        test = stats.kstest(values, 'uniform', args=(low, high - low))
        assert test.pvalue > 0.01


def test_official_augmentation_has_its_distribution():
    shift, scale, rotation = draws(OfficialBBoxTransform())
    assert not shift.any()
    # clip(N, +-1): 15.87 % of the mass at each end.
    for end in (0.75, 1.25):
        assert np.isclose(scale, end).mean() == pytest.approx(0.1587, abs=0.01)
    assert scale.min() >= 0.75 and scale.max() <= 1.25
    assert (rotation == 0).mean() == pytest.approx(0.4, abs=0.015)
    turned = rotation[rotation != 0]
    assert np.abs(turned).max() == pytest.approx(60)
    inside = turned[np.abs(turned) < 60] / 30
    normal = stats.truncnorm(-2, 2)
    assert stats.kstest(inside, normal.cdf).pvalue > 0.01


def test_scale_of_the_box_is_what_the_crop_shows():
    results = half_body(3)
    for key in ('bbox_center', 'bbox_scale', 'keypoints', 'keypoints_visible'):
        results[key] = results[key][:1]
    results['img'] = np.zeros((100, 100, 3), np.uint8)
    results['bbox_center'][:] = 50
    results['bbox_scale'][:] = 80
    np.random.seed(1)
    results = UniformBBoxTransform(0.0, (0.75, 0.75), 0.0)(results)
    results = TopdownAffine((64, 64))(results)
    np.testing.assert_allclose(results['bbox_scale'], [[60, 60]])
    crop = results['transformed_keypoints'][0]
    np.testing.assert_allclose(
        crop[:, :2], (results['keypoints'][0, :, :2] - 20) * 64 / 60, atol=1e-3
    )
    np.testing.assert_array_equal(crop[:, 2], results['keypoints'][0, :, 2])


def test_channel_scale():
    np.random.seed(0)
    image = np.full((5, 7, 3), 100, np.uint8)
    out = RandomChannelScale()(dict(img=image))['img']
    assert out.dtype == np.uint8 and (image == 100).all()
    factors = out[0, 0] / 100
    assert len(set(factors)) == 3 and (out == out[:1, :1]).all()
    assert 0.8 <= factors.min() and factors.max() <= 1.2
    white = np.full((2, 2, 3), 255, np.uint8)
    assert RandomChannelScale(1.1, 1.2)(dict(img=white))['img'].min() == 255
    with pytest.raises(ValueError, match='low'):
        RandomChannelScale(2, 1)


def encoded(suffix='.jpg'):
    image = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)
    return cv2.imencode(suffix, image)[1].tobytes(), image


def test_load_image(tmp_path):
    path = tmp_path / 'a.png'
    content, image = encoded('.png')
    path.write_bytes(content)
    out = LoadImageChecked()(dict(img_path=str(path)))
    np.testing.assert_array_equal(out['img'], image)
    assert out['img_shape'] == out['ori_shape'] == (40, 30)
    out = LoadImageChecked(to_float32=True)(dict(img_path=str(path)))
    assert out['img'].dtype == np.float32
    given = LoadImageChecked()(dict(img=image, img_path='x'))
    assert given['img'] is image and given['img_shape'] == (40, 30)
    for size in ((30, 40), (30.4, 39.6)):
        LoadImageChecked()(dict(img_path=str(path), labelled_size=size))
    for size, turned in (((40, 30), '.*EXIF'), ((60, 80), ',')):
        with pytest.raises(ValueError, match=f'a.png has 30 x 40 px{turned}'):
            LoadImageChecked()(dict(img_path=str(path), labelled_size=size))


@pytest.mark.parametrize('cut', [0, 1, 20, 300, -100])
def test_corrupt_image_is_an_error_with_its_name(tmp_path, cut):
    path = tmp_path / 'broken.jpg'
    path.write_bytes(encoded()[0][:cut])
    with pytest.raises(ValueError, match='broken.jpg.*corrupt or truncated'):
        LoadImageChecked()(dict(img_path=str(path)))


def test_missing_image(tmp_path):
    for name in ('none.jpg', '.'):
        with pytest.raises(FileNotFoundError, match='data_root'):
            LoadImageChecked()(dict(img_path=str(tmp_path / name)))
    with pytest.raises(ValueError, match='ignore_empty'):
        LoadImageChecked(ignore_empty=True)


@pytest.mark.parametrize('kind', [LoadImageChecked, IntegralReadImage])
def test_a_pipe_is_not_waited_for(tmp_path, kind):
    os.mkfifo(tmp_path / 'pipe.jpg')
    with pytest.raises(ValueError, match='pipe.jpg is a named pipe'):
        kind()(dict(img_path=str(tmp_path / 'pipe.jpg')))


@pytest.mark.parametrize('kind', [UniformBBoxTransform, OfficialBBoxTransform])
def test_scale_and_rotation_are_drawn_apart(kind):
    """Over the turned of 20,000 boxes: |r| < 0.03 with p > 0.9996."""
    shift, scale, rotation = draws(kind())
    turned = rotation != 0
    columns = [scale[turned, 0], rotation[turned]]
    if kind is UniformBBoxTransform:
        columns += list(shift[turned].T)
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 0.03


def test_channel_scale_rounds():
    image = np.full((1, 1, 3), 100, np.uint8)
    out = RandomChannelScale(1.009, 1.009)(dict(img=image))['img']
    assert (out == 101).all()  # 100.9
