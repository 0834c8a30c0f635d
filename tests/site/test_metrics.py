"""What Prometheus reads."""

from __future__ import annotations

from broadsheet.site.metrics import Metric, text_of


def test_a_large_count_is_told_to_its_last_digit() -> None:
    views = Metric("views_total", "counter", "Views.", {(("verdict", "a"),): 1_234_567, (): 0.25})
    assert text_of([views]).splitlines()[2:] == ["views_total 0.250", 'views_total{verdict="a"} 1234567']
