"""The guard in front of pycocotools, and why it is there."""

import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.datasets.datasets import CocoDataset
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import (
    DATASETS,
    KEYPOINT_CODECS,
    METRICS,
    MODELS,
    TRANSFORMS,
)
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from integral_mmpose.datasets import CocoCheckedDataset, MixedDataset
from integral_mmpose.datasets.joints import build_metainfo
from integral_mmpose.evaluation import FiniteCocoMetric, PerSourceEvaluator
from integral_mmpose.synthetic import coco_writer

META = dict(CocoCheckedDataset._load_metainfo(), person_category=1)
TEST_DEV = Path(__file__).resolve().parents[2] / (
    'configs/body_2d_keypoint/integral/coco/'
    'i1_res101_4xb32-70+70e_coco-test-dev-256x256.py'
)


def annotation(id_, image_id, joints, flags, **more):
    """A person: joints (17, 2) in px and what COCO says of each (17,)."""
    person = dict(
        id=id_,
        image_id=image_id,
        category_id=1,
        iscrowd=0,
        num_keypoints=int((flags > 0).sum()),
        keypoints=np.c_[joints, flags].ravel().tolist(),
    )
    return dict(person, **more)


def write_truth(path, annotations, images=1, side=200):
    """COCO's file of so many images; its path."""
    content = dict(
        info={},
        licenses=[],
        images=[
            dict(id=n, file_name=f'{n}.jpg', width=side, height=side)
            for n in range(1, images + 1)
        ],
        annotations=annotations,
        categories=[dict(id=1, name='person', keypoints=[], skeleton=[])],
    )
    path.write_text(json.dumps(content))
    return str(path)


def edit(path, change):
    """Rewrite a truth; what is in it now."""
    content = json.loads(Path(path).read_text())
    change(content)
    Path(path).write_text(json.dumps(content))
    return content


@pytest.fixture
def ann_file(tmp_path):
    joints = np.array([[10 + 7 * j, 20 + 5 * j] for j in range(17)])
    box = dict(area=5000.0, bbox=[5, 5, 120, 110])
    person = annotation(1, 1, joints, np.full(17, 2), **box)
    path = write_truth(tmp_path / 'coco.json', [person])
    return path, joints.astype(np.float32)[None]


@pytest.fixture
def note_file():
    """A function that notes a file as that of the data set, as mmpose does."""
    hub, name = MessageHub.get_current_instance(), META['dataset_name']
    yield lambda path: hub.update_info(f'{name}_ann_file', path)
    hub.pop_info(f'{name}_ann_file')


def sample(keypoints):
    return dict(
        id=1,
        img_id=1,
        category_id=1,
        img_path='1.jpg',
        pred_instances=dict(
            keypoints=keypoints,
            keypoint_scores=np.ones((1, 17)),
            bbox_scores=np.ones(1),
        ),
        gt_instances=dict(
            bbox_scales=np.array([[120.0, 110.0]]), bbox_scores=np.ones(1)
        ),
    )


def read_truth(path, **kwargs):
    """A metric that knows its data set, as before a test begins."""
    metric = FiniteCocoMetric(ann_file=path, **kwargs)
    metric.dataset_meta = META
    return metric


def evaluate(cls, ann_file, keypoints):
    metric = cls(ann_file=ann_file)
    metric.dataset_meta = META
    metric.process([{}], [sample(keypoints)])
    return metric.evaluate(1)['coco/AP']


def test_nan_scores_perfectly_upstream_and_raises_here(ann_file):
    path, joints = ann_file
    assert evaluate(FiniteCocoMetric, path, joints) == pytest.approx(1.0)
    assert evaluate(FiniteCocoMetric, path, joints + 500) == 0
    broken = np.full_like(joints, np.nan)
    # The negative control: what the guard is for.
    assert evaluate(CocoMetric, path, broken) == pytest.approx(1.0)
    with pytest.raises(ValueError, match='1.jpg.*not finite'):
        evaluate(FiniteCocoMetric, path, broken)


def test_truth_with_left_and_right_swapped_is_refused(ann_file):
    path, joints = ann_file
    names = [META['keypoint_id2name'][j] for j in range(17)]

    def name(content):
        content['categories'][0]['keypoints'] = names

    edit(path, name)
    assert evaluate(FiniteCocoMetric, path, joints) == pytest.approx(1.0)
    names[5], names[6] = names[6], names[5]
    edit(path, name)
    # The negative control: another meaning of the joints, the same score.
    assert evaluate(CocoMetric, path, joints) == pytest.approx(1.0)
    with pytest.raises(ValueError, match='coco.json.*right_shoulder'):
        evaluate(FiniteCocoMetric, path, joints)


@pytest.mark.parametrize('labelled', [False, True])
def test_another_category_has_no_part_in_the_ap(ann_file, note_file, labelled):
    """With the file of the metric, and with the data set's, by mmpose."""
    path, joints = ann_file

    def add_dog(content):
        dog = dict(content['annotations'][0], id=2, category_id=2)
        if not labelled:
            del dog['keypoints']
        content['annotations'].append(dog)
        content['categories'].append(dict(id=2, name='dog'))

    edit(path, add_dog)
    note_file(path)
    for file in (path, None):
        ap = evaluate(FiniteCocoMetric, file, joints)
        assert ap == pytest.approx(1.0)
    if labelled:  # the negative control
        assert evaluate(CocoMetric, path, joints) < 0.6


