"""What the first start did."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from broadsheet.config import Config


@dataclass(frozen=True)
class FirstStart:
    """Kept in the data folder: it is done once, whatever is deleted or renamed later."""

    editor: str
    demo: bool

    @staticmethod
    def file(config: Config) -> Path:
        return config.data / "first-start.json"

    @classmethod
    def read(cls, config: Config) -> FirstStart | None:
        file = cls.file(config)
        return cls(**json.loads(file.read_text())) if file.exists() else None

    def write(self, config: Config) -> None:
        draft = self.file(config).with_suffix(".part")
        draft.write_text(json.dumps(asdict(self)))
        draft.rename(self.file(config))
