"""Measure every topic and keep the figures in results.json.

    python benchmarks/run.py [--quick] [--only integral,growth] [--print]

A topic is a file bm_<topic>.py whose ``run(quick)`` returns rows (see
``common.figure``). Each runs in a process of its own and is saved at once;
--only replaces the rows of its topics. --quick tries everything on small
inputs; like --print, it saves nothing.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / 'results.json'
CHILD = """
import json, sys
sys.path[:0] = [{here!r}, {root!r}, {root!r} + '/tools/dataset_converters']
import common
from bm_{topic} import run
rows = run({quick})
with open({out!r}, 'w') as file:
    json.dump(dict(machine=common.machine(), rows=rows), file)
"""


def topics() -> list:
    """Names of the topics, sorted."""
    return sorted(path.stem[3:] for path in HERE.glob('bm_*.py'))


def run_topic(topic: str, quick: bool) -> dict:
    """The machine and the rows of a topic, by a child process.

    Raises:
        RuntimeError: If the child fails; its output is on the screen.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'rows.json'
        code = CHILD.format(
            here=str(HERE),
            root=str(HERE.parent),
            topic=topic,
            quick=quick,
            out=str(out),
        )
        child = subprocess.run([sys.executable, '-c', code], check=False)
        if child.returncode:
            raise RuntimeError(f'bm_{topic}.py failed, see above')
        return json.loads(out.read_text())


def show(rows: list) -> None:
    """Print the rows, a line each."""
    for row in rows:
        number = row['median']
        value = '–' if number is None else f'{number:.4g} {row["unit"]}'
        state = {True: 'reached', False: 'NOT REACHED', None: ''}
        print(
            f'{row["case"]} | {row["formulation"]} | {value} | '
            f'{row["target"]} {state[row["reached"]]} {row["note"]}',
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--quick', action='store_true', help='small inputs')
    parser.add_argument('--only', help=f'some of {",".join(topics())}')
    parser.add_argument('--print', action='store_true', help='save nothing')
    args = parser.parse_args()
    chosen = args.only.split(',') if args.only else topics()
    unknown = sorted(set(chosen) - set(topics()))
    if unknown:
        print(f'error: no topic {unknown}, choose of {topics()}')
        return 1
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for topic in chosen:
        print(f'== {topic}', flush=True)
        try:
            found = run_topic(topic, args.quick)
        except RuntimeError as error:
            print(f'error: {error}')
            failed.append(topic)
            continue
        show(found['rows'])
        results[topic] = found
        if not (args.quick or args.print):
            RESULTS.write_text(
                json.dumps(results, indent=1, ensure_ascii=False) + '\n'
            )
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
