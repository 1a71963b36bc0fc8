from shared.errors import NotFound, Problem, both


class JurisdictionMissing(Problem):
    status = 400
    code = "jurisdiction-missing"
    title = both("缺少 jurisdiction_id", "jurisdiction_id was not provided")
    detail = both(
        "本系统服务多个社区, 请给出 12 位社区代码。", "Several communities are served here: give one's 12-digit code."
    )


class JurisdictionUnknown(NotFound):
    code = "jurisdiction-unknown"
    title = both("没有这个 jurisdiction_id", "jurisdiction_id provided was not found")
    detail = both("请使用 12 位社区代码。", "Use a community's 12-digit code.")


class ServiceUnknown(NotFound):
    code = "service-unknown"
    title = both("没有这个 service_code", "service_code provided was not found")
    detail = both("请从 services 列表中选择。", "Choose one of the list of services.")


class RangeTooLong(Problem):
    status = 400
    code = "range-too-long"
    title = both("时间范围无效", "The range of dates cannot be used")
    detail = both(
        "起始时间须早于结束时间, 且相距不超过 90 天。",
        "It must begin before it ends, and may not span more than 90 days.",
    )