def test_all_categories_count_with_a_data_set_that_has_them(ann_file):
    """As AP-10K's species: without `person_category`, stock data sets."""
    path, joints = ann_file

    def add_dog(content):
        dog = dict(content['annotations'][0], id=2, category_id=2)
        content['annotations'].append(dog)
        content['categories'].append(dict(id=2, name='dog'))

    edit(path, add_dog)
    metric = FiniteCocoMetric(ann_file=path)
    metric.dataset_meta = dict(META, person_category=None)
    metric.process([{}], [sample(joints)])
    assert 0.4 < metric.evaluate(1)['coco/AP'] < 0.6


def test_truth_of_a_source_beside_that_of_another(
    ann_file, note_file, tmp_path
):
    """mmpose notes the file of one data set for each name of a joint set."""
    path, joints = ann_file
    other = tmp_path / 'other.json'
    person = annotation(1, 1, joints[0] + 500, np.full(17, 2))
    write_truth(other, [dict(person, area=9.0, bbox=[500, 500, 3, 3])])
    note_file(str(other))
    found = {}
    for name, own in (('own', dict(ann_file=path)), ('noted', {})):
        metric = FiniteCocoMetric()
        metric.dataset_meta = dict(META, person_category=None, **own)
        metric.process([{}], [sample(joints)])
        found[name] = metric.evaluate(1)['coco/AP']
    assert found == dict(own=pytest.approx(1.0), noted=0)


def crowd(tmp_path, count=12):
    """Annotations of several images, and noisy detections with scores."""
    rng = np.random.default_rng(3)
    joints = rng.uniform(10, 150, size=(count, 17, 2))
    seen = rng.integers(0, 3, size=(count, 17, 1))
    seen[:, 0] = 2
    annotations = [
        annotation(
            n + 1,
            n + 1,
            joints[n],
            seen[n],
            area=float(rng.uniform(2000, 20000)),
            bbox=[5, 5, 150, 150],
        )
        for n in range(count)
    ]
    path = write_truth(tmp_path / 'crowd.json', annotations, count)
    noise = rng.normal(size=joints.shape) * rng.uniform(0, 9, (count, 1, 1))
    return path, joints + noise, rng.random(count)


def pictures(tmp_path, images=8, seed=5):
    """Several people a picture, crowds and people without joints among them,
    and detections: near ones, duplicates, false ones, none in one picture."""
    rng = np.random.default_rng(seed)
    annotations, found = [], []
    for image in range(1, images + 1):
        for _ in range(rng.integers(1, 4)):
            joints = rng.uniform(0, 90, (17, 2)) + rng.uniform(0, 400, 2)
            seen = rng.integers(0, 3, 17) * (rng.random() > 0.2)
            low, size = joints.min(0), np.ptp(joints, 0)
            flags = np.where(seen, 2, 0)
            annotations.append(
                annotation(
                    len(annotations) + 1,
                    image,
                    joints,
                    flags,
                    iscrowd=int(rng.random() < 0.15),
                    area=float(rng.uniform(500, 15000)),
                    bbox=[*low.tolist(), *size.tolist()],
                )
            )
            if image < images:
                for scale in rng.uniform(0, 12, rng.integers(1, 4)):
                    noise = rng.normal(0, scale, (17, 2))
                    found.append((image, joints + noise))
    path = write_truth(tmp_path / 'pictures.json', annotations, images, 500)
    return path, found, rng.random((len(found), 18))


@pytest.mark.parametrize('several', [False, True])
def test_ap_equals_pycocotools(tmp_path, figure, several):
    """One person an image, and several, with crowds and duplicates."""
    if several:
        path, found, scores = pictures(tmp_path)
        images, joints = zip(*found)
        scores = scores[:, 0]
    else:
        path, joints, scores = crowd(tmp_path)
        images = range(1, len(joints) + 1)
    metric = FiniteCocoMetric(
        ann_file=path, nms_mode='none', score_mode='bbox'
    )
    metric.dataset_meta = META
    for n, (image, points) in enumerate(zip(images, joints)):
        one = sample(points[None])
        one.update(id=n + 1, img_id=image)
        one['pred_instances']['bbox_scores'] = scores[n : n + 1]
        metric.process([{}], [one])
    found = metric.evaluate(len(joints))

    truth = COCO(path)
    detections = truth.loadRes(
        [
            dict(
                image_id=image,
                category_id=1,
                score=float(score),
                keypoints=np.concatenate([points, np.ones((17, 1))], -1)
                .ravel()
                .tolist(),
            )
            for image, points, score in zip(images, joints, scores)
        ]
    )
    reference = COCOeval(truth, detections, 'keypoints')
    reference.evaluate()
    reference.accumulate()
    reference.summarize()
    assert 0.1 < reference.stats[0] < 0.9
    names = ['AP', 'AP .5', 'AP .75', 'AP (M)', 'AP (L)']
    names += [name.replace('AP', 'AR') for name in names]
    found = np.array([found[f'coco/{name}'] for name in names])
    error = np.abs(found - reference.stats).max()
    figure('R5', 'AP and AR against pycocotools', error, 1e-12)


