"""What the printed aggregates allow, by integer programming (HiGHS through scipy).

One binary variable says that a paper reaches a level of an item, another that its total is some number of units. All conditions
but the correlation are linear in them. With C the sum of (year - mean year) times total and Q the sum of squared totals, the
correlation condition is ``low <= C / sqrt(S (Q - T^2/n)) <= high``; over an interval of Q it is bounded by straight lines, and the
interval is halved until the lines are exact. Where T, the sum of all totals, was not printed, its interval is halved first. So
"impossible" is proven, and "possible" comes with a matrix.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from dlrrc_core.problems import UsageError
from dlrrc_core.reconstruct.aggregates import Aggregates
from dlrrc_core.reconstruct.consistency import Window

Matrix = npt.NDArray[np.int64]
Condition = tuple[sparse.csr_array, float, float]  # coefficients, lowest, highest
TIME_LIMIT = 120.0  # seconds for one integer program; longer means no answer, and is an error


@dataclass(frozen=True)
class Goal:
    """What to make largest: a sum of units over papers and items, or minus that sum.

    Attributes
    ----------
    columns : tuple of int
        Items (from 0) whose units count.
    sign : int
        1 for the largest sum, -1 for the smallest.
    """

    columns: tuple[int, ...]
    sign: int


class Program:
    """The integer program of one set of aggregates.

    Parameters
    ----------
    aggregates : Aggregates
        What was printed.
    """

    def __init__(self, aggregates: Aggregates) -> None:
        self.a = aggregates
        n, best = len(aggregates.papers), [levels[-1] for levels in aggregates.levels]
        self.n, self.top = n, sum(best)
        self.years = aggregates.years - aggregates.years.mean()
        self.spread = float((self.years**2).sum())
        # x: paper x (item, level > 0); z: paper x total
        self.cells = [(i, level) for i, levels in enumerate(aggregates.levels) for level in levels[1:]]
        self.width = len(self.cells) + self.top + 1
        self.units = np.array([level for _, level in self.cells], dtype=float)
        self.column = np.array([i for i, _ in self.cells])
        self.rows: list[Condition] = list(self._linear())

    def _row(self, values: npt.ArrayLike) -> sparse.csr_array:
        """Return coefficients, shape (papers, width), as one sparse row."""
        return sparse.csr_array(np.asarray(values, dtype=float).reshape(1, -1))

    def _blank(self) -> npt.NDArray[np.float64]:
        return np.zeros((self.n, self.width))

    def _linear(self) -> Iterator[Condition]:
        """Yield every linear condition as (coefficients, lowest, highest)."""
        a, m = self.a, len(self.cells)
        totals = np.arange(self.top + 1)
        for p in range(self.n):
            for i in range(len(a.levels)):
                row = self._blank()
                row[p, :m] = self.column == i
                yield self._row(row), 0, 1  # at most one level above zero
            row = self._blank()
            row[p, m:] = 1
            yield self._row(row), 1, 1  # exactly one total
            row = self._blank()
            row[p, :m], row[p, m:] = self.units, -totals
            yield self._row(row), 0, 0  # which is the sum of the units
        for i, window in a.items.items():
            yield self._row(self._sum_of([i])), *window
        for part, window in a.part_sums.items():
            yield self._row(self._sum_of(a.parts[part])), *window
        if a.total is not None:
            yield self._row(self._sum_of(range(len(a.levels)))), *a.total
        if a.line is not None and a.at_line is not None:
            row = self._blank()
            row[:, m:] = totals >= a.line
            yield self._row(row), a.at_line, a.at_line
        if a.line is not None and a.others_before is not None:
            row = self._blank()
            row[a.years >= a.others_before, m:] = totals < a.line
            yield self._row(row), 0, 0
        for year in np.unique(a.years):  # papers of one year can change places: order them by total
            same = np.flatnonzero(a.years == year)
            for first, second in pairwise(same):
                row = self._blank()
                row[first, m:], row[second, m:] = totals, -totals
                yield self._row(row), 0, self.top

    def _sum_of(self, columns: Collection[int]) -> npt.NDArray[np.float64]:
        """Return the coefficients of the sum of units of some items."""
        row = self._blank()
        row[:, : len(self.cells)] = np.where(np.isin(self.column, list(columns)), self.units, 0)
        return row

    def best(
        self, goal: Goal | None = None, at_least: float | None = None, totals: npt.ArrayLike | None = None
    ) -> Matrix | None:
        """Return the answer matrix that is best for a goal among those that meet every condition.

        Parameters
        ----------
        goal : Goal, optional
            By default any matrix will do.
        at_least : float, optional
            Only a matrix whose goal reaches this number is wanted.
        totals : array_like of int, shape (papers,), optional
            Only a matrix with these totals is wanted: far quicker, and enough to show that something is possible.

        Returns
        -------
        numpy.ndarray of int, shape (papers, items), or None
            None when no matrix meets the conditions (with the totals, where given): that is proven. Papers of one year can change
            places, so the totals of a year come in descending order.

        Raises
        ------
        UsageError
            When the program was not solved within :data:`TIME_LIMIT` seconds.
        """
        window = self.a.correlations.get("year")
        if window is not None and window[0] > window[1]:
            return None
        extra = []
        if goal is not None and at_least is not None:
            extra = [(self._row(goal.sign * self._sum_of(goal.columns)), at_least, np.inf)]
        if totals is not None:
            row = self._blank()
            row[np.arange(self.n), len(self.cells) + self._ordered(totals)] = 1
            extra.append((self._row(row), self.n, self.n))
            if window is not None and not self._in_window(window, self._ordered(totals)):
                return None
            return self._solve(goal, extra)
        if window is None:
            return self._solve(goal, extra)
        return self._search(goal, extra, window)

    def _ordered(self, totals: npt.ArrayLike) -> Matrix:
        """Return totals with those of each year in descending order."""
        found = np.array(totals, dtype=np.int64)
        for year in np.unique(self.a.years):
            same = self.a.years == year
            found[same] = np.sort(found[same])[::-1]
        return found

    def _search(self, goal: Goal | None, extra: list[Condition], window: Window) -> Matrix | None:
        """Return the best matrix whose correlation lies in the window, by halving intervals of T, then of Q."""
        found: Matrix | None = None
        best = -np.inf
        whole = self.a.total if self.a.total is not None else (0, self.n * self.top)
        todo = [(whole, (0, self.n * self.top**2))]
        while todo:
            whole, squares = todo.pop()
            bound = (
                []
                if found is None or goal is None
                else [(self._row(goal.sign * self._sum_of(goal.columns)), best + 1, np.inf)]
            )
            matrix = self._solve(goal, [*extra, *bound, *self._lines(window, whole, squares)])
            if matrix is None:
                continue
            totals = matrix.sum(axis=1)
            if self._in_window(window, totals):
                if goal is None:
                    return matrix
                best, found = float(goal.sign * matrix[:, list(goal.columns)].sum()), matrix
                todo.append((whole, squares))  # something better may be left
            elif whole[0] < whole[1]:
                middle = sum(whole) // 2
                todo += [((middle + 1, whole[1]), squares), ((whole[0], middle), squares)]
            elif squares[0] < squares[1]:
                middle = min(max(int((totals**2).sum()), squares[0]), squares[1] - 1)
                todo += [(whole, (middle + 1, squares[1])), (whole, (squares[0], middle))]
        return found

    def _in_window(self, window: Window, totals: Matrix) -> bool:
        """Return whether the correlation of totals and years lies in the window."""
        deviation = float(((totals - totals.mean()) ** 2).sum())
        if deviation == 0 or self.spread == 0:
            return False
        return bool(window[0] <= float(self.years @ totals) / np.sqrt(self.spread * deviation) <= window[1])

    def _lines(self, window: Window, whole: tuple[int, int], squares: tuple[int, int]) -> list[Condition]:
        """Return linear conditions that all totals with T in one interval, Q in another and a correlation in the window meet."""
        m = len(self.cells)
        totals = np.arange(self.top + 1)
        total, square, product = self._blank(), self._blank(), self._blank()
        total[:, m:] = totals
        square[:, m:] = totals**2
        product[:, m:] = self.years[:, None] * totals
        rows: list[Condition] = [(self._row(total), *whole), (self._row(square), *squares)]
        root = np.sqrt(self.spread)
        centre = whole[0] ** 2 / self.n
        start, end = max(squares[0] - whole[1] ** 2 / self.n, 0.0), max(squares[1] - centre, 0.0)
        if whole[0] < whole[1]:  # the mean is open: only the loose bound
            ends = [edge * root * np.sqrt(size) for edge in window for size in (start, end)]
            slack = 1e-9 * max(1.0, *np.abs(ends))
            return [*rows, (self._row(product), min(ends) - slack, max(ends) + slack)]
        # sqrt(q) lies above its chord and below each tangent
        slope = (np.sqrt(end) - np.sqrt(start)) / (end - start) if end > start else 0.0
        chord = (slope, np.sqrt(start) - slope * start)
        tangents = [(0.5 / np.sqrt(t), 0.5 * np.sqrt(t)) for t in {end, (start + end) / 2, max(start, 1.0)} if t > 0]
        for edge, is_low in ((window[0], True), (window[1], False)):
            above = (edge >= 0) != is_low  # edge * sqrt(q) has to be bounded from above (high edge) or below (low edge)
            for gradient, offset in tangents if above else [chord]:
                row = product - edge * root * gradient * square
                constant = edge * root * (offset - gradient * centre)
                slack = 1e-9 * max(1.0, abs(constant))
                rows.append(
                    (self._row(row), constant - slack, np.inf)
                    if is_low
                    else (self._row(row), -np.inf, constant + slack)
                )
        return rows

    def _solve(self, goal: Goal | None, extra: list[Condition]) -> Matrix | None:
        """Return the best matrix for linear conditions alone, None when there is none."""
        rows = [*self.rows, *extra]
        if any(low > high for _, low, high in rows):
            return None
        cost = np.zeros(self.n * self.width) if goal is None else -goal.sign * self._sum_of(goal.columns).ravel()
        result = milp(
            cost,
            integrality=np.ones(cost.size),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(
                sparse.vstack([row for row, _, _ in rows], format="csc"),
                [low for _, low, _ in rows],
                [high for _, _, high in rows],
            ),
            options={"time_limit": TIME_LIMIT, "mip_rel_gap": 0},
        )
        if result.status == 2:  # infeasible
            return None
        if result.status != 0:
            raise UsageError(f"the integer program was not solved within {TIME_LIMIT:.0f} s: {result.message}")
        x = np.rint(result.x).astype(np.int64).reshape(self.n, self.width)[:, : len(self.cells)]
        matrix = np.zeros((self.n, len(self.a.levels)), dtype=np.int64)
        np.add.at(matrix.T, self.column, (x * self.units.astype(np.int64)).T)
        return matrix
