"""A wheel holds all that the packages hold: wordings, templates, styles, member rows, migrations."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

from tests.architecture.tree import PACKAGES, ROOT, files_under, listing, relative


def test_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    packaged = files_under(*PACKAGES)
    for path in [ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE", *packaged]:
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    uv, python = str(ROOT / ".venv/bin/uv"), str(ROOT / ".venv/bin/python")
    command = [uv, "build", "--wheel", "--offline", "--no-build-isolation", "--quiet", "--python", python, "--out-dir", str(tmp_path)]
    subprocess.run([*command, str(source)], check=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    forgotten = [relative(path) for path in packaged if relative(path) not in inside]
    assert not forgotten, listing(forgotten)
    assert not [name for name in inside if name.startswith("tests/")]
