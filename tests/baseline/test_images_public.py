"""The public cohorts: numbers of the installed index, the choice of series, and the build from a local source; no network."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlparse

import duckdb
import numpy as np
import pandas as pd
import pytest
from dicomkit import segmentation, volume, write
from pydicom import dcmread
from typer.testing import CliRunner

from dlrrc_core.baseline.images import public, read_cohort
from dlrrc_core.baseline.images.check import check
from dlrrc_core.baseline.images.download import build
from dlrrc_core.baseline.images.phase import phase
from dlrrc_core.baseline.images.source import Bucket, Offline, Remote
from dlrrc_core.commands.cohort import app
from dlrrc_core.problems import DataError, UsageError

BOTH = ["tcga-kirp", "tcga-kich"]


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("ARTERIAL PHASE  2.0  B31f", "arterial"),
        ("Arterial_Phase  5.0  B30f", "arterial"),
        ("Art/Ven Phase", "arterial"),
        ("corticomedullary", "arterial"),
        ("Nephro  5.0  B30f", "nephrographic"),
        ("Delay Nephro  5.0  B31f", "delayed"),
        ("8MIN AP  5.0  B31f", "delayed"),
        ("late", "delayed"),
        ("Portal Venous 5.0  B31f", "venous"),
        ("Venous_Phase  5.0  B30f", "venous"),
        ("NON CON  5.0  B30f -Soft Tissue", "unenhanced"),
        ("noncontrast", "unenhanced"),
        ("Non_Contrast  5.0  B31f", "unenhanced"),
        ("PRE LIVER", "unenhanced"),
        ("C-", "unenhanced"),
        ("Body 5.0 without", "unenhanced"),
        ("C+ Ap", "enhanced"),
        ("ABD WITH  5.0  B30f", "enhanced"),
        ("POST ABDOMEN", "enhanced"),
        ("AXIAL CAP/KIDNEYS", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_phase_in_a_description(description: str, expected: str) -> None:
    # descriptions as they stand in TCGA-KIRP, TCGA-KICH and C4KC-KiTS
    assert phase(description) == expected


def test_numbers_of_the_installed_index() -> None:
    # IDC release 25 (idc-index-data 25.0.5), counted with duckdb alone; a later release may add patients and never loses one
    kirp, kich = public.counts("tcga-kirp"), public.counts("tcga-kich")
    assert public.index_version().count(".") >= 1
    exact = public.index_version() == "25.0.5"
    for found, expected in ((kirp, (23, 18, 110)), (kich, (12, 10, 69))):
        numbers = (found["ct_patients"], found["segmented_patients"], found["ct_series"])
        assert numbers == expected if exact else all(a >= b for a, b in zip(numbers, expected, strict=True))


def test_the_choice_of_series_in_the_installed_index() -> None:
    table = public.patients("tcga-kich").set_index("patient")
    assert table.loc["TCGA-KM-8440", "phase"] == "arterial"
    assert table.loc["TCGA-KM-8440", "description"] == "ARTERIAL PHASE  2.0  B31f"  # 251 slices of 2 mm, not 51 of 5 mm
    assert table.loc["TCGA-KM-8440", "link"] == "linked"
    assert set(table["class"]) == {"chromophobe"}
    assert table["licence"].tolist() == ["CC BY 3.0"] * len(table)
    both = {prefer: public.patients("tcga-kirp", prefer).set_index("patient") for prefer in public.PREFER}
    assert not both["mask"].loc["TCGA-B9-A44B", "usable"]  # only the CT of a PET
    assert both["mask"].loc["TCGA-B9-5156", ["phase", "link"]].tolist() == ["venous", "linked"]
    assert both["phase"].loc["TCGA-B9-5156", ["phase", "link"]].tolist() == ["arterial", "possible"]


def test_unknown_cohorts() -> None:
    with pytest.raises(UsageError, match=r"unknown cohort 'tcga-kirk'; allowed: tcga-kirp, .* did you mean"):
        public.patients("tcga-kirk")
    with pytest.raises(UsageError, match="unknown preference 'arterial'"):
        public.patients("tcga-kirp", "arterial")


class Local:
    """A bucket in a folder: ``<uuid>/<name>``."""

    def __init__(self, folder: Path, fail_at: int = -1) -> None:
        self.folder, self.fail_at, self.fetched = folder, fail_at, 0
        self.lock = threading.Lock()

    def listing(self, bucket: str, uuid: str) -> list[Remote]:
        return [
            Remote(path.name, path.stat().st_size, hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest())
            for path in sorted((self.folder / uuid).iterdir())
        ]

    def fetch(self, bucket: str, uuid: str, file: Remote, path: Path) -> None:
        with self.lock:
            self.fetched += 1
            if self.fetched == self.fail_at:
                path.write_bytes(b"half")
                raise Offline("the line is cut")
        shutil.copyfile(self.folder / uuid / file.name, path)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a bucket of four patients with two series each and an index of it."""
    base = tmp_path_factory.mktemp("bucket")
    rows = []

    def entry(
        collection: str, patient: str, uid: str, modality: str, number: str, words: str, analysis: str | None
    ) -> None:
        folder = base / f"uuid-{uid.replace('.', '-')}"
        count = len(list(folder.iterdir()))
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        rows.append(
            [
                *(collection, patient, f"{uid[:5]}.1", uid, number, words, "", modality, "SIEMENS", count, size),
                *("CC BY 3.0", "10.1/x", analysis, "idc-open-data", folder.name),
            ]
        )

    for k in range(4):
        collection, patient = ("tcga_kirp", "tcga_kich")[k % 2], f"TCGA-{k}"
        for number, words in ((3, "ARTERIAL 2.0"), (4, "VENOUS 2.0"), (1, "SCOUT")):
            uid = f"1.2.{k}.{number}"
            paths = write(base / f"uuid-{uid.replace('.', '-')}", volume(20, 16, 16, seed=10 * k + number), series=uid)
            entry(collection, patient, uid, "CT", str(number), words, None)
            if words.startswith("ART"):
                reference = dcmread(paths[0])
        uid, mask = f"1.2.{k}.9", np.zeros((16, 16), dtype=bool)
        mask[3:9, 3:9] = True
        frames = [(1, mask, (-100, -80, -400 + 2.5 * z), None) for z in (7, 8, 9)]
        segmentation(base / f"uuid-{uid.replace('.', '-')}/m.dcm", frames, ["Mass"], reference)
        entry(collection, patient, uid, "SEG", "9", "RCC-AID kidney/mass/cyst seg, arterial, CT series 3", "rcc_aid")
    names = [*public.COLUMNS.replace("PatientID", "collection_id, PatientID", 1).split(", ")]
    table = pd.DataFrame(rows, columns=names)  # noqa: F841 - duckdb reads it by its name
    index = base.parent / f"{base.name}.parquet"
    duckdb.sql(f"copy (select * from table) to '{index}' (format parquet)".replace("from table)", 'from "table")'))
    return base, index


