"""The image numbers of the published splits of LSP and LSPET."""

import json
import os
import re
from pathlib import Path

import pytest

from lsp import read_numbers
from reproduction.data import PUBLIC
from reproduction.rows import ROOT

FOLDER = ROOT / 'reproduction/photographs/people'
COUNTS = dict(lsp_val=500, lspet_train=4000, lspet_val=1000, lspet_more=1537)
DATA = os.environ.get(PUBLIC)


def numbers(name):
    """Of images from 1 to 2,000 in lsp, to 10,000 in lspet, each once."""
    count = 2000 if name.startswith('lsp_') else 10000
    return read_numbers(str(FOLDER / f'{name}.txt'), count)


def test_nobody_is_in_two_splits():
    found = {name: numbers(name) for name in COUNTS}
    assert {name: len(n) for name, n in found.items()} == COUNTS
    # The first 1,000 of LSP are its training set.
    assert min(found.pop('lsp_val')) > 1000
    assert len(set().union(*found.values())) == sum(map(len, found.values()))
    assert {p.stem for p in FOLDER.iterdir()} == COUNTS.keys()


@pytest.mark.skipif(not DATA, reason=f'{PUBLIC} is not set')
@pytest.mark.parametrize('name', COUNTS)
def test_they_are_the_people_of_the_records(name):
    folder = name if name == 'lspet_more' else name.split('_')[0]
    file = Path(DATA) / folder / f'{name}.json'
    people = json.loads(file.read_text())
    images = [re.sub(r'\D', '', person['image']) for person in people]
    assert list(map(int, images)) == numbers(name)
