"""Claims: the paper's own numbers are their oracle."""

import json
import re

import pytest

from reproduction.claims.judge import (
    CLAIMS,
    CONTROLS,
    COUNTS,
    Claim,
    judge,
    largest,
    smallest,
)
from reproduction.claims.judge import claim as add_claim
from reproduction.tables import FACTS

#: Cells of these are blank in the text, or the text has no number at all.
BLANK = ('C14', 'C15', 'C18', 'X35', 'X36', 'N39', 'N40', 'N41', 'N42')


def paper_cells(tables):
    """Cells of ``paper_tables.json``, by the names that the claims use."""
    flat = {}
    for key, table in tables.items():
        if isinstance(table, dict):
            number = key.removeprefix('table')
            flatten(table, '', flat.setdefault(number, {}))
    return lambda table, name: flat.get(table, {}).get(name)


def flatten(node, prefix, out):
    """Dotted paths without ``rows`` and spaces, as in the claims."""
    for key, value in node.items():
        # 'Mask R-CNN[25] R50-FPN' is written together, 'G-RMI[36] R101
        # 353x257' by its first word.
        for name in {key.replace(' ', ''), key.split(' ')[0]}:
            path = prefix if key == 'rows' else f'{prefix}{name}'
            if isinstance(value, dict):
                dot = '.' if path else ''
                flatten(value, path + dot, out)
            elif isinstance(value, (int, float)):
                out[path] = value


@pytest.fixture
def tables():
    return json.loads(FACTS.read_text())


def test_there_are_42():
    assert len(CLAIMS) == 42
    assert [int(key[1:]) for key in CLAIMS] == list(range(1, 43))


@pytest.mark.parametrize('key', CLAIMS)
def test_every_claim_holds_for_the_paper(key, tables):
    verdict = judge(CLAIMS[key], paper_cells(tables))
    assert verdict.broken == []
    assert verdict.answer == ('not run' if key in BLANK else 'holds')


@pytest.mark.parametrize('key', CLAIMS)
def test_the_quoted_numbers_are_the_papers(key, tables):
    """Every number after "Paper" stands in the claim's table, or C28's two."""
    claim = CLAIMS[key]
    _, *quotes = claim.function.__doc__.split('\n\n')
    assert bool(quotes) == (claim.table != 'X')
    numbers = re.findall(r'\d+\.\d', ' '.join(quotes))
    assert bool(numbers) == bool(quotes)
    others = {'C21': ('1',), 'X28': ('12',), 'C34': ('2',)}.get(key, ())
    printed = [
        json.dumps(tables[f'table{number}'])
        for number in (claim.table, *others)
        if numbers
    ]
    for number in numbers:
        found = rf'(?<![\d.]){re.escape(number)}(?![\d])'
        assert re.search(found, ' '.join(printed)), number


@pytest.mark.parametrize('key', [k for k in CLAIMS if k not in BLANK])
def test_every_claim_can_fail(key, tables):
    """Negative control: with all cells alike nothing outperforms anything.

    C13 and C21, of differences that are near a number, fail as well.
    """
    paper = paper_cells(tables)
    verdict = judge(
        CLAIMS[key],
        lambda *cell: None if paper(*cell) is None else 50.0,
    )
    assert verdict.answer == 'does not hold'


def test_a_changed_number_breaks_the_claims_about_it(tables):
    """Negative control: H1 above I1 in Table 1."""
    tables['table1']['rows']['H1']['AUC'] = 60.0
    paper = paper_cells(tables)
    broken = {
        key
        for key, claim in CLAIMS.items()
        if claim.table in '12'
        and judge(claim, paper).answer == 'does not hold'
    }
    # I1 > H1; I* > H1; I* closer to I than to H; I1 the best; and C03, as
    # I1 - H1 is negative, still holds.
    assert broken == {'C01', 'C04', 'C06', 'C08'}


NUMBERS = {('1', 'I*.AUC'): 3.0, ('1', 'H1.x'): 2.0, ('2', 'a'): 0.0}


def by_hand(*comparisons):
    """The verdict on a claim that yields what each function returns."""

    def function(t):
        for compare in comparisons:
            yield compare(t)

    claim = Claim('C99', '1', '', function)
    return judge(claim, lambda *cell: NUMBERS.get(cell))


