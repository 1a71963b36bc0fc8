from shared.errors import Problem, both


class GroundMissing(Problem):
    status = 422
    code = "ground-missing"
    title = both("不符合监护条件", "There is no ground for a guardian")
    detail = both(
        "未成年人须登记出生日期且未满 18 周岁; 成年人监护须选择行为能力受限。",
        "A minor needs a birth date and must be under 18; for an adult choose `incapacity`.",
    )


class GuardianUnable(Problem):
    status = 422
    code = "guardian-unable"
    title = both("该人员不能担任监护人", "This person cannot be a guardian")
    detail = both("监护人须为在世的成年人, 且不是本人。", "A guardian is somebody else, of age, and alive.")


class AlreadyGuardian(Problem):
    status = 409
    code = "already-guardian"
    title = both("已登记为监护人", "Already a guardian of this person")
    detail = both("请先结束原监护关系再登记。", "End the guardianship on record first.")
