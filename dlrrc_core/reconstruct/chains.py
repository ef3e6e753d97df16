"""Many Markov chains over answer matrices side by side: their state and their moves.

The printed sums over items, parts and all answers hold in every state. The conditions on single papers (how many reach the line,
when the others appeared, the correlation with the year) may be broken, at a price. Proposals are symmetric, so a state is as likely as
``exp(-price)``, and all states that break nothing are equally likely. Changes within a paper and trades between two papers that keep
both totals never change the price, so they are made in all papers at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrrc_core.reconstruct.aggregates import Aggregates

Matrices = npt.NDArray[np.int64]
CELLS = 4  # answers that one move can change
TRADES = 6  # of single answers, for each round of moves that keep the totals
PRICE = 2.0  # of one paper on the wrong side of the line
PRICE_OF_R = 0.01  # distance of a correlation from its window that costs 1


@dataclass
class Chains:
    """The state of some chains.

    Attributes
    ----------
    a : Aggregates
        What was printed.
    x : numpy.ndarray of int, shape (chains, papers, items)
        Units.
    rng : numpy.random.Generator
    """

    a: Aggregates
    x: Matrices
    rng: np.random.Generator

    def __post_init__(self) -> None:
        a, items = self.a, len(self.a.levels)
        best = np.array([levels[-1] for levels in a.levels])
        n = len(a.papers)
        # one column of sums per item, per part, and one for everything
        self.member = np.zeros((items, items + len(a.parts) + 1), dtype=np.int64)
        self.member[np.arange(items), np.arange(items)] = 1
        for k, columns in enumerate(a.parts.values()):
            self.member[list(columns), items + k] = 1
        self.member[:, -1] = 1
        whole = n * (best @ self.member)
        self.low, self.high = np.zeros_like(whole), whole.copy()
        for i, window in a.items.items():
            self.low[i], self.high[i] = window
        for k, part in enumerate(a.parts):
            if part in a.part_sums:
                self.low[items + k], self.high[items + k] = a.part_sums[part]
        if a.total is not None:
            self.low[-1], self.high[-1] = a.total
        self.size = np.array([len(levels) for levels in a.levels])
        self.level = np.zeros((items, self.size.max()), dtype=np.int64)
        for i, levels in enumerate(a.levels):
            self.level[i, : len(levels)] = levels
        # items whose sum is fixed can only trade places between papers; the others can change
        self.free = np.flatnonzero(self.low[:items] < self.high[:items])
        self.alive = np.flatnonzero(self.high[:items] > 0)
        # but three or more levels can give one fixed sum in several ways
        self.rigid = np.flatnonzero((self.low[:items] == self.high[:items]) & (self.high[:items] > 0) & (self.size > 2))
        part_of = np.full(items, -1)  # -1: in no part with a fixed sum
        for k, columns in enumerate(a.parts.values()):
            if self.low[items + k] == self.high[items + k]:
                part_of[list(columns)] = k
        self.partners = [self.free[part_of[self.free] == part_of[i]] for i in self.free]
        self.partner_count = np.array([len(partners) for partners in self.partners], dtype=np.int64)
        width = int(self.partner_count.max(initial=0))
        self.partner = np.array([np.resize(partners, width) for partners in self.partners], dtype=np.int64)
        self.years = a.years - a.years.mean()
        self.spread = float((self.years**2).sum())
        self.must_reach = a.years >= a.others_before if a.others_before is not None else np.zeros(n, dtype=bool)
        self.sums = self.x.sum(axis=1) @ self.member
        self.totals = self.x.sum(axis=2)
        self.price = self.prices(self.totals)

    def prices(self, totals: Matrices) -> npt.NDArray[np.float64]:
        """Return what the totals of each chain cost, 0 when they break no condition."""
        price = np.zeros(len(totals))
        if self.a.line is not None:
            below = totals < self.a.line
            price += PRICE * (below & self.must_reach).sum(axis=1)
            if self.a.at_line is not None:
                price += PRICE * np.abs(totals.shape[1] - below.sum(axis=1) - self.a.at_line)
        if "year" in self.a.correlations:
            low, high = self.a.correlations["year"]
            deviation = totals - totals.mean(axis=1, keepdims=True)
            size = np.sqrt(self.spread * np.einsum("cp,cp->c", deviation, deviation))
            r = np.where(size > 0, deviation @ self.years / np.where(size > 0, size, 1), 0.0)
            outside = np.maximum(np.maximum(low - r, r - high), 0)
            # a window of width 0 is met within rounding; a constant has no correlation
            price += np.where(size > 0, outside * (outside > 1e-12) / PRICE_OF_R, PRICE)
        return price

    def step(self) -> None:
        """Move every chain: many changes that keep the totals of the papers, then some that do not."""
        if self.free.size > 1:
            self._change_within_papers()
        self._trade_between_pairs()
        for _ in range(TRADES):
            self._trade_one()
        self._trade_everything()
        if self.free.size:
            self._change_anywhere()
        if self.rigid.size:
            self._change_one_item()

    def _change_within_papers(self) -> None:
        """Change two or three answers of every paper so that its total, and every fixed sum, stays."""
        shape = (len(self.x), len(self.a.papers), 3)
        items = self._partners(shape)
        row, paper = np.ogrid[: shape[0], : shape[1]]
        row, paper = row[..., None], paper[..., None]
        used = np.arange(3) < self.rng.integers(2, 4, (*shape[:2], 1))
        change = np.where(used, self._levels(items) - self.x[row, paper, items], 0)
        same = (items[..., 0] == items[..., 1]) | (used[..., 2] & ((items[..., 2:] == items[..., :2]).any(axis=-1)))
        change[same | (change.sum(axis=-1) != 0)] = 0
        gain = np.zeros((shape[0], len(self.a.levels)), dtype=np.int64)
        np.add.at(gain, (np.broadcast_to(row, shape), items), change)
        sums = self.sums + gain @ self.member
        legal = ((sums >= self.low) & (sums <= self.high)).all(axis=1)  # only an item with a range of sums can object
        change[~legal] = 0
        self.sums[legal] = sums[legal]
        for k in range(3):
            self.x[row[..., 0], paper[..., 0], items[..., k]] += change[..., k]

    def _trade_between_pairs(self) -> None:
        """Pair the papers at random; each pair trades its answers to two items where that keeps both totals."""
        chains, n = self.totals.shape
        order = np.argsort(self.rng.random((chains, n)), axis=1)
        one, other = order[:, : n // 2], order[:, n // 2 : 2 * (n // 2)]
        row = np.arange(chains)[:, None]
        first, second = _two_of(self.rng, self.alive.size, chains * (n // 2)).T.reshape(2, chains, n // 2)
        first, second = self.alive[first], self.alive[second]
        gap = self.x[row, other, first] - self.x[row, one, first]
        back = self.x[row, other, second] - self.x[row, one, second]
        gap = np.where(gap + back == 0, gap, 0)
        self.x[row, one, first] += gap
        self.x[row, other, first] -= gap
        self.x[row, one, second] -= gap
        self.x[row, other, second] += gap

    def _trade_one(self) -> None:
        """Let two papers trade their answers to one item: no sum of an item changes, but two totals do."""
        chains, n = self.totals.shape
        row, pair = np.arange(chains)[:, None], _two_of(self.rng, n, chains)
        item = self.alive[self.rng.integers(0, self.alive.size, (chains, 1))]
        mine = self.x[row, pair, item]
        totals = self.totals.copy()
        totals[row, pair] += mine[:, ::-1] - mine
        taken = self._accept(totals)
        self.x[row[taken], pair[taken], item[taken]] = mine[taken, ::-1]

    def _trade_everything(self) -> None:
        """Let two papers trade all their answers: no sum of an item changes, and two totals change places."""
        chains, n = self.totals.shape
        row, pair = np.arange(chains)[:, None], _two_of(self.rng, n, chains)
        totals = self.totals.copy()
        totals[row, pair] = totals[row, pair[:, ::-1]]
        taken = self._accept(totals)
        row, pair = row[taken], pair[taken]
        self.x[row, pair] = self.x[row, pair[:, ::-1]]

    def _change_anywhere(self) -> None:
        """Change one to four answers of any papers, where the printed sums stay in their ranges."""
        chains, n = self.totals.shape
        rng, row = self.rng, np.arange(chains)[:, None]
        papers = rng.integers(0, n, (chains, CELLS))
        anywhere = self.free[rng.integers(0, self.free.size, (chains, CELLS))]
        items = np.where(rng.random((chains, 1)) < 0.9, self._partners((chains, CELLS)), anywhere)
        used = np.arange(CELLS) < rng.integers(1, CELLS + 1, (chains, 1))
        cell = np.where(used, papers * len(self.a.levels) + items, -1 - np.arange(CELLS))
        twice = (np.diff(np.sort(cell, axis=1), axis=1) == 0).any(axis=1)
        change = np.where(used, self._levels(items) - self.x[row, papers, items], 0)
        sums = self.sums + np.einsum("ck,cks->cs", change, self.member[items])
        totals = self.totals.copy()
        np.add.at(totals, (row, papers), change)
        legal = ~twice & ((sums >= self.low) & (sums <= self.high)).all(axis=1)
        taken = self._accept(totals, legal)
        np.add.at(self.x, (row[taken], papers[taken], items[taken]), change[taken])
        self.sums[taken] = sums[taken]

    def _change_one_item(self) -> None:
        """Change the answers of two to four papers to one item whose sum is fixed, so that the sum stays."""
        chains, n = self.totals.shape
        rng, row = self.rng, np.arange(chains)[:, None]
        papers = rng.integers(0, n, (chains, CELLS))
        items = np.repeat(self.rigid[rng.integers(0, self.rigid.size, (chains, 1))], CELLS, axis=1)
        used = np.arange(CELLS) < rng.integers(2, CELLS + 1, (chains, 1))
        cell = np.where(used, papers, -1 - np.arange(CELLS))
        twice = (np.diff(np.sort(cell, axis=1), axis=1) == 0).any(axis=1)
        change = np.where(used, self._levels(items) - self.x[row, papers, items], 0)
        totals = self.totals.copy()
        np.add.at(totals, (row, papers), change)
        taken = self._accept(totals, ~twice & (change.sum(axis=1) == 0))
        np.add.at(self.x, (row[taken], papers[taken], items[taken]), change[taken])

    def _accept(self, totals: Matrices, legal: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.bool_]:
        """Accept or refuse new totals by their price, remember those accepted, and say in which chains that was."""
        price = self.prices(totals)
        taken = self.rng.random(len(totals)) < np.exp(np.minimum(self.price - price, 0))
        if legal is not None:
            taken &= legal
        self.totals[taken], self.price[taken] = totals[taken], price[taken]
        return taken

    def _partners(self, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Return items drawn so that along the last axis they share a part with a fixed sum, or are in none."""
        first = self.rng.integers(0, self.free.size, (*shape[:-1], 1))
        return self.partner[first, (self.rng.random(shape) * self.partner_count[first]).astype(np.int64)]

    def _levels(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return random units that items can give."""
        return self.level[items, (self.rng.random(items.shape) * self.size[items]).astype(np.int64)]


def _two_of(rng: np.random.Generator, n: int, size: int) -> npt.NDArray[np.int64]:
    """Return pairs of different numbers below n, shape (size, 2)."""
    first = rng.integers(0, n, size)
    second = (first + rng.integers(1, max(n, 2), size)) % n
    return np.stack([first, second], axis=1)
