from shared.errors import Problem, both


class ConsentMissing(Problem):
    """What rests on consent is not done without one (PIPL, art. 13 and 15)."""

    status = 409
    code = "consent-missing"
    title = both("本人未同意此用途", "There is no consent to this purpose")
    detail = both(
        "此用途须经本人 (或监护人) 同意。请先征得同意并登记; 工作确需的, 请改用相应的目的。",
        "This purpose rests on consent. Ask the person (or guardian) and record it, or name the purpose you serve.",
    )


class ConsentNotAsked(Problem):
    status = 409
    code = "consent-not-asked"
    title = both("此用途不以同意为依据", "This purpose does not rest on consent")
    detail = both(
        "该用途依法律规定进行, 无需同意, 也不因撤回而停止。",
        "It rests on the law: consent is neither asked for nor would withdrawing it change anything.",
    )


class TextOutdated(Problem):
    status = 409
    code = "consent-text-outdated"
    title = both("告知文本已更新", "The text has changed")
    detail = both(
        "请展示 /v1/processing-purposes 的当前文本后重新征求同意。",
        "Show the current text from /v1/processing-purposes and ask again.",
    )


class SeparateConsentNeeded(Problem):
    status = 422
    code = "separate-consent-needed"
    title = both("须单独同意", "This needs a separate consent")
    detail = both(
        "该用途涉及敏感个人信息, 请单独征求同意并以 is_separate 注明。",
        "The purpose touches sensitive data: ask for it on its own and say so by is_separate.",
    )


class GuardianNeeded(Problem):
    status = 409
    code = "guardian-needed"
    title = both("须由监护人同意", "A guardian must consent")
    detail = both(
        "未满十四周岁的未成年人由监护人同意; 请由监护人办理, 或登记监护关系后注明。",
        "For a child under 14 a guardian consents; let the guardian do it, or register the guardianship and name it.",
    )


class PaperIncomplete(Problem):
    status = 422
    code = "paper-consent-incomplete"
    title = both("代录同意缺少凭据", "A recorded consent needs its evidence")
    detail = both(
        "工作人员代录时请注明书面凭据存放处; 本人或监护人在手机上同意时不填凭据和监护关系。",
        "Staff say where the signed paper is; who consents in the app gives neither evidence nor guardianship.",
    )
