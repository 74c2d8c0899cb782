#!/usr/bin/env python3
"""Read the maps of a trained 2D row in several ways, and score each by PCKh.

    python reproduction/readouts.py work_dirs/reproduce/lsp-photographs/runs/\
h1_mobilenetv2-2deconv_24+8e_mpii-128x128/seed0

The network runs once; every line of the table is another readout of the same
maps (of several stages the last): argmax, expectation of the sharpened map,
and the local integral with several windows and temperatures. It shows how much
of an I row's gain is its readout. The last line chooses the readout by its AUC
on every second person for the others, and the other way round: what the choice
is worth on people who had no part in it.
"""

import sys
from pathlib import Path
from typing import Iterator, List, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.apis import init_model
from torch import nn

from integral_mmpose.command import make_parser, reports_errors
from integral_mmpose.engine.find_checkpoint import checkpoints_in
from integral_mmpose.evaluation import PCKhCurve
from integral_mmpose.models import IntegralHead
from integral_mmpose.models.heads.common import decode_batch

COLUMNS = ('PCKh@0.5', 'PCKh@0.1', 'AUC')
TEMPERATURES = (1.0, 0.2, 0.1, 0.05)


class Readout(NamedTuple):
    """A line of the table: the mode of the head, its window, a factor."""

    title: str
    mode: str
    window: dict = {}
    factor: float = 1.0


def readouts() -> Iterator[Readout]:
    yield Readout('argmax', 'argmax')
    for t in TEMPERATURES:
        yield Readout(f'whole map, T = {t:g}', 'integral', factor=1 / t)
    for radius in (1, 2, 3):
        for t in TEMPERATURES:
            title = f'window of ±{radius}, T = {t:g}'
            window = dict(radius=radius, temperature=t)
            yield Readout(title, 'local_integral', window)


@torch.no_grad()
def run_network(model, loader) -> List[tuple]:
    """Maps of the last stage, and samples, of every batch."""
    last_stage(model.head)
    batches = []
    for batch in loader:
        data = model.data_preprocessor(batch)
        maps = model.head(model.extract_feat(data['inputs']))
        if isinstance(maps, list):
            maps = maps[-1]
        batches.append((maps, data['data_samples']))
    return batches


def last_stage(head: nn.Module) -> nn.Module:
    """The head itself, if it has one stage.

    Raises:
        ValueError: If it has no maps, as that of R1.
    """
    last = getattr(head, 'heads', [head])[-1]
    if not isinstance(last, IntegralHead):
        raise ValueError(
            f'{type(last).__name__} has no heat maps to read: give the folder '
            'of an H, I, MS or HG row'
        )
    return last


def halves(batches: List[tuple]) -> List[List[tuple]]:
    """Every second person, and the others."""
    found, count = ([], []), 0
    for maps, samples in batches:
        for half in (0, 1):
            part = slice((half + count) % 2, None, 2)
            if samples[part]:
                found[half].append((maps[part], samples[part]))
        count += len(samples)
    return list(found)


def choose(model, batches: List[tuple], meta) -> Readout:
    """The readout of the highest AUC."""
    return max(
        readouts(),
        key=lambda one: score(model, [(one, batches)], meta)['pckh/AUC'],
    )


def score(model, parts: List[tuple], meta) -> dict:
    """Metrics of all parts together: a readout and its batches each."""
    head, metric, count = last_stage(model.head), PCKhCurve(), 0
    metric.dataset_meta = meta
    for readout, (maps, samples) in (
        (readout, batch) for readout, batches in parts for batch in batches
    ):
        head.readout, head.window = readout.mode, dict(readout.window)
        norm = head.coordinates(readout.factor * maps)
        scores = torch.ones(norm.shape[:2])
        found = model.add_pred_to_datasample(
            decode_batch(head, norm, scores, samples), None, samples
        )
        metric.process(None, [sample.to_dict() for sample in found])
        count += len(found)
    return metric.evaluate(count)


def last_checkpoint(folder: Path) -> Path:
    found = checkpoints_in(folder)
    if not found:
        raise FileNotFoundError(
            f'{folder} has no epoch_N.pth: give the folder of a training, '
            'such as OUT/lsp-photographs/runs/NAME/seed0'
        )
    return Path(found[0])


@reports_errors
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('folder', type=Path, help='of a trained 2D row')
    folder = parser.parse_args().folder
    checkpoint = last_checkpoint(folder)
    MMLogger.get_current_instance().setLevel('WARNING')
    cfg = Config.fromfile(folder / 'config.py')
    cfg.model.backbone.init_cfg = None
    init_default_scope('mmpose')
    model = init_model(cfg, str(checkpoint), device='cpu')
    loader = Runner.build_dataloader(cfg.test_dataloader)
    batches = run_network(model, loader)
    meta = loader.dataset.metainfo
    print(f'{checkpoint}, {len(loader.dataset)} people\n')
    print(f'| readout | {" | ".join(COLUMNS)} |\n|---|---|---|---|')
    for readout in readouts():
        print_line(readout.title, score(model, [(readout, batches)], meta))
    one, other = halves(batches)
    first, second = (choose(model, half, meta) for half in (one, other))
    found = score(model, [(first, other), (second, one)], meta)
    names = ' and '.join(dict.fromkeys([first.title, second.title]))
    print_line(f'chosen on the other half of the people: {names}', found)


def print_line(title: str, found: dict) -> None:
    cells = ' | '.join(f'{found[f"pckh/{name}"]:.1f}' for name in COLUMNS)
    print(f'| {title} | {cells} |', flush=True)


if __name__ == '__main__':
    sys.exit(main())
