"""Measurements: `script/bench` runs them and writes docs/performance.md."""