@pytest.mark.parametrize('change', ['ids from 0', 'no num_keypoints'])
def test_files_of_other_writers(tmp_path, change):
    """The truth as prediction has AP 1, by definition."""
    path, joints, _ = crowd(tmp_path)

    def rewrite(content):
        for n, one in enumerate(content['annotations']):
            if change == 'ids from 0':
                one['id'] = n
            else:
                del one['num_keypoints']

    content = edit(path, rewrite)
    metric = coco_metric(path)
    for n, person in enumerate(content['annotations']):
        truth = np.reshape(person['keypoints'], (1, 17, 3))[..., :2]
        metric.process([{}], [predicted(n, n + 1, truth, np.ones(17), 1.0)])
    found = metric.evaluate(len(joints))
    assert found['coco/AP'] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ('field', 'value', 'text'),
    [
        ('area', None, 'id 1: field `area` is missing.*use_area=False'),
        ('bbox', None, 'id 1: field `bbox` is missing'),
        ('keypoints', None, 'id 1: field `keypoints` is missing'),
        ('area', 'large', 'id 1: field `area` must hold numbers'),
        ('keypoints', [float('nan')] * 51, 'id 1: field `keypoints`.*finite'),
    ],
)
def test_truth_that_cannot_be_scored_is_named_before_the_test(
    ann_file, field, value, text
):
    path, joints = ann_file

    def change(content):
        content['annotations'][0][field] = value
        if value is None:
            del content['annotations'][0][field]

    edit(path, change)
    with pytest.raises(ValueError, match=f'{path}: {text}'):
        read_truth(path)
    if text.endswith('use_area=False'):
        metric = coco_metric(path, use_area=False)
        metric.process([{}], [sample(joints)])
        assert metric.evaluate(1)['coco/AP'] == pytest.approx(1.0)


def test_truth_without_iscrowd_has_no_crowds(ann_file):
    path, joints = ann_file
    edit(path, lambda content: content['annotations'][0].pop('iscrowd'))
    metric = coco_metric(path)
    metric.process([{}], [sample(joints)])
    assert metric.evaluate(1)['coco/AP'] == pytest.approx(1.0)


def test_people_of_another_category_are_scored(ann_file):
    """By the category that the data set gives: 1, COCO's, would score 0."""
    path, joints = ann_file

    def change(content):
        content['annotations'][0]['category_id'] = 3
        content['categories'][0]['id'] = 3

    edit(path, change)
    for category, expected in ((3, 1.0), (1, 0.0)):
        metric = coco_metric(path)
        metric.process([{}], [dict(sample(joints), category_id=category)])
        assert metric.evaluate(1)['coco/AP'] == pytest.approx(expected)


def test_an_image_of_another_file_is_named(ann_file):
    path, joints = ann_file
    with pytest.raises(ValueError, match=f'img_id 77 is not in {path}'):
        coco_metric(path).process([{}], [dict(sample(joints), img_id=77)])


def test_truth_without_categories(ann_file):
    path, _ = ann_file
    edit(path, lambda content: content.pop('categories'))
    with pytest.raises(ValueError, match=f'{path}.*`categories` is missing'):
        read_truth(path)


@pytest.mark.parametrize(
    'field',
    [
        'id',
        'img_id',
        'pred_instances',
        'gt_instances',
        'pred_instances.keypoints',
        'pred_instances.keypoint_scores',
    ],
)
def test_missing_field_is_named(ann_file, field):
    path, joints = ann_file
    broken = copy.deepcopy(sample(joints))
    *parts, last = field.split('.')
    del (broken[parts[0]] if parts else broken)[last]
    with pytest.raises(ValueError, match='1.jpg'):
        FiniteCocoMetric(ann_file=path).process([{}], [broken])


@pytest.mark.parametrize('name', ['keypoint_scores', 'bbox_scores'])
def test_scores_are_finite(ann_file, name):
    path, joints = ann_file
    broken = sample(joints)
    broken['pred_instances'][name][..., 0] = np.nan
    with pytest.raises(ValueError, match=f'1.jpg: {name} are not finite'):
        FiniteCocoMetric(ann_file=path).process([{}], [broken])


def test_scores_and_scales_have_their_shape(ann_file):
    """Areas that are NaN halve an AP by the NMS."""
    path, joints = ann_file
    broken = sample(joints)
    broken['pred_instances']['keypoint_scores'] = np.ones(len(joints))
    with pytest.raises(ValueError, match='1.jpg: keypoint_scores must have'):
        FiniteCocoMetric(ann_file=path).process([{}], [broken])
    for value in (np.nan, np.inf, -1.0):
        broken = sample(joints)
        scales = np.full((len(joints), 2), value)
        broken['gt_instances']['bbox_scales'] = scales
        with pytest.raises(ValueError, match='1.jpg: bbox_scales'):
            FiniteCocoMetric(ann_file=path).process([{}], [broken])


def test_3d_keypoints_are_rejected(ann_file):
    path, joints = ann_file
    points = np.concatenate([joints, joints[..., :1]], -1)
    with pytest.raises(ValueError, match='needs 2D keypoints'):
        FiniteCocoMetric(ann_file=path).process([{}], [sample(points)])
    with pytest.raises(ValueError, match=r'axes \(N, K, C\)'):
        FiniteCocoMetric(ann_file=path).process([{}], [sample(joints[0])])


def coco_metric(ann_file, tmp_path=None, **arguments):
    if tmp_path is not None:
        arguments['outfile_prefix'] = str(tmp_path / 'found')
    metric = FiniteCocoMetric(
        ann_file=ann_file,
        nms_mode='oks_nms',
        score_mode='bbox_keypoint',
        **arguments,
    )
    metric.dataset_meta = META
    return metric


def written(tmp_path):
    return json.loads((tmp_path / 'found.keypoints.json').read_text())


def predicted(id_, image_id, keypoints, scores, box_score):
    """A person as the configs' pipeline packs it: the score of a detection
    lies with the ground truth."""
    one = sample(keypoints)
    one.update(id=id_, img_id=image_id)
    one['pred_instances'] = dict(
        keypoints=keypoints, keypoint_scores=np.reshape(scores, (1, 17))
    )
    one['gt_instances']['bbox_scores'] = np.array([box_score])
    return one


