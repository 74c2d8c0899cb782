import json

import cv2
import numpy as np
import pytest
from mmengine.visualization import LocalVisBackend

from integral_mmpose.visualization import curves, plot_curves, read_scalars


def _write(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'scalars.json'
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))
    return str(path)


def _rows(factor=1.0, epochs=(1, 2)):
    for epoch in epochs:
        step = 10 * epoch
        yield dict(
            lr=0.1,
            loss=factor / epoch,
            acc_pose=0.5,
            epoch=epoch,
            iter=step,
            memory=1,
            step=step,
            time=0.1,
            data_time=0.0,
        )
        yield {'h36m/MPJPE': 90 * factor / epoch, 'time': 0.1, 'step': epoch}


def test_training_and_validation_are_told_apart(tmp_path):
    scalars = read_scalars(_write(tmp_path, _rows()))
    assert scalars.training == {
        'loss': [(10, 1.0), (20, 0.5)],
        'acc_pose': [(10, 0.5), (20, 0.5)],
    }
    assert scalars.validation == {'h36m/MPJPE': [(1, 90.0), (2, 45.0)]}


def test_a_file_that_mmengine_wrote_is_read(tmp_path):
    backend = LocalVisBackend(str(tmp_path / 'vis_data'))
    backend.add_scalars(dict(lr=0.1, loss=2.5, epoch=1, iter=5), step=5)
    backend.add_scalars(dict(PCKh=60.0, time=0.1), step=1)
    scalars = read_scalars(str(tmp_path))
    assert scalars.training == {'loss': [(5, 2.5)]}
    assert scalars.validation == {'PCKh': [(1, 60.0)]}


def test_a_resumed_training_is_joined_and_the_later_value_counts(tmp_path):
    _write(tmp_path / '20240101_000000' / 'vis_data', _rows(1.0, (1, 2)))
    _write(tmp_path / '20240102_000000' / 'vis_data', _rows(6.0, (2, 3)))
    assert read_scalars(str(tmp_path)).training['loss'] == [
        (10, 1.0),
        (20, 3.0),
        (30, 2.0),
    ]


def test_a_last_line_that_was_cut_off_is_ignored(tmp_path):
    path = _write(tmp_path, _rows())
    with open(path, 'a') as file:
        file.write('{"lr": 0.1, "lo')
    assert len(read_scalars(path).training['loss']) == 2


@pytest.mark.parametrize(
    'text, message',
    [
        ('nonsense\n{"step": 1}\n', 'line 1 is not JSON'),
        ('{"step": 1}\n[1]\n', 'line 2 must be a JSON object'),
    ],
)
def test_broken_lines_are_named(tmp_path, text, message):
    path = tmp_path / 'scalars.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_scalars(str(path))


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ValueError, match='no vis_data/scalars.json'):
        read_scalars(str(tmp_path))
    with pytest.raises(ValueError, match='at least one run'):
        plot_curves({}, str(tmp_path / 'x.png'))


def test_every_run_is_a_line_with_its_values(tmp_path, monkeypatch):
    figures = []
    real = curves.canvas_to_rgb
    monkeypatch.setattr(
        curves, 'canvas_to_rgb', lambda f: (figures.append(f), real(f))[1]
    )
    paths = {
        'I*': _write(tmp_path / 'a', _rows()),
        'H1 $': _write(
            tmp_path / 'b',
            [
                {'loss/other': 1.0, 'step': 1},
                *_rows(2.0),
                {'h36m/MPJPE': float('nan'), 'step': 3},
            ],
        ),
    }
    picture = plot_curves(paths, str(tmp_path / 'out' / 'c.png'))
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / 'out' / 'c.png'))[..., ::-1], picture
    )
    left, right = figures[0].axes
    assert [line.get_label() for line in left.lines] == ['I*', 'H1 $']
    assert left.get_yscale() == 'log'
    assert right.get_ylabel() == 'h36m/MPJPE'
    np.testing.assert_allclose(
        right.lines[1].get_xydata(), [[1, 180], [2, 90]]
    )  # NaN is left out


def test_runs_without_training_or_validation_are_plotted(tmp_path):
    path = _write(tmp_path, [dict(lr=0.1, loss=0.0, step=1)])
    assert plot_curves({'a': path}, str(tmp_path / 'x.png')).ndim == 3
    path = _write(tmp_path, [])
    assert plot_curves({'a': path}, str(tmp_path / 'x.png')).ndim == 3
