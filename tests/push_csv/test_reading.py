"""Reading the file: encodings, delimiters, columns, and a memory that does not grow."""

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from pushcsv.cli import main

from .helpers import push


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_other_encodings_and_delimiters(server, files, encoding):
    mapping = f"""
        csv = {{ encoding = "{encoding}", delimiter = "\\t" }}
        shipment = {{ waybill = "运单号", consignee = {{ name = "收件人" }}, pieces = "件数" }}
    """
    data = files("W1\t王小明\t1", "W2\t李雷\tx", header="运单号\t收件人\t件数", mapping=mapping, encoding=encoding)
    assert push(server, data) == 1
    assert server.contract.shipments["W1"]["consignee"] == {"name": "王小明"}
    text = Path("data.rejected.csv").read_text(encoding=encoding)
    assert next(csv.DictReader(io.StringIO(text), delimiter="\t"))["收件人"] == "李雷"


def test_a_wrong_encoding_is_explained(server, files, capsys):
    assert push(server, files("W1,客户,,,,,,", encoding="gb18030")) == 2
    error = capsys.readouterr().err
    assert "data.csv, at or soon after line 1: is not utf-8-sig" in error
    assert "set encoding in the mapping's [csv]" in error


def test_utf_16_that_is_none_is_explained(server, files, capsys):
    mapping = 'csv = { encoding = "utf-16" }\nshipment = { waybill = "nr" }'
    assert push(server, files("W1", header="nr", mapping=mapping)) == 2
    assert "is not utf-16" in capsys.readouterr().err


def test_an_open_quote_is_explained(server, files, capsys):
    assert push(server, files('W1,"open,,,,,,')) == 2
    assert "line 2: unexpected end of data; look for a quote" in capsys.readouterr().err


def test_a_missing_column_names_those_that_are_there(server, files, capsys):
    assert push(server, files("W1", header="nr")) == 2
    error = capsys.readouterr().err
    assert "has no column 'carrier', 'cost'" in error
    assert "its columns are 'nr'" in error
    assert push(server, files("W1", header="nr;cust")) == 2
    assert "delimiter ','" in capsys.readouterr().err


def test_memory_does_not_grow_with_the_file(files, tmp_path):
    def peak(rows):
        data = files(*(f'W{n},C1,2,"1.234,50",,31.01.2025 09:15,,yes' for n in range(rows)))
        tracemalloc.start()
        assert main([*data, "--dry-run", "--batch", "100"]) == 0
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(6000) < peak(600) * 1.2
