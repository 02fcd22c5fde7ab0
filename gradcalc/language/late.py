"""A pattern that is compiled when it is first asked."""

from __future__ import annotations

import re
from typing import Any


class Late:
    """``re.compile``, later: most texts have nothing foreign and nothing doubtful, and to compile
    what looks for it takes as long as to read a line."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        method = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, method)
        return method
