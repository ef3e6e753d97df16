"""Every hyper-parameter of a training, checked at once."""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from dlrrc_core.baseline import networks
from dlrrc_core.problems import UsageError, nearest, one_of

Unit = Literal["patient", "image"]
Augmentation = Literal["none", "light", "15-fold"]
VARIANTS = 15


class Settings(BaseModel):
    """Hyper-parameters of a training; the defaults are the recipe of Zuo et al. (2021).

    Attributes
    ----------
    network : str, default "mobilenetv2"
        One of the names of :mod:`dlrrc_core.baseline.networks`.
    head : str, default "plain"
        ``plain`` or ``hidden``, see there.
    channels : int or None, default None
        Input channels of the network; None takes those of the data, 3 repeats a single grey channel.
    size : int or None, default None
        Height and width to which slices are resized, pixels; None leaves them.
    split : str, default "image"
        What is divided into training and validation: ``image``, as the paper's counts suggest, or ``patient``.
    train, valid : float, default 0.9 and 0.1
        Fractions of :func:`dlrrc_core.baseline.training.split`.
    optimiser : str, default "adam"
        ``adam`` or ``sgd``.
    learning_rate : float, default 0.005
        At the start.
    momentum : float, default 0.9
        Of ``sgd``; ``adam`` has torch's betas (0.9, 0.999).
    weight_decay, label_smoothing : float, default 0
        As torch defines them.
    schedule : str, default "constant"
        ``constant``, ``cosine`` (to zero over all epochs) or ``plateau`` (a tenth after ``schedule_patience`` epochs without a lower
        validation loss).
    schedule_patience : int, default 5
        Of ``plateau``.
    batch : int, default 24
        Images per step at most, over all processes together; an epoch is divided into steps of one size, give or take an image.
    epochs : int, default 100
        At most; the paper prints none.
    patience : int or None, default 10
        Training ends after this many epochs without a better one, see ``best_by``; None never ends it. The weights of the best epoch
        are kept either way. The paper prints no rule.
    best_by : str, default "loss"
        Which epoch is the best: ``loss``, with the lowest validation loss, or ``accuracy``, with the highest validation accuracy (of
        several the one with the lowest loss). The paper prints the best validation accuracy of each network.
    augmentation : str, default "15-fold"
        ``none``, ``light`` or ``15-fold``, see :mod:`dlrrc_core.baseline.training.augment`.
    variants_per_epoch : int, default 15
        With ``15-fold``: in how many of its 15 variants an image is seen per epoch.
    batch_norm : str, default "train"
        ``frozen`` keeps the statistics of batch normalisation as they are, for fine-tuning.
    precision : str, default "float32"
        ``float32``, ``bf16`` or ``fp16`` (with scaled gradients, CUDA only) of the training steps; validation and prediction are float32.
    compile : bool, default False
        Whether the training step runs through ``torch.compile``.
    deterministic : bool, default False
        Whether only deterministic algorithms are allowed; slower on a GPU. On a CPU a training repeats itself either way.
    seed : int, default 1
        Of weights, order, augmentation and dropout.
    device : str, default "cpu"
        ``cpu``, ``cuda`` or ``cuda:0``.
    weights : str or None, default None
        File with the initial weights (a state dictionary with torchvision's names); None draws them.
    checkpoint_epochs : int, default 1
        A checkpoint every so many epochs; 0 for none.
    checkpoint_steps : int, default 0
        And every so many steps inside an epoch; 0 for none.

    Raises
    ------
    UsageError
        With every wrong value and, for unknown names, the nearest allowed one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    network: str = "mobilenetv2"
    head: str = "plain"
    channels: Literal[1, 3] | None = None
    size: int | None = Field(default=None, ge=8, le=4096)
    split: Unit = "image"
    train: float = Field(default=0.9, gt=0, lt=1)
    valid: float = Field(default=0.1, gt=0, lt=1)
    optimiser: Literal["adam", "sgd"] = "adam"
    learning_rate: float = Field(default=0.005, gt=0, allow_inf_nan=False)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    schedule: Literal["constant", "cosine", "plateau"] = "constant"
    schedule_patience: int = Field(default=5, ge=0)
    batch: int = Field(default=24, ge=2)
    epochs: int = Field(default=100, ge=1)
    patience: int | None = Field(default=10, ge=1)
    best_by: Literal["loss", "accuracy"] = "loss"
    augmentation: Augmentation = "15-fold"
    variants_per_epoch: int = Field(default=VARIANTS, ge=1, le=VARIANTS)
    batch_norm: Literal["train", "frozen"] = "train"
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    compile: bool = False
    deterministic: bool = False
    seed: int = Field(default=1, ge=0, lt=2**63)
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$")
    weights: str | None = None
    checkpoint_epochs: int = Field(default=1, ge=0)
    checkpoint_steps: int = Field(default=0, ge=0)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise UsageError("; ".join(explained(type(self), error))) from error

    @field_validator("network", "head")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a network or head that does not exist."""
        return one_of(
            value, networks.NETWORKS if info.field_name == "network" else networks.HEADS, str(info.field_name)
        )

    @model_validator(mode="after")
    def _together(self) -> Settings:
        """Refuse values that are allowed one by one but not together."""
        wrong = []
        if self.precision == "fp16" and self.device == "cpu":
            wrong.append("precision 'fp16' on the device 'cpu'; allowed: 'float32' or 'bf16' there")
        if abs(self.train + self.valid - 1) > 1e-9:
            wrong.append(
                f"train {self.train:g} and valid {self.valid:g} add up to {self.train + self.valid:g}; allowed: 1"
            )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def changed(self, **values: Any) -> Settings:
        """Return the settings with other values, checked again."""
        return type(self)(**{**self.model_dump(), **values})

    def rank(self, loss: float, accuracy: float) -> tuple[float, float]:
        """Return the rank of an epoch by its loss and accuracy on the validation images; the lowest is the best."""
        return (loss, 0.0) if self.best_by == "loss" else (1 - accuracy, loss)

    def usable_device(self) -> torch.device:
        """Return the device.

        Raises
        ------
        UsageError
            When the machine has no such device.
        """
        device = torch.device(self.device)
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if device.type == "cuda" and (device.index or 0) >= found:
            raise UsageError(
                f"the device '{self.device}' is not there; this machine has {found} CUDA device{'s' * (found != 1)}"
                f" (torch {torch.__version__}); allowed: cpu" + "".join(f", cuda:{each}" for each in range(found))
            )
        return device


