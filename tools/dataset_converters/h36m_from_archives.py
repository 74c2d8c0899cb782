"""Convert the official archives of Human3.6M to the files for training.

    python tools/dataset_converters/h36m_from_archives.py ROOT --out data/h36m

ROOT has, as .tgz or extracted, D2_Positions, D3_Positions_mono and Videos of
the subjects, and metadata.xml of the code release. Writes OUT/images,
OUT/annotations/h36m_{train,test}.npz and cameras.json. It can be stopped and
started again: what is finished is in OUT/.recordings, and an archive is
extracted once, into --extracted. Needs cdflib (pip install cdflib).
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from h36m.archives import (
    extract,
    files_of,
    find_archives,
    find_files,
    require_cdflib,
)
from h36m.metadata import Metadata, read_metadata
from h36m.names import add_choices, recordings
from h36m.recording import Job, Part, convert_recording
from h36m.rows import Rows, Steps, write_annotations
from integral_mmpose.command import at_least_one, make_parser, reports_errors


def make_jobs(args: argparse.Namespace, metadata: Metadata) -> List[Job]:
    """Find the files of every recording that is asked for."""
    extracted = args.extracted or str(Path(args.out, 'extracted'))
    extract_all(args.root, extracted, args.subjects)
    found = find_files(args.root, extracted)
    steps, jobs = Steps(args.train_step, args.test_step), []
    for recording in recordings(
        args.subjects, args.actions, lambda *trial: metadata.names[trial]
    ):
        if args.skip_broken and recording.broken:
            print(f'left out, broken video: {recording.name}')
            continue
        if args.skip_damaged_s9 and recording.damaged_truth:
            print(f'left out, damaged truth: {recording.name}')
            continue
        files = files_of(recording, found, args.root)
        camera = metadata.cameras[recording.subject, recording.camera]
        jobs.append(Job(recording, files, camera, steps, args.crop, args.out))
    return jobs


def extract_all(root: str, extracted: str, subjects: Sequence[str]) -> None:
    """Extract every archive that was not yet, or whose files are gone."""
    for archive in find_archives(root, subjects):
        name = f'{Path(archive).name}.{Path(archive).stat().st_size}'
        done = Path(extracted, f'{name}.{"-".join(sorted(subjects))}.done')
        if done.exists() and all(
            Path(extracted, path).exists()
            for path in done.read_text().splitlines()
        ):
            continue
        files = []
        for path in extract(archive, extracted, subjects):
            print(f'{archive}: {path}', flush=True)
            files.append(os.path.relpath(path, extracted))
        print(f'{archive}: {len(files)} files')
        Path(extracted).mkdir(parents=True, exist_ok=True)
        done.write_text('\n'.join(files))


def run_jobs(jobs: List[Job], threads: int) -> List[Part]:
    """Convert all recordings, with progress; videos are read in threads."""
    start, parts = time.time(), []
    with (
        ThreadPoolExecutor(threads) as pool,
        closing(pool.map(convert_recording, jobs)) as results,
    ):  # closed, results cancel what has not begun
        for number, (job, result) in enumerate(zip(jobs, results), 1):
            part, remark = result
            parts.append(part)
            left = (time.time() - start) * (len(jobs) / number - 1) / 60
            print(
                f'[{number}/{len(jobs)}] {job.recording.name}: {remark}, '
                f'about {left:.0f} minutes left',
                flush=True,
            )
    return parts


def convert(args: argparse.Namespace) -> None:
    require_cdflib()
    if not Path(args.root).is_dir():
        raise FileNotFoundError(f'{args.root} is no folder. Give ROOT.')
    places = sorted(Path(args.root).rglob('metadata.xml'))
    places += [Path(args.root, 'metadata.xml')]
    metadata = read_metadata(str(args.metadata or places[0]))
    jobs = make_jobs(args, metadata)
    # Pictures are rewritten under their names: annotations of an earlier run
    # may not outlive them.
    for name in ('h36m_train.npz', 'h36m_test.npz'):
        Path(args.out, 'annotations', name).unlink(missing_ok=True)
    splits: Dict[str, List[Rows]] = dict(train=[], test=[])
    cameras: dict = {}
    for job, part in zip(jobs, run_jobs(jobs, args.jobs)):
        subject, camera_id = job.recording.subject, job.recording.camera
        by_id = cameras.setdefault(subject, {})
        by_id[camera_id] = job.camera._replace(size=part.size).as_json()
        for split, rows in part.rows.items():
            splits[split].append(rows)
    write_annotations(args.out, splits, cameras)


def parse(argv: Optional[List[str]]) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('root', help='folder of the archives or their content')
    parser.add_argument('--out', required=True, help='the h36m folder')
    parser.add_argument('--metadata', help='metadata.xml, if not in ROOT')
    parser.add_argument('--extracted', help='where archives are extracted to')
    add_choices(parser)
    parser.add_argument(
        '--crop',
        type=int,
        metavar='PX',
        help='store squares of 2500 mm around the pelvis, scaled to PX; with '
        '320 the 2000 mm box has 256 px',
    )
    parser.add_argument(
        '--skip-broken',
        action='store_true',
        help="leave out the second trial of S11's Directions of camera "
        '54138969, whose video is damaged; the paper does not say so',
    )
    parser.add_argument('--jobs', type=at_least_one, default=os.cpu_count())
    args = parser.parse_args(argv)
    if (args.crop or 64) < 64:
        parser.error('--crop must be at least 64')
    return args


@reports_errors
def main(argv: Optional[List[str]] = None) -> None:
    convert(parse(argv))


if __name__ == '__main__':
    sys.exit(main())
