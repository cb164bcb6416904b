"""The section on cold starts."""

from tests.bench import cold
from tests.bench.builds import Build
from tests.bench.tables import table, verdict
from tests.support.template import functions


def section(shipped: Build, plain: Build, *, rounds: int) -> str:
    """Measures, and says what came of it."""
    floor = cold.Start("floor", shipped.floor, [shipped.layer])
    ours, theirs = (
        {name: cold.Start(name, build.function(name), build.layers(name)) for name in functions()}
        for build in (shipped, plain)
    )
    cold.measure([floor, *ours.values(), *theirs.values()], rounds=rounds)
    rows: list[tuple[str, ...]] = [
        ("floor (hello)", f"{floor.median:.0f}", floor.spread, *3 * [""])
    ]
    for name, start in sorted(ours.items(), key=lambda each: -each[1].median):
        rows.append(
            (
                name,
                f"{start.median:.0f}",
                start.spread,
                f"{start.median / floor.median:.2f}",
                f"{theirs[name].median:.0f}",
                f"{start.median / theirs[name].median:.2f}",
            )
        )
    largest = max(_http_functions(), key=lambda name: ours[name].median)
    to_floor = ours[largest].median / floor.median
    to_plain = ours[largest].median / theirs[largest].median
    head = ("function", "ms", "spread", "to the floor", "plain build, ms", "to plain")
    return f"""## Cold start

Import and initialisation in a fresh interpreter, beyond the bare interpreter. The floor is a hello
function with the same framework, a body model and a DynamoDB client that is ready, from the same
layer (`tests/bench/floor`). Plain is what `sam build` makes of the same code with the layer
installed as it comes: nothing pruned, and no bytecode that Python would take. The spread is half
the distance between the quartiles.

{table(head, rows)}

The largest HTTP function, {largest}: to the floor {verdict(to_floor, 1.3)}, to plain
{verdict(to_plain, 0.35)}.
"""


def _http_functions() -> list[str]:
    return [
        name
        for name, each in functions().items()
        if any(
            event["Type"] == "HttpApi" for event in each["Properties"].get("Events", {}).values()
        )
    ]
