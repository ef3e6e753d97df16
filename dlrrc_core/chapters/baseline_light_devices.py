"""The chapter on light devices: size, time and memory of the networks on one thread, and files in eight bits."""

from __future__ import annotations

from html import escape

from IPython.display import Markdown

from dlrrc_core import figures, tables
from dlrrc_core.baseline.findings.light_devices import VERSIONS, WAYS
from dlrrc_core.chapters.baseline import NETWORKS, Baseline, open_run, percent_cells
from dlrrc_core.tables import Cell, Column, Html, Row

RUN_AS = {"torch": "torch, float32", "onnx": "ONNX, float32", "int8": "ONNX, 8 bits"}
SEED_PAPER = "mobilenetv2"


class LightDevices(Baseline):
    """Numbers, tables and figures of the chapter on light devices."""

    @property
    def order(self) -> list[str]:
        """The networks, the smallest first."""
        return [str(each) for each in self.n.value("order")]

    @property
    def sizes(self) -> list[int]:
        """Sizes of the images, the largest first."""
        return [int(each) for each in self.n.value("sizes")]

    @property
    def shown(self) -> str:
        """MobileNetV2 where it was timed, else the smallest network."""
        return SEED_PAPER if SEED_PAPER in self.order else self.order[0]

    def at(self, network: str, size: int) -> str:
        """Return where the costs of a network at a size stand."""
        return f"networks.{network}.px_{size}"

    def machine_sentence(self) -> Markdown:
        """Return on which machine the times were taken."""
        name = escape(str(self.run.record.hardware.get("cpu")))
        cores, memory = (self.n(f"run.hardware.{fact}", form) for fact, form in (("cores", ""), ("memory_gib", ".0f")))
        return Markdown(
            f"Times are medians of {self.n('repeats')} images, one at a time, threads used: {self.n('threads')}, on a computer with the processor "
            f"{name}, {cores} cores and {memory} GiB. It is no light device; times on a telephone or an embedded board are others. What may carry "
            "over is the order of the networks and, roughly, the operations and the sizes of files. The load of the machine while timing stands in "
            "the table."
        )

    def cost_sentence(self) -> Markdown:
        """Return what the seed paper's network costs, beside the largest."""
        first, largest, size = self.shown, self.order[-1], self.sizes[0]
        one, other = self.at(first, size), self.at(largest, size)
        return Markdown(
            f"{NETWORKS[first]} at {size} x {size} pixels has {self.n(f'networks.{first}.parameters', ',')} parameters and takes "
            f"{self.n(f'{one}.gflops', '.2f')} GFLOP per image, a file of {self.n(f'{one}.float32_mib', '.1f')} MiB and "
            f"{self.n(f'{one}.onnx.median_ms', '.1f')} ms with onnxruntime ({self.n(f'{one}.torch.median_ms', '.1f')} ms with torch). "
            f"{NETWORKS[largest]} has {self.n(f'networks.{largest}.parameters', ',')} parameters, {self.n(f'{other}.gflops', '.2f')} GFLOP, "
            f"{self.n(f'{other}.float32_mib', '.1f')} MiB and {self.n(f'{other}.onnx.median_ms', '.1f')} ms "
            f"({self.n(f'{other}.torch.median_ms', '.1f')} ms with torch)."
        )

    def memory_sentence(self) -> Markdown:
        """Return the memory beside what the seed paper printed."""
        at = self.at(self.shown, self.sizes[0])
        if self.n.value(f"{at}.onnx.memory_peak_mib") is None:
            return Markdown("This system does not tell how much memory a process held.")
        return Markdown(
            f"Published by {{cite}}`zuo2021`: {self.n('published.memory')}, on a graphics card. That is training and a framework that may reserve "
            f"more than it needs; it is not comparable with answering. Here a process that only answers with {NETWORKS[self.shown]} held at most "
            f"{self.n(f'{at}.onnx.memory_peak_mib', '.0f')} MiB with onnxruntime, {self.n(f'{at}.onnx.network_mib', '.0f')} MiB of it after the "
            f"interpreter and its libraries were loaded, and {self.n(f'{at}.torch.memory_peak_mib', '.0f')} MiB with torch."
        )

    def export_sentence(self) -> Markdown:
        """Return whether the exported files answer as the networks."""
        return Markdown(
            f"The largest difference between an answer of an exported file and of its network, before softmax, was "
            f"{self.n('largest_difference', '.1e')} over all untrained networks and sizes. The trained network gave the same answer on "
            f"{self.n('trained.pairs.export.same', '.1f')} % of {self.n('trained.pairs.export.images')} images of new patients; the largest "
            f"difference of a probability was {self.n('trained.pairs.export.largest_probability_difference', '.1e')}."
        )

    def eight_bits_sentence(self) -> Markdown:
        """Return what eight bits change in the answers and in the accuracy."""
        at, lost = "trained.versions", "trained.lost.image"
        name = NETWORKS.get(self.n.value("trained.network"), "the network")
        changed = f"{lost}.changed"
        return Markdown(
            f"Ranges for eight bits were taken from training images. {name} (at {self.n('trained.size')} pixels; networks trained: "
            f"{len(self.n.value('trained.seeds'))}) gives the same answer as in float32 on {self.n('trained.pairs.eight_bits.same', '.1f')} % of "
            f"{self.n('trained.pairs.eight_bits.images')} images. Answers that changed: {self.n(f'{changed}.answers')}, of "
            f"{self.n(f'{changed}.patients')} of {self.n(f'{lost}.patients')} patients; {self.n(f'{changed}.became_right')} became right, "
            f"{self.n(f'{changed}.became_wrong')} became wrong. Accuracy on images is {self.n(f'{at}.onnx.image.accuracy.percent', '.1f')} % in "
            f"float32 and {self.n(f'{at}.int8.image.accuracy.percent', '.1f')} % in eight bits; float32 less eight bits is "
            f"{self.n(f'{lost}.points', '+.1f')} points. {self._eight_bits_verdict()}"
        )

    def _eight_bits_verdict(self) -> str:
        """Return what follows from the difference: nothing without an interval, else whether the interval holds 0."""
        lost = "trained.lost.image"
        low, high = self.n.value(f"{lost}.interval")
        few = f"The difference takes the trained networks as they are (number: {len(self.n.value('trained.seeds'))})."
        if not self.n.value(f"{lost}.changed.answers"):
            return f"No answer changed on these images, so that there is no interval. {few}"
        if low is None and self.n.value(f"{lost}.changed.patients") < self.n.value(f"{lost}.fewest"):
            return (
                f"No interval is given: patients with a changed answer are fewer than {self.n(f'{lost}.fewest')}, and a bootstrap over patients "
                f"would take its whole spread from these few and be too short. Neither a loss nor a gain by eight bits follows. {few}"
            )
        if low is None:
            return f"The bootstrap over patients gives no interval here. {few}"
        follows = (
            "in float32 more answers were right"
            if low > 0
            else "in eight bits more answers were right, which is no reason to expect it of other networks"
            if high < 0
            else "the interval holds 0 and leaves open whether eight bits change the accuracy"
        )
        return f"95 % interval over patients: {self.n.interval(f'{lost}.interval', '.1f')}; {follows}. {few}"

    def even_sentence(self) -> Markdown:
        """Return how many probabilities are exactly one half, and what calling them the other way would change."""
        lost, pair = "trained.lost.image", "trained.pairs.eight_bits"
        even, other = f"{lost}.even", f"{lost}.even_is_0"
        words = (
            "On this page an answer is class 1 when its probability is at least 0.5, in each way of running the network. To the four decimals "
            f"that are stored, {self.n(f'{even}.onnx')} probabilities are exactly 0.5 in float32 and {self.n(f'{even}.int8')} in eight bits "
            f"(patients: {self.n(f'{even}.int8_patients')})"
        )
        if not self.n.value(f"{even}.onnx") + self.n.value(f"{even}.int8"):
            return Markdown(f"{words}, so that nothing depends on how such an answer is called.")
        in_file = self.n.value(f"{pair}.same_in_file")
        older = (
            f" The file `agreement.csv` of this run counted them as class 0 and gives {self.n(f'{pair}.same_in_file', '.1f')} %."
            if abs(in_file - self.n.value(f"{other}.same")) < 0.01 < abs(in_file - self.n.value(f"{pair}.same"))
            else ""
        )
        return Markdown(
            f"{words}; among the changed answers they are {self.n(f'{lost}.changed.even')}. Were they class 0, the answers would be the same on "
            f"{self.n(f'{other}.same', '.1f')} % of the images, and the accuracy {self.n(f'{other}.accuracy.onnx', '.1f')} % in float32 and "
            f"{self.n(f'{other}.accuracy.int8', '.1f')} % in eight bits.{older}"
        )

    def faster_sentence(self) -> Markdown:
        """Return what eight bits change in size and time."""
        at = self.at(self.shown, self.sizes[0])
        slower = [
            NETWORKS[each] for each in self.order if self.n.value(f"{self.at(each, self.sizes[0])}.faster.int8") < 1
        ]
        words = (
            f" On this machine the files in eight bits are slower than float32 for {', '.join(slower)}."
            if slower
            else ""
        )
        return Markdown(
            f"The file of {NETWORKS[self.shown]} shrinks by a factor of {self.n(f'{at}.file_smaller', '.1f')}; its time changes by a factor of "
            f"{self.n(f'{at}.faster.int8', '.2f')} (above 1: faster).{words} Whether eight bits are faster depends on the processor and the runtime."
        )

    def table(self) -> Html:
        """Return the costs of every network at every size."""
        columns = [
            Column("Network"),
            Column("Pixels", True, facet=True),
            Column("Parameters", True),
            Column("GFLOP", True),
        ]
        columns += [Column("File, float32, MiB", True), Column("File, 8 bits, MiB", True), Column("Run as", facet=True)]
        columns += [Column("Median, ms", True), Column("Quartiles, ms", True), Column("Slowest, ms", True)]
        columns += [
            Column("Peak memory, MiB", True),
            Column("After loading libraries, MiB", True),
            Column("Load", True),
        ]
        rows: list[Row] = []
        for network in self.order:
            for size in self.sizes:
                at = self.at(network, size)
                for way in WAYS:
                    low, high = (self.n.value(f"{at}.{way}.quartile_{k}_ms") for k in (1, 3))
                    rows.append(
                        [
                            NETWORKS[network],
                            tables.number_cell(size),
                            self.n.cell(f"networks.{network}.parameters", ","),
                            *(self.n.cell(f"{at}.{name}", fmt) for name, fmt in (("gflops", ".2f"), ("float32_mib", ".1f"), ("int8_mib", ".1f"))),
                            RUN_AS[way],
                            self.n.cell(f"{at}.{way}.median_ms", ".1f"),
                            tables.range_cell(low, high),
                            self.n.cell(f"{at}.{way}.largest_ms", ".1f"),
                            self.n.cell(f"{at}.{way}.memory_peak_mib", ".0f"),
                            self.n.cell(f"{at}.{way}.network_mib", ".0f"),
                            self.n.cell(f"{at}.{way}.load", ".1f"),
                        ]
                    )  # fmt: skip
        return tables.table(columns, rows, "Costs of the networks", "light-devices-costs", filters=True)

    def accuracy_table(self) -> Html:
        """Return the accuracy of the trained network in each way of running it."""
        columns = [
            Column("Run as"),
            Column("Level"),
            Column("Accuracy, %", True),
            Column("95 % interval over patients", True),
        ]
        columns += [Column("AUC, %", True), Column("95 % interval", True), Column("n", True), Column("Patients", True)]
        rows: list[Row] = []
        for key in VERSIONS:
            for level, label in (("image", "image"), ("mean_probability", "case, mean probability")):
                at = f"trained.versions.{key}.{level}"
                cells: list[Cell] = [*percent_cells(self.n, f"{at}.accuracy"), *percent_cells(self.n, f"{at}.roc_auc")]
                rows.append(
                    [
                        RUN_AS[key],
                        label,
                        *cells,
                        self.n.cell(f"{at}.accuracy.n"),
                        self.n.cell(f"{at}.accuracy.patients"),
                    ]
                )
        return tables.table(columns, rows, "The trained network on new patients", "light-devices-accuracy")

    def figure(self) -> Html:
        """Return the time of one image for every network and way of running it."""
        size = self.sizes[0]
        figure, axes = figures.canvas(height=1.6 + 0.5 * len(self.order))
        for y, network in enumerate(self.order):
            for k, way in enumerate(WAYS):
                at = f"{self.at(network, size)}.{way}"
                low, middle, high = (
                    self.n.value(f"{at}.{name}") for name in ("quartile_1_ms", "median_ms", "quartile_3_ms")
                )
                colour, height = figures.COLOURS[("own", "own-2", "mean")[k]], y + 0.22 * (k - 1)
                axes.plot([low, high], [height, height], color=colour, linewidth=1)
                label = RUN_AS[way] if y == 0 else None
                axes.plot([middle], [height], figures.MARKERS[k], color=colour, markersize=5, label=label)
        axes.set_xscale("log")
        axes.set_yticks(range(len(self.order)), [NETWORKS[each] for each in self.order], fontsize=8)
        axes.invert_yaxis()
        axes.set(xlabel=f"Milliseconds for one image of {size} x {size} pixels")
        figures.legend(axes)
        alt = (
            "Time for one image by network with torch, with onnxruntime in float32 and in eight bits, on a logarithmic axis. The numbers are in "
            "the table below."
        )
        caption = (
            "Time for one image on one thread: medians, bars from the first to the third quartile (mostly hidden by the marks). Networks by number "
            "of parameters, the smallest first."
        )
        return figures.static(figure, "figure-light-devices", alt, caption, self.table())


def open_chapter(run: str = "best") -> LightDevices:
    """Return the chapter of a stored run, see :func:`dlrrc_core.chapters.baseline.open_run`."""
    return LightDevices(*open_run("light-devices", run))
