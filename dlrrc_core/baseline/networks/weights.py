"""Reading of stored weights into a network, those of torchvision among them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from dlrrc_core.baseline.networks.base import Network
from dlrrc_core.problems import UsageError, visible

SHOWN = 8
COUNTER = ".num_batches_tracked"  # missing in older files of torchvision, and of no use for the answer


def load_weights(model: Network, path: Path | str) -> tuple[str, ...]:
    """Load a state dict into a network; a classifier for other classes is left out.

    Parameters
    ----------
    model : Network
        Changed in place, unless an error is raised: then nothing is changed.
    path : Path or str
        A file of ``torch.save(state_dict)``, for instance of torchvision's pretrained weights. It is read with
        ``weights_only=True``, so that no code in it can run.

    Returns
    -------
    tuple of str
        Names of the weights that were not taken from the file: those of the classifier where its shape or layout differs.

    Raises
    ------
    UsageError
        When the file is missing, is no state dict, or belongs to another network; missing, unexpected and differing names
        are all listed.

    Notes
    -----
    Where the first convolution has another number of channels, each of its new channels gets the mean of the file's weights
    over channels times ``channels in the file / channels of the network``. A grey image, the same in every channel, then gives
    exactly the answers that it gives with the file's own channels.
    """
    given, own = _read(Path(path)), model.state_dict()
    head = f"{model.classifier_name}."
    first = f"{model.first_name}.weight"
    if first in given and first in own:
        given[first] = _with_channels(given[first], own[first].shape[1])
    classifier = {key for key in (*own, *given) if key.startswith(head)}
    same = all(key in own and key in given and own[key].shape == given[key].shape for key in classifier)
    left = set() if same else classifier
    wanted = {key for key in own if key not in left and not (key.endswith(COUNTER) and key not in given)}
    offered = set(given) - left
    different = sorted(key for key in wanted & offered if own[key].shape != given[key].shape)
    problems = [
        _listed(what, keys)
        for what, keys in (("missing", sorted(wanted - offered)), ("unexpected", sorted(offered - wanted)))
        if keys
    ]
    if different:
        pairs = [f"{key} {tuple(given[key].shape)} instead of {tuple(own[key].shape)}" for key in different]
        problems.append(_listed("of another shape", pairs))
    if problems:
        name = model.recipe.get("name", type(model).__name__)
        raise UsageError(f"{path} does not hold weights of {name}: {'; '.join(problems)}; allowed: its own state dict")
    model.load_state_dict(own | {key: given[key] for key in wanted & offered})
    return tuple(key for key in own if key in left)


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file by name."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}; allowed: a file of torch.save(state_dict)")
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError, UnicodeDecodeError) as error:
        reason = visible(str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__)
        raise UsageError(f"{path} cannot be read as weights ({reason}); allowed: torch.save(state_dict)") from error
    tensors = isinstance(found, dict) and all(isinstance(value, torch.Tensor) for value in found.values())
    if not tensors or not found:
        raise UsageError(f"{path} holds {type(found).__name__} and no state dict; allowed: tensors by name")
    return dict(found)


def _with_channels(weight: torch.Tensor, channels: int) -> torch.Tensor:
    """Return the weights of a first convolution for another number of channels."""
    if weight.ndim < 3 or weight.shape[1] == channels:
        return weight
    mean = weight.mean(dim=1, keepdim=True) * (weight.shape[1] / channels)
    return mean.repeat(1, channels, *(1 for _ in weight.shape[2:]))


def _listed(what: str, names: list[str]) -> str:
    """Return the number of names and the first of them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {what}: {', '.join(visible(str(name)) for name in names[:SHOWN])}{more}"
