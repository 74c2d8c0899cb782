"""The official archives in miniature, converted and loaded again."""

import io
import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

import cv2
import h36m_from_archives
import h36m_from_posenet
import numpy as np
import pytest

from h36m import archives
from h36m.archives import (
    extract,
    find_archives,
    find_files,
    key_of,
    read_poses,
)
from h36m.metadata import W0_NUMBERS, _camera, read_metadata
from h36m.video import MAX_LOST_FRAMES, extract_frames
from integral_mmpose.datasets import H36MImageDataset

EATING = ['--subjects', '1', '9', '--actions', 'Eating', '--jobs', '2']
S9_EATING = ['--subjects', '9', '--actions', 'Eating', '--jobs', '2']
IDS = ('54138969', '55011271', '58860488', '60457274')


@pytest.fixture
def convert(tmp_path):
    def run(root, *options, out='h36m'):
        code = h36m_from_archives.main(
            [str(root), '--out', str(tmp_path / out), *options]
        )
        return code, tmp_path / out

    return run


def load(out, split):
    with np.load(out / f'annotations/h36m_{split}.npz') as file:
        return {key: file[key] for key in file.files}


def grey(out, name):
    return float(cv2.imread(str(out / 'images' / str(name))).mean())


def test_every_number(all_archives, convert, tiny, capsys):
    code, out = convert(all_archives, *EATING)
    assert code == 0, capsys.readouterr().err
    test, train = load(out, 'test'), load(out, 'train')
    assert len(test['imgname']) == 8 * 3
    assert len(train['imgname']) == 8 * (3 + 26)
    for trial, name in ((1, 'Eating_1'), (2, 'Eating')):
        for camera, id_ in enumerate(IDS):
            seen, pixels = tiny.in_camera(
                tiny.world('S9', 'Eating', trial), camera
            )
            for frame in (0, 64, 128):
                stem = f'S9_{name}.{id_}'
                image = f'S9/{stem}/{stem}_{frame + 1:06d}.jpg'
                row = test['imgname'].tolist().index(image)
                np.testing.assert_allclose(
                    test['S'][row, :, :3], seen[frame] / 1000, rtol=1e-5
                )
                np.testing.assert_allclose(
                    test['part'][row, :, :2], pixels[frame], rtol=1e-5
                )
                assert abs(grey(out, image) - tiny.shade(frame)) < 6
    for name in train['imgname']:
        frame = int(str(name)[-10:-4]) - 1
        assert frame % 5 == 0
        assert abs(grey(out, name) - tiny.shade(frame)) < 6
    cameras = json.loads((out / 'annotations/cameras.json').read_text())
    for camera, id_ in enumerate(IDS):
        entry = cameras['S9'][id_]
        f = tiny.intrinsics[camera]
        assert (entry['f'], entry['c']) == (list(f[:2]), list(f[2:4]))
        assert (entry['k'], entry['p']) == (list(f[4:7]), list(f[7:9]))
        assert entry['T'] == list(tiny.extrinsics[camera][3:])
        np.testing.assert_allclose(
            entry['R'], tiny.rotation(camera), atol=1e-12
        )
        assert (entry['w'], entry['h']) == (104, 100)
    printed = capsys.readouterr().out
    assert '[16/16] S9_Eating.60457274: 28 images' in printed
    assert printed.count('sha256') == 3


