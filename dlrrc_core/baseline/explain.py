"""Which parts of an image an answer rests on (Grad-CAM), and how far these parts lie in the tumour."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import distance_transform_edt
from torch.nn import functional

from dlrrc_core.baseline.networks import Network
from dlrrc_core.baseline.networks.measures import evaluating
from dlrrc_core.problems import UsageError, one_of

Floats = npt.NDArray[np.float64]
INTERPOLATION = {2: "bilinear", 3: "trilinear"}
EQUAL = 1e-6  # of the highest point: points as high as it


def grad_cam(
    model: Network,
    images: torch.Tensor | npt.ArrayLike,
    classes: int | npt.ArrayLike | None = None,
    layer: str | None = None,
    batch: int = 32,
    enlarge: bool = True,
) -> npt.NDArray[np.float32]:
    """Return how much each pixel speaks for a class, from 0 to 1.

    Parameters
    ----------
    model : Network
        From :func:`dlrrc_core.baseline.networks.build`; its mode, weights and gradients stay as they are.
    images : torch.Tensor or array_like, shape (n, channels, height, width) or (n, channels, depth, height, width)
        As the network takes them.
    classes : int or array_like of int, shape (n,), optional
        For which class; by default the answer of the network for each image.
    layer : str, optional
        Name of the module whose maps are weighed; by default the last maps before the global pooling.
    batch : int, default 32
        Images at once.
    enlarge : bool, default True
        Whether maps get the size of the images; otherwise they keep that of the layer, see :func:`enlarged`.

    Returns
    -------
    numpy.ndarray of float32, shape (n, height, width) or (n, depth, height, width)
        Each map divided by its own maximum; all 0 where nothing speaks for the class.

    Raises
    ------
    UsageError
        When a layer or class does not exist, or the layer gives no maps.

    Notes
    -----
    Selvaraju et al. (2017), ICCV: ``ReLU(sum_k a_k A_k)``, where ``a_k`` is the mean over positions of the derivative of the
    answer (before softmax) by map ``A_k``, enlarged to the image (bilinear or trilinear). With global average pooling and one
    dense layer this is ReLU of the class activation map of Zhou et al. (2016), CVPR, up to a factor. Maps are scaled one by
    one, so that their heights cannot be compared between images.
    """
    first = next(model.parameters())
    given = torch.as_tensor(images if isinstance(images, torch.Tensor) else np.asarray(images))
    name = one_of(layer or model.last_map, [key for key, _ in model.named_modules() if key], "layer")
    wanted = None if classes is None else _classes(classes, len(given), model.recipe["classes"])
    found = []
    with evaluating(model):
        for start in range(0, len(given), batch):
            part = given[start : start + batch].to(first.device, first.dtype)
            chosen = None if wanted is None else wanted[start : start + batch].to(first.device)
            raw = _weighed(model, part, chosen, name)
            found.append(_interpolated(raw, tuple(part.shape[2:])) if enlarge else raw)
    maps = torch.cat(found)
    highest = maps.flatten(1).amax(1).view(-1, *(1,) * model.axes)
    scaled: npt.NDArray[np.float32] = torch.where(highest > 0, maps / highest, 0.0).clamp(0, 1).float().cpu().numpy()
    return scaled


def enlarged(maps: npt.ArrayLike, sides: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return maps at the size of the image as :func:`grad_cam` enlarges them.

    Parameters
    ----------
    maps : array_like of float, shape (n, rows, columns) or (n, depth, rows, columns)
        At the size of their layer.
    sides : tuple of int
        Height and width of the image, before them its depth.

    Returns
    -------
    numpy.ndarray of float32, shape (n, *sides)
        Linear between the middles of the cells, constant beyond the outermost ones.
    """
    found: npt.NDArray[np.float32] = _interpolated(torch.as_tensor(np.asarray(maps, dtype=np.float32)), sides).numpy()
    return found


def _interpolated(raw: torch.Tensor, sides: tuple[int, ...]) -> torch.Tensor:
    """Return maps at the size of the image."""
    mode = INTERPOLATION[len(sides)]
    return functional.interpolate(raw[:, None], sides, mode=mode, align_corners=False)[:, 0]


