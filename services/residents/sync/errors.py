from shared.errors import Problem, both


class SyncExpired(Problem):
    """The copy is older than the removals that are kept, or of a database that was restored since."""

    status = 410
    code = "sync-expired"
    title = both("离线副本已失效", "The copy is too old to be continued")
    detail = both(
        "请先上传未提交的修改, 再清空本地副本, 不带 since 重新下载。",
        "Send the edits that are waiting, then empty the copy and download it anew without `since`.",
    )


class EditIdReused(Problem):
    status = 422
    code = "edit-id-reused"
    title = both("该 edit_id 已用于另一修改", "Another edit was sent under this edit_id")
    detail = both("请为每项修改生成新的 edit_id。", "Make a new edit_id for every edit.")


class KindUnknown(Problem):
    status = 422
    code = "edit-kind-unknown"
    title = both("不认识这种修改", "Unknown kind of edit")
    detail = both("请更新应用; 修改仍保留在手机上。", "Update the app; the edit is still on the phone.")