@pytest.mark.parametrize(
    'options',
    [
        ['--subjects', '1', '--actions', 'Eating'],
        ['--subjects', '9', '--actions', 'Eating', 'Greeting'],
        ['--subjects', '9', '--actions', 'Greeting', '--skip-damaged-s9'],
    ],
)
def test_both_converters_agree(
    all_archives, convert, write_posenet, tmp_path, options
):
    root, out = write_posenet(tmp_path / 'posenet'), tmp_path / 'other'
    assert (
        h36m_from_posenet.main([str(root), '--out', str(out), *options]) == 0
    )
    code, ours = convert(all_archives, *options)
    assert code == 0
    files = sorted(p.name for p in ours.glob('annotations/*'))
    assert files == sorted(p.name for p in out.glob('annotations/*'))
    for split in ('train', 'test')[: len(files) - 1]:
        one, two = load(ours, split), load(out, split)
        assert sorted(one) == sorted(two)
        assert one['imgname'].tolist() == two['imgname'].tolist()
        for field in ('part', 'S', 'center', 'scale'):
            np.testing.assert_allclose(
                one[field], two[field], rtol=1e-4, atol=2e-3
            )
    one, two = (
        json.loads((folder / 'annotations/cameras.json').read_text())
        for folder in (ours, out)
    )
    for subject, by_id in two.items():
        for id_, camera in by_id.items():
            for field, value in camera.items():
                np.testing.assert_allclose(
                    value, one[subject][id_][field], rtol=1e-5, atol=1e-3
                )


def test_the_data_set_loads_it(all_archives, convert):
    code, out = convert(all_archives, *EATING)
    assert code == 0
    dataset = H36MImageDataset(
        data_root=str(out),
        ann_file='annotations/h36m_test.npz',
        frame_step=64,
        pipeline=[dict(type='LoadImageChecked')],
        test_mode=True,
    )
    assert len(dataset) == 24
    assert dataset[11]['img_shape'] == (100, 104)


def test_crops(all_archives, convert, tiny):
    code, whole = convert(all_archives, *S9_EATING, out='whole')
    assert code == 0
    code, out = convert(all_archives, *S9_EATING, '--crop', '320', out='crop')
    assert code == 0
    before, after = load(whole, 'test'), load(out, 'test')
    assert before['imgname'].tolist() == after['imgname'].tolist()
    row = 4  # camera 2, frame 64
    camera = tiny.intrinsics[1]
    depth = after['S'][row, 0, 2] * 1000
    side = 2500 * (camera[0] + camera[1]) / 2 / depth
    scale = 320 / side
    np.testing.assert_allclose(
        after['f'][row], np.multiply(camera[:2], scale), rtol=1e-5
    )
    corner = before['part'][row, 0, :2] - side / 2
    np.testing.assert_allclose(
        after['c'][row], (np.array(camera[2:4]) - corner) * scale, rtol=1e-4
    )
    # The root is in the middle, and pixels meet u = f X / Z + c.
    np.testing.assert_allclose(after['part'][:, 0, :2], 160, atol=1e-2)
    points = after['S'][..., :3]
    seen = points[..., :2] / points[..., 2:] * after['f'][:, None]
    seen = seen + after['c'][:, None]
    np.testing.assert_allclose(seen, after['part'][..., :2], atol=1e-2)
    dataset = H36MImageDataset(
        data_root=str(out),
        ann_file='annotations/h36m_test.npz',
        pipeline=[dict(type='LoadImageChecked')],
        test_mode=True,
    )
    info = dataset[row]
    assert info['img_shape'] == (320, 320)
    np.testing.assert_allclose(info['bbox'][0], [32, 32, 288, 288], atol=0.1)


def test_a_crop_shows_what_its_pixels_say():
    """A white dot stays under its joint."""
    from h36m.rows import crop_image

    image = np.zeros((100, 120, 3), np.uint8)
    cv2.circle(image, (70, 40), 3, (255, 255, 255), -1)
    crop = crop_image(image, np.array([50.5, 10.25, 40.0]), 160)
    weights = crop[..., 0].astype(float)
    y, x = np.indices(weights.shape)
    center = [(x * weights).sum(), (y * weights).sum()] / weights.sum()
    np.testing.assert_allclose(
        center, [(70 - 50.5) * 4, (40 - 10.25) * 4], atol=0.1
    )
    outside = crop_image(image, np.array([-200.0, -200.0, 40.0]), 160)
    assert not outside.any()


