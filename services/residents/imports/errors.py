from services.residents.imports.bounds import MAX_COLUMNS, MAX_ROWS, Refusal
from shared.errors import Bilingual, Problem, both


class SheetRefused(Problem):
    """Nothing of the upload is kept."""

    status = 422
    code = "sheet-refused"
    title = both("无法读取该表格", "This sheet cannot be read")

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_DETAILS[refusal], reason=refusal.value)


_DETAILS: dict[Refusal, Bilingual] = {
    Refusal.EMPTY: both("文件是空的, 请重新选择。", "The file is empty; choose another."),
    Refusal.WRONG_TYPE: both(
        "不是 XLSX 或 CSV 表格, 请在表格软件中另存为其中一种。",
        "Neither XLSX nor CSV. Save it as one of them in your spreadsheet program.",
    ),
    Refusal.OLD_EXCEL: both(
        "是旧版 Excel (.xls) 或加密的文件, 请去除密码并另存为 .xlsx。",
        "An old Excel (.xls) or an encrypted file. Remove the password and save it as .xlsx.",
    ),
    Refusal.LOCKED: both("文件已加密, 请去除密码后重新上传。", "The file is encrypted. Remove the password."),
    Refusal.DAMAGED: both("文件已损坏, 请打开后另存一份。", "The file is damaged. Open it and save a copy."),
    Refusal.SWELLS: both("文件解压后过大, 请分成几份。", "The file is too large when unpacked. Split it."),
    Refusal.TOO_LONG: both(f"最多 {MAX_ROWS} 行, 请分成几份。", f"At most {MAX_ROWS} rows. Split the sheet."),
    Refusal.TOO_WIDE: both(
        f"最多 {MAX_COLUMNS} 列, 请删除多余的列。", f"At most {MAX_COLUMNS} columns. Remove those that are not needed."
    ),
    Refusal.NO_HEADINGS: both(
        "前 10 行中没有找到表头。请使用模板, 或至少写上姓名、小区、楼栋、房号等列名。",
        "No headings within the first ten rows. Use the template, or name columns as name, compound, building, room.",
    ),
    Refusal.NO_ROWS: both("表头以下没有内容。", "There is nothing below the headings."),
}


class ColumnsMissing(Problem):
    status = 409
    code = "columns-missing"
    title = both("缺少必需的列", "Required columns are missing")
    detail = both(
        "请在对应关系 (mapping) 中指明 missing 所列各项在表中的哪一列, 或补上后重新上传。",
        "Say in the mapping which column holds what missing names, or add it and upload again.",
    )


class RowsInvalid(Problem):
    status = 409
    code = "rows-invalid"
    title = both("有不能导入的行", "Some rows cannot be imported")
    detail = both(
        "请查看报告并更正后重新上传, 或以 skip_invalid 跳过这些行。",
        "See the report, correct the sheet and upload it again, or skip these rows with skip_invalid.",
    )


class SheetForgotten(Problem):
    status = 410
    code = "sheet-forgotten"
    title = both("表格已销毁", "The sheet was destroyed")
    detail = both("保留期已过, 如有需要请重新上传。", "Its retention has ended. Upload it again if needed.")
