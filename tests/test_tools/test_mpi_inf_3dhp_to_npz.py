"""MPI-INF-3DHP's own files in miniature, converted and loaded again."""

import json
import sys

import cv2
import mpi_inf_3dhp_to_npz as tool
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS
from scipy.io import savemat

FRAMES, STEP, SIZE = 12, 5, (160, 128)  # w, h
#: Pelvis, hips, knees, ... in Human3.6M's order, counted in the 28 by hand.
PICKED = [4, 23, 24, 25, 18, 19, 20, 3, 5, 6, 7, 9, 10, 11, 14, 15, 16]
CAMERA = """name          {name}
  sensor      10 10
  size        {w} {h}
  animated    0
  intrinsic   {fx} 0 {cx} 0 0 {fy} {cy} 0 0 0 1 0 0 0 0 1 \n\
  extrinsic   {extrinsic} \n\
  radial      0
"""


@pytest.fixture(autouse=True)
def mmpose_scope():
    init_default_scope('mmpose')


def intrinsics(sequence, camera):
    """Each sequence has its own."""
    return 100.0 + 10 * sequence + camera, 101.0, 80.0 + camera, 64.0


def extrinsic(camera):
    """A quarter turn about y, and a shift: row-major 4 x 4."""
    return np.array(
        [[0, 0, 1, 5.0 + camera], [0, 1, 0, 6], [-1, 0, 0, 7], [0, 0, 0, 1]]
    )


def poses(sequence, cameras, seed=0):
    """annot2 and annot3 of each camera: (n, 56) px and (n, 84) mm."""
    rng = np.random.default_rng([seed, sequence])
    pixels, points = [], []
    for camera in range(cameras):
        fx, fy, cx, cy = intrinsics(sequence, camera)
        xyz = rng.uniform(-700, 700, (FRAMES, 28, 3)) + [0, 0, 4000]
        xyz[:, 4, :2] = 0
        px = xyz[..., :2] / xyz[..., 2:] * [fx, fy] + [cx, cy]
        pixels.append(px.reshape(FRAMES, 56).astype(np.float32))
        points.append(xyz.reshape(FRAMES, 84).astype(np.float32))
    return pixels, points


def cells(arrays):
    """MATLAB's cell(14, 1)."""
    out = np.empty((len(arrays), 1), object)
    for n, array in enumerate(arrays):
        out[n, 0] = array
    return out


def write_sequence(root, sequence, cameras=3, change=lambda p, q: None):
    folder = root / 'S2' / f'Seq{sequence}'
    (folder / 'imageSequence').mkdir(parents=True)
    pixels, points = poses(sequence, cameras)
    change(pixels, points)
    savemat(
        folder / 'annot.mat',
        dict(
            annot2=cells(pixels),
            annot3=cells(points),
            univ_annot3=cells([p * 0.9 for p in points]),
            cameras=np.arange(cameras)[None],
            frames=np.arange(FRAMES)[:, None],
        ),
    )
    text = 'Skeletool Camera Calibration File V1.0\n'
    for camera in range(cameras):
        fx, fy, cx, cy = intrinsics(sequence, camera)
        numbers = ' '.join(map(str, extrinsic(camera).ravel()))
        text += CAMERA.format(
            name=camera,
            fx=fx,
            fy=fy,
            cx=cx,
            cy=cy,
            w=SIZE[0],
            h=SIZE[1],
            extrinsic=numbers,
        )
    (folder / 'camera.calibration').write_text(text)
    return folder


def write_video(folder, camera, frames=FRAMES, size=SIZE):
    """Every frame has its own grey."""
    writer = cv2.VideoWriter(
        str(folder / 'imageSequence' / f'video_{camera}.avi'),
        cv2.VideoWriter_fourcc(*'MJPG'),
        25,
        size,
    )
    for frame in range(frames):
        writer.write(np.full((size[1], size[0], 3), 20 * frame, np.uint8))
    writer.release()


@pytest.fixture
def raw(tmp_path):
    root = tmp_path / 'raw'
    for sequence in (1, 2):
        folder = write_sequence(root, sequence)
        for camera in (0, 2):
            write_video(folder, camera)
    return root


def load(out, **kwargs):
    return DATASETS.build(
        dict(
            type='H36MImageDataset',
            data_root=str(out),
            ann_file='annotations/mpi_inf_3dhp_train.npz',
            **kwargs,
        )
    )


