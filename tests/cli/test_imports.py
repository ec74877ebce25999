from __future__ import annotations

import gc

import pytest

from commands.imports import without_collector


def test_the_collector_rests_while_modules_are_imported_and_works_again() -> None:
    frozen = gc.get_freeze_count()
    with without_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


def test_a_failed_import_leaves_the_collector_working() -> None:
    with pytest.raises(ImportError), without_collector():
        raise ImportError
    assert gc.isenabled()
