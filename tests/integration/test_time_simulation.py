"""Two years of some firms: what the system does by itself is what a model in plain Python says.

Day by day, with payments, promises, disputes, suspensions and what staff decide behind them; with
outages of up to three weeks, workers that die, and messages that come twice. 500 clients are lived
by `make simulate`; here it is as many as take about a minute.
"""

from typing import Any

import pytest

from tests.simulation.running import PLACES, Place, Plan, simulate

CLIENTS = 2  # of each firm: some 80 seconds in all on one core


@pytest.mark.parametrize("place", PLACES[:3], ids=lambda place: place.zone)
def test_two_years_are_as_the_model_says(place: Place, address: str, admin: Any) -> None:
    plan = Plan(PLACES.index(place) + 1, CLIENTS, place)
    assert simulate(plan, address, admin).differences == []
