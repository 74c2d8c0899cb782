"""The notebook runs from top to bottom, each cell as Jupyter shows it."""

import json
import os
import re
import subprocess
import sys

from .pages import ROOT

PATH = ROOT / 'docs/tutorial.ipynb'
#: Run the cells in one namespace; the value of a last expression is shown.
RUN = """
import ast, json, sys
names = {}
for n, cell in enumerate(json.load(open(sys.argv[1]))['cells']):
    if cell['cell_type'] == 'code':
        tree = ast.parse(''.join(cell['source']))
        last = tree.body[-1] if isinstance(tree.body[-1], ast.Expr) else None
        tree.body = tree.body[:-1] if last else tree.body
        exec(compile(tree, f'cell {n}', 'exec'), names)
        if last:
            shown = ast.Expression(last.value)
            value = eval(compile(shown, f'cell {n}', 'eval'), names)
            print('SHOWN', n, type(value).__name__)
print('JOINTS', names['logits'].shape[1], names['keypoints'].shape)
"""


def test_it_is_a_clean_notebook():
    book = json.loads(PATH.read_text('utf-8'))
    assert (book['nbformat'], book['nbformat_minor']) == (4, 5)
    ids = [cell['id'] for cell in book['cells']]
    assert len(set(ids)) == len(ids)
    for cell in book['cells']:
        code = (
            {'outputs', 'execution_count'}
            if (cell['cell_type'] == 'code')
            else set()
        )
        assert set(cell) == {'cell_type', 'id', 'metadata', 'source'} | code
        assert not cell.get('outputs') and not cell.get('execution_count')


def test_it_runs(tmp_path):
    env = dict(os.environ, TMPDIR=str(tmp_path), PYTHONPATH=str(ROOT))
    done = subprocess.run(
        [sys.executable, '-c', RUN, str(PATH)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(re.findall(r'SHOWN \d+ Image', done.stdout)) == 3
    assert 'JOINTS 18 (18, 3)' in done.stdout
