#!/usr/bin/env python3
"""Write model-index.yml and the metafile that it names: what mim searches.

Run it after adding a config. Every pose config gets an entry; bases and
detectors do not. Results are those of the stages of the bundled model, from
docs/model_training.json; other configs have none at full scale.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[1]
METAFILE = 'configs/metafile.yml'
COLLECTION = 'Integral Human Pose Regression'
DATA = {'h36m': 'Human3.6M', 'lsp': 'LSP', 'mpii': 'MPII', 'coco': 'COCO'}
TASKS = {
    'body_2d_keypoint': 'Body 2D Keypoint',
    'body_3d_keypoint': 'Body 3D Keypoint',
}
#: Metrics of the bundled model, by task and data set.
MEASURED = {
    ('Body 2D Keypoint', 'LSP'): {
        'PCKh@0.5': 'pckh/PCKh@0.5',
        'PCKh@0.1': 'pckh/PCKh@0.1',
        'AUC': 'pckh/AUC',
    },
    ('Body 3D Keypoint', 'synthetic'): {'MPJPE': 'h36m/MPJPE'},
}
HEAD = f"""\
# Written by .dev_scripts/write_metafiles.py
Collections:
- Name: {COLLECTION}
  Paper:
    Title: Integral Human Pose Regression
    URL: https://arxiv.org/abs/1711.08229
"""


def metafile(root: Path) -> str:
    """The paper and every config but the bases and the detectors."""
    stages = json.loads((root / 'docs/model_training.json').read_text())
    measured = {stage['config']: stage['validation'][-1] for stage in stages}
    text = HEAD + 'Models:\n'
    for config in sorted(root.glob('configs/body_*/*/*/*.py')):
        path = config.relative_to(root)
        dataset, task = DATA[path.parts[-2]], TASKS[path.parts[1]]
        data = training_data(config, dataset)
        if config.stem in measured:
            data = '[synthetic, LSP, LSPET]'
        text += (
            f"- Name: '{config.stem}'\n"
            f'  In Collection: {COLLECTION}\n'
            f"  Config: '{path.as_posix()}'\n"
            '  Metadata:\n'
            f'    Training Data: {data}\n'
            '  Results:\n' + results(measured.get(config.stem), task, dataset)
        )
    return text


def results(found: Optional[dict], task: str, dataset: str) -> str:
    """Entries of results; one without metrics if there are none.

    Example:
        >>> print(results(None, 'Body 2D Keypoint', 'MPII'), end='')
          - Task: Body 2D Keypoint
            Dataset: MPII
            Metrics: {}
    """
    entries = {(task, dataset): {}}
    if found is not None:
        entries = {
            place: {name: found[key] for name, key in names.items()}
            for place, names in MEASURED.items()
        }
    return ''.join(
        f'  - Task: {task}\n    Dataset: {dataset}\n'
        f'    Metrics: {json.dumps(metrics)}\n'
        for (task, dataset), metrics in entries.items()
    )


def training_data(config: Path, dataset: str) -> str:
    """The data set and those mixed in, as MMPose writes several: a list.

    Example:
        >>> training_data(Path('i1_res50_4xb32-140e_h36m-mpii-64x64.py'),
        ...               'Human3.6M')
        '[Human3.6M, MPII]'
    """
    words = config.stem.split('_')[-1].split('-')
    mixed = [DATA[word] for word in words if word in DATA]
    others = [name for name in mixed if name != dataset]
    return f'[{", ".join([dataset, *others])}]' if others else dataset


def main() -> int:
    """Write the files that are not current; 1 with ``--check``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; exit with 1 if a file is not current',
    )
    check = parser.parse_args().check
    texts = {
        METAFILE: metafile(ROOT),
        'model-index.yml': f'Import:\n- {METAFILE}\n',
    }
    changed = []
    for name, text in texts.items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            changed.append(name)
            if not check:
                path.write_text(text)
    print('\n'.join(changed) or 'both files are current')
    return int(check and bool(changed))


if __name__ == '__main__':
    sys.exit(main())