def test_keypoint_scores_change_the_ranking(ann_file, tmp_path):
    """By hand: score = box score x mean of the keypoint scores above 0.2.

    A: 0.9 x 0.3 = 0.27. B: 0.5 x (8 x 0.8 + 9 x 0.1 -> 0.8) = 0.40. C: all
    under the threshold, so 0. By the boxes the order is A, C, B, by the pose
    B, A, C.
    """
    path, joints = ann_file
    people = dict(
        a=(0.9, np.full(17, 0.3)),
        b=(0.5, np.r_[np.full(8, 0.8), np.full(9, 0.1)]),
        c=(0.7, np.full(17, 0.15)),
    )
    orders = {}
    for mode in ('bbox', 'bbox_keypoint'):
        metric = coco_metric(path, tmp_path)
        metric.score_mode = mode
        for n, (box_score, scores) in enumerate(people.values()):
            # Far apart: no person removes another.
            place = joints + 300 * n
            metric.process([{}], [predicted(n, 1, place, scores, box_score)])
        metric.evaluate(3)
        found = written(tmp_path)
        ranks = sorted(found, key=lambda one: -one['score'])
        orders[mode] = [
            'abc'[round((one['keypoints'][0] - joints[0, 0, 0]) / 300)]
            for one in ranks
        ]
        if mode == 'bbox_keypoint':
            np.testing.assert_allclose(
                [one['score'] for one in ranks], [0.4, 0.27, 0.0], atol=1e-7
            )
    assert orders == dict(bbox=['a', 'c', 'b'], bbox_keypoint=['b', 'a', 'c'])


def test_rescoring_decides_the_ap(ann_file):
    """The wrong pose in the better box: AP 0.5 by boxes, 1 by poses.

    By hand: one person, two detections. Ranked first, the right one gives
    precision 1 at every recall; ranked second, 1/2.
    """
    path, joints = ann_file
    found = {}
    for mode in ('bbox', 'bbox_keypoint'):
        metric = coco_metric(path)
        metric.score_mode = mode
        for n, (box_score, score, shift) in enumerate(
            [(0.9, 0.3, 500), (0.8, 0.9, 0)]
        ):
            one = predicted(
                n, 1, joints + shift, np.full(17, score), box_score
            )
            metric.process([{}], [one])
        found[mode] = metric.evaluate(2)['coco/AP']
    assert found == pytest.approx(dict(bbox=0.5, bbox_keypoint=1.0))


def test_oks_nms_removes_a_duplicate(ann_file, tmp_path):
    """The same pose twice: the better one stays; a neighbour stays, too."""
    path, joints = ann_file
    metric = coco_metric(path, tmp_path)
    rows = [(joints + 0.5, 0.6), (joints, 0.9), (joints + 80, 0.5)]
    for n, (points, score) in enumerate(rows):
        metric.process([{}], [predicted(n, 1, points, np.ones(17), score)])
    assert metric.evaluate(3)['coco/AP'] == pytest.approx(1.0)
    kept = sorted(one['score'] for one in written(tmp_path))
    assert kept == pytest.approx([0.5, 0.9])


@pytest.mark.parametrize('oks, kept', [(0.895, 2), (0.905, 1)])
def test_oks_nms_at_the_threshold_of_the_cited_code(ann_file, oks, kept):
    """OKS 0.9 of the padded boxes' area, as in Xiao et al.'s public code.

    Joint k is moved by 2 s_k sqrt(-2 A ln(oks)): each term of the OKS, and
    so their mean, is exp(-d^2 / (2 A (2 s_k)^2)) = oks.
    """
    path, joints = ann_file
    metric = coco_metric(path)
    sigmas = np.array(metric.dataset_meta['sigmas'])
    scale = np.array([[150.0, 100.0]])
    shift = 2 * sigmas * np.sqrt(-2 * scale.prod() * np.log(oks))
    moved = joints + np.stack([shift, 0 * shift], -1)
    for n, (points, score) in enumerate([(joints, 0.9), (moved, 0.5)]):
        one = predicted(n, 1, points.astype(np.float64), np.ones(17), score)
        one['gt_instances']['bbox_scales'] = scale
        metric.process([{}], [one])
    found = {}
    metric.results2json = lambda keypoints, **_: found.update(keypoints)
    metric.format_only = True
    metric.evaluate(2)
    assert len(found[1]) == kept