def test_a_build_can_be_read(bucket: tuple[Path, Path], tmp_path: Path) -> None:
    base, index = bucket
    source = Local(base)
    path = build(BOTH, tmp_path / "c", source=source, index=index, progress=False)
    assert path.name == "cohort.csv"
    table = pd.read_csv(path, keep_default_na=False)
    assert table["series"].tolist() == ["series/1.2.0.3", "series/1.2.2.3", "series/1.2.1.3", "series/1.2.3.3"]
    assert table["segmentation"].tolist()[0] == "series/1.2.0.9/m.dcm"
    facts = json.loads((tmp_path / "c/cohort.json").read_text())
    assert facts["classes"] == ["chromophobe", "papillary"]
    assert facts["index"] == f"idc-index-data {public.index_version()}"
    assert facts["segmented"] == 4
    licences = (tmp_path / "c/LICENCES.md").read_text()
    assert "CC BY 3.0" in licences
    assert "10.5281/zenodo.22284133" in licences
    slices = read_cohort(tmp_path / "c", size=16)
    assert slices.patients()["slices"].tolist() == [3, 3, 3, 3]
    assert slices.patients()["label"].tolist() == [1, 1, 0, 0]
    found = check(tmp_path / "c")
    assert found["slices"].tolist() == [20] * 4
    assert found["tumour_slices"].tolist() == [3] * 4
    assert found["tumour_ml"].tolist() == [round(3 * 36 * 0.8 * 0.8 * 2.5 / 1000, 2)] * 4
    # a second build finds everything and fetches nothing
    assert source.fetched == 4 * 21
    build(BOTH, tmp_path / "c", source=source, index=index, progress=False)
    assert source.fetched == 4 * 21
    assert not list((tmp_path / "c").rglob(".*.part"))


