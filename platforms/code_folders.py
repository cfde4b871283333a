"""What of a folder of code goes along with a job."""

from __future__ import annotations

import shutil

NOT_CODE = shutil.ignore_patterns("__pycache__", "*.pyc", "*.ipynb", ".*")
