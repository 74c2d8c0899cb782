"""The records of finished trainings: one file of all, and one file a run.

``records.jsonl`` is kept in git: a record a line, in the order of their keys.
A run writes a file of its own into an ignored folder, so that parallel runs
never share one; ``compile_records.py`` adds those files to ``records.jsonl``.
"""

import json
import math
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple

from integral_mmpose.files import write_atomically

KEPT = Path(__file__).with_name('records.jsonl')
#: Data, scale, name of the training, seed.
KEY = dict(data=str, scale=str, job=str, seed=int)
PARTS = dict(KEY, epochs=int, metrics=dict, history=list, evaluation=dict)
Key = Tuple[str, str, str, int]
Records = Dict[Key, dict]


def key_of(record: dict) -> Key:
    """What tells a record from the others."""
    return tuple(record[name] for name in KEY)


def read_records(kept: Optional[Path], folder: Optional[Path]) -> Records:
    """The kept records and those of a run's folder, which replace them."""
    found = read_lines(kept) if kept else {}
    return {**found, **(read_folders([folder]) if folder else {})}


def read_lines(path: Path) -> Records:
    """The records of a ``.jsonl`` file; none if there is no file."""
    path = Path(path)
    if not path.is_file():
        return {}
    lines = enumerate(path.read_text('utf-8').splitlines(), 1)
    return _collect((f'{path}, line {n}', line) for n, line in lines)


def read_folders(folders: Iterable[Path]) -> Records:
    """The records of some folders, a JSON file each."""
    paths = [path for f in folders for path in sorted(Path(f).glob('*.json'))]
    return _collect((str(path), path.read_text('utf-8')) for path in paths)


def write_lines(path: Path, records: Records) -> None:
    """Write ``records.jsonl``, sorted, in one step."""
    lines = [json.dumps(records[key]) + '\n' for key in sorted(records)]
    write_atomically(Path(path), ''.join(lines).encode())


def write_json(path: Path, content: dict) -> None:
    """Write a JSON file for people, in one step."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
    write_atomically(path, text.encode())


def merge(kept: Records, new: Records, replace: bool) -> Tuple[Records, int]:
    """All records, and how many of ``new`` are added or differ.

    Raises:
        ValueError: If a record differs from the kept one of the same key,
            and is not to ``replace`` it; names both runs.
    """
    changed = [key for key in new if kept.get(key) != new[key]]
    differing = [key for key in changed if key in kept]
    if differing and not replace:
        names = ', '.join(' '.join(map(str, key)) for key in differing)
        raise ValueError(
            f'other records are kept of {names}: --replace takes the new ones'
        )
    return {**kept, **new}, len(changed)


def _collect(sources: Iterable[Tuple[str, str]]) -> Records:
    records, places = {}, {}
    for place, text in sources:
        record = _parse(place, text)
        key = key_of(record)
        if key in records:
            raise ValueError(
                f'{place}: the same training as {places[key]} '
                f'({" ".join(map(str, key))}): delete one of them'
            )
        records[key], places[key] = record, place
    return records


def _parse(place: str, text: str) -> dict:
    try:
        record = json.loads(text)
        wrong = _wrong_parts(record)
    except (ValueError, RecursionError) as error:
        wrong = [str(error)]
    if wrong:
        raise ValueError(
            f'{place}: not the record of a training ({"; ".join(wrong)}): '
            'delete it, and the training is evaluated again'
        )
    return record


def _wrong_parts(record) -> List[str]:
    if not isinstance(record, dict):
        return ['no JSON object']
    wrong = [
        f'{name} must be of type {kind.__name__}'
        for name, kind in PARTS.items()
        if type(record.get(name)) is not kind
    ]
    if not wrong:
        wrong = [
            f'{name} is {value}, not a finite number'
            for name, value in record['metrics'].items()
            if type(value) not in (int, float) or not math.isfinite(value)
        ]
    return wrong
