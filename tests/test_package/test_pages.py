"""The pages that ``make docs`` renders are all there are to render."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / 'docs'


def test_every_page_is_in_the_table_of_contents():
    index = (DOCS / 'index.md').read_text()
    listed = []
    for tree in index.split('```{toctree}')[1:]:
        lines = tree.split('```')[0].split('\n')
        listed += [x for x in lines if x and not x.startswith(':')]
    found = []
    for entry in listed:
        sources = (*DOCS.glob(f'{entry}.md'), *DOCS.glob(f'{entry}.rst'))
        assert sources, f'{entry} is no page'
        found += sources
    pages = {*DOCS.rglob('*.md'), *DOCS.rglob('*.rst')} - {DOCS / 'index.md'}
    assert len(found) == len(set(found)) and set(found) == pages


def test_every_package_is_in_the_api():
    text = (DOCS / 'api.rst').read_text()
    listed = {line.split()[-1] for line in text.splitlines() if '::' in line}
    packages = {
        f'integral_mmpose.{init.parent.name}'
        for init in (ROOT / 'integral_mmpose').glob('*/__init__.py')
    }
    assert listed == packages
