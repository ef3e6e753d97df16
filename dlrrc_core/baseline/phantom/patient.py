"""Everything that chance decides about one patient; nothing here knows pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlrrc_core.baseline.phantom.bodies import Body, Vector, draw_body
from dlrrc_core.baseline.phantom.cohort import Cohort
from dlrrc_core.baseline.phantom.parameters import Scanner, between, physics, scanner
from dlrrc_core.baseline.phantom.tumours import Mass, draw_mass, enhanced

# correlation of the HU of the corticomedullary phase with an earlier scan after injection; assumed
EARLIER = {"cortex": 0.6, "medulla": -0.6, "aorta": 0.6, "vein": -0.5, "spleen": 0.4, "liver": -0.4}
BODY, TISSUE, MASS, CENTRE, CLINICAL, NOISE = range(
    6
)  # one stream of random numbers each, so that none disturbs another


@dataclass(frozen=True)
class Patient:
    """One patient of a cohort.

    ``tissues`` gives the HU of each tissue by phase as this patient's scanner measures them; ``scanner`` has the noise of this patient.
    """

    number: int
    label: int
    centre: str
    scanner: Scanner
    body: Body
    mass: Mass
    tissues: dict[str, Vector]
    age: int
    male: bool
    bmi: float
    haematuria: bool

    @property
    def name(self) -> str:
        """Return the id, for instance P00001."""
        return f"P{self.number:05d}"


def generator(cohort: Cohort, number: int, stream: int, *more: int) -> np.random.Generator:
    """Return the random numbers of one patient for one purpose; they depend on the seed, the patient's number and the purpose."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((cohort.seed, number, stream, *more))))


def draw(cohort: Cohort, number: int) -> Patient:
    """Draw one patient.

    Every quantity is a quantile of its distribution at a random number that does not depend on the class; at effect 0 the
    distributions of all classes are one, so that changing a patient's class changes nothing.

    Parameters
    ----------
    cohort : Cohort
        Settings.
    number : int
        One of ``cohort.numbers``.

    Returns
    -------
    Patient
    """
    label = int(cohort.labels()[number - cohort.first])
    centre = _centre(cohort, number, label)
    own = scanner(centre, cohort.shift)
    body = draw_body(generator(cohort, number, BODY))
    noise = own.noise * float(np.exp(0.12 * generator(cohort, number, CENTRE, 1).standard_normal()))
    age, male, haematuria = _clinical(cohort, number, label)
    return Patient(
        number=number,
        label=label,
        centre=centre,
        scanner=own.model_copy(update={"noise": noise}),
        body=body,
        mass=draw_mass(generator(cohort, number, MASS), body, cohort.classes, label, cohort.effect, own.iodine),
        tissues=_tissues(generator(cohort, number, TISSUE), own.iodine),
        bmi=round(27.0 + (body.half_width - 165) * 0.22 + (body.fat - 18) * 0.12, 1),
        age=age,
        male=male,
        haematuria=haematuria,
    )


def _centre(cohort: Cohort, number: int, label: int) -> str:
    """Return where the patient is scanned: by his class with probability ``confounding``, else by the weights."""
    decides, u = generator(cohort, number, CENTRE).random(2)
    if decides < cohort.confounding:
        return cohort.centres[label % len(cohort.centres)]
    weights = np.asarray(cohort.centre_weights or [1.0] * len(cohort.centres))
    edges = np.cumsum(weights) / weights.sum()
    return cohort.centres[min(int(np.searchsorted(edges, u, side="right")), len(edges) - 1)]


def _clinical(cohort: Cohort, number: int, label: int) -> tuple[int, bool, bool]:
    """Return age, sex and haematuria."""
    rng = generator(cohort, number, CLINICAL)
    all_classes = [physics().clinical[name] for name in cohort.classes]
    own, effect = all_classes[label], cohort.clinical_effect
    mean = between(own.age[0], [each.age[0] for each in all_classes], effect)
    sd = between(own.age[1], [each.age[1] for each in all_classes], effect)
    male = between(own.male, [each.male for each in all_classes], effect)
    haematuria = between(own.haematuria, [each.haematuria for each in all_classes], effect)
    age = int(np.clip(round(mean + sd * rng.standard_normal()), 18, 95))
    return age, bool(rng.random() < male), bool(rng.random() < haematuria)


def _tissues(rng: np.random.Generator, iodine: float) -> dict[str, Vector]:
    """Return HU by phase of each tissue; the time of the scan after injection moves cortex, medulla and vessels together."""
    tissues = physics().tissues
    mean, sd = np.moveaxis(np.array([tissue.hu for tissue in tissues.values()]), 2, 0)
    timing = rng.standard_normal()
    own, by_phase = rng.standard_normal((len(tissues), 1)), rng.standard_normal((len(tissues), 3))
    z = 0.8 * own + 0.6 * by_phase
    share = np.array([EARLIER.get(name, 0.0) for name in tissues])
    z[:, 1] = share * timing + np.sqrt(1 - share**2) * z[:, 1]  # the corticomedullary phase
    return dict(zip(tissues, enhanced(mean + sd * z, iodine), strict=True))