def test_it_goes_on_where_it_was(archives, convert, capsys):
    code, out = convert(archives, *S9_EATING)
    assert code == 0
    before = {p: p.stat().st_mtime_ns for p in out.rglob('*.jpg')}
    files = {p: p.read_bytes() for p in out.glob('annotations/*')}
    capsys.readouterr()

    def run(*options):
        assert convert(archives, *S9_EATING, *options)[0] == 0
        redone = re.findall(r'(S9\S+): \d+ images', capsys.readouterr().out)
        return set(redone)

    assert run() == set()
    assert before == {p: p.stat().st_mtime_ns for p in out.rglob('*.jpg')}
    # Killed before the rows were written; an image lost; rows torn.
    (out / '.recordings/S9_Eating.58860488.npz').unlink()
    next((out / 'images/S9/S9_Eating_1.54138969').iterdir()).unlink()
    torn = out / '.recordings/S9_Eating_1.55011271.npz'
    torn.write_bytes(torn.read_bytes()[:500])
    assert run() == {
        'S9_Eating.58860488',
        'S9_Eating_1.54138969',
        'S9_Eating_1.55011271',
    }
    assert files == {p: p.read_bytes() for p in out.glob('annotations/*')}
    assert len(run('--crop', '128')) == 8
    edit(archives, '<w0>[1.57', '<w0>[1.58')  # S1's first camera
    assert run('--crop', '128') == set()
    edit(archives, ' 52.0 50.0 ', ' 52.5 50.0 ')
    assert len(run('--crop', '128')) == 2
    assert len(run('--test-step', '32')) == 8
    assert len(load(out, 'test')['imgname']) == 8 * 5


def test_a_video_of_another_size_is_refused(archives, convert, tiny, capsys):
    """Its poses and its camera are in pixels of the original."""
    video = archives / 'S9/Videos/Eating 1.54138969.mp4'
    count = len(tiny.world('S9', 'Eating', 1))
    tiny.write_video(video, range(count), (52, 50))
    assert convert(archives, *S9_EATING)[0] == 1
    error = capsys.readouterr().err
    assert f'{video}: has 52 x 50 px' in error
    assert 'the video was scaled' in error


def test_links_to_another_download_are_replaced(archives, convert, tmp_path):
    """h36m_from_posenet.py links its pictures into the same place."""
    _, out = convert(archives, *S9_EATING)
    download = tmp_path / 'download.jpg'
    download.write_bytes(b'a picture of the download')
    images = sorted(out.rglob('*.jpg'))[:2]
    for path in images:
        path.unlink()
    os.link(download, images[0])
    images[1].symlink_to(download)
    shutil.rmtree(out / '.recordings')
    assert convert(archives, *S9_EATING)[0] == 0
    assert download.read_bytes() == b'a picture of the download'
    for path in images:
        assert not path.is_symlink()
        assert cv2.imread(str(path)) is not None
    assert not list(out.rglob('*.tmp-write'))


def test_images_of_other_options_are_not_taken(
    all_archives, convert, capsys, monkeypatch, tmp_path
):
    """Stopped among crops, then run for whole images again."""
    assert convert(all_archives, *S9_EATING)[0] == 0

    def stop(*_):
        raise OSError('the disk is full')

    with monkeypatch.context() as patch:
        patch.setattr('h36m.recording.write_atomically', stop)
        options = [*S9_EATING, '--crop', '128', '--jobs', '1']
        code, out = convert(all_archives, *options)
    assert code == 1
    assert 'the disk is full' in capsys.readouterr().err
    # The annotations of the first run are not those of the new pictures.
    assert not list(out.glob('annotations/h36m_t*.npz'))
    assert convert(all_archives, *S9_EATING)[0] == 0
    for path in out.rglob('*.jpg'):
        assert cv2.imread(str(path)).shape == (100, 104, 3)


