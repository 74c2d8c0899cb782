"""A file is there whole or not at all, and JSON is read strictly."""

import doctest
import os

import pytest

from integral_mmpose import files
from integral_mmpose.files import made_beside, read_json


def test_after_an_error_the_old_file_stays(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt), made_beside(path) as temporary:
        temporary.write_text('new')
        assert path.read_text() == 'old'
        raise KeyboardInterrupt
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    """The second time there is what a killed process of this number left."""
    source, path = tmp_path / 'source', tmp_path / 'a.txt'
    source.write_text('source')
    path.symlink_to(source)
    for link in (os.link, os.symlink):
        with made_beside(path) as temporary:
            temporary.write_text('new')
        assert path.read_text() == 'new' and not path.is_symlink()
        os.link(source, temporary)
        with made_beside(path) as temporary:
            link(source, temporary)
        assert path.read_text() == source.read_text() == 'source'
    assert sorted(tmp_path.iterdir()) == [path, source]


def test_windows_opens_no_folder(tmp_path, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(13, 'Permission denied', path)

    monkeypatch.setattr(os, 'open', refuse)
    with pytest.raises(PermissionError):
        files._sync_folder(str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(os, 'name', 'nt')
        files._sync_folder(str(tmp_path))


def test_examples():
    result = doctest.testmod(files)
    assert result.attempted > 0 and result.failed == 0


def test_json_is_read_with_or_without_a_mark(tmp_path):
    path = tmp_path / 'a.json'
    for encoding in ('utf-8', 'utf-8-sig'):
        path.write_text('{"ä": [1.5, null]}', encoding)
        assert read_json(path, '') == {'ä': [1.5, None]}


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'{', 'Expecting property name'),
        (b'"\xe4"', 'utf-8'),
        (b'[' * 100_000, 'recursion'),
        (b'{"a": 1, "b": {"c": 2, "c": 3}}', "'c' is repeated"),
        (None, 'it is a folder'),
    ],
)
def test_other_files_are_named(tmp_path, content, reason):
    path = tmp_path / 'a.json'
    path.mkdir() if content is None else path.write_bytes(content)
    said = rf'a\.json: is not a tree \(.*{reason}.*\)\. Write it again'
    with pytest.raises(ValueError, match=said):
        read_json(path, 'is not a tree')