def test_the_data_set_reads_what_was_written(raw, tmp_path, capsys):
    out = tmp_path / 'out'
    tool.convert(str(raw), str(out), cameras=(0, 2), step=STEP)
    assert '12 frames of 4 videos' in capsys.readouterr().out
    data = load(out, pipeline=[dict(type='LoadImageChecked')])
    assert len(data) == 12
    row = 0
    for sequence in (1, 2):
        pixels, points = poses(sequence, 3)
        for camera in (0, 2):
            for frame in (0, 5, 10):
                info = data[row]
                row += 1
                assert (info['subject'], info['frame']) == ('S2', frame)
                assert info['camera_id'] == f'{sequence}0{camera}'
                fx, fy, cx, cy = intrinsics(sequence, camera)
                assert info['focal'].tolist() == [fx, fy]
                assert info['principal'].tolist() == [cx, cy]
                xyz = points[camera][frame].reshape(28, 3)[PICKED]
                px = pixels[camera][frame].reshape(28, 2)[PICKED]
                np.testing.assert_allclose(
                    info['keypoints_cam'][0, :17], xyz, rtol=1e-6, atol=1e-3
                )
                np.testing.assert_allclose(
                    info['keypoints'][0, :17, :2], px, rtol=1e-6
                )
                # The image is that frame of the video, not its neighbour.
                assert abs(info['img'].mean() - 20 * frame) < 6


def test_cameras_have_position_and_rotation(raw, tmp_path):
    tool.convert(str(raw), str(tmp_path), (1,), STEP, images=False)
    cameras = json.loads((tmp_path / 'annotations/cameras.json').read_text())
    assert list(cameras['S2']) == ['101', '201']
    camera = cameras['S2']['201']
    # x_camera = R x_world + t is R (x_world - T): T is the position, in mm.
    world = np.array([1.0, 2.0, 3.0, 1.0])
    found = np.array(camera['R']) @ (world[:3] - camera['T'])
    np.testing.assert_allclose(found, (extrinsic(1) @ world)[:3])
    assert (camera['w'], camera['h']) == SIZE


def test_as_a_second_3d_source(raw, h36m, tmp_path):
    tool.convert(str(raw), str(tmp_path / 'out'), (0,), STEP)
    config = dict(
        type='H36MImageDataset',
        data_root=str(tmp_path / 'out'),
        ann_file='annotations/mpi_inf_3dhp_train.npz',
    )
    data = DATASETS.build(
        dict(
            type='MixedDataset',
            datasets=[
                dict(type='H36MImageDataset', data_root=h36m.root),
                config,
            ],
        )
    )
    assert data.lens == [6, 6]
    info = data.get_data_info(7)
    assert info['source'] == 1 and info['keypoints'].shape == (1, 18, 3)


def test_unusable_frames_are_left_out_and_counted(tmp_path, capsys):
    def change(pixels, points):
        points[0][0, 4 * 3 + 2] = np.nan
        points[0][5, 4 * 3 + 2] = -10
        pixels[1][0, 4 * 2] = 170  # the pelvis, right of the picture
        pixels[1][5] += 60

    write_sequence(tmp_path / 'raw', 1, 2, change)
    out = tmp_path / 'out'
    tool.convert(str(tmp_path / 'raw'), str(out), (0, 1), STEP, False)
    said = capsys.readouterr().out
    for line in (
        '2 frames of 2 videos',
        'left out, not finite: 1',
        'left out, a joint behind the camera or nearer than 100 mm: 1',
        'left out, root outside the picture: 1',
        'left out, annot2 far from the projection of annot3: 1',
    ):
        assert line in said
    assert [load(out).get_data_info(n)['frame'] for n in (0, 1)] == [10, 10]


def test_frames_that_the_data_set_would_refuse(tmp_path, capsys):
    def change(pixels, points):
        fx, fy, cx, cy = intrinsics(1, 0)
        for frame, xyz in ((0, [1, 1, 50]), (5, [3e5, 0, 4e5])):
            points[0][frame, 9 * 3 : 10 * 3] = xyz
            px = [fx * xyz[0] / xyz[2] + cx, fy * xyz[1] / xyz[2] + cy]
            pixels[0][frame, 9 * 2 : 10 * 2] = px

    write_sequence(tmp_path / 'raw', 1, 1, change)
    out = tmp_path / 'out'
    tool.convert(str(tmp_path / 'raw'), str(out), (0,), STEP, False)
    said = capsys.readouterr().out
    assert 'nearer than 100 mm: 1' in said
    assert 'left out, a joint farther than 100 m or above 65535 px: 1' in said
    assert [load(out).get_data_info(n)['frame'] for n in range(1)] == [10]
    assert len(load(out)) == 1


def test_another_shape_than_the_projection(tmp_path):
    """Too little for `unusable`; the data set would refuse the file."""

    def change(pixels, points):
        px = pixels[0].reshape(FRAMES, 28, 2)
        px -= (px - px[:, 4:5]) * 0.5  # the pelvis stays

    write_sequence(tmp_path / 'raw', 1, 1, change)
    message = r'annot\.mat: id camera 0 frame 0 \(S2/.* has another shape than'
    with pytest.raises(ValueError, match=message):
        tool.convert(str(tmp_path / 'raw'), str(tmp_path), (0,), 5, False)
    assert not (tmp_path / 'annotations').exists()


def test_a_camera_given_twice_is_read_once(raw, tmp_path, capsys):
    tool.convert(str(raw), str(tmp_path), (0, 1, 0), STEP, images=False)
    assert '12 frames of 4 videos' in capsys.readouterr().out
    path = tmp_path / 'annotations/mpi_inf_3dhp_train.npz'
    assert len(set(np.load(path)['imgname'])) == 12


