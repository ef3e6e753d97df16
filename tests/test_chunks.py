"""Pieces of a long computation: the same rows however often it was stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlrrc_core.chunks import Array, Checkpoint, generator, in_chunks
from dlrrc_core.problems import UsageError


class Computation:
    """Draws rows, counts its calls and stops with an error at one of them."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.calls: list[int] = []
        self.stop_at = stop_at

    def __call__(self, rng: np.random.Generator, rows: int) -> Array:
        if len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append(rows)
        return rng.random((rows, 2))


def test_sizes_of_the_pieces_add_up() -> None:
    compute = Computation()
    assert in_chunks(compute, 10, 4, 1, "rows").shape == (10, 2)
    assert compute.calls == [4, 4, 2]


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    first, again, other = (in_chunks(Computation(), 10, 4, seed, "rows") for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.isclose(first, other).any()


def test_every_piece_has_its_own_numbers() -> None:
    """A piece depends on seed and number only, so pieces can be computed in any order or place."""
    rows = in_chunks(Computation(), 12, 4, 7, "rows")
    for number in range(3):
        assert np.array_equal(rows[4 * number : 4 * number + 4], generator(7, number).random((4, 2)))
    assert np.unique(rows).size == rows.size


@pytest.mark.parametrize("stop_at", [0, 1, 2, 3, 4])
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, stop_at: int) -> None:
    wanted = in_chunks(Computation(), 18, 4, 3, "rows")
    checkpoint = Checkpoint(tmp_path / "kept")
    with pytest.raises(KeyboardInterrupt):
        in_chunks(Computation(stop_at), 18, 4, 3, "rows", checkpoint)
    kept = sorted(path.name for path in checkpoint.folder.glob("*")) if checkpoint.folder.exists() else []
    assert len(kept) == stop_at
    rest = Computation()
    assert np.array_equal(in_chunks(rest, 18, 4, 3, "rows", checkpoint), wanted)
    assert rest.calls == [4, 4, 4, 4, 2][stop_at:]
    done = Computation(stop_at=0)  # a third run computes nothing
    assert np.array_equal(in_chunks(done, 18, 4, 3, "rows", checkpoint), wanted)


@pytest.mark.parametrize(
    ("total", "size", "seed", "label", "key"),
    [(16, 4, 3, "rows", b"x"), (18, 5, 3, "rows", b"x"), (18, 4, 4, "rows", b"x"), (18, 4, 3, "lines", b"x"),
     (18, 4, 3, "rows", b"y"), (18, 4, 3, "rows", b"")],
    ids=["total", "size", "seed", "label", "key", "no key"],
)  # fmt: skip
def test_pieces_of_another_computation_are_not_used(
    tmp_path: Path, total: int, size: int, seed: int, label: str, key: bytes
) -> None:
    checkpoint = Checkpoint(tmp_path)
    in_chunks(Computation(), 18, 4, 3, "rows", checkpoint, key=b"x")
    compute = Computation()
    found = in_chunks(compute, total, size, seed, label, checkpoint, key)
    assert sum(compute.calls) == total
    assert np.array_equal(found, in_chunks(Computation(), total, size, seed, label))


def test_without_a_checkpoint_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    in_chunks(Computation(), 18, 4, 3, "rows")
    assert list(tmp_path.iterdir()) == []


def test_no_half_written_file_is_left(tmp_path: Path) -> None:
    in_chunks(Computation(), 18, 4, 3, "rows", Checkpoint(tmp_path))
    assert len(list(tmp_path.iterdir())) == len(list(tmp_path.glob("rows-*-[0-4].npy"))) == 5


@pytest.mark.parametrize(("total", "size"), [(0, 4), (-1, 4), (4, 0), (4, -2)])
def test_no_rows_are_refused(total: int, size: int) -> None:
    with pytest.raises(UsageError, match=f"{total} rows in pieces of {size}; allowed: at least 1 of each"):
        in_chunks(Computation(), total, size, 1, "rows")
