from shared.errors import Problem, both


class TooManyStreams(Problem):
    status = 429
    code = "too-many-streams"
    title = both("同时打开的变更流太多", "Too many streams are open")
    detail = both("请关闭其他窗口或设备上的变更流。", "Close those of other windows or devices first.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class StreamUnavailable(Problem):
    status = 503
    code = "stream-unavailable"
    title = both("变更流暂不可用", "The stream of changes is not available")
    detail = both("请稍后重连, 期间请刷新列表。", "Connect again shortly; until then reload the lists.")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})
