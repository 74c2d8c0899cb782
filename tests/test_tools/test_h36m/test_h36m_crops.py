"""A cache of crops gives what the whole images give."""

import json
import shutil

import cv2
import h36m_to_crops
import numpy as np
import pytest

from integral_mmpose.datasets import H36MImageDataset

SIDE = 320
CAMERAS = dict(
    S1=dict(a=([1150.0, 1140.0], [500.0, 490.0])),
    S9=dict(a=([1100.0, 1120.0], [510.0, 500.0])),
)
FRAMES = [('S9', 1), ('S1', 1), ('S9', 6), ('S1', 11), ('S1', 16)]


@pytest.fixture
def root(tmp_path):
    """Smooth pictures of two subjects, whose rows are mixed."""
    rng = np.random.default_rng(0)
    root, rows = tmp_path / 'h36m', []
    (root / 'annotations').mkdir(parents=True)
    for n, (subject, frame) in enumerate(FRAMES):
        f, c = CAMERAS[subject]['a']
        points = np.array([0, 0, 4.5]) + rng.uniform(-0.8, 0.8, (17, 3))
        points[0] = 0.1 * n, -0.1, 4.0 + 0.3 * n
        pixels = points[:, :2] / points[:, 2:] * f + c
        folder = f'{subject}/{subject}_Photo.54138969'
        name = f'{folder}/{subject}_Photo.54138969_{frame:06d}.jpg'
        rows.append((name, pixels, points))
        noise = cv2.GaussianBlur(rng.normal(size=(1002, 1000, 3)), (0, 0), 15)
        image = 128 + 40 * noise / noise.std()
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image.clip(0, 255).astype(np.uint8))
    names, pixels, points = zip(*rows)
    np.savez(
        root / 'annotations/h36m_train.npz',
        imgname=np.array(names),
        center=np.ones((len(rows), 2), np.float32),
        scale=np.ones(len(rows), np.float32),
        part=np.array(pixels, np.float32),
        S=np.array(points, np.float32),
    )
    cameras = {
        subject: {'54138969': dict(f=f, c=c)}
        for subject, ((f, c),) in (
            (subject, tuple(by_id.values()))
            for subject, by_id in CAMERAS.items()
        )
    }
    (root / 'annotations/cameras.json').write_text(json.dumps(cameras))
    return root


def load(root):
    pipeline = [
        dict(type='LoadImageChecked'),
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='TopdownAffine', input_size=(256, 256)),
    ]
    return H36MImageDataset(data_root=str(root), pipeline=pipeline)


def test_the_network_sees_the_same(root, tmp_path):
    out = tmp_path / 'crops'
    assert (
        h36m_to_crops.main([str(root), '--out', str(out), '--jobs', '1']) == 0
    )
    whole, crops = load(root), load(out)
    assert len(crops) == len(whole) == len(FRAMES)
    for index in range(len(whole)):
        a, b = whole[index], crops[index]
        assert b['img_shape'] == (SIDE, SIDE)
        assert cv2.absdiff(a['img'], b['img']).mean() < 1.5
        np.testing.assert_allclose(
            a['transformed_keypoints'], b['transformed_keypoints'], atol=2e-3
        )
        np.testing.assert_array_equal(a['keypoints_cam'], b['keypoints_cam'])
        assert a['root_depth'] == b['root_depth']
        # The camera of the crop: mm of the crop are mm of the frame.
        np.testing.assert_allclose(
            a['mm_per_px'] * a['bbox_scale'],
            b['mm_per_px'] * b['bbox_scale'],
            rtol=1e-5,
        )
        points = b['keypoints_cam'][0, :17]
        seen = points[:, :2] / points[:, 2:] * b['focal'] + b['principal']
        np.testing.assert_allclose(seen, b['keypoints'][0, :17, :2], atol=1e-2)


def test_it_goes_on_where_it_was(root, tmp_path, capsys):
    out = tmp_path / 'crops'
    arguments = [str(root), '--out', str(out)]
    assert h36m_to_crops.main(arguments) == 0
    images = sorted(out.rglob('*.jpg'))
    before = {path: path.read_bytes() for path in images}
    images[0].unlink()
    assert h36m_to_crops.main(arguments) == 0
    assert 'train: 5 frames, 1 images new' in capsys.readouterr().out
    assert {path: path.read_bytes() for path in images} == before
    assert not list(out.rglob('*.tmp-write'))


def test_crops_of_other_boxes_are_not_taken(root, tmp_path, capsys):
    """The whole images were converted anew: the joints are elsewhere."""
    whole, out = tmp_path / 'whole', tmp_path / 'crops'
    shutil.copytree(root, whole)
    arguments = [str(whole), '--out', str(out)]
    assert h36m_to_crops.main(arguments) == 0
    path = whole / 'annotations/h36m_train.npz'
    rows = dict(np.load(path))
    rows['S'][..., 0] += 0.05
    focal, depth = 1150.0, rows['S'][..., 2]
    rows['part'][..., 0] += 0.05 * focal / depth
    np.savez(path, **rows)
    capsys.readouterr()
    assert h36m_to_crops.main(arguments) == 1
    assert 'its train split has other frames' in capsys.readouterr().err
    shutil.rmtree(out)
    assert h36m_to_crops.main(arguments) == 0


@pytest.mark.parametrize('place', ['/S9_Photo', '../S9_Photo', 'S9/../..'])
def test_names_that_lead_out_of_the_folder(root, tmp_path, capsys, place):
    """A crop would be written there, over a source image maybe."""
    path = root / 'annotations/h36m_train.npz'
    rows = dict(np.load(path))
    name = rows['imgname'][1].split('/')[-1]
    rows['imgname'][1] = place + '/' + name
    np.savez(path, **rows)
    out = tmp_path / 'crops'
    assert h36m_to_crops.main([str(root), '--out', str(out)]) == 1
    message = 'h36m_train.npz: id 1: field `imgname` leads out of the folder'
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_two_rows_of_one_image(root, tmp_path, capsys):
    """It would be cut around the person of the first only."""
    path = root / 'annotations/h36m_train.npz'
    whole = dict(np.load(path))
    for change in (str, lambda name: name.replace('/', '/./')):
        names = whole['imgname'].tolist()
        names[2] = change(names[0])
        np.savez(path, **dict(whole, imgname=np.array(names)))
        out = tmp_path / 'crops'
        assert h36m_to_crops.main([str(root), '--out', str(out)]) == 1
        message = 'h36m_train.npz: id 2: field `imgname` is also that of id 0'
        assert message in capsys.readouterr().err
        assert not out.exists()


def test_what_is_refused(root, tmp_path, capsys):
    def error(*arguments):
        assert h36m_to_crops.main([str(a) for a in arguments]) == 1
        return capsys.readouterr().err

    out = tmp_path / 'crops'
    assert 'neither h36m_train.npz' in error(tmp_path / 'none', '--out', out)
    assert h36m_to_crops.main([str(root), '--out', str(out)]) == 0
    assert 'Choose another --out' in error(root, '--out', out, '--crop', 128)
    assert 'are crops already' in error(out, '--out', tmp_path / 'again')
    assert 'not from here' in error(root, '--out', root)
    missing = next((root / 'images').rglob('*.jpg'))
    missing.unlink()
    assert missing.name in error(root, '--out', tmp_path / 'new')
    assert not (tmp_path / 'new/annotations').exists()
