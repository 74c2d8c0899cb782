"""Which claims hold on which data set and scale, and their section."""

import json
from pathlib import Path
from typing import Dict, List

from .claims.judge import (
    CLAIMS,
    CONTROLS,
    COUNTS,
    NOT_RUN,
    TEST_SET,
    TWO_SETS,
    Claim,
    Verdict,
    judge,
)
from .complexity import FILE, complexity_cells
from .data import DATA
from .rows import TITLES, select
from .scales import SCALES
from .store import Records
from .tables import Measured, tables_with

#: Name of the set of numbers that need no training.
COUNTED = 'counted'
#: Points or mm; claims that hold by less are listed with the comparison.
NARROW = 1.0
EXPLANATIONS = Path(__file__).with_name('explanations.json')

ABOUT_CLAIMS = """Verdicts are computed from the means over seeds. If one
comparison of a claim fails, the claim does not hold, even if its other
comparisons were not run. C and N are claims of the paper (N: of its text). X
are claims against the printed numbers of other works; they are not run. C21
needs MPII's test set. "counted" are multiply-adds and parameters at the scale
of the paper: N41 holds there by construction, and the
[measurements](../benchmarks/RESULTS.md#step) have its step times. C34 takes
its 2D part from other data if its own have no 2D results at that scale."""

ABOUT_CONTROLS = """Controls are not claims of the paper. Control Kn rules
out an alternative explanation of claim Cn or Nn. If the control was not run,
the alternative explanation remains possible."""

ABOUT_NARROW = """These claims hold by less than one point or mm (C34: a
ratio) in the given comparison. Compare the margin with the ± of the rows
below. Without a ±, another seed could change the verdict."""

#: Name of a set -> id of a claim -> verdict.
Verdicts = Dict[str, Dict[str, Verdict]]


def measured_sets(records: Records) -> List[Measured]:
    """The combinations of data and scale with at least one record."""
    known = {key[:2] for key in records}
    names = [(d, s) for d in DATA for s in SCALES if (d, s) in known]
    return [Measured(data, scale, records) for data, scale in names]


def cells_of(measured: Measured) -> Dict[str, Dict[str, float]]:
    """Table -> path of a cell, as the claims name it -> mean."""
    found = {}
    for number in tables_with(measured):
        flat = found.setdefault(number, {})
        for row in select(number):
            for column, cell in measured.cells(row).items():
                if cell.mean is not None:
                    flat[f'{row.name}.{column}'] = cell.mean
                    if len(row.cells) == 1:
                        flat[row.name] = cell.mean
    return found


def verdicts(sets: List[Measured], counts: Path = FILE) -> Verdicts:
    """Judge every claim on every set and on the counted numbers.

    A claim about a 3D and a 2D table takes the 2D table from another data set
    of the same scale if its own has none.
    """
    cells = {measured.name: cells_of(measured) for measured in sets}
    found = {}
    for measured in sets:
        own = cells[measured.name]
        near = [cells[s.name] for s in sets if s.scale == measured.scale]
        sources = {'': [own], TWO_SETS: [own, *near]}
        if measured.data == 'real':
            sources[TEST_SET] = [own]
        found[measured.name] = _verdicts_from(sources)
    counted = _verdicts_from({COUNTS: [complexity_cells(counts)]})
    return dict(found, **{COUNTED: counted})


def _verdicts_from(sources: Dict[str, List[dict]]) -> Dict[str, Verdict]:
    """``sources``: what a claim is judged on -> tables of cells."""
    return {
        key: _judge(claim, sources.get(claim.basis, [{}]))
        for key, claim in (CLAIMS | CONTROLS).items()
    }


def _judge(claim: Claim, sources: List[dict]) -> Verdict:
    """Judge on the first of ``sources`` that has a table.

    The claim's own table must be in the first one.
    """
    if claim.table not in sources[0]:
        return NOT_RUN

    def look_up(table: str, name: str):
        having = (each[table] for each in sources if table in each)
        return next(having, {}).get(name)

    return judge(claim, look_up)


def claims_section(found: Verdicts) -> str:
    """The claims with a column for each set, then why some do not hold."""
    lines = ['## Claims of the paper', '', *_shares(found), '', ABOUT_CLAIMS]
    lines += ['', *_table(CLAIMS, found), '']
    lines += ['### Controls', '', ABOUT_CONTROLS, '']
    lines += [*_table(CONTROLS, found), '']
    return '\n'.join([*lines, *explanations(found), *narrow(found)])


def _table(claims: Dict[str, Claim], found: Verdicts) -> List[str]:
    head = ['', 'table', 'claim', *found]
    rows = [head, ['---'] * len(head)]
    for key, claim in claims.items():
        answers = [f'**{found[name][key].answer}**' for name in found]
        answers = [a.replace('**not run**', 'not run') for a in answers]
        table = TITLES.get(claim.table, claim.table).lower()
        rows.append([key, table, claim.text, *answers])
    return [f'| {" | ".join(row)} |' for row in rows]


def _shares(found: Verdicts) -> List[str]:
    """How many claims hold on all of their data sets, then on each."""
    everywhere = [[a[key].answer for a in found.values()] for key in CLAIMS]
    title = 'Claims that hold on every data set on which they were tested'
    lines = [f'**{title}: {_share(everywhere)}.**', '']
    for name, answers in found.items():
        share = _share([[answers[key].answer] for key in CLAIMS])
        lines.append(f'- {name}: {share}')
    return lines


def _share(claims: List[List[str]]) -> str:
    """A claim holds if it holds on every set that ran it."""
    run = [set(answers) - {'not run'} for answers in claims]
    run = [answers for answers in run if answers]
    held = sum(answers == {'holds'} for answers in run)
    share = f' ({100 * held / len(run):.0f} %)' if run else ''
    return f'{held} of {len(run)} that were run{share}'


def explanations(found: Verdicts) -> List[str]:
    """Each claim that does not hold: where and why, the details folded."""
    known = json.loads(EXPLANATIONS.read_text('utf-8'))
    lines = []
    for name, answers in found.items():
        for key, verdict in answers.items():
            if verdict.answer == 'does not hold':
                why = known.get(name, {}).get(key, 'Not explained yet.')
                broken = '; '.join(f'`{b}`' for b in verdict.broken[:4])
                more = len(verdict.broken) - 4
                tail = f' and {more} more' if more > 0 else ''
                first, _, rest = why.partition('. ')
                lines += [
                    f'<details><summary>{name}, {key}: {first.rstrip(".")}.'
                    '</summary>\n',
                    f'Failed: {broken}{tail}. {rest}'.rstrip(),
                    '\n</details>\n',
                ]
    return ['### What does not hold', '', *lines, ''] if lines else []


def narrow(found: Verdicts) -> List[str]:
    """A line for each claim that holds by less than a point or mm."""
    lines = [
        f'- {name}, {key}: `{text}`, by {margin:.2g}'
        for name, answers in found.items()
        for key, verdict in answers.items()
        for text, margin in [verdict.narrowest or ('', NARROW)]
        if name != COUNTED and verdict.answer == 'holds' and margin < NARROW
    ]
    head = ['### What holds narrowly', '', ABOUT_NARROW, '']
    return [*head, *lines, ''] if lines else []
