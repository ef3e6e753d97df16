"""The YAML reader: places of values, everything it refuses, and agreement with PyYAML's own loader on plain data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dlrrc_core import strict_yaml
from dlrrc_core.problems import DataError
from dlrrc_core.records import Record


class Sample(Record):
    """A small schema."""

    name: str | None = None
    count: int | None = None
    inside: dict[str, str] | None = None


def refused(text: str) -> str:
    """Return the message for a text that the reader or the schema refuses."""
    with pytest.raises(DataError) as caught:
        strict_yaml.validate(strict_yaml.parse(text, "f.yaml"), Sample)
    return str(caught.value)


# the text, and the whole message; line and column are counted from 1 by hand
REFUSED = [
    (
        "name: No\n",
        "f.yaml:1:7: name is No without quotes, which YAML reads as false; allowed: text; write 'no' in quotes",
    ),
    (
        "name: Yes\n",
        "f.yaml:1:7: name is Yes without quotes, which YAML reads as true; allowed: text; write 'yes' in quotes",
    ),
    (
        "name: on\n",
        "f.yaml:1:7: name is on without quotes, which YAML reads as true; allowed: text; write 'on' in quotes",
    ),
    ("name: 12\n", "f.yaml:1:7: name is the number 12; allowed: text; write '12' in quotes"),
    ("name: 1.50\n", "f.yaml:1:7: name is the number 1.50; allowed: text; write '1.50' in quotes"),
    ("\n\ninside:\n  a: 3\n", "f.yaml:4:6: inside.a is the number 3; allowed: text; write '3' in quotes"),
    ("count: '3'\n", "f.yaml:1:8: count is '3'; allowed: Input should be a valid integer"),
    ("count: 3.5\n", "f.yaml:1:8: count is 3.5; allowed: Input should be a valid integer"),
    ("count: true\n", "f.yaml:1:8: count is True; allowed: Input should be a valid integer"),
    ("count:\n  - 1\n", "f.yaml:2:3: count is a list; allowed: Input should be a valid integer"),
    (
        "cuont: 1\n",
        "f.yaml:1:8: unknown key 'cuont'; allowed: only keys of the schema; check the spelling or delete it",
    ),
    ("- 1\n", "f.yaml:1:1: the file is a list; allowed: keys with values"),
    ("", "f.yaml:1:1: the file is empty; allowed: keys with values"),
    (
        "name: a\nname: b\n",
        "f.yaml:2:1: the key 'name' for the second time (first in line 1); allowed: each key once; delete one of the two",
    ),
    (
        "1: a\n'1': b\n",
        "f.yaml:2:1: the key '1' for the second time (first in line 1); allowed: each key once; delete one of the two",
    ),
    ("inside: &a {x: y}\n", "f.yaml:1:9: the anchor or alias 'a'; allowed: values written out"),
    ("name: !!str x\n", "f.yaml:1:7: the tag 'tag:yaml.org,2002:str'; allowed: plain values without tags"),
    ("name: !x y\n", "f.yaml:1:7: the tag '!x'; allowed: plain values without tags"),
    ("name: a\n---\nname: b\n", "f.yaml:2:1: a second YAML document; allowed: one document in a file"),
    ("? [a]\n: 1\n", "f.yaml:1:1: a list or mapping as a key; allowed: text or a number as key"),
    ("name: " + "[" * 13, "f.yaml:1:18: nesting deeper than 12 levels; allowed: flatter data"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message[7:45] for _, message in REFUSED])
def test_message_is_exact(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "name: 'a",
        "name: [a",
        "name:\n\t- a",
        "name: a\n  count: 1",
        'name: "\\ud800"',
        "name: \x07",
        "%",
        "@a",
        "name: a: b",
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text: str) -> None:
    assert refused(text).startswith("f.yaml:")
    assert "not YAML: " in refused(text)


def test_every_problem_of_a_file_in_one_message() -> None:
    lines = refused("name: No\ncount: many\nextra: 1\n").splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "2", "3"]


def test_aliases_are_refused_before_they_are_expanded() -> None:
    # "billion laughs": 10^9 entries when expanded; the answer has to come at once
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    assert refused(laughs).count("the anchor or alias") == 10 + 90


def test_places_and_written_text() -> None:
    document = strict_yaml.parse("a:\n  - b: 0012\n    c: 'x'\n", "f.yaml")
    assert document.places["a", "0", "c"] == (3, 8, "x")
    assert document.written(("a", 0, "b")) == "0012"
    # a key that is missing is reported at its nearest parent
    assert (document.problem(("a", 0, "zz", 3), "x", "y").line, document.written(("nowhere",))) == (2, "")


def test_dates_and_unusual_words_stay_text() -> None:
    assert strict_yaml.parse("a: 2020-01-31\nb: '2020'\nc: <<\nd: =\ne: 1e3\n", "f").data == {
        "a": "2020-01-31",
        "b": "2020",
        "c": "<<",
        "d": "=",
        "e": "1e3",
    }


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfname: x\r\ncount: 1\r\n")
    for name, words in (
        ("none.yaml", "none.yaml: cannot be read"),
        ("folder.yaml", "cannot be read"),
        ("latin.yaml", "latin.yaml:2:1: text that is not UTF-8"),
    ):
        with pytest.raises(DataError, match=words):
            strict_yaml.load(tmp_path / name, tmp_path)
    # a byte order mark and Windows line ends, as Notepad writes them, do no harm
    assert strict_yaml.load(tmp_path / "bom.yaml", tmp_path).data == {"name": "x", "count": 1}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(exclude_categories=["C"]), max_size=12)
)
nested = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(nested)
def test_plain_data_come_back_as_they_were_dumped(data: object) -> None:
    class NoAlias(yaml.SafeDumper):
        def ignore_aliases(self, _: object) -> bool:
            return True

    text = yaml.dump(data, Dumper=NoAlias, allow_unicode=True)
    assert strict_yaml.parse(text, "f").data == data == yaml.safe_load(text)


@given(st.text(max_size=60) | st.text("a:- []{}\n\t'\"#&*!|>%@`,?1", max_size=60))
def test_any_text_is_read_or_refused_with_a_data_error(text: str) -> None:
    try:
        strict_yaml.validate(strict_yaml.parse(text, "f"), Sample)
    except DataError as error:
        assert error.problems
        assert all(problem.line >= 1 for problem in error.problems)