@pytest.mark.parametrize(
    ('compare', 'answer', 'text'),
    [
        (lambda t: t('I*.AUC') - t('H1.x') > 0.5, 1, 'I*.AUC - H1.x > 0.5'),
        (lambda t: t('I*.AUC') - t('H1.x') < 0.5, 0, 'I*.AUC - H1.x < 0.5'),
        (lambda t: t('I*.AUC') >= 3, 1, 'I*.AUC >= 3'),
        (lambda t: t('T2.a') < t('H1.x'), 1, 'T2.a < H1.x'),
        (
            lambda t: abs(t('H1.x') - t('I*.AUC') - 2) / t('H1.x') > 1.4,
            1,
            'abs((H1.x - I*.AUC) - 2) / H1.x > 1.4',
        ),
        (
            lambda t: smallest(t('H1.x'), t('I*.AUC')) > t('H1.x'),
            0,
            'min(H1.x, I*.AUC) > H1.x',
        ),
        (
            lambda t: largest(t('H1.x'), t('I*.AUC')) > t('H1.x'),
            1,
            'max(H1.x, I*.AUC) > H1.x',
        ),
        (lambda t: largest(t('H1.x'), t('gone')) > 1, None, ''),
        (lambda t: smallest(t('gone'), t('H1.x')) > 1, None, ''),
        (lambda t: t('H1.x') > t('T2.gone'), None, ''),
    ],
)
def test_by_hand(compare, answer, text):
    verdict = by_hand(compare)
    if answer is None:
        assert verdict == ('not run', [], None)
    elif answer:
        assert verdict.answer == 'holds' and verdict.narrowest[0] == text
    else:
        assert verdict == ('does not hold', [text], None)


def test_one_failure_decides_whatever_was_not_run():
    def fails(t):
        return t('I*.AUC') < 1

    def holds(t):
        return t('I*.AUC') > 1

    def absent(t):
        return t('gone') > 1

    assert by_hand(absent, fails, holds).answer == 'does not hold'
    assert by_hand(absent, holds).answer == 'not run'
    assert by_hand(holds, holds).answer == 'holds'


def test_the_comparison_that_holds_by_the_least():
    verdict = by_hand(
        lambda t: t('I*.AUC') > 2.5,
        lambda t: t('I*.AUC') > 2.75,
        lambda t: t('I*.AUC') > 1,
    )
    assert verdict.narrowest == ('I*.AUC > 2.75', 0.25)


def test_division_by_zero_does_not_hold():
    """No loss at all has no factor."""
    verdict = by_hand(lambda t: t('I*.AUC') / t('T2.a') > 0)
    assert verdict == ('does not hold', ['a division by zero'], None)


@pytest.mark.parametrize(
    'compare',
    [
        lambda t: t('H1.x') < t('I*.AUC') < t('T2.a'),
        lambda t: t('H1.x') < 1 and t('I*.AUC') < 1,
    ],
)
def test_a_chain_is_refused(compare):
    """Python would keep the last of its comparisons only."""
    with pytest.raises(TypeError, match='yields each comparison'):
        by_hand(compare)


def test_an_id_is_given_once():
    with pytest.raises(ValueError, match='two claims are named C01'):
        add_claim('C01', '1')(lambda t: iter(()))


def test_counted_claims():
    counted = [key for key, c in CLAIMS.items() if c.basis == COUNTS]
    assert counted == ['C13', 'N41', 'N42']


#: Cells for which each control holds, and the one that breaks it.
CONTROL_CELLS = {
    'K23': ({'I1.AP-bbox': 30.0, 'H1.AP-bbox': 20.0}, 'H1.AP-bbox'),
    'K26': (
        {
            f'{strategy}.{r}': mm
            for r in ('R1', 'H1', 'H2', 'I*', 'I1', 'I2')
            for strategy, mm in (('Strategy2', 80.0), ('Strategy1x2', 90.0))
        },
        'Strategy2.H2',
    ),
    'K27': (
        {
            'Strategy1x2.I2': 80.0,
            **{
                f'Strategy1x2.{r}': 90.0
                for r in ('R1', 'H1', 'H2', 'I*', 'I1')
            },
        },
        'Strategy1x2.I2',
    ),
    'K39': ({'Strategy1.I*-L1': 80.0, 'Strategy1.I*-L2': 90.0}, '*-L1'),
    'K40': (
        {
            f'{r}.{m}': value
            for r, value in (('I2', 50.0), ('I2-joint', 40.0))
            for m in ('PCKh@0.5', 'AUC')
        },
        'I2-joint.AUC',
    ),
}


@pytest.mark.parametrize('key', CONTROLS)
def test_controls(key):
    cells, broken = CONTROL_CELLS[key]
    control = CONTROLS[key]
    assert f'{key[1:]}' in ''.join(CLAIMS)  # the number of its claim
    assert judge(control, lambda _, name: cells.get(name)).answer == 'holds'
    assert judge(control, lambda *_: None).answer == 'not run'
    worse = {n: 99.0 if n.endswith(broken) else v for n, v in cells.items()}
    verdict = judge(control, lambda _, name: worse.get(name))
    assert verdict.answer == 'does not hold'
