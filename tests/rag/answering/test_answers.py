"""Sentences as models write them, about everyday documents."""

from typing import Any

import pytest

REPORT = (
    "The Company's total net sales were $81.8 billion during the third quarter of 2023, a decrease of 1% compared to "
    "the third quarter of 2022. During the first nine months of 2023, the Company repurchased $56.8 billion of its "
    "common stock and paid dividends of $11.3 billion. The Company's Chief Executive Officer is Timothy D. Cook."
)
GUIDE = (
    "The cache is enabled by default and can be turned off with `--no-cache`. The guest network is off by default and "
    "can be switched on in the app. Version 4.2 drops support for PostgreSQL 11. The `--legacy` flag has been removed; "
    "use `--compat` instead. The planner is up to three times faster on joins of more than five tables. "
    "Hold the button for ten seconds."
)
CURIE = (
    "Marie Curie was born in Warsaw on 7 November 1867. She moved to Paris in 1891, where she studied physics. "
    "In 1903 she shared the Nobel Prize in Physics with Pierre Curie and Henri Becquerel, and in 1911 she received the "
    "Nobel Prize in Chemistry. She was the first woman to win a Nobel Prize. She died in 1934."
)
RULES = (
    "Revenue was $5 billion in 2022 and $7 billion in 2023. The plant in Ulm has 300 workers, the one in Bonn 120. "
    "The fee is 20 euros for members and 35 euros for guests. The membership fee rises from 80 to 95 euros. "
    "The room is open from 9 a.m. to 8 p.m. on weekdays and until 5 p.m. on Saturdays. "
    "The annual salary is 60,000 euros. The monthly rent is 1,150 euros. "
    "The tenant pays a deposit of three months' rent."
)
COFFEE = (
    "Coffee originated in Ethiopia and reached Yemen in the 15th century, where Sufi monks drank it. In 1683 the first "
    "Viennese coffee house was opened by Johannes Diodato. Brazil is the largest producer, followed by Vietnam. "
    "Dark roasts taste more bitter than light roasts but contain slightly less caffeine."
)
URLAUB = (
    "Jeder Mitarbeiter hat Anspruch auf 30 Tage Urlaub im Jahr. Nicht genommener Urlaub verfällt am 31. März des "
    "Folgejahres. In der Probezeit dürfen höchstens zehn Tage genommen werden. Anträge nimmt Frau Keller entgegen, die "
    "Stellvertretung hat Frau Brandt."
)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        (REPORT, "In the third quarter of 2023, net sales were $81.8 billion, down 1% compared to 2022."),
        (REPORT, "Total net sales were $81.8 billion in Q3 2023."),
        (REPORT, "The CEO of the Company is Timothy D. Cook."),
        (REPORT, "In the first nine months of 2023, the Company paid $11.3 billion in dividends."),
        (GUIDE, "You can disable the cache with `--no-cache`."),
        (GUIDE, "The guest network can be enabled in the app."),
        (GUIDE, "On joins of more than five tables the planner is up to 3x faster."),
        (CURIE, "Curie died in 1934."),
        (CURIE, "In 1891, Curie moved to Paris."),
        (CURIE, "Curie, who was born in Warsaw, moved to Paris in 1891."),
        (CURIE, "Pierre Curie and Henri Becquerel shared the prize with her."),
        (RULES, "Revenue was $7 billion in 2023."),
        (RULES, "In 2022, revenue was $5 billion."),
        (RULES, "The plant in Bonn has 120 workers."),
        (RULES, "The fee is 35 euros for guests."),
        (RULES, "The membership fee rises to 95 euros."),
        (RULES, "The room is open until 5 pm on Saturdays."),
        (RULES, "The rent is €1,150 per month."),
        (COFFEE, "Sufi monks in Yemen drank coffee."),
        (COFFEE, "Johannes Diodato opened the first coffee house in Vienna in 1683."),
        (COFFEE, "Light roasts are less bitter than dark roasts."),
        (URLAUB, "Mitarbeiter haben Anspruch auf 30 Tage Urlaub."),
        (URLAUB, "Nicht genommener Urlaub verfällt am 31. März."),
    ],
)
def test_what_is_right_is_supported(check: Any, text: str, claim: str) -> None:
    assert check(text, claim)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        (REPORT, "Total net sales were $81.8 billion in Q2 2023."),
        (REPORT, "Samsung's total net sales were $81.8 billion in Q3 2023."),
        (REPORT, "The CFO of the Company is Timothy D. Cook."),
        (REPORT, "In the first nine months of 2023, the Company paid $56.8 billion in dividends."),
        (GUIDE, "The cache is disabled by default."),
        (GUIDE, "The guest network is on by default."),
        (GUIDE, "The cache can be turned off with `--no-log`."),
        (GUIDE, "The `--compat` flag has been removed."),
        (GUIDE, "The planner is up to five times faster."),
        (GUIDE, "Hold the button for thirty seconds."),
        (GUIDE, "Hold the button for twenty-five seconds."),
        (CURIE, "Marie Curie, who was born in Warsaw, moved to Paris in 1867."),
        (CURIE, "She was the second woman to win a Nobel Prize."),
        (RULES, "Revenue was $7 billion in 2022."),
        (RULES, "The plant in Bonn has 300 workers."),
        (RULES, "The fee for members is 35 euros."),
        (RULES, "The membership fee rises to 80 euros."),
        (RULES, "The membership fee rises from 95 to 80 euros."),
        (RULES, "The room is open until 8 p.m. on Saturdays."),
        (RULES, "The room is open from 9 p.m. on weekdays."),
        (RULES, "The salary is 60,000 euros per month."),
        (RULES, "The rent is $1,150 per month."),
        (COFFEE, "Vietnam is the largest producer."),
        (COFFEE, "Dark roasts contain slightly more caffeine than light roasts."),
        (COFFEE, "Light roasts taste more bitter than dark roasts."),
        (URLAUB, "Nicht genommener Urlaub verfällt am 31. Dezember."),
        (URLAUB, "Nicht genommener Urlaub verfällt nicht."),
        (URLAUB, "Anträge nimmt Frau Brandt entgegen, die Stellvertretung hat Frau Keller."),
    ],
)
def test_what_is_wrong_is_not(check: Any, text: str, claim: str) -> None:
    assert not check(text, claim)
