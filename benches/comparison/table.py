"""Figures as a table, for people and for Markdown."""

from typing import Any

Result = dict[str, Any]

OURS = "gmm_rs"


def figure(value: float, unit: str) -> str:
    """The value with three digits and its unit. A difference below 0 tells of a busy machine."""
    if unit == "s" and value <= 0:
        return "noise"
    if unit == "s" and value < 1:
        return f"{1e3 * value:,.3g} ms" if value >= 1e-3 else f"{1e6 * value:,.3g} µs"
    return f"{value:,.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def cells(result: Result, names: list[str]) -> list[str]:
    """One row: what was measured, a figure for each contender, how many times ours the others are, the spread."""
    medians = result["medians"]
    row = [result["task"], result["size"], result["dtype"], str(result["n_threads"])]
    row += [figure(medians[name], result["unit"]) if name in medians else "–" for name in names]
    for name in names:
        if name != OURS and OURS in names:
            both = name in medians and OURS in medians and medians[OURS] > 0
            row.append(f"{medians[name] / medians[OURS]:.1f}x" if both else "–")
    return [*row, spread(result)]


def spread(result: Result) -> str:
    """Half the range of the repeats as a part of their median, of the contender that has most of it."""
    ranges = [
        (max(values) - min(values)) / (2 * abs(result["medians"][name]) or 1.0)
        for name, values in result["figures"].items()
    ]
    return f"±{max(ranges, default=0.0):.0%}"


def heading(names: list[str]) -> list[str]:
    """The names of the columns."""
    ratios = [f"{name} / ours" for name in names if name != OURS and OURS in names]
    return ["task", "N x D, K, covariances", "dtype", "threads", *names, *ratios, "spread"]


WIDTHS = (24, 34, 9, 8)


def plain(row: list[str]) -> str:
    """The row as a line for a terminal."""
    left = "".join(f"{cell:<{width}}" for cell, width in zip(row, WIDTHS, strict=False))
    return left + "".join(f"{cell:>22}" for cell in row[len(WIDTHS) :])


def markdown(record: dict[str, Any]) -> str:
    """All results of a record as a Markdown table, with the machine and the versions in a line before it."""
    machine, versions = record["machine"], record["versions"]
    names = list(dict.fromkeys(name for result in record["results"] for name in result["medians"]))
    about = f"{machine['processor']}, {machine['cores']} cores; " + ", ".join(f"{k} {v}" for k, v in versions.items())
    rows = [heading(names), ["---"] * len(heading(names)), *(cells(result, names) for result in record["results"])]
    return "\n".join([about, "", *(f"| {' | '.join(row)} |" for row in rows)])
