"""Where a file is for those who read a report on GitHub: from the top of its repository.

Annotations and alerts name files so, in whichever folder of the repository a step runs. Anywhere but in GitHub Actions,
paths are as they were given.
"""

import os
from pathlib import Path, PurePath
from typing import Final

_ON_GITHUB: Final = "GITHUB_ACTIONS"
"""The variable that GitHub Actions sets."""


def place_in_repository(path: str) -> PurePath:
    """The path of a file inside the repository that it is in; as it was given, where it is in none."""
    if os.environ.get(_ON_GITHUB):
        whole = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would follow links
        top = next((folder for folder in whole.parents if (folder / ".git").exists()), None)
        if top is not None:
            return whole.relative_to(top)
    return PurePath(path)
