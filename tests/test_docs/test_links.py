"""Links between pages, and to headings, lead somewhere."""

import re

import pytest

from .pages import PAGES, ROOT, anchors, prose

LINK = re.compile(r'\]\(([^)\s]+)\)')


def broken(page, link):
    """Why a link leads nowhere, or None."""
    path, _, anchor = link.partition('#')
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return f'{link}: no such file'
    if anchor and anchor not in set(anchors(target)):
        return f'{link}: no such heading'
    return None


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(prose(page)) if ':' not in link]
    assert not [why for link in links if (why := broken(page, link))]


def test_a_dead_link_is_seen():
    """Negative control."""
    page = ROOT / 'README.md'
    assert broken(page, 'docs/data.md') == 'docs/data.md: no such file'
    assert broken(page, '#nowhere') == '#nowhere: no such heading'
    assert broken(page, '#limits') is None


def test_the_readme_is_short():
    assert len((ROOT / 'README.md').read_text('utf-8').splitlines()) <= 120