def head_scores(sigma_bins, size=32):
    """Scores of an integral head for Gaussian maps of given widths."""
    head = MODELS.build(
        dict(
            type='IntegralHead',
            in_channels=8,
            out_channels=17,
            joint_loss=dict(type='JointL1Loss'),
            decoder=dict(type='IntegralLabel', input_size=(256, 256)),
        )
    )
    axis = torch.arange(size, dtype=torch.float32)
    squares = (axis - size // 2) ** 2
    logits = -(squares[:, None] + squares) / (2 * sigma_bins**2)
    return head.scores(logits.expand(1, 17, size, size))[0].numpy()


def test_scores_of_the_integral_head_pass_the_threshold(ann_file, tmp_path):
    """Sharp maps, as of a trained model, neither saturate nor vanish.

    By hand, for a Gaussian of 1 of 32 bins: (1 + sqrt(12) / 32)^-2 = 0.814.
    A raw peak of the softmax, 1 / (2 pi) = 0.16, would be under 0.2.
    """
    sharp, broad = head_scores(1.0), head_scores(4.0)
    np.testing.assert_allclose(sharp, (1 + 12**0.5 / 32) ** -2, atol=1e-3)
    assert (sharp < 0.95).all() and (0.2 < broad).all()
    assert (broad < sharp - 0.1).all()
    path, joints = ann_file
    metric = coco_metric(path, tmp_path)
    assert metric.keypoint_score_thr == 0.2
    for n, scores in enumerate((sharp, broad)):
        metric.process([{}], [predicted(n, 1, joints + 300 * n, scores, 0.5)])
    metric.evaluate(2)
    found = sorted((one['score'] for one in written(tmp_path)), reverse=True)
    assert found == pytest.approx([0.5 * sharp[0], 0.5 * broad[0]], abs=1e-6)


def test_ground_truth_through_the_data_set_is_perfect(tmp_path):
    """Data set, pipeline and metric agree: AP 1, by the hub's file.

    Boxes are ground truth; joints go to the crop and back by the box.
    """
    init_default_scope('mmpose')
    root = tmp_path / 'coco'
    found = [
        coco_writer.write_image(root, 0, 'val2017', number)
        for number in range(3)
    ]
    coco_writer.write_annotations(root, 'val2017', found)
    size = (64, 64)
    codec = dict(type='IntegralLabel', input_size=size)
    data = CocoCheckedDataset(
        data_root=str(root),
        ann_file='annotations/person_keypoints_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageChecked'),
            dict(type='GetBBoxCenterScale', padding=1.25),
            dict(type='TopdownAffine', input_size=size),
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ],
    )
    metric = FiniteCocoMetric(score_mode='bbox_keypoint', nms_mode='oks_nms')
    metric.dataset_meta = data.metainfo
    decoder = KEYPOINT_CODECS.build(codec)
    for packed in data:
        one = packed['data_samples']
        labels = one.gt_instance_labels.keypoint_labels.numpy()
        points, scores = decoder.decode(labels, np.ones((1, 17)))
        # TopdownPoseEstimator's way from the crop to the image.
        scale, center = one.input_scale, one.input_center
        points = points / one.input_size * scale + center - 0.5 * scale
        found = InstanceData(keypoints=points, keypoint_scores=scores)
        one.pred_instances = found
        metric.process([{}], [one.to_dict()])
    assert len(data) > 4
    assert metric.evaluate(len(data))['coco/AP'] == pytest.approx(1.0)


LEGS = list(range(11, 17))


def legs_of(path, mapping=LEGS):
    """Joints of COCO, by a data set that converts."""
    pairs = range(0, len(mapping) - 1, 2)
    swap = [n for pair in pairs for n in (pair + 1, pair)]
    names = [f'leg_{n}' for n in range(len(mapping))]
    target = build_metainfo('legs', names, (), swap)
    return CocoCheckedDataset(
        ann_file=path,
        test_mode=True,
        pipeline=[dict(type='ConvertJoints', mapping=mapping, target=target)],
    )


def ap_of(metric, found):
    found['pred_instances']['keypoint_scores'] = np.ones(
        found['pred_instances']['keypoints'].shape[:2]
    )
    metric.process([{}], [found])
    return metric.evaluate(1)['coco/AP']


@pytest.mark.parametrize('through', ['the data set', 'a mixture'])
def test_the_truth_of_converted_joints_is_converted(ann_file, through):
    """Six of 17, with the sigmas of the file, once; set twice, too."""
    path, joints = ann_file
    data = legs_of(path)
    metric = FiniteCocoMetric()
    if through == 'a mixture':
        data = DATASETS.build(mixture_of(path))
    evaluator = PerSourceEvaluator([metric], [0])
    for _ in range(2):
        if through == 'a mixture':
            evaluator.dataset_meta = data.metainfo
        else:
            metric.dataset_meta = data.metainfo
    sigmas = META['sigmas'][LEGS]
    np.testing.assert_array_equal(metric.dataset_meta['sigmas'], sigmas)
    found = sample(joints[:, LEGS] + np.float32([3, 4]))
    # All are 5 px off: OKS by hand, in steps of 0.05 from 0.5.
    oks = np.exp(-25 / (2 * 5000 * (2 * sigmas) ** 2)).mean()
    passed = np.sum(oks >= np.arange(0.5, 0.96, 0.05))
    assert ap_of(metric, found) == pytest.approx(passed / 10)


def test_people_without_a_converted_joint_are_not_missed(ann_file):
    """A second person has no labelled leg, and MMPose would count it."""
    path, joints = ann_file

    def add(content):
        flags = np.full(17, 2)
        flags[LEGS] = 0
        more = dict(area=5000.0, bbox=[5, 5, 120, 110])
        content['annotations'] += [annotation(2, 1, joints[0], flags, **more)]

    edit(path, add)
    metric = FiniteCocoMetric()
    metric.dataset_meta = legs_of(path).metainfo
    assert ap_of(metric, sample(joints[:, LEGS])) == pytest.approx(1)


def test_joints_without_a_source_do_not_count(ann_file):
    path, joints = ann_file
    mapping = [*LEGS, -1, -1]
    metric = FiniteCocoMetric()
    metric.dataset_meta = data = legs_of(path, mapping).metainfo
    sigmas = [*META['sigmas'][LEGS], *data['sigmas'][6:]]
    np.testing.assert_allclose(metric.dataset_meta['sigmas'], sigmas)
    far = joints[:, mapping]
    far[:, 6:] += 500
    assert ap_of(metric, sample(far)) == pytest.approx(1)


def test_converted_twice_is_the_table_of_both(ann_file):
    path, joints = ann_file
    data = legs_of(path)
    one = build_metainfo('one', ['a', 'b'], (), [0, 1])
    again = dict(type='ConvertJoints', mapping=[-1, 4], target=one)
    data.pipeline.transforms += [TRANSFORMS.build(again)]
    metric = FiniteCocoMetric(ann_file=path)
    metric.dataset_meta = data.metainfo
    [person] = metric.coco.dataset['annotations']
    x, y = joints[0, LEGS[4]]
    assert person['keypoints'][:2] + person['keypoints'][3:5] == [0, 0, x, y]
    assert person['num_keypoints'] == 1


