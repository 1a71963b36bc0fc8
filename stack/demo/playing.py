"""`make demo`: the stories against a running system, each step told with what the API answered."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from stack.demo.stories import lost_elder, saturday_fruit, the_insurance, the_noise_upstairs, the_pocket_park, the_visit
from stack.demo.stories.actors import City, Json
from stack.demo.stories.texts import texts_in_file

STORIES = (
    ("一、走失老人回家 · 1. The lost elder", lost_elder.play),
    ("二、周六水果 · 2. Saturday fruit", saturday_fruit.play),
    ("四、楼上的噪音 · 4. The noise upstairs", the_noise_upstairs.play),
    ("五、口袋公园 · 5. The pocket park", the_pocket_park.play),
    ("六、入户走访 · 6. The visit", the_visit.play),
    ("九、医保能报多少 · 9. What does the insurance pay?", the_insurance.play),
)


async def play(environment: Mapping[str, str], console: Console) -> None:
    """Play them all; StoryBroken says which step the system did not follow."""
    read_text = texts_in_file(Path(environment["GATEWAY_SENDER_FILE"]))
    async with City(environment["GATEWAY_PUBLIC_URL"], read_text) as city:
        for title, story in STORIES:
            console.rule(f"[bold]{title}")
            await story(city, _narrator(console))
    console.rule("[bold green]故事都走通了 · All the stories hold")


def _narrator(console: Console):
    steps = iter(range(1, 100))

    def tell(words: str, answer: Json | None = None) -> None:
        console.print(f"[bold cyan]{next(steps):>2}[/] {escape(words)}")
        if answer is not None:
            text = json.dumps(answer, ensure_ascii=False)
            shown = text if len(text) <= 300 else text[:300] + " …"
            console.print(f"   [dim]{escape(shown)}[/]", highlight=False, soft_wrap=True)

    return tell
