"""Tables of every dialect: each cell stands beside the name of its column, and no row is hidden."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.tables import NoTable, cells_with_names, read_table

CELL = st.text(alphabet="abc ,;\t|\"'\n.5é", max_size=12)


def rows(text: str) -> list[str]:
    table = read_table(text)
    return [cells_with_names(table.names, row) for row in table.rows]


@pytest.mark.parametrize(
    "text",
    [
        "\nname;boats\nOrla;3,5\nPim;2,5\n",
        "sep=;\r\nname;boats\r\nOrla;3,5\r\nPim;2,5\r\n",
        'sep=\t\nname\tboats\nOrla\t"3,5"\nPim\t2,5\n',
        "Boats of Keldmouth, 2024\n\nname;boats\nOrla;3,5\nPim;2,5\n",
        "name|boats\nOrla|3,5\nPim|2,5\n",
        '\ufeff"name","boats"\n"Orla","3,5"\n"Pim","2,5"',
    ],
)
def test_dialects_say_the_same(text: str) -> None:
    assert rows(text) == ["name: Orla\nboats: 3,5", "name: Pim\nboats: 2,5"]


def test_title_lines_stand_before_the_names() -> None:
    assert read_table("Boats of Keldmouth\n\nname,town\nOrla,Kel\n").before == ("Boats of Keldmouth",)


def test_quoted_names_and_long_cells_stay_whole() -> None:
    assert rows('"name, first";"town, home"\nOrla;Kel\n') == ["name, first: Orla\ntown, home: Kel"]
    long = "line\n" * 300
    assert rows(f'id,text\n1,"{long}"\n2,b\n') == [f"id: 1\ntext: {long}", "id: 2\ntext: b"]
    assert rows('a,b\n1,5" pipe\n') == ['a: 1\nb: 5" pipe']


def test_a_quote_that_is_not_closed_hides_no_rows_and_is_told() -> None:
    table = read_table('a,b\n1,"open\n2,x\n3,"two\nlines"\n4,z\n')
    assert [row[0] for row in table.rows] == ["1", "2", "3", "4"]
    assert table.problems == ("line 2 opens a quote that is not closed and would hide the next 2 lines",)


@pytest.mark.parametrize("text", ["a,b\n", "\n\n", "a"])
def test_a_table_without_rows_is_none(text: str) -> None:
    with pytest.raises(NoTable, match="no row below its header"):
        read_table(text)


@given(st.lists(st.tuples(CELL.filter(str.strip), CELL.filter(str.strip)), min_size=2, max_size=6))
def test_what_a_program_wrote_is_read_as_it_was(written: list[tuple[str, str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("one", "two"), *written])
    read = read_table(out.getvalue())
    assert not read.problems and len(read.rows) == len(written)


@given(st.text(alphabet="a,;\"\n\t =sep|'", max_size=150))
def test_no_table_is_too_strange(text: str) -> None:
    try:
        assert read_table(text).rows
    except NoTable as err:
        assert str(err)
