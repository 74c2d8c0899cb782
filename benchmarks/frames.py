"""Frames of 1000 px in Human3.6M's layout, to measure the loader on."""

import json
import os
from argparse import Namespace
from pathlib import Path

import h36m_to_crops
import numpy as np

from h36m.camera_pickle import read_camera_pickle
from integral_mmpose.datasets.body.h36m_files import make_rows
from integral_mmpose.synthetic import h36m_writer, scene
from integral_mmpose.synthetic.render import Canvas


def real_frames(root):
    """Four frames of Human3.6M in our layout; False where there are none."""
    if 'INTEGRAL_MMPOSE_DATA' not in os.environ:
        return False
    samples = Path(os.environ['INTEGRAL_MMPOSE_DATA'], 'samples/h36m')
    (root / 'annotations').mkdir(parents=True)
    (root / 'images').symlink_to(samples)
    content = (samples / 'test_h36m_body3d.npz').read_bytes()
    (root / 'annotations/h36m_train.npz').write_bytes(content)
    cameras = read_camera_pickle(str(samples / 'cameras.pkl'))
    (root / 'annotations/cameras.json').write_text(json.dumps(cameras))
    return True


def synthetic_frames(root, count=4):
    """Frames of 1000 px: the studio's cameras with the real focal length."""
    (root / 'annotations').mkdir(parents=True)
    person = h36m_writer.subject_person(0, 'S1', 'Walking', range(count))
    rng = np.random.default_rng(0)
    cameras, rows = {}, []
    found = h36m_writer.subject_cameras(0, 'S1').items()
    for moment, (name, camera) in zip(range(count), found):
        camera = camera._replace(
            focal=2 * camera.focal,
            principal=2 * (camera.principal + scene.WINDOW_ORIGIN),
            size=(1000, 1000),
        )
        image = scene.studio_background(camera)
        canvas = Canvas(camera)
        person.draw(canvas, camera, moment)
        noise = rng.normal(0, 3.5, image.shape)
        image = np.clip(canvas.compose(image) + noise, 0, 255)
        path = f'S1/S1_Walking_1.{name}/S1_Walking_1.{name}_{moment + 1:06d}'
        scene.write_jpeg(root / f'images/{path}.jpg', image.astype(np.uint8))
        joints = camera.to_camera(person.posed.joints[moment])
        rows.append((f'{path}.jpg', camera.project(joints)[:, :2], joints))
        cameras[name] = dict(
            f=camera.focal.tolist(), c=camera.principal.tolist()
        )
    names, pixels, points = zip(*rows)
    columns = make_rows(names, np.stack(pixels), np.stack(points))
    np.savez(root / 'annotations/h36m_train.npz', **columns)
    (root / 'annotations/cameras.json').write_text(
        json.dumps(dict(S1=cameras))
    )
    return True


def crops_of(root, side_px=320):
    """The cache of person crops of a folder."""
    out = root.with_name(f'{root.name}_{side_px}')
    options = dict(crop=side_px, splits=['train'], jobs=1)
    h36m_to_crops.convert(Namespace(root=str(root), out=str(out), **options))
    return out
