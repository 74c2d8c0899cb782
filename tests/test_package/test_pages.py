"""The pages that ``make docs`` renders are all there are to render."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / 'docs'


def test_every_page_is_in_the_table_of_contents():
    index = (DOCS / 'index.md').read_text()
    listed = set(index.split('```{toctree}')[1].split('```')[0].split())
    pages = {page.stem for page in DOCS.glob('*.md')} - {'index'} | {'api'}
    assert listed == pages | {':maxdepth:', '2'}


def test_every_package_is_in_the_api():
    text = (DOCS / 'api.rst').read_text()
    listed = {line.split()[-1] for line in text.splitlines() if '::' in line}
    packages = {
        f'integral_mmpose.{init.parent.name}'
        for init in (ROOT / 'integral_mmpose').glob('*/__init__.py')
    }
    assert listed == packages
