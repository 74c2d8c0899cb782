"""The PoseNet form of Human3.6M, converted and loaded again."""

import json
import os

import cv2
import h36m_from_posenet
import numpy as np
import pytest

from integral_mmpose.datasets import H36MImageDataset

EATING = ['--subjects', '1', '9', '--actions', 'Eating']


@pytest.fixture
def convert(tmp_path):
    def run(root, *options, out='h36m'):
        code = h36m_from_posenet.main(
            [str(root), '--out', str(tmp_path / out), *options]
        )
        return code, tmp_path / out

    return run


def load(out, split):
    with np.load(out / f'annotations/h36m_{split}.npz') as file:
        return {key: file[key] for key in file.files}


def edit(root, name, change):
    path = root / 'annotations' / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_numbers_of_one_frame(posenet, convert, capsys):
    """Camera 1 by hand: x = X, y = 1000 - Z, z = Y + 5000."""
    code, out = convert(posenet, *EATING)
    assert code == 0
    test = load(out, 'test')
    name = 'S9/S9_Eating_1.54138969/S9_Eating_1.54138969_000065.jpg'
    row = test['imgname'].tolist().index(name)
    joints = json.loads(
        (posenet / 'annotations/Human36M_subject9_joint_3d.json').read_text()
    )
    for joint, (x, y, z) in enumerate(joints['4']['1']['64']):
        point = np.array([x, 1000 - z, y + 5000])
        np.testing.assert_allclose(
            test['S'][row, joint], [*point / 1000, 1], rtol=1e-5, atol=1e-6
        )
        np.testing.assert_allclose(
            test['part'][row, joint],
            [
                100 * point[0] / point[2] + 52,
                110 * point[1] / point[2] + 50,
                1,
            ],
            rtol=1e-5,
        )
    cameras = json.loads((out / 'annotations/cameras.json').read_text())
    camera = cameras['S9']['54138969']
    np.testing.assert_allclose(camera['T'], [0, -5000, 1000], atol=1e-3)
    np.testing.assert_allclose(
        camera['R'], [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-6
    )
    assert (camera['w'], camera['h']) == (104, 100)
    assert 'sha256' in capsys.readouterr().out


def test_frames_and_their_images(posenet, convert):
    code, out = convert(posenet, *EATING)
    assert code == 0
    train, test = load(out, 'train'), load(out, 'test')
    # 2 trials x 4 cameras; every 5th of 12 and of 130, every 64th of 130.
    assert len(train['imgname']) == 8 * (3 + 26)
    assert len(test['imgname']) == 8 * 3
    assert {str(name)[-10:] for name in test['imgname']} == {
        '000001.jpg',
        '000065.jpg',
        '000129.jpg',
    }
    for name in [*train['imgname'], *test['imgname']]:
        assert (out / 'images' / str(name)).is_file()
    # "Eating 2" is S1's first trial; frame 5 is shown by ..._000006.
    image = out / 'images/S1/S1_Eating_2.55011271'
    image = image / 'S1_Eating_2.55011271_000006.jpg'
    source = posenet / 'images/s_01_act_04_subact_01_ca_02'
    source = source / 's_01_act_04_subact_01_ca_02_000006.jpg'
    assert os.path.samefile(image, source)
    assert abs(float(cv2.imread(str(image)).mean()) - (28 + 185)) < 3


def test_the_data_set_loads_it(posenet, convert):
    code, out = convert(posenet, *EATING)
    assert code == 0
    dataset = H36MImageDataset(
        data_root=str(out),
        ann_file='annotations/h36m_test.npz',
        subjects=['S9'],
        frame_step=64,
        pipeline=[dict(type='LoadImageChecked')],
        test_mode=True,
    )
    assert len(dataset) == 24
    info = dataset[7]
    assert info['img_shape'] == (100, 104)
    points = info['keypoints_cam'][0]
    seen = points[:, :2] / points[:, 2:] * info['focal'] + info['principal']
    np.testing.assert_allclose(seen, info['keypoints'][0, :, :2], atol=1e-3)
    train = H36MImageDataset(data_root=str(out), subjects=['S1'])
    assert len(train) == 24


def test_both_meanings_of_t(tmp_path, write_posenet, convert):
    for position in (True, False):
        write_posenet(tmp_path / str(position), position=position)
        code, _ = convert(
            tmp_path / str(position), *EATING, out=f'out-{position}'
        )
        assert code == 0
    for split in ('train', 'test'):
        one, two = (
            load(tmp_path / f'out-{form}', split) for form in (True, False)
        )
        assert one['imgname'].tolist() == two['imgname'].tolist()
        for field in ('part', 'S', 'center', 'scale'):
            np.testing.assert_allclose(
                one[field], two[field], rtol=1e-4, atol=1e-3
            )


@pytest.mark.parametrize('link', ['hard', 'symbolic', 'copy'])
def test_links(posenet, convert, link):
    options = ['--subjects', '1', '--actions', 'Eating', '--link', link]
    code, out = convert(posenet, *options)
    assert code == 0
    images = sorted((out / 'images').rglob('*.jpg'))
    assert len(images) == 24
    assert images[0].is_symlink() == (link == 'symbolic')
    assert (images[0].stat().st_nlink == 2) == (link == 'hard')
    images[3].unlink()
    assert convert(posenet, *options)[0] == 0
    assert images[3].read_bytes()
    images[3].unlink()
    images[3].write_bytes(b'a crop of an earlier conversion')
    assert convert(posenet, *options)[0] == 1


def test_what_is_left_out_and_said(posenet, convert, capsys):
    code, out = convert(posenet, '--subjects', '11', '--actions', 'Directions')
    assert code == 0
    printed = capsys.readouterr().out
    assert 'no video in this form: S11_Directions.54138969' in printed
    assert len(load(out, 'test')['imgname']) == 7 * 2
    greeting = ['--subjects', '9', '--actions', 'Greeting']
    code, out = convert(posenet, *greeting, '--skip-damaged-s9', out='skip')
    assert code == 0
    names = load(out, 'test')['imgname']
    assert len(names) == 4 * 3
    assert all('S9_Greeting_1.' in name for name in names)
    assert len(load(convert(posenet, *greeting)[1], 'test')['imgname']) == 24


def broken(root, name, change):
    edit(root, f'Human36M_subject9_{name}.json', change)


def drop_images(test):
    def change(content):
        content['images'] = [i for i in content['images'] if not test(i)]

    return change


@pytest.mark.parametrize(
    'name,change,words',
    [
        ('camera', lambda c: c.pop('2'), ['camera.json: id 2', '`camera`']),
        ('camera', lambda c: c['2'].pop('f'), ['id 2', '`f`']),
        ('camera', lambda c: c['3'].update(f=[0, 1]), ['id 3', '`f` must']),
        ('camera', lambda c: c['3'].update(t=[1, 'x']), ['id 3', '`t`']),
        ('camera', lambda c: c['1'].update(t=[9e4, 0, 0]), ['id 1', '`t`']),
        (
            'camera',
            lambda c: c['1'].update(R=[[2, 0, 0], [0, 1, 0], [0, 0, 1]]),
            ['id 1', '`R` is no rotation'],
        ),
        (
            'camera',
            lambda c: c['1'].update(R=[[-v for v in r] for r in c['1']['R']]),
            ['id 1', '`R` is a reflection'],
        ),
        ('joint_3d', lambda j: j['4'].pop('2'), ['id 4/2/', '`joints`']),
        (
            'joint_3d',
            lambda j: j.update({'4': [1]}),
            ['id 4: field `joints` must be in a dict, got [1]. Download'],
        ),
        (
            'joint_3d',
            lambda j: j['4'].update({'2': [2]}),
            ['id 4/2: field `joints` must be in a dict, got [2]. Down'],
        ),
        (
            'joint_3d',
            lambda j: j['4']['2'].pop('64'),
            ['id 4/2/64', 'is missing', '_000065.jpg'],
        ),
        (
            'joint_3d',
            lambda j: j['4']['1'].update({'5': [[0, 0, 0]]}),
            ['id 4/1/5', '(17, 3)'],
        ),
        ('data', lambda d: d.pop('images'), ['`images` is missing']),
        (
            'data',
            lambda d: d['images'][7].update(frame_idx=8),
            ['id 7', '`file_name`'],
        ),
        (
            'data',
            lambda d: d['images'][7].pop('cam_idx'),
            ['id 7', '`cam_idx`'],
        ),
        (
            'data',
            drop_images(lambda i: i['action_idx'] == 4 and i['cam_idx'] == 3),
            ['S9_Eating_1.58860488', 'Eating, trial 1, camera 58860488'],
        ),
        (
            'data',
            drop_images(lambda i: i['frame_idx'] % 5),
            ['`frame_idx` 64 is missing', '--test-step'],
        ),
        (
            'data',
            lambda d: d['images'].append(dict(d['images'][0], id=9999)),
            ['two images of one frame'],
        ),
        (
            'data',
            lambda d: d['images'][7].update(id=d['images'][3]['id']),
            ['id 3', '`id` is that of two images', 'Download it again'],
        ),
        (
            'data',
            lambda d: d['images'][7].update(width=52),
            ['id 7', '`width, height` is (52, 100) px, but (104, 100)'],
        ),
    ],
)
def test_bad_input(posenet, convert, capsys, name, change, words):
    broken(posenet, name, change)
    code, out = convert(posenet, *EATING)
    message = capsys.readouterr().err
    assert code == 1
    assert message.count('\n') == 1 and message.startswith('error: ')
    for word in [f'subject9_{name}.json', *words]:
        assert word in message
    assert not (out / 'annotations').exists()


def test_missing_files(posenet, convert, capsys, tmp_path):
    assert convert(tmp_path / 'nowhere')[0] == 1
    assert 'nowhere does not exist' in capsys.readouterr().err
    assert convert(posenet, '--subjects', '5')[0] == 1
    message = capsys.readouterr().err
    assert 'Human36M_subject5_data.json' in message
    assert 'leave the subject out (--subjects)' in message
    for option, word, wrong in (
        ('--subjects', '2', "'S2'"),
        ('--actions', 'Sleep', "'Sleep'"),
    ):
        with pytest.raises(SystemExit):
            convert(posenet, option, word)
        message = f'argument {option}: invalid choice: {wrong} (choose from'
        assert message in capsys.readouterr().err
    lost = next((posenet / 'images').rglob('s_09_act_04*_000006.jpg'))
    lost.unlink()
    code, out = convert(posenet, *EATING)
    assert code == 1 and not (out / 'annotations').exists()
    assert f'{lost} does not exist' in capsys.readouterr().err
