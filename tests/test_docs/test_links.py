"""Links between pages, and to headings, lead somewhere."""

import re

import pytest

from .pages import PAGES, ROOT, anchors, prose

LINKED = PAGES + [
    ROOT / 'CHANGELOG.md',
    ROOT / 'benchmarks/RESULTS.md',
    *sorted((ROOT / 'reproduction').glob('*.md')),
]
LINK = re.compile(r'\]\(([^)\s]+)\)')
TEST = re.compile(r'`(tests/[\w/]+\.py)(?:::(\w+))?`')


def broken(page, link):
    """Why a link leads nowhere, or None."""
    path, _, anchor = link.partition('#')
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return f'{link}: no such file'
    if anchor and anchor not in set(anchors(target)):
        return f'{link}: no such heading'
    return None


@pytest.mark.parametrize('page', LINKED, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(prose(page)) if ':' not in link]
    assert not [why for link in links if (why := broken(page, link))]


def missing(path, name):
    """Whether a test that a page names is gone."""
    path = ROOT / path
    return not path.exists() or f'def {name}' not in path.read_text('utf-8')


def test_tests_that_pages_name_exist():
    named = [test for page in PAGES for test in TEST.findall(page.read_text())]
    assert len(named) > 20
    assert not [test for test in named if missing(*test)]
    assert missing('tests/test_docs/test_links.py', 'test_that_is_gone')
    assert missing('tests/test_docs/test_gone.py', '')


def test_a_dead_link_is_seen():
    """Negative control."""
    page = ROOT / 'README.md'
    assert broken(page, 'docs/data.md') == 'docs/data.md: no such file'
    assert broken(page, '#nowhere') == '#nowhere: no such heading'
    assert broken(page, '#limits') is None


def test_the_readme_is_short():
    assert len((ROOT / 'README.md').read_text('utf-8').splitlines()) <= 120
