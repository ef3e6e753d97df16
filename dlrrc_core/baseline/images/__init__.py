"""Real CT: DICOM series and segmentations, windowing, slices for the networks, and the public cohorts."""

from dlrrc_core.problems import UsageError

try:
    from dlrrc_core.baseline.images.cohort import read_cohort
    from dlrrc_core.baseline.images.dicom import read_series
    from dlrrc_core.baseline.images.segmentation import read_segmentation
    from dlrrc_core.baseline.images.series import Series
    from dlrrc_core.baseline.images.slicing import to_slices
    from dlrrc_core.baseline.images.window import window
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "pydicom":
        raise
    raise UsageError("reading CT needs pydicom, which is not installed; pip install 'dlrrc[baseline]'") from error

__all__ = ["Series", "read_cohort", "read_segmentation", "read_series", "to_slices", "window"]
