"""Detector -> detection file: format, thresholds, continuation."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from integral_mmpose.apis import (
    DetectionFile,
    IntegralPoseInferencer,
    MMDetector,
    coco_detections,
    list_coco_images,
    load_detector,
)
from integral_mmpose.datasets import CocoCheckedDataset
from integral_mmpose.inference import read_image

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / 'configs/person_detector').glob('*.py'))
CONFIG = ROOT / 'configs/person_detector/rtmdet-tiny_synthetic.py'
COUNT = 5

pytestmark = pytest.mark.filterwarnings('ignore')


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Random weights that find boxes of some cells with various scores."""
    from mmdet.registry import MODELS

    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    model.init_weights()
    with torch.no_grad():
        for layer in model.bbox_head.rtm_reg:
            layer.bias.fill_(2.0)  # cells from the middle to each side
        for layer in model.bbox_head.rtm_cls:
            layer.bias.fill_(-1.0)
            layer.weight.normal_(0, 0.1)
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0  # statistics from the images below
        model.train()(torch.randn(4, 3, 160, 192), mode='tensor')
    path = tmp_path_factory.mktemp('weights') / 'detector.pth'
    meta = dict(dataset_meta=dict(classes=('person',)))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    init_default_scope('mmpose')
    return str(path)


@pytest.fixture(scope='module')
def detector(checkpoint):
    return load_detector(str(CONFIG), checkpoint)


@pytest.fixture
def folder(tmp_path):
    """Images with numbers as names, of two sizes."""
    images = tmp_path / 'images'
    images.mkdir()
    rng = np.random.default_rng(0)
    for n in range(COUNT):
        picture = rng.integers(0, 255, (90 + 30 * (n % 2), 160, 3))
        cv2.imwrite(str(images / f'{n + 7:012d}.jpg'), picture)
    return images


