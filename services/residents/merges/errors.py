from uuid import UUID

from shared.errors import Problem, both


class NotOfThisPair(Problem):
    status = 422
    code = "not-of-this-pair"
    title = both("保留的记录不在这两条之中", "The record to keep is none of the two")
    detail = both("keep 请填写这两条记录之一的编号。", "Give one of the two ids as `keep`.")


class KeepWhoLivesHere(Problem):
    status = 409
    code = "keep-who-lives-here"
    title = both("请保留在住的记录", "Keep the record of whoever lives here")
    detail = both(
        "要保留的记录已迁出或死亡, 而另一条在住。请保留在住的一条, 或先更正状态。",
        "The record to keep has left or died while the other lives here. Keep the other, or correct its state first.",
    )


class MergeNotUndoable(Problem):
    """Something that came after stands in the way; `obstacles` says what."""

    status = 409
    code = "merge-not-undoable"
    title = both("此合并现在不能撤销", "This merge cannot be undone now")

    def __init__(self, obstacles: list[str]) -> None:
        super().__init__(
            both(
                "合并之后的变化与撤销冲突, 见 obstacles: "
                "kept_was_merged 请先撤销后来的合并; field:… 该字段后来又改过; household 原住户已撤销; "
                "head 原住户已另有户主; erased 其中一人已删除。",
                "What happened since stands in the way, see obstacles: kept_was_merged: undo the later merge first; "
                "field:…: it was changed again; household: the old one has ended; head: the old household has another "
                "head; erased: one of the two was erased.",
            ),
            obstacles=obstacles,
        )


class PersonWasMerged(Problem):
    """The record turned out to be somebody else's: ask for them under the id that was kept."""

    status = 307
    code = "person-was-merged"
    title = both("该人员记录已合并", "The record was merged into another")

    def __init__(self, person_id: UUID, kept_id: UUID) -> None:
        super().__init__(kept_id=str(kept_id))
        self.person_id, self.kept_id = person_id, kept_id
