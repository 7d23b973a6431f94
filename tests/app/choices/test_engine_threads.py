import os

import pytest
from PySide6.QtCore import QSettings

from app.choices import engine_threads


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    return QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)


def test_a_chosen_number_is_kept_and_used_by_the_next_engine(settings):
    engine_threads.save(settings, 3)
    assert (engine_threads.saved(settings), os.environ["OMP_NUM_THREADS"]) == (3, "3")


def test_as_many_as_cores_leaves_the_environment_alone(settings):
    engine_threads.use(engine_threads.saved(settings))
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize("stored", ["", "-1", "many", "99999", "123456789", "²"])
def test_a_damaged_number_is_as_many_as_cores(settings, stored):
    settings.setValue("engine-threads", stored)
    assert engine_threads.saved(settings) == 0
