"""The records of finished trainings: one file of all, and one file a run.

``records.jsonl`` is kept in git: a record a line, in the order of their keys.
A run writes a file of its own into an ignored folder, so that parallel runs
never share one; ``compile_records.py`` adds those files to ``records.jsonl``.
"""

import json
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Tuple

from integral_mmpose.files import write_atomically
from integral_mmpose.geometry import PCK_THRESHOLDS, is_number

from .rows import ROWS

KEPT = Path(__file__).with_name('records.jsonl')
#: Data, scale, name of the training, seed.
KEY = dict(data=str, scale=str, job=str, seed=int)
PARTS = dict(KEY, epochs=int, metrics=dict, history=list, evaluation=dict)
#: How a process ran: of a training and of an evaluation.
RUN = dict(command=str, threads=int, device=str, commit=str)
METRICS = {metric for row in ROWS for metric, _ in row.cells.values()}
RECORD = (
    'not the record of a training',
    'delete it, and the training is evaluated again',
)
Key = Tuple[str, str, str, int]
Records = Dict[Key, dict]


def key_of(record: dict) -> Key:
    return tuple(record[name] for name in KEY)


def read_lines(path: Path) -> Records:
    """The records of a ``.jsonl`` file; none if there is no file."""
    path = Path(path)
    if not path.is_file():
        return {}
    lines = enumerate(path.read_bytes().splitlines(), 1)
    return _collect((f'{path}, line {n}', line) for n, line in lines)


def read_folders(folders: Iterable[Path]) -> Records:
    """The records of some folders; each JSON file is read once."""
    paths = [path for f in folders for path in sorted(Path(f).glob('*.json'))]
    paths = dict.fromkeys(path.resolve() for path in paths)
    return _collect((str(path), path.read_bytes()) for path in paths)


def write_lines(path: Path, records: Records) -> None:
    """Write ``records.jsonl``, sorted, in one step."""
    lines = [json.dumps(records[key]) + '\n' for key in sorted(records)]
    write_atomically(Path(path), ''.join(lines).encode())


def write_json(path: Path, content: dict) -> None:
    """Write an indented JSON file, in one step."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
    write_atomically(path, text.encode())


def merge(kept: Records, new: Records, replace: bool) -> Tuple[Records, int]:
    """All records, and how many of ``new`` are added or differ.

    A record that differs from the kept one of its key is refused, unless it is
    to ``replace`` it.
    """
    changed = [key for key in new if kept.get(key) != new[key]]
    differing = [key for key in changed if key in kept]
    if differing and not replace:
        names = ', '.join(' '.join(map(str, key)) for key in differing)
        raise ValueError(
            f'the stored records of {names} differ. Overwrite them with '
            '--replace'
        )
    return {**kept, **new}, len(changed)


def parse(
    place: str,
    content: bytes,
    wrong_parts: Callable,
    advice: Tuple[str, str],
) -> dict:
    """The JSON object of a file or a line that is called ``place``.

    ``wrong_parts`` lists what is wrong with it; ``advice`` is what the content
    is then, and the fix.
    """
    try:
        found = json.loads(content.decode())
        wrong = wrong_parts(found)
    except (ValueError, RecursionError, OverflowError) as error:
        wrong = [str(error)]
    if wrong:
        what, fix = advice
        raise ValueError(f'{place}: {what} ({"; ".join(wrong)}): {fix}')
    return found


def _collect(sources: Iterable[Tuple[str, bytes]]) -> Records:
    records, places = {}, {}
    for place, content in sources:
        record = parse(place, content, _wrong_parts, RECORD)
        key = key_of(record)
        if key in records:
            raise ValueError(
                f'{place}: the same training as {places[key]} '
                f'({" ".join(map(str, key))}): delete one of them'
            )
        records[key], places[key] = record, place
    return records


def wrong_in_training(note) -> List[str]:
    """What is wrong with the note of how a training ran."""
    if not isinstance(note, dict):
        return ['no JSON object']
    wrong = _wrong_types(note, RUN)
    if not is_number(note.get('seconds')):
        wrong.append('seconds must be a finite number')
    return wrong


def _wrong_parts(record) -> List[str]:
    if not isinstance(record, dict):
        return ['no JSON object']
    wrong = [
        f'{name} is missing'
        for name in ('starts_from', 'curve', 'training')
        if name not in record
    ]
    wrong += _wrong_types(record, PARTS)
    if wrong:
        return wrong
    if record['training'] is not None:
        found = wrong_in_training(record['training'])
        wrong += [f'training: {each}' for each in found]
    parts = dict(RUN, finished=str, environment=dict)
    found = _wrong_types(record['evaluation'], parts)
    if not found:
        versions = record['evaluation']['environment']
        found = _wrong_types(versions, dict.fromkeys(versions, str))
    wrong += [f'evaluation: {each}' for each in found]
    return wrong + _wrong_values(record)


def _wrong_types(content: dict, parts: Dict[str, type]) -> List[str]:
    return [
        f'{name} must be of type {kind.__name__}'
        for name, kind in parts.items()
        if type(content.get(name)) is not kind
    ]


def _wrong_values(record: dict) -> List[str]:
    curve, metrics = record['curve'], record['metrics']
    wrong = [
        f'{name} must not be negative'
        for name in ('seed', 'epochs')
        if record[name] < 0
    ]
    wrong += [
        f'{name} is {value!s:.60}, not a finite number'
        for name, value in metrics.items()
        if not is_number(value)
    ]
    if not METRICS & metrics.keys():
        wrong.append('metrics has no metric of a table')
    if not (curve is None or _are_numbers(curve, len(PCK_THRESHOLDS))):
        wrong.append(
            f'curve must be null or {len(PCK_THRESHOLDS)} finite numbers'
        )
    if not all(_are_numbers(point, 2) for point in record['history']):
        wrong.append('history must be pairs of finite numbers')
    return wrong


def _are_numbers(values, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(map(is_number, values))
    )
