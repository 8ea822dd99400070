"""The chart about what people do with their chats beside talking."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, counted, frames, measures, words
from analytics.catalogue.chart import Chart, Rows, describe_nothing, need
from analytics.charts import Sheet
from analytics.language import gettext, mark
from analytics.span import Span

NAMES: Final = {
    "documents": mark("Documents"), "collections": mark("Collections"), "persona": mark("Personas"),
    "folder": mark("Folders"), "tags": mark("Tags"), "together": mark("Several people"),
    "shared": mark("Links for others"), "pinned": mark("Pinned"), "archived": mark("Archived"),
}  # fmt: skip
ALL: Final = "all"


def _features(rows: Rows, _span: Span) -> pd.DataFrame:
    found = frames.named(need(rows, "features"), "feature", ("conversations",))
    counts = found.set_index("feature")["conversations"]
    begun = int(counts.get(ALL, 0))
    kept = counts.reindex(list(NAMES) if begun else [], fill_value=0)
    kept = kept.sort_values(ascending=False, kind="stable").astype("int64")
    parts = measures.share(kept, pd.Series(begun, index=kept.index)) * 100
    table = {
        "feature": [NAMES[key] for key in kept.index],
        "conversations": kept.to_list(),
        "share": parts.round(1).to_list(),
    }
    return pd.DataFrame(table).astype({"feature": str, "conversations": "int64", "share": float})


def _draw_features(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    names = [gettext(name) for name in frame["feature"]]
    notes = [
        f"{words.number(count)} ({words.percent(share / 100)})"
        for count, share in zip(frame["conversations"], frame["share"], strict=True)
    ]
    return charts.ranks(names, frame["conversations"].to_list(), notes, sheet)


def _tell_features(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing(mark("No conversation was begun"), span)
    used = frame[frame["conversations"] > 0]
    parts = [
        gettext(
            "%(feature)s in %(conversations)s",
            feature=gettext(str(row["feature"])),
            conversations=counted.conversations(int(row["conversations"])),
        )
        for _, row in used.iterrows()
    ]
    if not parts:
        return gettext("None of this was used %(range)s.", range=words.stretch(span))
    return gettext(
        "Of the conversations begun %(range)s: %(parts)s.",
        range=words.stretch(span), parts=words.listed(parts),
    )  # fmt: skip


CHARTS: Final = (
    Chart(
        "features", "Use", mark("Features"), mark("What is used beside talking?"),
        mark("Conversations begun in the range that have documents, a persona and so on by now; one may "
        "count several times. Imported ones do not count."),
        ("features",),
        {"feature": mark("Feature"), "conversations": mark("Conversations"), "share": mark("Share (%)")},
        mark("No conversation was begun in this time."),
        _features, _draw_features, _tell_features, parts="lines", name_of=gettext,
    ),
)  # fmt: skip