def test_a_converter_for_converted_joints_is_refused(ann_file):
    path, _ = ann_file
    pairs = [(source, n) for n, source in enumerate(LEGS)]
    converter = dict(num_keypoints=6, mapping=pairs)
    for name in ('gt_converter', 'pred_converter'):
        metric = FiniteCocoMetric(ann_file=path, **{name: converter})
        with pytest.raises(ValueError, match='remove gt_converter'):
            metric.dataset_meta = legs_of(path).metainfo


def mixture_of(path):
    """Six joints of one source in a mixture."""
    source = dict(
        type='CocoCheckedDataset',
        ann_file=path,
        test_mode=True,
        pipeline=legs_of(path).pipeline.transforms,
    )
    target = build_metainfo('legs', 'abcdef', (), [1, 0, 3, 2, 5, 4])
    return dict(type='MixedDataset', datasets=[source], metainfo=target)


def test_a_mixture_is_scored_by_a_truth_in_its_joints(ann_file, tmp_path):
    path, joints = ann_file
    own = annotation(1, 1, joints[0, LEGS], np.full(6, 2))
    own = write_truth(
        tmp_path / 'own.json', [dict(own, area=5000.0, bbox=[5, 5, 120, 110])]
    )
    mixture = DATASETS.build(mixture_of(path)).metainfo
    metric = FiniteCocoMetric(ann_file=own)
    with pytest.raises(ValueError, match='lists the joints of the mixture'):
        metric.dataset_meta = mixture
    edit(own, lambda c: c['categories'][0].update(keypoints=[*'abcdef']))
    metric = FiniteCocoMetric(ann_file=own)
    metric.dataset_meta = mixture
    assert ap_of(metric, sample(joints[:, LEGS])) == pytest.approx(1)


def test_predictions_for_a_mixture_are_written(ann_file, tmp_path):
    path, joints = ann_file
    prefix = str(tmp_path / 'out')
    metric = FiniteCocoMetric(
        ann_file=path, format_only=True, outfile_prefix=prefix
    )
    metric.dataset_meta = DATASETS.build(mixture_of(path)).metainfo
    found = sample(joints[:, LEGS])
    found['pred_instances']['keypoint_scores'] = np.ones((1, 6))
    metric.process([{}], [found])
    metric.evaluate(1)
    [person] = json.loads((tmp_path / 'out.keypoints.json').read_text())
    points = np.reshape(person['keypoints'], (6, 3))
    np.testing.assert_allclose(points[:, :2], joints[0, LEGS])


def test_the_truth_is_that_of_the_last_data_set(ann_file, tmp_path):
    """By one metric: a second test, as in a notebook."""
    path, joints = ann_file
    person = annotation(1, 1, joints[0] + 50, np.full(17, 2))
    other = dict(person, area=5000.0, bbox=[5, 5, 120, 110])
    other = write_truth(tmp_path / 'other.json', [other])
    metric = FiniteCocoMetric()
    for file, shift in ((path, 0), (other, 50), (path, 0)):
        metric.dataset_meta = legs_of(file).metainfo
        found = sample(joints[:, LEGS] + np.float32(shift))
        assert ap_of(metric, found) == pytest.approx(1)


def test_a_data_set_that_does_not_say_that_it_converts(ann_file):
    """MMPose's: its joint set is that of the file."""
    path, joints = ann_file
    theirs = CocoDataset(
        ann_file=path,
        metainfo=CocoCheckedDataset.METAINFO,
        test_mode=True,
        pipeline=legs_of(path).pipeline.transforms,
    )
    metric = FiniteCocoMetric(ann_file=path)
    metric.dataset_meta = theirs.metainfo
    swaps = theirs.prepare_data(0)['flip_indices']
    found = dict(sample(joints[:, LEGS]), flip_indices=swaps)
    with pytest.raises(ValueError, match='Use CocoCheckedDataset'):
        ap_of(metric, found)
    metric = FiniteCocoMetric(ann_file=path)
    metric.dataset_meta = data = legs_of(path).metainfo
    found = dict(found, flip_indices=data['flip_indices'])
    assert ap_of(metric, found) == pytest.approx(1)


@pytest.mark.parametrize('nested', [False, True])
def test_a_mixture_that_converts_needs_metrics_of_its_sources(
    ann_file, nested
):
    path, _ = ann_file
    mixture = mixture_of(path)
    metric = evaluator = FiniteCocoMetric(ann_file=path)
    if nested:
        mixture = dict(mixture, datasets=[mixture])
        evaluator = PerSourceEvaluator([metric], [0])
    with pytest.raises(ValueError, match='of its own: PerSourceEvaluator'):
        evaluator.dataset_meta = DATASETS.build(mixture).metainfo


def test_the_truth_has_the_joints_of_the_data_set(ann_file):
    """MMPose's CombinedDataset does not say that its source converts."""
    path, _ = ann_file
    metric = FiniteCocoMetric(ann_file=path)
    meta = dict(legs_of(path).metainfo, file_joints=None, person_category=None)
    with pytest.raises(ValueError, match=r'coco.json.*1.*keypoints.*18'):
        metric.dataset_meta = meta


