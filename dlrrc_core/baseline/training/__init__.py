"""Training of the baseline's networks: settings, division of the data, augmentation, the loop, checkpoints and records."""

from dlrrc_core.baseline.training.augment import Amounts, expand
from dlrrc_core.baseline.training.data import Volumes, load, save
from dlrrc_core.baseline.training.errors import TrainingError
from dlrrc_core.baseline.training.loop import Fit, fit
from dlrrc_core.baseline.training.model import Classifier, load_model, predict, save_model
from dlrrc_core.baseline.training.runrecord import run_record, with_robustness
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.baseline.training.split import folds, split

__all__ = [
    "Amounts",
    "Classifier",
    "Fit",
    "Settings",
    "TrainingError",
    "Volumes",
    "expand",
    "fit",
    "folds",
    "load",
    "load_model",
    "predict",
    "run_record",
    "save",
    "save_model",
    "split",
    "with_robustness",
]
