from shared.errors import Problem, both


class KeptTooShort(Problem):
    status = 422
    code = "kept-too-short"
    title = both("保存期限过短", "This has to be kept longer")
    detail = both(
        "不得少于 least_days 天: 须留出举证和救济的时间。",
        "At least least_days: somebody must be able to prove or ask.",
    )