def test_a_data_set_that_is_built_late_names_its_file(ann_file):
    path, _ = ann_file
    done = legs_of(path)
    data = CocoCheckedDataset(
        ann_file=path,
        test_mode=True,
        lazy_init=True,
        pipeline=done.pipeline.transforms,
    )
    data.full_init()
    MessageHub.get_current_instance().update_info('legs_ann_file', 'other')
    metric = FiniteCocoMetric()
    metric.dataset_meta = data.metainfo
    assert metric.ann_file == path


def test_two_metrics_that_convert_share_no_joint_set(ann_file):
    """MMPose writes the converted sigmas into the dict that it is given."""
    path, _ = ann_file
    pairs = [(source, n) for n, source in enumerate(LEGS)]
    converter = dict(num_keypoints=6, mapping=pairs)
    meta = CocoCheckedDataset(ann_file=path, test_mode=True).metainfo
    for _ in range(2):
        metric = FiniteCocoMetric(ann_file=path, gt_converter=converter)
        metric.dataset_meta = meta
        sigmas = metric.dataset_meta['sigmas']
        np.testing.assert_array_equal(sigmas, META['sigmas'][LEGS])
    assert meta['num_keypoints'] == 17


def test_test_dev_writes_the_file_for_the_server(tmp_path, monkeypatch):
    """By its config: no ground truth, boxes of a detector, no AP."""
    init_default_scope('mmpose')
    root = tmp_path / 'coco'
    for name in ('annotations', 'person_detection_results', 'test2017'):
        (root / name).mkdir(parents=True)
    images = [
        dict(id=n, file_name=f'{n:012d}.jpg', width=120, height=90)
        for n in (4, 9)
    ]
    category = dict(id=1, name='person')
    (root / 'annotations/image_info_test-dev2017.json').write_text(
        json.dumps(dict(images=images, categories=[category]))
    )
    boxes = [
        dict(image_id=n, category_id=1, bbox=[5, 6, 50, 60], score=0.5)
        for n in (9, 4, 4)
    ]
    name = 'COCO_test-dev2017_detections_AP_H_609_person.json'
    (root / 'person_detection_results' / name).write_text(json.dumps(boxes))
    for image in images:
        picture = np.zeros((90, 120, 3), np.uint8)
        cv2.imwrite(str(root / 'test2017' / image['file_name']), picture)

    monkeypatch.setenv('COCO_ROOT', str(root))
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(TEST_DEV)
    data = DATASETS.build(cfg.test_dataloader.dataset)
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = data.metainfo
    rng = np.random.default_rng(0)
    for packed in data:
        one = packed['data_samples']
        one.pred_instances = InstanceData(
            keypoints=rng.uniform(5, 60, (1, 17, 2)),
            keypoint_scores=np.full((1, 17), 0.8),
        )
        metric.process([{}], [one.to_dict()])
    assert metric.evaluate(len(data)) == {}
    path = tmp_path / 'work_dirs/coco_test-dev2017/person.keypoints.json'
    found = json.loads(path.read_text())
    assert sorted(one['image_id'] for one in found) == [4, 4, 9]
    for one in found:
        assert one['category_id'] == 1 and len(one['keypoints']) == 51
        assert one['score'] == pytest.approx(0.5 * 0.8)


@pytest.mark.parametrize('area', [0, -5.5, 1e-40, 1e9, True, 'large'])
def test_an_area_that_makes_the_ap_meaningless_is_refused(ann_file, area):
    """A tenth of a px off scores 0 upstream, where `area` is 0."""
    path, keypoints = ann_file
    edit(path, lambda content: content['annotations'][0].update(area=area))
    if area == 0:
        assert evaluate(CocoMetric, path, keypoints + 0.1) == 0
    with pytest.raises(ValueError, match='coco.json: id 1: field `area`'):
        read_truth(path)
    if not isinstance(area, (str, bool)) and area >= 0:
        metric = read_truth(path, use_area=False)
        assert metric.coco.anns[1]['area'] == area
    # Nobody is scored by it: a crowd, or a person without a label.
    crowd = dict(area=0, iscrowd=1)
    edit(path, lambda content: content['annotations'][0].update(crowd))
    read_truth(path)


def test_truth_with_a_byte_order_mark_is_read(ann_file):
    path, keypoints = ann_file
    text = Path(path).read_text()
    Path(path).write_text('\ufeff' + text, 'utf-8')
    score = evaluate(FiniteCocoMetric, path, keypoints)
    assert score == pytest.approx(1)


def test_a_person_counts_once(ann_file):
    path, keypoints = ann_file
    metric = FiniteCocoMetric(ann_file=path)
    metric.dataset_meta = META
    metric.process({}, [sample(keypoints), sample(keypoints)])
    # As padding of a distributed sampler, which mmengine cuts off.
    assert metric.evaluate(1)['coco/AP'] == pytest.approx(1)
    metric.process({}, [sample(keypoints), sample(keypoints)])
    with pytest.raises(ValueError, match='COCO: 1: id 1 was .* 2 times'):
        metric.evaluate(2)


def test_box_scores_of_the_truth_are_finite(ann_file):
    path, keypoints = ann_file
    bad = sample(keypoints)
    del bad['pred_instances']['bbox_scores']
    bad['gt_instances'] = dict(bbox_scores=np.array([np.nan]))
    with pytest.raises(ValueError, match='1.jpg: bbox_scores'):
        FiniteCocoMetric(ann_file=path).process({}, [bad])


