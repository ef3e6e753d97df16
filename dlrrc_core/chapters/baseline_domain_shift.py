"""The chapter on domain shift: accuracy at centres that a network never saw, remedies, and class and centre that go together."""

from __future__ import annotations

from IPython.display import Markdown

from dlrrc_core.baseline.findings.domain_shift import NEVER_SEEN, TRAININGS
from dlrrc_core.chapters.baseline import open_run
from dlrrc_core.chapters.baseline_domain_shift_figures import DomainShiftFigures


class DomainShift(DomainShiftFigures):
    """Numbers, tables and figures of the chapter on domain shift."""

    def _said(self, path: str, metric: str = "accuracy") -> str:
        """Return a value with its interval, and what each seed gives where there are several, as words."""
        seeds = range(len(self.n.value(f"{path}.seeds")))
        by_seed = ", ".join(self.n(f"{path}.seeds.{k}.{metric}", ".1f") for k in seeds)
        own = f"; by seed {by_seed}" if len(seeds) > 1 else ""
        return f"{self.n(f'{path}.{metric}.percent', '.1f')} % (95 % interval {self.n.interval(f'{path}.{metric}.interval', '.1f')}{own})"

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

    @property
    def _fallen(self) -> list[str]:
        """The centres where the interval of the lost accuracy lies above 0."""
        lost = {each: self.n.value(f"{self.at('one', each)}.lost.interval") for each in self.centres if each != "A"}
        return [each for each, (low, _) in lost.items() if low is not None and low > 0]

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
        fallen = " ".join(self._ranking(each) for each in self._fallen)
        return Markdown(
            f"At its own centre the network is right on {self._said(self.at('one', 'A'))} of new patients. The same patients, scanned elsewhere: "
            f"{kept}. The area under the ROC curve, in per cent: {areas}. "
            f"{fallen or 'At none of these centres does the interval of the lost accuracy lie above 0.'}"
        )

    def _ranking(self, centre: str) -> str:
        """Return whether the network ranks the patients worse at a centre where its accuracy falls."""
        at = f"{self.at('one', centre)}.lost_area"
        low, high = self.n.value(f"{at}.interval")
        if low is None:
            return f"At {centre} the accuracy falls; the loss of area has no interval there."
        if low > 0:
            return f"At {centre} accuracy and area both fall, the area by {self._points(at)}: the network ranks the patients worse there."
        room = " The interval leaves room for a loss of area as well." if high > 0 else ""
        return (
            f"At {centre} the accuracy falls and no loss of area is seen: {self._points(at)}. That would fit a network that still ranks the "
            f"patients while its threshold no longer fits.{room}"
        )

    def confidence_sentence(self) -> Markdown:
        """Return whether the probabilities show what is lost."""
        said = "; ".join(
            f"{each}: {self.n(self.at('one', each) + '.confidence.percent', '.1f')} % sure, "
            f"{self.n(self.at('one', each) + '.accuracy.percent', '.1f')} % right, calibration error "
            f"{self.n(self.at('one', each) + '.ece.percent', '.1f')} %"
            for each in self.centres
        )
        above = [each for each in self.centres if self._too_sure(self.at("one", each))]
        verdicts = [
            f"At {each} the network is surer than it is right, by {self._over(self.at('one', each))}." for each in above
        ] or ["At no centre does the interval of confidence less accuracy lie above 0."]
        home = self.n.value(f"{self.at('one', 'A')}.confidence.percent")
        verdicts += [
            f"At {each}, where the accuracy falls, the mean probability falls with it."
            for each in self._fallen
            if each not in above and self.n.value(f"{self.at('one', each)}.confidence.percent") < home
        ]
        return Markdown(
            f"Mean probability of the given answer against the share of right answers, by centre: {said}. {' '.join(verdicts)}"
        )

    def _too_sure(self, path: str) -> bool:
        """Return whether the interval of confidence less accuracy lies above 0."""
        low, _ = self.n.value(f"{path}.over.interval")
        return low is not None and low > 0

    def _over(self, path: str) -> str:
        """Return confidence less accuracy with its interval as words."""
        return f"{self.n(f'{path}.over.percent', '+.1f')} points (95 % interval {self.n.interval(f'{path}.over.interval', '.1f')})"

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
            f"By training: {said}. An interval that holds 0 leaves open whether the remedy helped there. The intervals are over patients and take "
            "the trained networks as they are."
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
            if constant := self.n.value(f"{at}.constant"):
                names = " and ".join(self.n(f"{at}.constant.{k}") for k in range(len(constant)))
                said[-1] += (
                    f". The network of seed {names} gives every patient of all these sets the same answer, whatever the image shows"
                )
        if not said:
            return Markdown("No confounded training was run.")
        return Markdown(
            f"{'. '.join(said)}. The intervals are over patients and take the networks as they are; how far trainings differ stands in the shares "
            "by seed."
        )

    def sure_sentence(self) -> Markdown:
        """Return whether probabilities warn where class and centre go together the other way round."""
        said = []
        for effect, together in self.confounded:
            at = f"confounding.{effect}.{together}"
            if not self.n.value(f"{at}.confounding"):
                continue
            there = f"{at}.turned_round"
            said.append(
                f"With a difference of {self.n(f'{at}.effect', 'g')}: {self.n(f'{at}.internal.confidence.percent', '.1f')} % sure and "
                f"{self.n(f'{at}.internal.accuracy.percent', '.1f')} % right on new patients of the same kind; "
                f"{self.n(f'{there}.confidence.percent', '.1f')} % sure and {self.n(f'{there}.accuracy.percent', '.1f')} % right where the centres "
                f"have the classes the other way round. {self._warned(there)}"
            )
        if not said:
            return Markdown("No confounded training was run.")
        return Markdown(f"Mean probability of the given answer against the share of right answers. {' '.join(said)}")

    def _warned(self, there: str) -> str:
        """Return whether the probabilities on a test set say how often the answer is wrong."""
        if not self._too_sure(there):
            return "The interval of confidence less accuracy does not lie above 0 there."
        words = f"There the networks are surer than they are right, by {self._over(there)}."
        fell, less_sure = self.n.value(f"{there}.lost.points"), self.n.value(f"{there}.less_sure")
        if fell > 0 and less_sure < fell / 2:
            words += (
                f" The accuracy is lower by {self.n(f'{there}.lost.points', '.1f')} points, the mean probability by "
                f"{self.n(f'{there}.less_sure', '.1f')}: a reader who sees only the probabilities is not warned."
            )
        return words

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