def _weighed(model: Network, images: torch.Tensor, classes: torch.Tensor | None, layer: str) -> torch.Tensor:
    """Return ``ReLU(sum_k a_k A_k)`` at the size of the layer."""
    kept: list[torch.Tensor] = []

    def cut(_module: Any, _inputs: Any, output: Any) -> torch.Tensor:
        if not isinstance(output, torch.Tensor) or output.ndim != model.axes + 2:
            raise UsageError(f"layer '{layer}' gives no maps; allowed: a layer before the global pooling")
        kept.append(output.detach().requires_grad_(True))
        return kept[-1].clone()  # later layers may change their input in place

    handle = model.get_submodule(layer).register_forward_hook(cut)
    try:
        with torch.enable_grad():
            answers = model(images)
            if not kept:
                raise UsageError(
                    f"layer '{layer}' is not passed by an image; allowed: a layer before the global pooling"
                )
            chosen = answers.argmax(1) if classes is None else classes
            # images do not influence each other in evaluation mode, so one sum gives the derivatives of all
            (slope,) = torch.autograd.grad(answers.gather(1, chosen[:, None]).sum(), kept[-1])
    finally:
        handle.remove()
    weight = slope.mean(dim=tuple(range(2, slope.ndim)), keepdim=True)
    return (weight * kept[-1].detach()).sum(1).relu()


def _classes(classes: int | npt.ArrayLike, n: int, number: int) -> torch.Tensor:
    """Return one class per image."""
    array = np.asarray(classes)
    if array.ndim > 1 or (array.ndim == 1 and len(array) != n) or array.dtype.kind not in "iu":
        raise UsageError(f"classes have shape {array.shape} and type {array.dtype}; allowed: one whole number, or {n}")
    if array.size and (array.min() < 0 or array.max() >= number):
        raise UsageError(f"class {array.min()} to {array.max()}; allowed: 0 to {number - 1}")
    return torch.as_tensor(np.broadcast_to(array, (n,)).astype(np.int64))


def pointing_game(maps: npt.ArrayLike, masks: npt.ArrayLike, tolerance: float = 0) -> dict[str, float]:
    """Return how often the highest point of a map lies in the mask, and how often chance would do that.

    Parameters
    ----------
    maps : array_like of float, shape (n, ...)
        From :func:`grad_cam`.
    masks : array_like of bool, shape (n, ...)
        True inside the tumour; none of them empty.
    tolerance : float, default 0
        Pixels by which a point may lie outside the mask; Zhang et al. take 15 for photographs.

    Returns
    -------
    dict
        ``share`` of maps that hit, ``chance`` (mean share of the image that counts as a hit: the expected share of a random
        point), ``hits`` and ``n``.

    Raises
    ------
    UsageError
        When shapes differ, a mask is empty, or a map holds a number that is not finite.

    Notes
    -----
    Zhang et al. (2018), Int J Comput Vis 126:1084-1102. A map with its maximum at several points counts with the share of
    these points that hit; a map without any height therefore counts as chance does.
    """
    heights, inside = _fitting(maps, masks)
    if tolerance < 0:
        raise UsageError(f"tolerance is {tolerance}; allowed: 0 pixels or more")
    if tolerance:
        inside = np.stack([distance_transform_edt(~mask) <= tolerance for mask in inside])
    rows, mask = heights.reshape(len(heights), -1), inside.reshape(len(inside), -1)
    points = _highest(rows)
    hits = (points & mask).sum(axis=1) / points.sum(axis=1)
    return {
        "share": float(hits.mean()),
        "chance": float(mask.mean()),
        "hits": float(hits.sum()),
        "n": len(rows),
    }