def test_a_video_that_ends_early(raw, tmp_path, capsys):
    write_video(raw / 'S2' / 'Seq1', 0, frames=9)
    tool.convert(str(raw), str(tmp_path / 'out'), (0,), STEP)
    assert 'left out, not in the video: 1' in capsys.readouterr().out
    assert len(load(tmp_path / 'out')) == 5


@pytest.mark.parametrize('content', [b'', b'<html>not here</html>', None])
def test_a_broken_video_is_named(raw, tmp_path, content):
    path = raw / 'S2/Seq1/imageSequence/video_0.avi'
    if content is None:
        write_video(raw / 'S2' / 'Seq1', 0, frames=3)
        message = r'video_0\.avi: the video ends after 3 frames'
    else:
        path.write_bytes(content)
        message = r'video_0\.avi: not a readable video.*--no-images'
    with pytest.raises(ValueError, match=message):
        tool.convert(str(raw), str(tmp_path / 'out'), (0,), STEP)


def test_a_video_of_another_size_is_refused(raw, tmp_path):
    """Its poses are in pixels of the original. Twice: no image stays."""
    half = SIZE[0] // 2, SIZE[1] // 2
    write_video(raw / 'S2' / 'Seq1', 0, size=half)
    out = tmp_path / 'out'
    for _ in range(2):
        with pytest.raises(ValueError, match=rf'has {half[0]} x {half[1]} px'):
            tool.convert(str(raw), str(out), (0,), STEP)
        assert not list(out.rglob('*.jpg'))


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda f: (f / 'annot.mat').unlink(), 'no S.*annot.mat'),
        (lambda f: (f / 'camera.calibration').unlink(), 'calibration does'),
        (lambda f: (f / 'annot.mat').write_bytes(b'x'), 'annot.mat'),
        (
            lambda f: replace(f / 'camera.calibration', '  intrinsic', '  x'),
            'camera 0: field `intrinsic` must be 16 numbers',
        ),
        (
            lambda f: replace(f / 'camera.calibration', '5.0 0.0', 'wide 0.0'),
            'camera 0: field `extrinsic` must be 16 numbers',
        ),
        (
            lambda f: replace(
                f / 'camera.calibration', '-1.0 0.0 0.0 7', '1.0 0.0 0.0 7'
            ),
            'calibration: id camera 0: field `extrinsic` is a reflection',
        ),
        (
            lambda f: replace(
                f / 'camera.calibration', '-1.0 0.0 0.0 7', '-2.0 0.0 0.0 7'
            ),
            'calibration: id camera 0: field `extrinsic` is no rotation',
        ),
        (
            lambda f: replace(f / 'camera.calibration', ' 110.0 0', ' -1.0 0'),
            'id camera 0: field `intrinsic` must have focal lengths of at',
        ),
        (
            lambda f: replace(f / 'camera.calibration', '160 128', '160 12.5'),
            'id camera 0: field `size` must be whole numbers of at least 1',
        ),
        (
            lambda f: replace(f / 'camera.calibration', '110.0 0', '900.0 0'),
            'camera 0: annot2 is more than 50 px',
        ),
        (
            lambda f: savemat(f / 'annot.mat', dict(annot2=cells([]))),
            'the variable `annot3` is missing',
        ),
        (
            lambda f: savemat(
                f / 'annot.mat',
                dict(
                    annot2=cells([np.ones((3, 56))]),
                    annot3=cells([np.ones((4, 84))]),
                    frames=np.arange(3),
                ),
            ),
            r'camera 0: field `annot3` .*\(3, 84\).*\(4, 84\)',
        ),
        (
            lambda f: savemat(
                f / 'annot.mat',
                dict(annot2=cells([]), annot3=cells([]), frames=[0, 2]),
            ),
            'field `frames` must count without a gap',
        ),
        (
            lambda f: savemat(
                f / 'annot.mat',
                dict(annot2=cells([]), annot3=cells([]), frames=['a', 'b']),
            ),
            'annot.mat: id all: field `frames` must hold numbers',
        ),
    ],
)
def test_bad_files(tmp_path, change, message):
    change(write_sequence(tmp_path / 'raw', 1))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        tool.convert(str(tmp_path / 'raw'), str(tmp_path / 'out'), (0,), 5)
    assert not (tmp_path / 'out').exists()


def test_bad_options(raw, tmp_path, monkeypatch, capsys):
    with pytest.raises(ValueError, match='no camera 9: .*Correct --cameras'):
        tool.convert(str(raw), str(tmp_path / 'out'), (9,))
    with pytest.raises(FileNotFoundError, match='video_1.avi.*--no-images'):
        tool.convert(str(raw), str(tmp_path / 'out'), (1,))
    arguments = ['x', str(raw), '--out', str(tmp_path / 'o'), '--cameras', '9']
    monkeypatch.setattr(sys, 'argv', arguments)
    assert tool.main() == 1
    assert 'error: ' in capsys.readouterr().err
    arguments[-1] = '0'
    assert tool.main() == 0
    assert len(load(tmp_path / 'o')) == 6
