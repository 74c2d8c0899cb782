"""Samples of PCKh, the commands of tools/analysis_tools, and a small root."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from integral_mmpose.synthetic.generate import Scale, generate

TOOLS = Path(__file__).parents[2] / 'tools/analysis_tools'


def pckh_sample(found, truth, head, visible=None, **more):
    """A person: joints (1, K, 2) in px, labelled (1, K), head size in px."""
    return dict(
        pred_instances=dict(keypoints=found),
        gt_instances=dict(
            keypoints=truth,
            keypoints_visible=np.ones(truth.shape[:2])
            if visible is None
            else visible,
            head_size=np.array([head]),
        ),
        **more,
    )


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Runs a command; gives exit status, output and errors."""

    def run(name, *args):
        path = str(TOOLS / name)
        monkeypatch.setattr('sys.argv', [path, *map(str, args)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name='__main__')
        return (end.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A small synthetic Human3.6M."""
    out = tmp_path_factory.mktemp('data')
    generate(out, 0, Scale(1, 1, 0, (1, 1), (1, 1)), 1, lambda line: None)
    return out / 'h36m'