def shuffled_hits(cells: npt.ArrayLike, masks: npt.ArrayLike, draws: int = 36, seed: int = 1) -> Floats:
    """Return how often each map would point to the mask if its cells stood in random places.

    Parameters
    ----------
    cells : array_like of float, shape (n, rows, columns) or (n, depth, rows, columns)
        Maps at the size of their layer, see ``enlarge`` of :func:`grad_cam`.
    masks : array_like of bool, shape (n, height, width) or (n, depth, height, width)
        True inside the tumour, at the size of the image; none of them empty.
    draws : int, default 36
        Shuffled copies of each map, from 1.
    seed : int, default 1
        Of the shuffling.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Mean ``share`` of :func:`pointing_game` over the shuffled copies of each map, 0-1.

    Raises
    ------
    UsageError
        As in :func:`pointing_game`, and when numbers or axes do not fit or ``draws`` is below 1.

    Notes
    -----
    A permutation test of the place: the heights of the network's own map, their places from chance, enlarged as before. This is not the
    mask's share of the image, which is right for maps as fine as the image only. The highest point of an enlarged map lies near
    the middle of a cell or, in a cell at the border, between that middle and the border: maps of 2 x 2 cells never point to the
    middle of an image. Nor does it depend on the grid alone: the closer the heights, the more often a cell at the border wins, which loses
    less in being enlarged. The highest cell takes all places in turn, in random order, so that with as many ``draws`` as cells, or a
    multiple, only the places of the others are left to chance.
    """
    raw, inside = np.asarray(cells, dtype=np.float32), np.asarray(masks)
    if len(raw) != len(inside) or raw.ndim != inside.ndim or raw.ndim - 1 not in INTERPOLATION or raw.size == 0:
        raise UsageError(
            f"cells have shape {raw.shape}, masks {inside.shape}; allowed: as many maps as masks, with the same 2 or 3 axes"
        )
    if draws < 1:
        raise UsageError(f"draws is {draws}; allowed: 1 or more")
    rng = np.random.default_rng(seed)
    found = []
    for values, mask in zip(raw.reshape(len(raw), -1), inside, strict=True):
        highest, copies = values.argmax(), np.empty((draws, values.size), dtype=np.float32)
        others = rng.permuted(np.tile(np.delete(values, highest), (draws, 1)), axis=1)
        place = np.resize(rng.permutation(values.size), draws)[:, None] == np.arange(values.size)
        copies[place], copies[~place] = values[highest], others.ravel()
        maps = enlarged(copies.reshape(draws, *raw.shape[1:]), mask.shape)
        found.append(pointing_game(maps, np.broadcast_to(mask, maps.shape))["share"])
    return np.array(found)


def _highest(rows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """Return which points of each row are the highest; enlarging in float32 moves equal points by some 1e-7."""
    top = rows.max(axis=1, keepdims=True)
    found: npt.NDArray[np.bool_] = rows >= top - EQUAL * np.abs(top)
    return found


def mass_in_mask(maps: npt.ArrayLike, masks: npt.ArrayLike) -> Floats:
    """Return the share of each map's sum that lies in the mask.

    Parameters
    ----------
    maps : array_like of float, shape (n, ...)
        None below 0.
    masks : array_like of bool, shape (n, ...)

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        From 0 to 1; NaN for a map that is 0 everywhere. An even map has the mask's share of the image.

    Raises
    ------
    UsageError
        As in :func:`pointing_game`, and when a map is below 0.
    """
    heights, inside = _fitting(maps, masks)
    if heights.min() < 0:
        raise UsageError(f"a map goes down to {heights.min():g}; allowed: 0 or more")
    rows = heights.reshape(len(heights), -1)
    total, covered = rows.sum(axis=1), (rows * inside.reshape(rows.shape)).sum(axis=1)
    return np.divide(covered, total, out=np.full(len(rows), np.nan), where=total > 0)


def _fitting(maps: npt.ArrayLike, masks: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return maps and masks that fit each other."""
    heights, inside = np.asarray(maps, dtype=float), np.asarray(masks)
    if heights.shape != inside.shape or heights.ndim < 2 or heights.size == 0 or inside.dtype != np.bool_:
        raise UsageError(
            f"maps have shape {heights.shape}, masks {inside.shape} and type {inside.dtype}; allowed: the same shape "
            "(images first, at least one), masks true or false"
        )
    axes = tuple(range(1, inside.ndim))
    problems = []
    for what, wrong in (
        ("the mask is empty", ~inside.any(axis=axes)),
        ("the map is not finite", ~np.isfinite(heights).all(axis=axes)),
    ):
        if wrong.any():
            which = ", ".join(map(str, np.flatnonzero(wrong)[:5]))
            problems.append(f"{what} in {wrong.sum()} of {len(inside)} images ({which}); allowed: none")
    if problems:
        raise UsageError("; ".join(problems))
    return heights, inside
