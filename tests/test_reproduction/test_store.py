"""Records: one file of all, one file a run, and how they come together."""

import json

import pytest

from reproduction import compile_records, store
from reproduction.data import DATA
from reproduction.rows import select
from reproduction.scales import SCALES
from reproduction.store import key_of, read_folders, read_lines, write_lines


@pytest.fixture
def row():
    return select('1', 'R1')[0]


@pytest.fixture
def compile_into(tmp_path, capsys):
    """Runs the command; returns its status and what it said."""

    def run(*words):
        into = ['--into', str(tmp_path / 'kept.jsonl')]
        code = compile_records.main([*map(str, words), *into])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_the_kept_records():
    """145 were kept as files of their own before; sorted, and known."""
    lines = store.KEPT.read_text('utf-8').splitlines()
    records = [json.loads(line) for line in lines]
    keys = [key_of(record) for record in records]
    assert keys == sorted(keys) == list(read_lines(store.KEPT))
    assert len(keys) >= 145
    assert {(d, s) for d, s, _, _ in keys} <= {
        (d, s) for d in DATA for s in SCALES
    }


def test_lines_keep_every_record(write_fake_record, row, tmp_path):
    paths = [
        write_fake_record(row, seed, {'pckh/AUC': seed + 0.25})
        for seed in (10, 2)
    ]
    written = [json.loads(path.read_text()) for path in paths]
    file = tmp_path / 'kept.jsonl'
    write_lines(file, read_folders([tmp_path / 'records']))
    assert [json.loads(s) for s in file.read_text().splitlines()] == [
        written[1],
        written[0],
    ]
    assert list(read_lines(file).values()) == written[::-1]


def test_no_file_has_no_records(tmp_path):
    assert read_lines(tmp_path / 'none.jsonl') == {}
    assert read_folders([tmp_path / 'none']) == {}


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (lambda text: text[:-20], 'delimiter|Expecting|Unterminated'),
        (lambda text: '[1]', 'no JSON object'),
        (lambda text: '[' * 100000, 'recursion'),
        (lambda text: text.replace('"seed": 1', '"seed": true'), 'seed must'),
        (lambda text: text.replace('"job"', '"jib"'), 'job must be of type'),
        (lambda text: text.replace('1.5', 'NaN'), 'AUC is nan, not a finite'),
        (lambda text: text.replace('1.5', '"1.5"'), 'AUC is 1.5, not a fin'),
    ],
)
def test_a_malformed_line_is_named(
    change, reason, write_fake_record, row, tmp_path
):
    paths = [write_fake_record(row, s, {'pckh/AUC': 1.5}) for s in (0, 1, 2)]
    texts = [path.read_text() for path in paths]
    file = tmp_path / 'kept.jsonl'
    file.write_text('\n'.join(texts))
    assert len(read_lines(file)) == 3  # negative control
    texts[1] = change(texts[1])
    file.write_text('\n'.join(texts))
    with pytest.raises(ValueError, match=f'kept.jsonl, line 2: .*({reason})'):
        read_lines(file)
    paths[1].write_text(texts[1])
    with pytest.raises(ValueError, match=f'{paths[1].name}: .*({reason})'):
        read_folders([tmp_path / 'records'])


def without(name):
    return lambda record: record.pop(name)


def with_(**parts):
    return lambda record: record.update(parts)


RUN = dict(command='c', threads=1, device='CPU', commit='abc')


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (without('training'), 'training is missing'),
        (without('starts_from'), 'starts_from is missing'),
        (without('curve'), 'curve is missing'),
        (with_(training='x'), 'training: no JSON object'),
        (
            with_(training={}),
            'training: command must .*training: seconds must',
        ),
        (with_(training=RUN), 'training: seconds must be a finite number'),
        (with_(evaluation={}), 'environment must be .* dict'),
        (with_(evaluation=RUN), 'evaluation: finished must be of type str'),
        (
            with_(
                evaluation=dict(RUN, finished='', environment=dict(torch=2))
            ),
            'evaluation: torch must be of type str',
        ),
        (with_(curve='abc'), 'curve must be null or 51 finite numbers'),
        (with_(curve=[1.0, 2.0]), 'curve must be null or 51'),
        (with_(curve=[float('nan')] * 51), 'curve must be null or 51'),
        (with_(history=[1, 2, 3]), 'history must be pairs of finite numbers'),
        (with_(history=[[1, None]]), 'history must be pairs'),
        (with_(history=[[1, True]]), 'history must be pairs'),
        (with_(history=[[1, 10**400]]), 'history must be pairs'),
        (with_(metrics={}), 'metrics has no metric of a table'),
        (with_(metrics={'x': 1}), 'metrics has no metric of a table'),
        (with_(metrics={'pckh/AUC': 10**400}), 'AUC is 10*, not a finite'),
        (with_(epochs=-1), 'epochs must not be negative'),
        (with_(seed=-1), 'seed must not be negative'),
    ],
)
def test_a_record_that_no_table_can_show_is_refused(
    change, reason, write_fake_record, row
):
    path = write_fake_record(row, 0, {})
    record = json.loads(path.read_text())
    record.update(training=dict(RUN, seconds=0), curve=[1] * 51)
    path.write_text(json.dumps(record))
    assert len(read_folders([path.parent])) == 1  # negative control
    change(record)
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=f'{path.name}: .*{reason}.*: delete'):
        read_folders([path.parent])


