from shared.errors import NotFound, both


class PhotoMissing(NotFound):
    code = "photo-missing"
    title = both("没有照片", "There is no photo")
    detail = both("尚未上传照片, 或照片已删除。", "None was sent yet, or it was removed.")