def explained(model: type[BaseModel], error: ValidationError) -> list[str]:
    """Return one sentence per problem that pydantic found.

    Parameters
    ----------
    model : type
        The model, for the names that are allowed.
    error : pydantic.ValidationError
        What it raised.
    """
    return [_sentence(model, each) for each in error.errors()]


def _sentence(model: type[BaseModel], each: Any) -> str:
    """Return what was found and what is allowed."""
    name = ".".join(map(str, each["loc"]))
    if each["type"] == "extra_forbidden":
        hint = nearest(name, model.model_fields)
        return f"unknown setting '{name}'; allowed: {', '.join(model.model_fields)}" + (f"; {hint}" if hint else "")
    if each["type"] == "value_error":  # of a validator, already a sentence
        return str(each["ctx"]["error"])
    if each["type"] == "tuple_type":
        return f"{name} is {each['input']!r}; allowed: a list such as [1, 2]"
    if each["type"] == "literal_error":
        options = _options(model, str(each["loc"][0]))
        hint = nearest(each["input"], options)
        return f"{name} is {each['input']!r}; allowed: {', '.join(options)}" + (f"; {hint}" if hint else "")
    if each["type"] == "string_pattern_mismatch" and name == "device":
        return f"device is {each['input']!r}; allowed: cpu, cuda, or cuda: with a number"
    return f"{name} is {each['input']!r}; {each['msg'][0].lower()}{each['msg'][1:]}"


def _options(model: type[BaseModel], field: str) -> list[str]:
    """Return the allowed words of a field, also where None is allowed beside them."""
    found: list[str] = []
    pending = [model.model_fields[field].annotation]
    while pending:
        kind = pending.pop(0)
        inner = get_args(kind)
        words = [str(each) for each in inner if isinstance(each, (str, int))]
        found += words
        pending += [each for each in inner if not isinstance(each, (str, int)) and each is not type(None)]
    return list(dict.fromkeys(found))
