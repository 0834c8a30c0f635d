"""What the first start did."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from broadsheet.config import Config
from broadsheet.site.whole_files import write_whole


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
        write_whole(self.file(config), json.dumps(asdict(self)))
