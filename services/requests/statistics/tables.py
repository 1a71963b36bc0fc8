"""Statistics as tables to carry away, with Chinese headings."""

import io
from dataclasses import replace

from services.requests.statistics.schemas import By, Rates, RatesReport, RatesRow
from shared.spreadsheets import new_workbook, text_format, text_table, write_texts

_KEYS = {
    By.TOTAL: "合计",
    By.COMMUNITY: "社区",
    By.SUBDISTRICT: "街道",
    By.GRID: "网格",
    By.RESPONDER: "办理人/单位",
    By.CATEGORY: "类别",
    By.CLASS: "大类",
    By.DAY: "日期",
    By.WEEK: "周 (周一)",
    By.MONTH: "月份",
}
_NOBODY = {By.RESPONDER: "社区本级", By.GRID: "未定网格"}
_RATES = ("应响应", "按时响应", "响应率", "已评价", "已解决", "解决率", "表态数", "满意", "满意率")


def headings(report: RatesReport) -> list[str]:
    return [_KEYS[report.by], "名称", *_RATES, *(f"{name} (剔除前)" for name in _RATES)]


def as_csv(report: RatesReport) -> bytes:
    return text_table([headings(report), *([str(cell) for cell in line] for line in _lines(report))])


def as_xlsx(report: RatesReport) -> bytes:
    buffer = io.BytesIO()
    with new_workbook(buffer) as workbook:
        sheet = workbook.add_worksheet("三率")
        sheet.freeze_panes(1, 2)
        sheet.set_column(0, 1, 22)
        plain = text_format(workbook)
        write_texts(sheet, 0, headings(report), text_format(workbook, bold=True, text_wrap=True))
        for number, line in enumerate(_lines(report), start=1):
            for column, cell in enumerate(line):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell, plain)
                else:
                    sheet.write_number(number, column, cell)
    return buffer.getvalue()


def _lines(report: RatesReport) -> list[list[str | int | float]]:
    rows = [*report.items, replace(report.total, key="合计", name="")]
    return [_line(report.by, row) for row in rows]


def _line(by: By, row: RatesRow) -> list[str | int | float]:
    key = row.key or _NOBODY.get(by, "")
    return [key, row.name or "", *_cells(row.counted), *_cells(row.everything)]


def _cells(rates: Rates) -> list[str | int | float]:
    return [
        cell
        for rate in (rates.responded_in_time, rates.solved, rates.satisfied)
        for cell in (rate.of, rate.good, "" if rate.percent is None else rate.percent)
    ]
