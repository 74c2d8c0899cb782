import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from integral_mmpose.evaluation import (
    PCKhCurve,
    pckh_curves,
    plot_pckh,
    read_pckh,
)

from .conftest import pckh_sample


@pytest.fixture
def measure(tmp_path):
    """Files of the metric itself, of people whose joints are some px off."""

    def write(name, noise=8.0, hidden=()):
        rng = np.random.default_rng(0)
        path = tmp_path / name
        metric = PCKhCurve(outfile=str(path))
        for n in range(30):
            truth = rng.uniform(20, 200, (1, 16, 2))
            visible = (rng.random((1, 16)) > 0.3).astype(np.float32)
            visible[:, list(hidden)] = 0
            found = truth + noise * rng.normal(size=(16, 2))
            sample = pckh_sample(found, truth, 25.0, visible)
            metric.process({}, [dict(sample, img_path=f'{n}.jpg')])
        return str(path), metric.evaluate(30)

    return write


@pytest.fixture
def figures(monkeypatch):
    drawn = []
    real = pckh_curves.canvas_to_rgb
    monkeypatch.setattr(
        pckh_curves, 'canvas_to_rgb', lambda f: (drawn.append(f), real(f))[1]
    )
    return drawn


def test_curves_go_through_the_metrics_numbers(measure):
    path, metrics = measure('a.json')
    curves = read_pckh(path)
    assert curves.total[50] == pytest.approx(metrics['pckh/PCKh@0.5'])
    assert curves.total[10] == pytest.approx(metrics['pckh/PCKh@0.1'])
    assert len(curves.groups) == 7
    for name, curve in curves.groups.items():
        assert curve[50] == pytest.approx(metrics[f'pckh/PCKh@0.5/{name}'])


def test_a_group_is_weighted_by_its_joints(tmp_path):
    """3 right wrists at 100 %, 1 left wrist at 0 %: 75 %."""
    path = tmp_path / 'a.json'
    metric = PCKhCurve(outfile=str(path))
    for right, left in ((1, 0), (1, 0), (1, 1)):
        visible, found = np.zeros((1, 16)), np.zeros((1, 16, 2))
        visible[0, [10, 15]] = right, left
        found[0, 15] = 100.0
        sample = pckh_sample(found, np.zeros((1, 16, 2)), 25.0, visible)
        metric.process({}, [dict(sample, img_path='a.jpg')])
    metric.evaluate(3)
    groups = read_pckh(str(path)).groups
    assert list(groups) == ['Wrist']
    assert groups['Wrist'].tolist() == [75.0] * 51


def test_groups_of_another_joint_set(tmp_path, figures):
    content = dict(
        alpha=(np.arange(51) / 100).tolist(),
        PCKh=[50.0] * 51,
        PCKh_per_group={'Arm': [35.0] * 51, 'Head': None},
        distances=[[0.1, 0.2, None]],
        counted=[1, 2],
    )
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(content))
    curves = read_pckh(str(path))
    groups = curves.groups
    assert list(groups) == ['Arm'] and groups['Arm'].tolist() == [35.0] * 51
    np.testing.assert_array_equal(curves.distances, [[np.nan, 0.2, np.nan]])
    plot_pckh({'I1': str(path)}, str(tmp_path / 'a.png'))
    titles = [axes.get_title() for axes in figures[0].axes]
    assert titles == ['Total', 'Arm', 'Head']


def test_a_group_that_is_named_total(measure, figures, tmp_path):
    path, _ = measure('a.json')
    content = json.loads(Path(path).read_text())
    content['PCKh_per_group'] = {'Total': [1.0] * 51}
    Path(path).write_text(json.dumps(content))
    plot_pckh({'I1': path}, str(tmp_path / 'a.png'))
    total, group = (axes.lines[0].get_ydata() for axes in figures[0].axes)
    np.testing.assert_allclose(total, content['PCKh'])
    assert group.tolist() == [1.0] * 51


def test_every_model_is_a_line_in_every_panel(measure, figures, tmp_path):
    good, metrics = measure('good.json', 4.0)
    bad, _ = measure('bad.json', 9.0, hidden=(0, 5))
    out = tmp_path / 'out/figure2.png'
    picture = plot_pckh({'I* $': good, 'H1': bad}, str(out))
    np.testing.assert_array_equal(cv2.imread(str(out))[..., ::-1], picture)
    panels = figures[0].axes
    assert [axes.get_title() for axes in panels] == [
        *('Total', 'Head', 'Shoulder', 'Elbow'),
        *('Wrist', 'Hip', 'Knee', 'Ankle'),
    ]
    for axes in panels:
        assert [line.get_label() for line in axes.lines] == ['I* $', 'H1']
    expected = read_pckh(good)
    for axes in panels[1:]:
        line = axes.lines[0].get_xydata()
        np.testing.assert_allclose(line[:, 0], np.arange(51) / 100)
        np.testing.assert_allclose(
            line[:, 1], expected.groups[axes.get_title()]
        )
    assert np.isnan(panels[7].lines[1].get_ydata()).all()  # no ankles
    legend = figures[0].legends[0]
    left, _, right, _ = legend.get_window_extent().extents
    assert 0 <= left and right <= picture.shape[1]
    first = legend.get_texts()[0].get_text()
    assert first.startswith(f'I* $: {metrics["pckh/PCKh@0.5"]:.1f} @0.5')
    assert first.endswith(f'AUC {metrics["pckh/AUC"]:.1f}')