def test_named_options(all_archives, convert, capsys):
    options = ['--subjects', '11', '--actions', 'Directions']
    code, out = convert(all_archives, *options, '--skip-broken')
    assert code == 0
    names = load(out, 'test')['imgname']
    assert len(names) == 7 * 2
    assert not any('S11_Directions.54138969' in name for name in names)
    assert 'broken video: S11_Directions.54138969' in capsys.readouterr().out
    code, out = convert(all_archives, *options, out='all')
    assert code == 0 and len(load(out, 'test')['imgname']) == 8 * 2
    options = ['--subjects', '9', '--actions', 'Greeting']
    code, out = convert(
        all_archives, *options, '--skip-damaged-s9', out='damaged'
    )
    assert code == 0
    assert len(load(out, 'test')['imgname']) == 4 * 3


def pack(folder, archive, prefix=''):
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, 'w:gz') as tar:
        for path in sorted(folder.rglob('*.*')):
            tar.add(path, prefix + str(path.relative_to(folder.parent)))


def test_tgz(all_archives, convert, tmp_path, capsys):
    """Three ways to name them; the features not needed stay packed."""
    root = tmp_path / 'tgz'
    s9 = all_archives / 'S9'
    features = s9 / 'MyPoseFeatures'
    pack(
        features / 'D2_Positions',
        root / 'PosesD2_PositionsSubjectSpecific_5.tgz',
        'S9/MyPoseFeatures/',
    )
    pack(
        features / 'D3_Positions_mono',
        root / 's9/Poses_D3_Positions_mono.tgz',
        'MyPoseFeatures/',
    )
    pack(s9 / 'Videos', root / 'Videos_S9.tgz')
    pack(s9 / 'Videos', root / 'Videos_S8.tgz')
    (root / 'Poses_D3_Positions_mono_universal_S9.tgz').write_bytes(b'no')
    (root / 'metadata.xml').write_bytes(
        (all_archives / 'Release-v1.2/metadata.xml').read_bytes()
    )
    code, out = convert(root, *S9_EATING)
    assert code == 0, capsys.readouterr().err
    code, plain = convert(all_archives, *S9_EATING, out='plain')
    assert code == 0
    for name in ('h36m_test.npz', 'h36m_train.npz', 'cameras.json'):
        path = Path('annotations', name)
        assert (out / path).read_bytes() == (plain / path).read_bytes()
    assert not (out / 'extracted/S8').exists()
    capsys.readouterr()
    assert convert(root, *S9_EATING)[0] == 0
    assert '.tgz' not in capsys.readouterr().out
    # Somebody has made room on the disk.
    shutil.rmtree(out / 'extracted/S9/Videos')
    assert convert(root, *S9_EATING)[0] == 0
    printed = capsys.readouterr().out
    assert 'Videos_S9.tgz: ' in printed
    assert 'Positions' not in printed


def test_an_archive_writes_nowhere_else(tmp_path):
    archive = tmp_path / 'Videos_S9.tgz'
    with tarfile.open(archive, 'w:gz') as tar:
        for name in (
            '../../S9/Videos/../../evil.mp4',
            '/tmp/S9/Videos/absolute.mp4',
            'S9/Videos/good.mp4',
        ):
            entry = tarfile.TarInfo(name)
            entry.size = 3
            tar.addfile(entry, io.BytesIO(b'abc'))
        link = tarfile.TarInfo('S9/Videos/link.mp4')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        tar.addfile(link)
    out = tmp_path / 'deep/out'
    paths = list(extract(str(archive), str(out), ['S9']))
    assert all(Path(path).parent == out / 'S9/Videos' for path in paths)
    assert {p.name for p in tmp_path.rglob('*') if p.is_file()} == {
        'Videos_S9.tgz',
        'absolute.mp4',
        'evil.mp4',
        'good.mp4',
    }
    torn = tmp_path / 'Videos_S1.tgz'
    torn.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(ValueError, match='not a readable archive'):
        list(extract(str(torn), str(out), ['S1']))
    assert find_archives(str(tmp_path), ['S9']) == [str(archive)]


