"""Claims: a small language, and the paper's own numbers as its oracle."""

import json

import pytest

from reproduction.claims import (
    comparisons_of,
    judge,
    paper_lookup,
    parse,
    read_claims,
)
from reproduction.tables import FACTS

CLAIMS = read_claims()
#: Cells of these are blank in the text, or the text has no number at all.
BLANK = {
    'C14': 'H1.ResNet-18.AUC',
    'C15': 'H1.ResNet-18.AUC',
    'C18': 'MS-H1.2.AUC',
    'X35': 'Rogez[23].Directions',
    'X36': 'Kanazawa[55].Directions',
    'N39': 'I*-L1.AUC',
    'N40': 'I1-joint.AUC',
    'N41': 'I1.GFLOPs',
    'N42': 'R1.params_M',
}


@pytest.fixture
def paper():
    return paper_lookup(json.loads(FACTS.read_text()))


def test_there_are_42():
    assert len(CLAIMS) == 42 == len({claim['id'] for claim in CLAIMS})


@pytest.mark.parametrize('claim', CLAIMS, ids=lambda c: c['id'])
def test_every_claim_parses_and_holds_for_the_paper(claim, paper):
    for text in comparisons_of(claim['test'])[1]:
        assert '{' not in text and ' for ' not in text
        parse(text)
    verdict = judge(claim['test'], paper)
    assert verdict.broken == []
    if claim['id'] in BLANK:
        assert verdict.answer == 'not run'
        assert BLANK[claim['id']] in verdict.missing
    else:
        assert verdict.answer == 'holds'


def test_a_changed_number_breaks_the_claims_about_it():
    """Negative control: H1 above I1 in Table 1."""
    tables = json.loads(FACTS.read_text())
    tables['table1']['rows']['H1']['AUC'] = 60.0
    paper = paper_lookup(tables)
    answers = {
        c['id']: judge(c['test'], paper).answer
        for c in CLAIMS
        if c['table'] in (1, 2)
    }
    broken = {k for k, v in answers.items() if v == 'does not hold'}
    # I1 > H1; I* > H1; I* closer to I than to H; I1 the best; and C03, as
    # I1 - H1 is negative, still holds.
    assert broken == {'C01', 'C04', 'C06', 'C08'}


def test_loops():
    table, texts = comparisons_of(
        'T7: for s in A,B for p in I*/R1: {s}.{p.0} < {s}.{p.1} '
        'and for r in C: x > {r}'
    )
    assert table == '7'
    assert texts == ['A.I* < A.R1', 'B.I* < B.R1', 'x > C']


NUMBERS = {('1', 'I*.AUC'): 3.0, ('1', 'H-1[2].x'): 2.0, ('2', 'a'): 0.0}


@pytest.mark.parametrize(
    ('test', 'answer'),
    [
        ('T1: I*.AUC - H-1[2].x > 0.5', 'holds'),
        ('T1: I*.AUC - H-1[2].x < 0.5', 'does not hold'),
        ('T1: abs(H-1[2].x - I*.AUC) >= 1', 'holds'),
        (
            'T1: max(I*.AUC, H-1[2].x) <= 3 and min(I*.AUC, 1) < 1',
            'does not hold',
        ),
        ('T1: I*.AUC <= 3', 'holds'),
        ('T1: I*.AUC <= 2.9', 'does not hold'),
        ('T1: I*.AUC >= 3 and H-1[2].x < 2', 'does not hold'),
        ('T1: I*.AUC / H-1[2].x > 1.4 or I*.AUC < 0', 'holds'),
        ('T1: T2.a < I*.AUC', 'holds'),
        ('T1: T2.b < I*.AUC', 'not run'),
        # one comparison fails, whatever the other would give
        ('T1: for a in b,I*.AUC: {a} < H-1[2].x', 'does not hold'),
        ('T1: for a in b,H-1[2].x: {a} < I*.AUC', 'not run'),
    ],
)
def test_by_hand(test, answer):
    assert judge(test, lambda *key: NUMBERS.get(key)).answer == answer


@pytest.mark.parametrize(
    'test',
    [
        "T1: open('x') > 1",
        'T1: I1.AUC if 1 else 2',
        'T1: (lambda: 1)() > 0',
        'T1: [1] > [0]',
        'no table: a > b',
        'T1: a >',
        "T1: 'x' > 'a'",
        'T1: a is b',
        'T1: a + b',
        'T1: abs(a)',
        'T1: a and b > 1',
        'T1: 1 / (a - b) > foo(1)',
        'T1: a > 1 / 0',
    ],
)
def test_nothing_else_is_understood(test):
    with pytest.raises(ValueError, match='claim'):
        judge(test, lambda table, path: 1.0)


def test_the_comparison_that_holds_by_the_least():
    verdict = judge(
        'T1: for a in 2.5,2.75,1: I*.AUC > {a} and H-1[2].x > 1',
        lambda *key: NUMBERS.get(key),
    )
    assert verdict.narrowest == ('I*.AUC > 2.75 and H-1[2].x > 1', 0.25)
    verdict = judge(
        'T1: I*.AUC > 1 or I*.AUC > 2.9', lambda *key: NUMBERS.get(key)
    )
    assert verdict.narrowest == ('I*.AUC > 1 or I*.AUC > 2.9', 2)
    verdict = judge('T1: I*.AUC < 0', lambda *key: NUMBERS.get(key))
    assert verdict.narrowest is None


def test_division_by_zero_does_not_hold():
    """No gain at all is no factor of it."""
    verdict = judge('T1: 1 / (a - b) > 0', lambda table, path: 2.0)
    assert verdict.answer == 'does not hold'