@pytest.fixture
def tool(checkpoint, folder, tmp_path, monkeypatch):
    """The command line, as a function of its options."""
    spec = importlib.util.spec_from_file_location(
        'detect_persons', ROOT / 'tools/detect_persons.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*options, out='out.json', weights=checkpoint):
        argv = ['detect_persons.py', str(CONFIG), str(weights)]
        argv += ['--images', str(folder), '--out', str(tmp_path / out)]
        monkeypatch.setattr(sys, 'argv', argv + list(map(str, options)))
        return module.main()

    return run


def test_boxes_are_those_of_mmdet(tool, folder, tmp_path, detector):
    """The oracle is mmdet's own inference_detector, image by image."""
    from mmdet.apis import inference_detector

    assert tool('--score-thr', 0) == 0
    found = json.loads((tmp_path / 'out.json').read_text())
    assert {d['image_id'] for d in found} == set(range(7, 7 + COUNT))
    expected = []
    for n in range(COUNT):
        path = str(folder / f'{n + 7:012d}.jpg')
        boxes = inference_detector(detector, path).pred_instances
        for box, score in zip(boxes.bboxes.tolist(), boxes.scores.tolist()):
            left, top, right, bottom = box
            expected.append([left, top, right - left, bottom - top, score])
    assert len(expected) > 20
    np.testing.assert_allclose(
        [[*d['bbox'], d['score']] for d in found], expected, atol=1e-3
    )
    assert {d['category_id'] for d in found} == {1}
    assert {tuple(d) for d in found} == {
        ('image_id', 'category_id', 'bbox', 'score')
    }


def test_threshold(tool, tmp_path):
    assert tool('--score-thr', 0, out='all.json') == 0
    boxes = json.loads((tmp_path / 'all.json').read_text())
    middle = float(np.median([d['score'] for d in boxes]))
    assert tool('--score-thr', middle, out='some.json') == 0
    some = json.loads((tmp_path / 'some.json').read_text())
    # Scores are rounded in the file: one may lie on either side.
    assert abs(len(some) - sum(d['score'] >= middle for d in boxes)) <= 1
    assert 0 < len(some) < len(boxes)


def test_a_batch_is_like_single_images(detector, folder):
    """Sizes differ, as do the letters that the network pads."""
    images = [read_image(str(p)) for p in sorted(folder.iterdir())]
    people = MMDetector(detector)
    together = people.detect(images)
    for image, boxes in zip(images, together):
        [alone] = people.detect([image])
        np.testing.assert_allclose(boxes, alone, atol=1e-2)


def test_the_inferencer_asks_the_detector(
    pose_model, detector, checkpoint, folder
):
    """From config and weights to people, in images of two sizes."""
    inferencer = IntegralPoseInferencer(
        pose_model, det_model=str(CONFIG), det_weights=checkpoint
    )
    results = list(inferencer(folder, bbox_thr=0.0, nms_thr=0.5))
    assert len(results) == COUNT
    for result in results:
        image = read_image(result['names'][0])
        [raw] = MMDetector(detector).detect([image])
        height, width = image.shape[:2]
        known = np.clip(raw[:, :4], 0, [width, height] * 2)
        people = result['predictions'][0]
        assert 0 < len(people) <= len(raw)
        for person in people:
            assert abs(known - person['bbox']).max(1).min() < 1e-2


def test_a_killed_run_continues_to_the_same_file(tool, tmp_path, monkeypatch):
    options = ('--score-thr', 0, '--batch-size', 2)
    assert tool(*options, out='whole.json') == 0
    real, calls = MMDetector.detect, []

    def dies(detector, images, threshold):
        calls.append(len(images))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(detector, images, threshold)

    monkeypatch.setattr(MMDetector, 'detect', dies)
    assert tool(*options) == 130
    partial = tmp_path / 'out.json.partial'
    assert partial.exists() and not (tmp_path / 'out.json').exists()
    with open(partial, 'ab') as file:  # a line that a kill has torn
        file.write(b'[{"image_id": 11, "category')
    assert tool(*options) == 0
    # Two batches before the kill, the one it hit, that one again.
    assert calls == [2, 2, 1, 1]
    whole = (tmp_path / 'whole.json').read_bytes()
    assert (tmp_path / 'out.json').read_bytes() == whole
    assert not partial.exists()


def test_a_finished_file_is_kept(tool, tmp_path, capsys):
    assert tool() == 0
    before = (tmp_path / 'out.json').stat().st_mtime_ns
    assert tool() == 0
    assert 'is complete already' in capsys.readouterr().out
    assert tool('--score-thr', 0.5) == 1
    assert 'score_thr differ' in capsys.readouterr().err
    (tmp_path / 'out.json.settings').unlink()
    assert tool() == 1
    assert 'other settings' in capsys.readouterr().err
    assert (tmp_path / 'out.json').stat().st_mtime_ns == before


def test_partial_work_of_other_settings_is_refused(tmp_path):
    path = str(tmp_path / 'boxes.json')
    DetectionFile(path, dict(score_thr=0.1)).append([])
    with pytest.raises(ValueError, match='boxes.json.partial.*score_thr diff'):
        DetectionFile(path, dict(score_thr=0.2))
    Path(path + '.partial').write_text('{]\n')
    with pytest.raises(ValueError, match='is broken.*remove it'):
        DetectionFile(path, dict(score_thr=0.1))


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    """--out=~/x: a shell leaves it to the program."""
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    monkeypatch.chdir(tmp_path)
    file = DetectionFile('~/boxes.json', {})
    file.append([dict(image_id=1)])
    assert DetectionFile('~/boxes.json', {}).detections == file.detections
    file.finish()
    assert [p.name for p in tmp_path.iterdir()] == ['home']
    assert DetectionFile('~/boxes.json', {}).complete


def test_unreadable_images_are_named(tool, folder, capsys):
    (folder / '000000000009.jpg').write_bytes(b'no image')
    assert tool() == 1
    assert '000000000009.jpg: cannot be decoded' in capsys.readouterr().err


def test_unknown_ids_and_missing_files(folder, tmp_path):
    pairs = list_coco_images(str(folder))
    assert [id_ for id_, _ in pairs] == list(range(7, 7 + COUNT))
    ann = tmp_path / 'ann.json'
    listed = [dict(id=3, file_name='000000000008.jpg')]
    ann.write_text(json.dumps(dict(images=listed)))
    assert list_coco_images(str(folder), str(ann)) == [
        (3, str(folder / '000000000008.jpg'))
    ]
    ann.write_text(json.dumps(dict(images=listed * 2)))
    twice = r'ann.json: id 3: field `id` is used twice in `images`'
    with pytest.raises(ValueError, match=twice):
        list_coco_images(str(folder), str(ann))
    ann.write_text(json.dumps(dict(images=[dict(id=3, file_name='no.jpg')])))
    with pytest.raises(FileNotFoundError, match='1 of 1 images.*no.jpg'):
        list_coco_images(str(folder), str(ann))
    ann.write_text(json.dumps(dict(images=[dict(id=3)])))
    with pytest.raises(ValueError, match='id 3: .*`file_name` is missing'):
        list_coco_images(str(folder), str(ann))
    ann.write_text(json.dumps(dict(images=[dict(id='3', file_name='a')])))
    with pytest.raises(ValueError, match='`id` must be a whole number'):
        list_coco_images(str(folder), str(ann))
    (folder / '9.png').write_bytes((folder / '000000000009.jpg').read_bytes())
    with pytest.raises(ValueError, match='the same id'):
        list_coco_images(str(folder))
    (folder / '9.png').unlink()
    (folder / 'cat.png').write_bytes(b'')
    with pytest.raises(ValueError, match='cat.png: the id .* is unknown'):
        list_coco_images(str(folder))
    with pytest.raises(FileNotFoundError, match='nowhere'):
        list_coco_images('nowhere')


def test_a_detector_of_something_else(tool, checkpoint, tmp_path, capsys):
    detector = SimpleNamespace(dataset_meta=dict(classes=('cat', 'dog')))
    with pytest.raises(ValueError, match='no class "person"'):
        MMDetector(detector)
    content = torch.load(checkpoint, weights_only=True)
    content['meta']['dataset_meta']['classes'] = ('cat',)
    torch.save(content, tmp_path / 'cat.pth')
    assert tool(weights=tmp_path / 'cat.pth') == 1
    assert 'no class "person"' in capsys.readouterr().err


def test_weights_that_are_torn_or_would_stay_random(
    tool, checkpoint, tmp_path, capsys
):
    content = torch.load(checkpoint, weights_only=True)
    name = next(n for n in content['state_dict'] if 'bbox_head' in n)
    del content['state_dict'][name]
    torch.save(content, tmp_path / 'half.pth')
    assert tool(weights=tmp_path / 'half.pth') == 1
    assert 'of another model' in capsys.readouterr().err
    (tmp_path / 'torn.pth').write_bytes(b'junk')
    assert tool(weights=tmp_path / 'torn.pth') == 1
    assert 'torn.pth cannot be read' in capsys.readouterr().err
    assert tool(weights=tmp_path / 'none.pth') == 1
    assert 'no such checkpoint' in capsys.readouterr().err


def test_the_data_set_reads_the_file(tool, folder, tmp_path):
    assert tool('--score-thr', 0) == 0
    content = dict(
        images=[
            dict(id=n, file_name=f'{n:012d}.jpg', width=160, height=90)
            for n in range(7, 7 + COUNT)
        ],
        categories=[dict(id=1, name='person')],
    )
    (tmp_path / 'ann.json').write_text(json.dumps(content))
    data = CocoCheckedDataset(
        ann_file=str(tmp_path / 'ann.json'),
        bbox_file=str(tmp_path / 'out*.json'),  # one, with its settings
        test_mode=True,
    )
    found = json.loads((tmp_path / 'out.json').read_text())
    assert len(data) == len([d for d in found if min(d['bbox'][2:]) > 0])


def test_entries_by_hand():
    boxes = np.array([[10.0, 20.0, 14.5, 31.0, 0.25]])
    assert coco_detections(9, boxes) == [
        dict(
            image_id=9, category_id=1, bbox=[10.0, 20.0, 4.5, 11.0], score=0.25
        )
    ]
    assert coco_detections(9, np.zeros((0, 5))) == []


@pytest.mark.parametrize('path', CONFIGS, ids=lambda p: p.stem)
def test_detector_configs_find_persons_in_every_set(path, monkeypatch):
    monkeypatch.setenv('COCO_ROOT', '/data/coco')
    cfg = Config.fromfile(path)
    assert cfg.default_scope == 'mmdet'
    assert path.read_text().startswith('# ')
    for name, split in dict(train='train', val='val', test='val').items():
        data = cfg[f'{name}_dataloader'].dataset
        assert tuple(data.metainfo.classes) == ('person',)
        assert data.data_root == '/data/coco'
        file = f'annotations/person_keypoints_{split}2017.json'
        assert data.ann_file == file
    assert cfg.test_evaluator.ann_file == f'/data/coco/{file}'
    head = cfg.model.get('bbox_head') or cfg.model.roi_head.bbox_head
    assert head.num_classes == 1
