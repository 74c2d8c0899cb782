"""Read README and docs: code blocks, headings, links."""

import re
from pathlib import Path
from typing import Iterator, List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'SECURITY.md']
    + list((ROOT / 'docs').rglob('*.md'))
)
_BLOCK = re.compile(r'^```(\w*)\n(.*?)^```$', re.M | re.S)


class Block(NamedTuple):
    """A fenced block, named by its page and number."""

    page: str
    number: int
    text: str

    @property
    def id(self) -> str:
        return f'{self.page}:{self.number}'


def blocks(language: str) -> List[Block]:
    """All blocks of a language, in order."""
    found = []
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        texts = [
            body
            for kind, body in _BLOCK.findall(page.read_text('utf-8'))
            if kind == language
        ]
        found += [Block(name, n, text) for n, text in enumerate(texts)]
    return found


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return _BLOCK.sub('', page.read_text('utf-8'))


def anchors(page: Path) -> Iterator[str]:
    """Slugs of the headings, as GitHub and MyST make them."""
    for title in re.findall(r'^#+ (.+)$', prose(page), re.M):
        slug = re.sub(r'[^\w\- ]', '', title.strip().lower())
        yield slug.replace(' ', '-')