def test_what_is_not_utf_8_is_named(write_fake_record, row, tmp_path):
    path = write_fake_record(row, 0, {})
    (tmp_path / 'kept.jsonl').write_bytes(path.read_bytes() + b'\n\xff')
    with pytest.raises(ValueError, match=r'kept.jsonl, line 2: .*: delete'):
        read_lines(tmp_path / 'kept.jsonl')
    path.write_bytes(b'\xff')
    with pytest.raises(ValueError, match=rf'{path.name}: .*0xff.*: delete'):
        read_folders([path.parent])


def test_a_training_that_stands_twice_is_refused(
    write_fake_record, row, tmp_path
):
    path = write_fake_record(row, 0, {})
    copy = path.with_name('a copy.json')
    copy.write_text(path.read_text())
    with pytest.raises(ValueError, match=rf'{path.name}: .*{copy.name} \('):
        read_folders([path.parent])
    copy.rename(tmp_path / copy.name)
    with pytest.raises(ValueError, match='the same training as'):
        read_folders([path.parent, tmp_path])
    file = tmp_path / 'kept.jsonl'
    file.write_text(f'{path.read_text()}\n' * 2)
    with pytest.raises(ValueError, match='line 2: the same training .* line'):
        read_lines(file)


def test_compile(write_fake_record, row, tmp_path, compile_into):
    """New ones are added; a different one only if told; the same is none."""
    path = write_fake_record(row, 0, {'pckh/AUC': 1.0})
    code, said = compile_into(path.parent)
    assert code == 0 and '1 records, 1 of them new' in said
    write_fake_record(row, 1, {'pckh/AUC': 3.0})
    code, said = compile_into(path.parent)
    assert code == 0 and '2 records, 1 of them new' in said
    before = (tmp_path / 'kept.jsonl').read_bytes()
    assert compile_into(path.parent)[0] == 0
    write_fake_record(row, 0, {'pckh/AUC': 2.0})
    code, said = compile_into(path.parent)
    name = path.stem.removeprefix('synthetic-small-').removesuffix('-seed0')
    assert code == 1
    assert f'records of synthetic small {name} 0 differ. Overwrite' in said
    assert (tmp_path / 'kept.jsonl').read_bytes() == before
    code, said = compile_into(path.parent, '--replace')
    assert code == 0 and '2 records, 1 of them new' in said
    aucs = [
        r['metrics']['pckh/AUC']
        for r in read_lines(tmp_path / 'kept.jsonl').values()
    ]
    assert aucs == [2, 3]


def test_compile_takes_a_folder_once(
    write_fake_record, row, tmp_path, compile_into
):
    """Whatever it is called; the folder of a run stands for its records."""
    folder = write_fake_record(row, 0, {}).parent
    link = tmp_path / 'link'
    link.symlink_to(folder)
    code, said = compile_into(folder, folder, link, tmp_path)
    assert code == 0 and '1 records, 1 of them new' in said


def test_compile_refuses_what_has_no_records(tmp_path, compile_into):
    code, said = compile_into(tmp_path)
    assert code == 1 and f'no records in {tmp_path}: give finished' in said
    assert not (tmp_path / 'kept.jsonl').exists()


def test_compile_into_a_folder(write_fake_record, row, tmp_path, compile_into):
    (tmp_path / 'kept.jsonl').mkdir()
    code, said = compile_into(write_fake_record(row, 0, {}).parent)
    assert code == 1 and 'kept.jsonl is a folder: give a file in it' in said
    assert ' MB ' not in said
    # Not "0 records" either, where there is nothing to write.
    assert compile_records.main(['--into', str(tmp_path)]) == 1


def test_compile_leaves_the_kept_file_whole(
    write_fake_record, row, tmp_path, compile_into
):
    """Neither a bad record nor a missing folder changes it."""
    path = write_fake_record(row, 0, {})
    compile_into(path.parent)
    before = (tmp_path / 'kept.jsonl').read_bytes()
    code, said = compile_into(path.parent, tmp_path / 'none')
    assert code == 1 and f'no such folder: {tmp_path}/none' in said
    write_fake_record(row, 1, {}).write_text('{')
    code, said = compile_into(path.parent)
    assert code == 1 and 'seed1.json: not the record' in said
    assert (tmp_path / 'kept.jsonl').read_bytes() == before


def test_compile_takes_every_run_but_tiny_ones(
    write_fake_record, row, tmp_path, compile_into, monkeypatch
):
    """Without a folder: a smoke run is not kept in the repository."""
    monkeypatch.setattr(compile_records, 'ROOT', tmp_path)
    for scale, seed in (('small', 0), ('tiny', 1)):
        path = write_fake_record(row, seed, {}, scale=scale)
        runs = tmp_path / f'work_dirs/reproduce/synthetic-{scale}/records'
        runs.mkdir(parents=True)
        path.rename(runs / path.name)
    code, said = compile_into()
    assert code == 0 and '1 records, 1 of them new' in said
    (key,) = read_lines(tmp_path / 'kept.jsonl')
    assert key[1] == 'small'