@pytest.mark.parametrize('count,length', [(1, 3), (5, 3), (9, 30), (2, 90)])
def test_the_legend_is_in_the_picture(
    measure, figures, tmp_path, count, length
):
    path, _ = measure('a.json')
    names = {str(n).rjust(length, 'M'): path for n in range(count)}
    height, width = plot_pckh(names, str(tmp_path / 'a.png')).shape[:2]
    box = figures[0].legends[0].get_window_extent()
    assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0
    panel = figures[0].axes[4].get_window_extent()
    assert box.y1 < panel.y0 and panel.height > height / 4


@pytest.mark.parametrize(
    'change,message',
    [
        (lambda c: c.pop('alpha'), "no field 'alpha'"),
        (lambda c: c.pop('PCKh_per_group'), "no field 'PCKh_per_group'"),
        (lambda c: c.update(alpha=c['alpha'][:50]), 'alpha must be 0, 0.01'),
        (
            lambda c: c.update(alpha=[2 * a for a in c['alpha']]),
            'alpha must be 0, 0.01.*do not compare',
        ),
        (lambda c: c.update(alpha='x'), 'alpha: must hold numbers'),
        (lambda c: c.update(PCKh=[1.0] * 50), 'PCKh: the axis 51 .* got 50'),
        (lambda c: c.update(PCKh=[101.0] * 51), 'PCKh must .* in 0..100'),
        (lambda c: c.update(PCKh=[float('nan')] * 51), 'PCKh must be finite'),
        (lambda c: c.update(PCKh=None), 'PCKh: must hold numbers'),
        (lambda c: c.update(PCKh_per_group=[]), 'PCKh_per_group must be a'),
        (
            lambda c: c['PCKh_per_group'].update(Knee='x'),
            "PCKh_per_group.'Knee'.: must hold numbers",
        ),
        (lambda c: c.pop('distances'), "no field 'distances'"),
        (lambda c: c.update(distances=[[1], [1, 2]]), 'distances must be a'),
        (lambda c: c.update(distances=[1.0]), 'distances must have'),
        (lambda c: c.update(counted='x'), 'counted: must hold numbers'),
        (lambda c: c.update(counted=5), 'counted must list joints'),
        (lambda c: c.update(counted=[0.5]), 'counted must list joints'),
        (
            lambda c: c.update(counted=[99]),
            'counted must list joints from 0 to',
        ),
    ],
)
def test_wrong_content_is_named(measure, change, message):
    path, _ = measure('a.json')
    content = json.loads(Path(path).read_text())
    change(content)
    Path(path).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f'a.json: {message}') as error:
        read_pckh(path)
    assert 'Write it by PCKhCurve' in str(error.value)


def test_no_file_no_json_no_model(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.json.*PCKhCurve'):
        read_pckh(str(tmp_path / 'none.json'))
    (tmp_path / 'a.json').write_text('[1]')
    with pytest.raises(ValueError, match='must be a JSON dict'):
        read_pckh(str(tmp_path / 'a.json'))
    with pytest.raises(ValueError, match='at least one model'):
        plot_pckh({}, str(tmp_path / 'a.png'))


def test_the_tool(run_tool, measure, figures, tmp_path):
    tool = partial(run_tool, 'plot_pckh.py')
    a, b = measure('a.json')[0], measure('b.json', 5.0)[0]
    out = tmp_path / 'figure2.png'
    assert tool(a, b, '--out', out)[0] == 0
    assert out.exists()
    assert [li.get_label() for li in figures[0].axes[0].lines] == ['a', 'b']
    assert tool(a, b, '--labels', 'H1', 'I*', '--out', out)[0] == 0
    assert figures[1].axes[0].lines[1].get_label() == 'I*'
    status, _, error = tool(a, tmp_path / 'no.json', '--out', out)
    assert status == 1 and 'error: the PCKh curve' in error
    assert tool(a, '--out', tmp_path / 'figure.what')[0] == 1
    for argv in ((a, b, '--labels', 'x'), (a, a)):
        status, _, error = tool(*argv, '--out', out)
        assert status == 2 and 'different --labels' in error
