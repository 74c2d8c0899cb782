"""Damaged files: read with finite numbers, or refused by an error of ours.

Each case changes one to three values of a valid file, or its bytes. What is
not a ValueError or FileNotFoundError that names the file would reach the user
as a raw traceback. ``--fuzz-seed`` makes other cases.
"""

import dataclasses
import json
import random
from pathlib import Path

import numpy as np
import pytest

from integral_mmpose.datasets import (
    CocoCheckedDataset,
    H36MImageDataset,
    MpiiExactDataset,
)
from integral_mmpose.datasets.joints import H36M18_METAINFO
from integral_mmpose.datasets.metainfo import parse_metainfo
from integral_mmpose.evaluation import FiniteCocoMetric
from integral_mmpose.inference import CameraReader, load_boxes
from integral_mmpose.inference.metadata import PoseMetadata

from .damage import damage, json_bytes, npz_bytes
from .test_coco import BOXES, CONTENT, DETECTIONS, VAL

SHORT, LONG = 40, 800  # files of each of fourteen kinds


def finite(value, where=''):
    """Every number, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            finite(item, f'{where}.{key}')
    elif isinstance(value, (list, tuple)):
        for item in value:
            finite(item, where)
    elif isinstance(value, (float, np.ndarray, np.floating)):
        kind = np.asarray(value).dtype.kind
        assert kind != 'f' or np.isfinite(value).all(), where


def read_all(dataset):
    for n in range(len(dataset)):
        info = dataset.get_data_info(n)
        info.pop('area', None)  # of the file, for the metric to judge
        finite(info)


@pytest.fixture(
    params=[SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=str
)
def fuzz(request, figure):
    """Write damaged files and read them; count what is not ours."""
    seed = request.config.getoption('fuzz_seed')

    def check(kind, name, write, read):
        accepted, wrong = 0, {}
        for case in range(request.param):
            draw = random.Random(f'{seed}-{case}')
            content = write(draw)
            try:
                read(content)
                accepted += 1
            except (ValueError, FileNotFoundError) as error:
                text = str(error)
                if name not in text or len(text) >= 2000:
                    wrong[case] = f'{error!r:.300}'
            except Exception as error:
                wrong[case] = f'{type(error).__name__}: {error!s:.300}'
        print(wrong)  # pytest shows it where the next line fails
        what = f'uncaught or not finite, {request.param} files: {kind}'
        figure('R10', what, len(wrong), 0)
        assert accepted < request.param

    return check


def test_mpii(mpii, fuzz):
    path = Path(mpii.root, 'annotations', 'mpii_train.json')
    fuzz(
        'MPII',
        path.name,
        lambda draw: path.write_bytes(json_bytes(mpii.people(), draw)),
        lambda _: read_all(MpiiExactDataset(data_root=mpii.root)),
    )


def coco_files(tmp_path):
    for name in (VAL, BOXES):
        (tmp_path / name).parent.mkdir()
    (tmp_path / VAL).write_text(json.dumps(CONTENT))
    return tmp_path / VAL, tmp_path / BOXES


def test_coco(tmp_path, fuzz):
    path, _ = coco_files(tmp_path)
    root = str(tmp_path)
    fuzz(
        'COCO',
        path.name,
        lambda draw: path.write_bytes(json_bytes(CONTENT, draw)),
        lambda _: read_all(CocoCheckedDataset(data_root=root, ann_file=VAL)),
    )


def test_truth_of_coco(tmp_path, fuzz):
    path, _ = coco_files(tmp_path)
    fuzz(
        'COCO, the ground truth of the metric',
        path.name,
        lambda draw: path.write_bytes(json_bytes(CONTENT, draw)),
        lambda _: FiniteCocoMetric(ann_file=str(path)),
    )


def test_detections(tmp_path, fuzz):
    _, path = coco_files(tmp_path)
    options = dict(ann_file=VAL, bbox_file=BOXES, test_mode=True)
    root = str(tmp_path)
    fuzz(
        'detections',
        path.name,
        lambda draw: path.write_bytes(json_bytes(DETECTIONS, draw)),
        lambda _: read_all(CocoCheckedDataset(data_root=root, **options)),
    )


def test_human36m(h36m, fuzz):
    path = Path(h36m.root, 'annotations', 'h36m_train.npz')
    fuzz(
        'Human3.6M',
        path.name,
        lambda draw: path.write_bytes(npz_bytes(h36m.arrays(), draw)),
        lambda _: read_all(H36MImageDataset(data_root=h36m.root)),
    )


def test_cameras_of_human36m(h36m, fuzz):
    path = Path(h36m.root, 'annotations', 'cameras.json')
    fuzz(
        'cameras of Human3.6M',
        path.name,
        lambda draw: path.write_bytes(json_bytes(h36m.cameras(), draw)),
        lambda _: read_all(H36MImageDataset(data_root=h36m.root)),
    )


def test_metainfo(fuzz):
    def write(draw):
        info = dict(H36M18_METAINFO)
        name = info.pop('dataset_name')  # what the error names
        return dict(damage(info, draw), dataset_name=name)

    fuzz(
        'metainfo', 'h36m18', write, lambda info: finite(parse_metainfo(info))
    )


CAMERAS = dict(
    numbers=dict(fx=1100.0, fy=1100.0, cx=500.0, cy=480.0, w=1000, h=960),
    matrix=dict(K=[[1100.0, 0, 500.0], [0, 1100.0, 480.0], [0, 0, 1]]),
    lists=dict(f=[1100.0, 1100.0], c=[500.0, 480.0], w=1000, h=960),
    angle=dict(fov=60.0),
)


@pytest.mark.parametrize('kind', CAMERAS)
def test_cameras_of_a_user(kind, tmp_path, fuzz):
    path = tmp_path / 'camera.json'
    image = np.zeros((960, 1000, 3), np.uint8)

    def read(_):
        camera = CameraReader(str(path)).camera_of(image)
        finite(camera._asdict())
        assert (camera.focal > 0).all()

    fuzz(
        f'cameras of a user, {kind}',
        path.name,
        lambda draw: path.write_bytes(json_bytes(CAMERAS[kind], draw)),
        read,
    )


BY_NAME = {
    'a.jpg': [[10, 20, 60.5, 120], [30, 20, 90, 80, 0.7]],
    'b/c.png': [[0, 0, 100, 100]],
    'd.jpg': [],
}


@pytest.mark.parametrize('content', [BY_NAME, DETECTIONS])
def test_boxes(content, tmp_path, fuzz):
    path = tmp_path / 'boxes.json'
    kind = 'names' if content is BY_NAME else 'COCO'
    fuzz(
        f'boxes of a user, {kind}',
        path.name,
        lambda draw: path.write_bytes(json_bytes(content, draw)),
        lambda _: finite(load_boxes(str(path))),
    )


def test_metadata_of_onnx(fuzz):
    names = ('head', 'left_hand', 'right_hand')
    links, black = ((0, 1), (0, 2)), (0, 0, 0)
    options = dict(
        config='a.py',
        half=False,
        input_size=(64, 96),
        depth_range_mm=2000.0,
        depth_unit='crop',
        box_padding=1.0,
        use_udp=False,
        keypoint_names=names,
        flip_pairs=((1, 2),),
        skeleton_links=links,
        keypoint_colors=(black,) * 3,
        skeleton_link_colors=(black,) * 2,
    )
    content = json.loads(PoseMetadata(**options).to_json())

    def read(data):
        text = data.decode('utf-8', 'replace')
        metadata = PoseMetadata.from_json(text, 'a.onnx')
        finite(dataclasses.asdict(metadata))

    fuzz('ONNX metadata', 'a.onnx', lambda d: json_bytes(content, d), read)
