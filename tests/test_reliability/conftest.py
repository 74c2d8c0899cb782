"""Data of the trainings, made once."""

import pytest

from tests.test_reliability.training import make_data


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('data'))