def test_a_stopped_build_goes_on(bucket: tuple[Path, Path], tmp_path: Path) -> None:
    base, index = bucket
    cut = Local(base, fail_at=30)
    with pytest.raises(UsageError, match=r"the line is cut; 1 of 8 series are there already, build again to go on"):
        build(BOTH, tmp_path, source=cut, index=index, progress=False)
    assert not (tmp_path / "cohort.csv").exists()
    on = Local(base)
    build(BOTH, tmp_path, source=on, index=index, progress=False)
    # files that were whole were not fetched again: one series, and those of the second that came before the cut
    assert on.fetched <= 4 * 21 - 20
    assert len(check(tmp_path)) == 4


def test_other_bytes_are_noticed(bucket: tuple[Path, Path], tmp_path: Path) -> None:
    base, index = bucket
    build(BOTH, tmp_path, source=Local(base), index=index, progress=False)
    path = tmp_path / "series/1.2.1.3/0004.dcm"
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(UsageError, match=r"1 file\(s\) .* differ from manifest.csv: series/1.2.1.3/0004.dcm"):
        build(BOTH, tmp_path, source=Local(base), index=index, progress=False)
    (tmp_path / "series/1.2.3.3/0000.dcm").unlink()
    with pytest.raises(DataError) as found:
        check(tmp_path)
    assert "series/1.2.1.3/0004.dcm: other bytes than were downloaded" in str(found.value)
    assert "series/1.2.3.3/0000.dcm: missing" in str(found.value)
    path.unlink()
    again = Local(base)
    build(BOTH, tmp_path, source=again, index=index, progress=False)
    assert again.fetched == 2
    assert len(check(tmp_path)) == 4


def test_a_source_that_lies(bucket: tuple[Path, Path], tmp_path: Path) -> None:
    base, index = bucket

    class Liar(Local):
        def fetch(self, bucket: str, uuid: str, file: Remote, path: Path) -> None:
            path.write_bytes(bytes(file.size))

    class Short(Local):
        def listing(self, bucket: str, uuid: str) -> list[Remote]:
            return super().listing(bucket, uuid)[1:]

    with pytest.raises(UsageError, match=r"0000.dcm has MD5 .*; allowed: \d+ bytes, MD5 .*; build again to go on"):
        build(BOTH, tmp_path, source=Liar(base), index=index, progress=False)
    assert not list((tmp_path / "series/1.2.0.3").glob("*.dcm"))
    with pytest.raises(UsageError, match="has 19 files in the bucket; allowed: 20 as the index says"):
        build(BOTH, tmp_path, source=Short(base), index=index, progress=False)


def test_cohorts_of_several_classes_need_labels(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="c4kc-kits has several classes and the index does not say"):
        build("c4kc-kits", tmp_path, progress=False)
    (tmp_path / "l.csv").write_text("who,what\na,b\n")
    with pytest.raises(UsageError, match=r"l.csv: 'patient'; allowed: CSV with the columns patient and class"):
        build("tcga-kich", tmp_path, labels=tmp_path / "l.csv", progress=False)
    with pytest.raises(UsageError, match="unknown cohort ''"):
        build([], tmp_path)


def test_labels_replace_classes_and_a_small_disk_is_refused(
    bucket: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, index = bucket
    (tmp_path / "l.csv").write_text("patient,class\nTCGA-0,oncocytoma\n")
    path = build(
        "tcga-kirp", tmp_path / "c", source=Local(base), index=index, labels=tmp_path / "l.csv", progress=False
    )
    assert pd.read_csv(path)["class"].tolist() == ["oncocytoma", "papillary"]
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=1000))
    with pytest.raises(UsageError, match="MB are to be downloaded and 0 MB are free"):
        build("tcga-kich", tmp_path / "d", source=Local(base), index=index, progress=False)


