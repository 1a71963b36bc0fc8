from shared.errors import Problem, both


class UsernameTaken(Problem):
    status = 409
    code = "username-taken"
    title = both("用户名已被使用", "This user name is taken")
    detail = both("请换一个用户名。", "Choose another user name.")


class WeakPassword(Problem):
    status = 422
    code = "weak-password"
    title = both("密码太短", "The password is too short")
    detail = both("密码至少 10 个字符。", "A password has at least 10 characters.")