def test_who_is_not_tested_is_not_missed(tmp_path):
    """``indices`` of labelled boxes; by mmpose's metric they are."""
    people, joints = [], np.stack([np.arange(17.0) + 9, np.arange(17) + 9], 1)
    for n in range(1, 9):  # two an image, one above the other
        points = joints + [0, 60 * (n % 2)]
        box = dict(area=900.0, bbox=[5, 5 + 60 * (n % 2), 30, 30])
        people.append(
            annotation(n, (n + 1) // 2, points, np.full(17, 2), **box)
        )
    path = write_truth(tmp_path / 'some.json', people, images=4)
    for indices, tested in ((3, 3), ([0, 5], 2), (-1, 1), (None, 8), (8, 8)):
        data = CocoCheckedDataset(
            ann_file=path, test_mode=True, indices=indices
        )
        assert len(data) == tested
        mixture = MixedDataset(
            [
                dict(
                    type='CocoCheckedDataset',
                    ann_file=path,
                    test_mode=True,
                    indices=indices,
                )
            ],
            metainfo=CocoCheckedDataset.METAINFO,
        )
        metric = FiniteCocoMetric()
        for meta in (data.metainfo, mixture.metainfo['sources'][0]):
            metric.dataset_meta = dict(data.metainfo, **meta)
            assert len(metric.coco.anns) == tested
        theirs = CocoMetric(ann_file=path)
        theirs.dataset_meta = data.metainfo
        found = {}
        for name, one in (('ours', metric), ('theirs', theirs)):
            for n in range(tested):
                info = data.get_data_info(n)
                ours = sample(info['keypoints'])
                ours.update(id=info['id'], img_id=info['img_id'])
                one.process([{}], [ours])
            found[name] = one.evaluate(tested)['coco/AP']
        assert found['ours'] == pytest.approx(1)
        assert (found['theirs'] < 0.7) == (tested < 8)


def test_images_with_detected_people_that_are_not_tested(tmp_path):
    """A person that the detector missed counts in an image that is tested."""
    joints = np.stack([np.arange(17.0) + 9, np.arange(17) + 9], 1)
    box = dict(area=900.0, bbox=[5, 5, 30, 30])
    flags = np.full(17, 2)
    people = [annotation(n, n, joints, flags, **box) for n in (1, 2, 3)]
    people.append(annotation(4, 1, joints + 60, flags, **box))
    path = write_truth(tmp_path / 'some.json', people, images=3)
    boxes = [
        dict(image_id=n, category_id=1, bbox=[5, 5, 30, 30], score=0.5)
        for n in (1, 2)
    ]
    (tmp_path / 'boxes.json').write_text(json.dumps(boxes))
    for indices, truths in ((1, [1, 4]), (2, [1, 2, 3, 4])):
        data = CocoCheckedDataset(
            ann_file=path,
            bbox_file=str(tmp_path / 'boxes.json'),
            test_mode=True,
            indices=indices,
        )
        metric = FiniteCocoMetric(ann_file=path)
        metric.dataset_meta = data.metainfo
        assert sorted(metric.coco.anns) == truths


@pytest.mark.parametrize('mixed', [False, True])
def test_a_data_set_of_training_is_not_evaluated(ann_file, mixed):
    """Its metainfo says nothing of a conversion: the AP would be wrong."""
    path, joints = ann_file
    config = dict(
        type='CocoCheckedDataset',
        ann_file=path,
        pipeline=legs_of(path).pipeline.transforms,
    )
    target = build_metainfo('legs', 'abcdef', (), [1, 0, 3, 2, 5, 4])
    for test_mode in (False, True):
        data = dict(config, test_mode=test_mode)
        if mixed:
            data = dict(type='MixedDataset', datasets=[data], metainfo=target)
        meta = DATASETS.build(data).metainfo
        evaluator = metric = FiniteCocoMetric()
        if mixed:
            evaluator = PerSourceEvaluator([metric], [0])
        if test_mode:
            evaluator.dataset_meta = meta
            found = sample(joints[:, LEGS])
            assert ap_of(metric, found) == pytest.approx(1)
        else:
            with pytest.raises(ValueError, match='set test_mode=True'):
                evaluator.dataset_meta = meta


def test_the_truth_is_that_of_the_last_data_set_without_conversion(
    ann_file, tmp_path
):
    """Of data sets with one name, and of one with ``indices``."""
    path, joints = ann_file
    box = dict(area=5000.0, bbox=[5, 5, 190, 190])
    people = [
        annotation(n, n, joints[0] + 50, np.full(17, 2), **box) for n in (1, 2)
    ]
    other = write_truth(tmp_path / 'other.json', people, images=2)
    sets = {
        (file, indices): CocoCheckedDataset(
            ann_file=file, test_mode=True, indices=indices
        ).metainfo
        for file, indices in ((path, None), (other, None), (other, 1))
    }
    metric = FiniteCocoMetric()
    for key in ((path, None), (other, 1), (other, None), (path, None)):
        metric.dataset_meta = sets[key]
        assert metric.ann_file == key[0]
        assert len(metric.coco.anns) == (1 + (key == (other, None)))
        if key != (other, None):
            found = sample(joints + np.float32(50 * (key[0] == other)))
            assert ap_of(metric, found) == pytest.approx(1)


@pytest.mark.parametrize('count', [17, 6])
def test_every_validation_has_the_same_truth(ann_file, count):
    """MMPose converts the truth in place each time: left becomes right."""
    path, joints = ann_file
    mapping = [*range(11), 12, 11, 14, 13, 16, 15] if count == 17 else LEGS
    pairs = [(source, n) for n, source in enumerate(mapping)]
    converter = dict(num_keypoints=count, mapping=pairs)
    metric = FiniteCocoMetric(ann_file=path, gt_converter=converter)
    metric.dataset_meta = CocoCheckedDataset(
        ann_file=path, test_mode=True
    ).metainfo
    for _ in range(3):
        found = sample(joints[:, mapping])
        assert ap_of(metric, found) == pytest.approx(1)
