from shared.errors import Problem, both


class CodeInvalid(Problem):
    status = 401
    code = "code-invalid"
    title = both("验证码不正确或已失效", "The code is wrong or no longer valid")
    detail = both(
        "请核对验证码; 过期或试错 5 次后请重新获取。", "Check the code; after 5 minutes or 5 tries ask for a new one."
    )


class CodeNotSent(Problem):
    status = 503
    code = "code-not-sent"
    title = both("验证码没有发出", "The code could not be sent")
    detail = both("短信通道暂不可用, 请一分钟后重试。", "The message channel is away. Try again in a minute.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "60"})


class NotRegistered(Problem):
    status = 403
    code = "not-registered"
    title = both("这个手机号还没有登记", "This phone is not registered yet")
    detail = both("请联系您的网格员登记后再登录。", "Ask your grid worker to register you, then sign in.")


class NoLongerResident(Problem):
    """An error of the token endpoint too: `error` as RFC 6749, 5.2 asks for."""

    status = 401
    code = "no-longer-resident"
    title = both("您已不是本社区的登记居民", "You are no longer registered as living here")
    detail = both(
        "如有误或已迁回, 请联系您的网格员更正后重新登录。",
        "If that is wrong, or you are back, ask your grid worker to correct it; then sign in again.",
    )

    def __init__(self) -> None:
        super().__init__(error="invalid_grant")


class SignInFailed(Problem):
    status = 401
    code = "sign-in-failed"
    title = both("用户名或密码不正确", "Wrong user name or password")
    detail = both("请核对后重试; 忘记密码请联系管理员。", "Check both; an administrator can reset a password.")


class OAuthProblem(Problem):
    """An error of the token endpoint: our document, with the member `error` that RFC 6749, 5.2 asks for."""

    status = 400

    def __init__(self, error: str, status: int = 400) -> None:
        self.status = status
        self.code = error.replace("_", "-")
        self.title = _OAUTH_TITLES[error]
        headers = {"WWW-Authenticate": 'Basic realm="kaiyuan"'} if status == 401 else {}
        super().__init__(headers=headers | {"Pragma": "no-cache"}, error=error)


_OAUTH_TITLES = {
    "invalid_request": both("请求缺少参数或参数重复", "A parameter is missing or repeated"),
    "invalid_client": both("客户端编号或密钥不正确", "Wrong client id or secret"),
    "invalid_grant": both(
        "刷新令牌无效、过期或已使用, 请重新登录", "The refresh token is invalid, expired or used; sign in again"
    ),
    "unsupported_grant_type": both("不支持的授权类型", "This grant type is not supported"),
    "invalid_scope": both("申请的权限超出授权", "More was asked for than was granted"),
}