def test_where_files_are():
    assert key_of('S1/Videos/Eating.1.mp4') == ('Videos', 'S1', 'Eating.1')
    assert key_of('s11/Poses_D2_Positions/a.cdf')[:2] == (
        'D2_Positions',
        'S11',
    )
    for other in (
        'S1/MyPoseFeatures/D3_Positions_mono_universal/a.cdf',
        'S1/Videos/a.cdf',
        'S1/Videos/._a.mp4',
        'Videos/a.mp4',
        'a.mp4',
    ):
        assert key_of(other) is None


def test_rotation_by_three_matrices():
    """Angles turn about the moving axes: Rx(0.3) Ry(-0.7) Rz(2.1)."""
    w0 = np.zeros(W0_NUMBERS)
    w0[:3] = angles = 0.3, -0.7, 2.1
    (ca, cb, cg), (sa, sb, sg) = np.cos(angles), np.sin(angles)
    x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    z = np.array([[cg, -sg, 0], [sg, cg, 0], [0, 0, 1]])
    found = _camera(w0, camera=0, subject=1).rotation
    np.testing.assert_allclose(found, x @ y @ z, atol=1e-12)
    assert np.abs(found - z @ y @ x).max() > 0.01


def test_metadata_agrees_with_the_table(all_archives):
    metadata = read_metadata(str(all_archives / 'Release-v1.2/metadata.xml'))
    assert metadata.names['S9', 'Eating', 2] == 'Eating'
    assert metadata.names['S1', 'Photo', 1] == 'TakingPhoto 1'
    assert len(metadata.names) == 7 * 15 * 2
    assert len(metadata.cameras) == 7 * 4


def edit(root, old, new):
    path = root / 'Release-v1.2/metadata.xml'
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def remove(path):
    return lambda root, tiny: (root / path).unlink()


EATING_1 = 'S9/MyPoseFeatures/{}/Eating 1.54138969.cdf'
D2, D3 = EATING_1.format('D2_Positions'), EATING_1.format('D3_Positions_mono')
MP4 = 'S9/Videos/Eating 1.54138969.mp4'


@pytest.mark.parametrize(
    'change,words',
    [
        (remove('Release-v1.2/metadata.xml'), ['metadata.xml', '--metadata']),
        (
            lambda root, tiny: edit(root, '<w0>[', '<w0>[7 '),
            ['metadata.xml', '`w0` must hold 300 numbers, got 301'],
        ),
        (
            lambda root, tiny: edit(root, '<w0>', '<w1>'),
            ['metadata.xml', 'no readable XML'],
        ),
        (
            lambda root, tiny: edit(root, '<td>Eating 1</td>', '<td/>'),
            ['metadata.xml', 'action 4 (Eating), trial 1', '`mapping`'],
        ),
        (
            lambda root, tiny: edit(root, '<id>54138969</id>', ''),
            ['metadata.xml', '`dbcameras/index2id`'],
        ),
        (
            lambda root, tiny: edit(root, '?>', '?><!DOCTYPE a>'),
            ['metadata.xml', 'DOCTYPE'],
        ),
        (remove(D2), ['S9', '`D2_Positions`', 'Eating 1.54138969.cdf']),
        (remove(D3), ['S9', '`D3_Positions_mono`']),
        (remove(MP4), ['S9', '`Videos`', 'Eating 1.54138969.mp4']),
        (
            lambda root, tiny: (root / D3).write_bytes(b'nothing'),
            [D3, '`Pose`', 'Download'],
        ),
        (
            lambda root, tiny: tiny.write_cdf(root / D3, np.ones((130, 90))),
            [D3, '`Pose` must hold', '(1, 130, 90)'],
        ),
        (
            lambda root, tiny: tiny.write_cdf(root / D3, np.ones((129, 96))),
            [D3, '129 frames', '130'],
        ),
        (
            lambda root, tiny: tiny.write_cdf(
                root / D3, np.full((130, 96), np.nan)
            ),
            [D3, 'id frame 0', 'not finite'],
        ),
        (
            lambda root, tiny: tiny.write_cdf(root / D3, -np.ones((130, 96))),
            [D3, 'id frame 0', 'behind the camera'],
        ),
        (
            lambda root, tiny: tiny.write_cdf(
                root / D2, np.full((130, 64), 500.0)
            ),
            [D3, 'id frame ', '`pixels`', 'px away', 'from one data set'],
        ),
        (
            lambda root, tiny: (root / MP4).write_bytes(b'nothing'),
            [MP4, 'not a readable video'],
        ),
        (
            lambda root, tiny: tiny.write_video(root / MP4, range(100)),
            [MP4, 'ends after 100 frames', 'frame 128 has a pose'],
        ),
    ],
)
def test_bad_input(archives, convert, capsys, tiny, change, words):
    change(archives, tiny)
    code, out = convert(archives, *S9_EATING)
    message = capsys.readouterr().err.splitlines()
    message = [line for line in message if line.startswith('error: ')]
    assert code == 1 and len(message) == 1
    for word in words:
        assert word in message[0]
    assert not (out / 'annotations').exists()


