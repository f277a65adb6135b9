"""Lists as files that a spreadsheet opens: rows come and go one by one, and no text ever becomes a formula."""

import csv
import io

import xlsxwriter

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(text):
    """`text` so that a spreadsheet that opens a CSV takes it as text."""
    return "'" + text if text.startswith(_FORMULA) else text


def write_csv(stream, header, rows):
    """Write `rows` (lists of texts and numbers) as UTF-8 CSV into the binary `stream`."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)  # Excel wants the mark
    writer = csv.writer(text)
    writer.writerow([plain(name) for name in header])
    for row in rows:
        writer.writerow([plain(cell) if isinstance(cell, str) else cell for cell in row])
    text.detach()


def write_xlsx(stream, header, rows, sheet):
    """Write `rows` as a workbook with one sheet into the binary `stream`."""
    workbook = xlsxwriter.Workbook(stream, {"constant_memory": True})
    worksheet = workbook.add_worksheet(sheet[:31])
    bold = workbook.add_format({"bold": True, "bottom": 1})
    worksheet.freeze_panes(1, 0)
    worksheet.set_column(0, len(header) - 1, 18)
    for column, name in enumerate(header):
        worksheet.write_string(0, column, name, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                worksheet.write_string(count, column, cell)
            elif cell is not None:
                worksheet.write_number(count, column, cell)
    worksheet.autofilter(0, 0, count, len(header) - 1)
    workbook.close()
