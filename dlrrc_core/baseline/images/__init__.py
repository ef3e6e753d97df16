"""Real CT: DICOM series and segmentations, windowing, slices for the networks, and the public cohorts."""
