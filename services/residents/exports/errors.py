from services.residents.exports.bounds import MOST_PEOPLE
from shared.errors import Problem, both


class TooManyPeople(Problem):
    status = 422
    code = "too-many-people"
    title = both("导出人数过多", "Too many people for one export")
    detail = both(
        f"一次最多 {MOST_PEOPLE} 人, 请按网格、标签或颜色缩小范围。",
        f"At most {MOST_PEOPLE} at once. Narrow it by grid, tag or colour.",
    )


class PurposeNeedsConsent(Problem):
    status = 422
    code = "purpose-needs-consent"
    title = both("该用途以本人同意为前提", "This purpose rests on each person's consent")
    detail = both("不能批量导出, 请逐人办理。", "No list is made for it; deal with each person.")


class ExportNotReady(Problem):
    status = 409
    code = "export-not-ready"
    title = both("文件还没有生成", "The file is not ready")
    detail = both("请稍候, 待状态为 ready 时下载。", "Wait until its state is ready.")


class ExportDestroyed(Problem):
    status = 410
    code = "export-destroyed"
    title = both("导出文件已销毁", "The file was destroyed")
    detail = both(
        "保留期已过或下载次数已用完, 如仍需要请重新导出。",
        "Its time is up or it was downloaded often enough. Export again if needed.",
    )
