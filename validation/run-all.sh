#!/usr/bin/env bash
# Makes every file of tests/reference again. From anywhere: bash validation/run-all.sh
# REFERENCE_PYTHON names a Python that has irrCAC and krippendorff, NETWORKS_PYTHON one that has torch, torchvision, keras and monai;
# without one, its file stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
mkdir -p tests/reference

Rscript -e 'cat(R.version.string, "\n"); for (p in c("psych", "boot", "jsonlite", "vcd", "pwr", "corpcor", "multicool", "pROC")) cat(p, format(packageVersion(p)), "\n")'

for script in validation/*.R; do
  [ "$script" = validation/common.R ] || Rscript "$script"
done

python="${REFERENCE_PYTHON:-python3}"
if "$python" -c 'import irrCAC, krippendorff' 2>/dev/null; then
  "$python" validation/agreement_examples.py
else
  echo "agreement-examples.json: not made again, $python has no irrCAC and krippendorff"
fi

python="${NETWORKS_PYTHON:-python3}"
if "$python" -c 'import torch, torchvision, keras, monai' 2>/dev/null; then
  "$python" validation/parameter_counts.py tests/reference/parameter-counts.json
else
  echo "parameter-counts.json: not made again, $python has no torch, torchvision, keras and monai"
fi