@pytest.fixture
def server(bucket: tuple[Path, Path]) -> Iterator[str]:
    """Serve the bucket as S3 does: a listing in pages of seven, and files."""
    base = bucket[0]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parsed = urlparse(self.path)
            query = parse_qs(parsed.query)
            if "list-type" in query:
                folder = base / query["prefix"][0].rstrip("/")
                names = sorted(folder.iterdir()) if folder.is_dir() else []
                first = int(query.get("continuation-token", ["0"])[0])
                body = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                for path in names[first : first + 7]:
                    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
                    body += (
                        f"<Contents><Key>{folder.name}/{path.name}</Key><ETag>&quot;{md5}&quot;</ETag>"
                        f"<Size>{path.stat().st_size}</Size></Contents>"
                    )
                if first + 7 < len(names):
                    body += f"<NextContinuationToken>{first + 7}</NextContinuationToken>"
                content, status = (body + "</ListBucketResult>").encode(), 200
            else:
                path = base / parsed.path.lstrip("/")
                content, status = (path.read_bytes(), 200) if path.is_file() else (b"", 404)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_build_over_http(bucket: tuple[Path, Path], server: str, tmp_path: Path) -> None:
    base, index = bucket
    listing = Bucket(server).listing("idc-open-data", "uuid-1-2-0-3")
    assert listing == Local(base).listing("", "uuid-1-2-0-3")
    build(BOTH, tmp_path, source=Bucket(server), index=index, progress=False)
    assert len(check(tmp_path)) == 4


def test_no_network_is_one_message(bucket: tuple[Path, Path], tmp_path: Path) -> None:
    silent = Bucket("http://127.0.0.1:9")  # the port "discard", where nothing listens
    with pytest.raises(UsageError) as found:
        build(BOTH, tmp_path, source=silent, index=bucket[1], progress=False)
    message = str(found.value)
    assert "http://127.0.0.1:9 does not answer" in message
    assert "allowed: a machine with a network; 0 of 8 series are there already, build again to go on" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "entry",
    [
        "<Key>u-1/../../evil.dcm</Key><Size>5</Size>",
        "<Key>u-1/a.dcm</Key><Size>99999999999999</Size>",
        "<Key>u-1/a.dcm</Key><Size>x</Size>",
        "<Key>u-1/a.exe</Key><Size>5</Size>",
    ],
)
def test_listings_of_an_enemy(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    text = f'<r xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents>{entry}</Contents></r>'
    monkeypatch.setattr(Bucket, "_open", lambda self, address: io.BytesIO(text.encode()))
    with pytest.raises(UsageError, match="the listing of series u-1 cannot be read"):
        Bucket().listing("b", "u-1")
    with pytest.raises(UsageError, match="allowed: letters, digits and hyphens"):
        Bucket().listing("b/../c", "u-1")


def test_commands(bucket: tuple[Path, Path], tmp_path: Path) -> None:
    run = CliRunner()
    listed = run.invoke(app, ["cohort", "list", "--format", "json"])
    assert listed.exit_code == 0, listed.output
    assert {row["cohort"]: row["ct_patients"] for row in json.loads(listed.stdout)}["tcga-kirp"] >= 23
    patients = run.invoke(app, ["cohort", "list", "tcga-kich", "--prefer", "phase"])
    assert patients.stdout.splitlines()[0].startswith("patient\tclass\tphase\tlink")
    assert len(patients.stdout.splitlines()) >= 13
    wrong = run.invoke(app, ["cohort", "list", "tcga"])
    assert wrong.exit_code == 2
    assert "dlrrc: unknown cohort 'tcga'" in wrong.stderr
    missing = run.invoke(app, ["cohort", "check", str(tmp_path / "no")])
    assert missing.exit_code == 2
    assert "cohort.csv does not exist" in missing.stderr
    build(BOTH, tmp_path / "c", source=Local(bucket[0]), index=bucket[1], progress=False)
    checked = run.invoke(app, ["cohort", "check", str(tmp_path / "c")])
    assert checked.exit_code == 0, checked.output
    assert "TCGA-3" in checked.stdout
    assert checked.stderr == ""
    (tmp_path / "c/manifest.csv").unlink()
    alone = run.invoke(app, ["cohort", "check", str(tmp_path / "c")])
    assert (alone.exit_code, alone.stdout) == (0, checked.stdout)
    assert "has no manifest.csv; its files were read, and compared with no checksum" in alone.stderr
    asked = run.invoke(app, ["cohort", "build", "c4kc-kits", "--folder", str(tmp_path / "k")])
    assert asked.exit_code == 2
    assert "c4kc-kits has several classes" in asked.stderr


def test_a_missing_extra_is_one_message(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['pydicom'] = None\n"
        "from dlrrc_core.commands.cohort import app\n"
        "sys.argv = ['dlrrc', 'cohort', 'list']; app()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr.strip() == "dlrrc: reading CT needs pydicom, which is not installed; pip install 'dlrrc[baseline]'"
    )
