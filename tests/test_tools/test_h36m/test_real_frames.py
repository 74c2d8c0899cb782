"""Crops of four real frames show the same person, in INTEGRAL_MMPOSE_DATA."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from h36m.camera_pickle import read_camera_pickle
from h36m.rows import (
    check_poses,
    crop_boxes,
    crop_image,
    crop_rows,
    npz_bytes,
)
from integral_mmpose.datasets import H36MImageDataset
from integral_mmpose.datasets.body.h36m_files import parse_name
from integral_mmpose.geometry import CalibratedCamera

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(
        'INTEGRAL_MMPOSE_DATA' not in os.environ,
        reason='INTEGRAL_MMPOSE_DATA is not set: needs samples/h36m',
    ),
]


def around(image, points, scale):
    """Mean colours of a disc of 6 px of the whole image at some points."""
    blurred = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 6 * scale)
    maps = points.astype(np.float32)
    return cv2.remap(
        blurred, maps[None, :, 0], maps[None, :, 1], cv2.INTER_LINEAR
    )[0]


def test_crops_of_real_frames(tmp_path):
    root = Path(os.environ['INTEGRAL_MMPOSE_DATA'], 'samples/h36m')
    cameras = read_camera_pickle(str(root / 'cameras.pkl'))
    with np.load(root / 'test_h36m_body3d.npz') as file:
        real = {k: file[k] for k in file.files}
    parts = []
    for row, name in enumerate(real['imgname'].tolist()):
        frame = parse_name(name)
        entry = cameras[frame.subject][frame.camera_id]
        camera = CalibratedCamera(
            *(np.array(entry[field]) for field in 'RTfc')
        )
        rows = {field: array[row : row + 1] for field, array in real.items()}
        pixels = rows['part'][..., :2]
        points_mm = rows['S'][..., :3] * 1000
        check_poses([name], pixels, points_mm, camera, name, [row])
        boxes = crop_boxes(pixels, points_mm, camera.focal)
        assert 350 < boxes[0, 2] < 900
        image = cv2.imread(str(root / name))
        crop = crop_image(image, boxes[0], 320)
        parts.append(
            crop_rows(rows, boxes, camera.focal, camera.principal, 320)
        )
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), crop)
        scale = 320 / boxes[0, 2]
        seen = around(image, pixels[0], 1.0)
        moved = parts[-1]['part'][0, :, :2]
        assert np.abs(around(crop, moved, scale) - seen).mean() < 2.0
        assert np.abs(around(crop, moved + 8, scale) - seen).mean() > 4.0
    (tmp_path / 'annotations').mkdir()
    path = tmp_path / 'annotations/h36m_test.npz'
    rows = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    path.write_bytes(npz_bytes(rows))
    path = tmp_path / 'annotations/cameras.json'
    path.write_text(json.dumps(cameras))
    dataset = H36MImageDataset(
        data_root=str(tmp_path), ann_file='annotations/h36m_test.npz'
    )
    for index in range(4):
        info = dataset.get_data_info(index)
        points = info['keypoints_cam'][0]
        seen = points[:, :2] / points[:, 2:] * info['focal']
        seen = seen + info['principal']
        assert np.abs(seen - info['keypoints'][0, :, :2]).max() < 2.0
        np.testing.assert_allclose(
            info['bbox'][0], [32, 32, 288, 288], atol=0.05
        )
