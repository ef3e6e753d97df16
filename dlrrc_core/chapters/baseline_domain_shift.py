"""The chapter on domain shift: accuracy at centres that a network never saw, remedies, and class and centre that go together."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core.baseline.findings.domain_shift import NEVER_SEEN, TRAININGS
from dlrrc_core.chapters.baseline import open_run
from dlrrc_core.chapters.baseline_domain_shift_figures import DomainShiftFigures


class DomainShift(DomainShiftFigures):
    """Numbers, tables and figures of the chapter on domain shift."""

    def _said(self, path: str, metric: str = "accuracy") -> str:
        """Return a value with its interval as words."""
        return f"{self.n(f'{path}.{metric}.percent', '.1f')} % (95 % interval {self.n.interval(f'{path}.{metric}.interval', '.1f')})"

    def _points(self, path: str) -> str:
        """Return a difference with its interval as words."""
        return f"{self.n(f'{path}.points', '+.1f')} points (95 % interval {self.n.interval(f'{path}.interval', '.1f')})"

    def design_sentence(self) -> Markdown:
        """Return what was simulated."""
        classes = " and ".join(self.n.value("classes"))
        return Markdown(
            f"The networks of this chapter tell {classes} masses apart; the simulator makes this pair differ most, so that there is accuracy to "
            f"lose. {self.n('patients')} new patients per seed ({len(self.n.value('seeds'))} seeds) are scanned again at each centre: same patient, "
            "same tumour, another scanner. Centre A, where the networks learned, has a medium kernel; B is softer and C sharper and noisier; D is "
            "noisier and shows more enhancement. All four are assumed."
        )

    def shift_sentence(self) -> Markdown:
        """Return what a network of one centre keeps elsewhere."""
        others = [each for each in self.centres if each != "A"]
        kept = "; ".join(
            f"{self._said(self.at('one', each))} at {each}, a loss of {self._points(self.at('one', each) + '.lost')}"
            for each in others
        )
        areas = ", ".join(
            f"{self.n(self.at('one', each) + '.roc_auc.percent', '.1f')} at {each}" for each in self.centres
        )
        return Markdown(
            f"At its own centre the network is right on {self._said(self.at('one', 'A'))} of new patients. The same patients, scanned elsewhere: "
            f"{kept}. The area under the ROC curve, in per cent: {areas}. Where the area stays and the accuracy goes, the network still ranks the "
            "patients, and its threshold no longer fits."
        )

    def confidence_sentence(self) -> Markdown:
        """Return whether the network notices."""
        said = "; ".join(
            f"{each}: {self.n(self.at('one', each) + '.confidence.percent', '.1f')} % sure, "
            f"{self.n(self.at('one', each) + '.accuracy.percent', '.1f')} % right, calibration error "
            f"{self.n(self.at('one', each) + '.ece.percent', '.1f')} %"
            for each in self.centres
        )
        return Markdown(
            f"Mean probability of the given answer against the share of right answers, by centre: {said}. A reader who sees only probabilities "
            "is not warned when the first number stays while the second falls."
        )

    def remedy_sentence(self) -> Markdown:
        """Return what the remedies change at the centre that no training saw."""
        said = "; ".join(
            f"{TRAININGS[key][0]}: {self._said(self.at(key, NEVER_SEEN))}, {self._points(f'shift.trainings.{key}.gained.never_seen')} against one "
            "centre alone"
            for key in TRAININGS
            if key != "one"
        )
        return Markdown(
            f"Centre {NEVER_SEEN} is in no training set. The networks have as many patients and see as many images as the one of centre A alone. "
            f"{said}. An interval that holds 0 leaves open whether the remedy helped there; the intervals are over patients and take the "
            "trained networks as they are."
        )

    def confounding_sentence(self) -> Markdown:
        """Return what a network keeps whose class and centre went together."""
        said = []
        for effect, together in self.confounded:
            at = f"confounding.{effect}.{together}"
            if not self.n.value(f"{at}.confounding"):
                continue
            said.append(
                f"With a difference between the classes of {self.n(f'{at}.effect', 'g')} and the class deciding about the centre in "
                f"{self.n(f'{at}.confounding', '.0%')} of the patients, {self._said(f'{at}.internal')} of new patients of the same kind are right, "
                f"{self._said(f'{at}.apart')} where the same centres have both classes evenly, {self._said(f'{at}.turned_round')} where they have "
                f"them the other way round, and {self._said(f'{at}.external')} at other centres"
            )
        return Markdown(". ".join(said) + ".") if said else Markdown("No confounded training was run.")

    def fair_sentence(self) -> Markdown:
        """Return what the same training gives where class and centre are apart."""
        said = [
            f"at a difference of {self.n(f'confounding.{effect}.{together}.effect', 'g')}: {self._said(f'confounding.{effect}.{together}.internal')} "
            f"internally and {self._said(f'confounding.{effect}.{together}.external')} at other centres"
            for effect, together in self.confounded
            if not self.n.value(f"confounding.{effect}.{together}.confounding")
        ]
        if not said:
            return Markdown("No training with class and centre apart was run beside them.")
        return Markdown(f"The same training on centres that hold both classes evenly gives, {'; '.join(said)}.")


def open_chapter(run: str = "best") -> DomainShift:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return DomainShift(*open_run("domain-shift", run))
