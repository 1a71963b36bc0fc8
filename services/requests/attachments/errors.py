from shared.errors import NotFound, Problem, both


class AttachmentMissing(NotFound):
    code = "attachment-missing"
    title = both("没有这张照片", "There is no such photo")
    detail = both("照片已撤回、已遮盖或从未上传。", "It was withdrawn, redacted, or never sent.")


class TooManyAttachments(Problem):
    status = 409
    code = "too-many-attachments"
    title = both("照片已满", "No more photos fit")
    detail = both(
        "每件事项最多 20 张照片, 请先撤回不需要的。", "At most 20 photos each; withdraw one that is not needed."
    )