def test_a_missing_subject(all_archives, convert, capsys, tmp_path):
    assert convert(all_archives, '--subjects', '5')[0] == 1
    assert 'S5: field `D2_Positions`' in capsys.readouterr().err
    assert convert(tmp_path / 'nowhere')[0] == 1
    assert 'nowhere is no folder' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        convert(all_archives, '--test-step', '5')


def test_the_broken_video_is_named(archives, convert, capsys, tiny):
    path = archives / 'S11/Videos/Directions.54138969.mp4'
    tiny.write_video(path, range(20))
    options = ['--subjects', '11', '--actions', 'Directions']
    assert convert(archives, *options)[0] == 1
    assert 'leave it out (--skip-broken)' in capsys.readouterr().err
    path.unlink()
    assert convert(archives, *options)[0] == 1
    assert 'leave it out (--skip-broken)' in capsys.readouterr().err
    assert convert(archives, *options, '--skip-broken')[0] == 0


def test_a_video_that_ends_a_little_early(archives, convert, capsys, tiny):
    tiny.write_video(archives / MP4, range(125))
    code, out = convert(archives, *S9_EATING)
    assert code == 0
    assert '2 after the end of the video' in capsys.readouterr().out
    # Frames 125 (train) and 128 (test) are not there.
    assert len(load(out, 'test')['imgname']) == 8 * 3 - 1
    assert len(load(out, 'train')['imgname']) == 8 * 26 - 1


def test_without_cdflib(all_archives, convert, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cdflib', None)
    assert convert(all_archives, *S9_EATING)[0] == 1
    assert 'pip install cdflib' in capsys.readouterr().err
    with pytest.raises(ImportError, match='pip install cdflib'):
        read_poses('a.cdf', 3)


def test_frames_of_a_video(tiny, tmp_path):
    path = tmp_path / 'a.mp4'
    tiny.write_video(path, range(30))
    paths = {n: tmp_path / f'{n}.jpg' for n in (0, 1, 7, 29, 34)}
    written, size = extract_frames(str(path), paths, 'Again.')
    assert written == {0, 1, 7, 29} and size == (104, 100)
    for number, image in paths.items():
        assert image.is_file() == (number in written)
    for number in written:
        image = cv2.imread(str(paths[number]))
        assert abs(image.mean() - tiny.shade(number)) < 6
    late = {30 + MAX_LOST_FRAMES: tmp_path / 'late.jpg'}
    with pytest.raises(ValueError, match='ends after 30 frames.*Again.'):
        extract_frames(str(path), late, 'Again.')


def test_the_first_of_two_copies(all_archives):
    found = find_files(str(all_archives), str(all_archives))
    # (2 + 4 + 2) trials x 4 cameras x 3 files
    assert len(found) == 8 * 4 * 3
    assert set(archives.KINDS) == {kind for kind, _, _ in found}
