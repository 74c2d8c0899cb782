"""A file is there whole or not at all."""

import os

import pytest

from integral_mmpose.files import made_beside


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
